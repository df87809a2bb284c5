"""The gates' keys: Ed25519, as PEM files that other tools can read too."""

import base64
import hashlib
import os
import stat
from pathlib import Path

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

OTHERS = stat.S_IRWXG | stat.S_IRWXO


class KeyFileError(ValueError):
    """A key file that cannot be used: which, and what is allowed."""


class PublicKey(msgspec.Struct, frozen=True):
    """A key that letters are checked with; `id` names it in them."""

    id: str
    raw: bytes

    def checks(self, data: bytes, signature: str) -> bool:
        """Whether the owner of the key has signed exactly this."""
        try:
            given = base64.b64decode(signature, validate=True)
            Ed25519PublicKey.from_public_bytes(self.raw).verify(given, data)
        except (InvalidSignature, ValueError):
            return False
        return True


class SigningKey:
    """A key that letters are signed with."""

    def __init__(self, key: Ed25519PrivateKey) -> None:
        self._key = key
        self.public = _public(key.public_key())

    def sign(self, data: bytes) -> str:
        """The signature, in Base64."""
        return base64.b64encode(self._key.sign(data)).decode()


def new_key() -> SigningKey:
    """A key that nobody has seen."""
    return SigningKey(Ed25519PrivateKey.generate())


def write_pair(private: Path, public: Path) -> PublicKey:
    """Make a pair of keys; the private one for its owner's eyes only (mode 600).

    Raises:
        KeyFileError: one of the files is there already, or its folder is not.
    """
    key = Ed25519PrivateKey.generate()
    secret = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    shown = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    if public.exists():
        raise KeyFileError(f"{public}: is there already; keys are not overwritten")
    _write_new(private, secret, 0o600)
    _write_new(public, shown, 0o644)
    return _public(key.public_key())


def read_private(path: Path) -> SigningKey:
    """The key in a file.

    Raises:
        KeyFileError: no file, others may read it, or no Ed25519 key in PEM without a password.
    """
    data = _read(path)
    if path.stat().st_mode & OTHERS:
        raise KeyFileError(f"{path}: others may read it; allowed is mode 600: chmod 600 {path}")
    try:
        key = serialization.load_pem_private_key(data, None)
    except (ValueError, TypeError) as error:
        raise KeyFileError(f"{path}: allowed is an Ed25519 private key in PEM: {error}") from None
    if not isinstance(key, Ed25519PrivateKey):
        raise KeyFileError(f"{path}: given {type(key).__name__}, allowed is an Ed25519 private key")
    return SigningKey(key)


def read_public(path: Path) -> tuple[PublicKey, ...]:
    """The keys in a file: one, or for a change of keys the old one and the new one.

    Raises:
        KeyFileError: no file, or something in it that is no Ed25519 public key in PEM.
    """
    end = b"-----END PUBLIC KEY-----"
    parts = _read(path).split(end)
    found = []
    for part in parts[:-1]:
        try:
            key = serialization.load_pem_public_key(part.strip() + b"\n" + end + b"\n")
        except ValueError as error:
            raise KeyFileError(f"{path}: allowed are Ed25519 public keys in PEM: {error}") from None
        if not isinstance(key, Ed25519PublicKey):
            raise KeyFileError(f"{path}: given {type(key).__name__}, allowed is an Ed25519 key")
        found.append(_public(key))
    if not found or parts[-1].strip():
        raise KeyFileError(f"{path}: allowed are Ed25519 public keys in PEM, at least one")
    return tuple(found)


def _public(key: Ed25519PublicKey) -> PublicKey:
    raw = key.public_bytes_raw()
    return PublicKey(hashlib.sha256(raw).hexdigest()[:16], raw)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise KeyFileError(f"{path}: {error.strerror}") from None


def _write_new(path: Path, data: bytes, mode: int) -> None:
    try:
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    except FileExistsError:
        raise KeyFileError(f"{path}: is there already; keys are not overwritten") from None
    except OSError as error:
        raise KeyFileError(f"{path}: {error.strerror}") from None
    with os.fdopen(file, "wb") as opened:
        opened.write(data)
        os.fchmod(opened.fileno(), mode)
