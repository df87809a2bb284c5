"""Letters: what is sent from gate to gate, signed by the sender over its canonical form (RFC 8785).

A letter is a JSON object. All of it but the signature is signed, as the bytes that any
implementation of the canonical form makes of it: so it may be read and written anew on its way.
"""

import hashlib
from typing import Annotated, Any

import msgspec
import rfc8785
from msgspec import Meta, Struct

from actors.base import Side
from interfaces.exchange.bodies import BODIES, BodyError, checked, nanoseconds, rfc3339
from interfaces.exchange.keys import PublicKey, SigningKey

VERSION = 1
LETTER_BYTES_MAX = 64 * 1024
"""That of any request to the API; an ordinary letter has less than 1,500 bytes."""


class LetterError(ValueError):
    """A letter that is not accepted: `code` as in a receipt, and why."""

    def __init__(self, code: str, detail: str, of: str = "", expected: int = 0) -> None:
        super().__init__(detail)
        self.code, self.detail, self.of, self.expected = code, detail, of, expected


class Letter(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One letter; the envelope around a body of its kind."""

    version: Annotated[int, Meta(ge=1)]
    id: Annotated[
        str,
        Meta(min_length=1, max_length=200, description="The same for each time that it is sent."),
    ]
    from_side: Annotated[
        str,
        Meta(pattern=r"^[A-Z]{2}$", extra_json_schema={"x-wco": "Declaration/Submitter/ID"}),
    ] = msgspec.field(name="from")
    to_side: Annotated[
        str,
        Meta(pattern=r"^[A-Z]{2}$", extra_json_schema={"x-wco": "Declaration/Recipient/ID"}),
    ] = msgspec.field(name="to")
    kind: Annotated[
        str, Meta(min_length=1, max_length=40, extra_json_schema={"x-wco": "Declaration/TypeCode"})
    ]
    consignment: Annotated[
        str,
        Meta(max_length=100, extra_json_schema={"x-wco": "Consignment/UCR/ID"}),
    ]
    sequence: Annotated[
        int,
        Meta(
            ge=0,
            le=2**53 - 1,
            description="Counts the sender's letters on this consignment from 1; 0: not numbered.",
        ),
    ]
    sent_at: Annotated[
        str,
        Meta(
            pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?Z$",
            description="When it was sent this time: RFC 3339, in UTC.",
            extra_json_schema={"x-wco": "Declaration/IssueDateTime"},
        ),
    ]
    body: dict[str, Any]
    key: Annotated[
        str,
        Meta(
            pattern=r"^[0-9a-f]{16}$",
            description="Of the sender: the first 16 hexadecimal digits of its key's SHA-256.",
        ),
    ]
    signature: Annotated[
        str,
        Meta(max_length=100, description="Ed25519 over all else in canonical form; Base64."),
    ]


def seal(
    key: SigningKey,
    sides: tuple[Side, Side],
    identity: tuple[str, str, str, int],
    body: dict[str, Any],
    now_ns: int,
) -> bytes:
    """A signed letter's bytes; `sides`: from, to; `identity`: id, kind, consignment, sequence."""
    id, kind, consignment, sequence = identity
    told: dict[str, Any] = {
        "version": VERSION,
        "id": id,
        "from": sides[0],
        "to": sides[1],
        "kind": kind,
        "consignment": consignment,
        "sequence": sequence,
        "sent_at": rfc3339(now_ns),
        "body": body,
        "key": key.public.id,
    }
    return msgspec.json.encode({**told, "signature": key.sign(rfc8785.dumps(told))})


def opened(data: bytes, peer: Side, keys: tuple[PublicKey, ...], own: Side) -> Letter:
    """A letter of `peer` to `own`, signed by one of the peer's keys, with a body of its kind.

    Raises:
        LetterError: it is not that.
    """
    if len(data) > LETTER_BYTES_MAX:
        raise LetterError("unreadable", f"{len(data)} bytes, allowed are {LETTER_BYTES_MAX}")
    try:
        told = msgspec.json.decode(data, type=dict[str, Any])
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise LetterError("unreadable", f"no JSON object: {error}") from None
    of = told.get("id")
    of = of if isinstance(of, str) and len(of) <= 200 else ""
    if told.get("version") != VERSION:
        raise LetterError(
            "version", f"given {str(told.get('version'))[:40]}, allowed is {VERSION}", of
        )
    if told.get("from") != peer:
        text = f"given from {str(told.get('from'))[:40]!r}, allowed is {peer}"
        raise LetterError("unknown_peer", text, of)
    signature = told.pop("signature", None)
    key = next((key for key in keys if key.id == told.get("key")), None)
    if key is None:
        raise LetterError("signature", f"key {str(told.get('key'))[:40]!r} is not {peer}'s", of)
    try:
        signed = rfc8785.dumps(told)
    except (rfc8785.CanonicalizationError, RecursionError) as error:
        raise LetterError("unreadable", f"has no canonical form: {error}", of) from None
    if not isinstance(signature, str) or not key.checks(signed, signature):
        raise LetterError("signature", "not signed by its sender, or changed since", of)
    # From here on it is the peer who is told what is wrong.
    if told.get("to") != own:
        raise LetterError("wrong_side", f"given to {told.get('to')!r}, this is {own}", of)
    try:
        letter = msgspec.convert({**told, "signature": signature}, Letter)
        nanoseconds(letter.sent_at)
        if letter.kind not in BODIES:
            raise BodyError(f"kind: given {letter.kind!r}, allowed are {', '.join(BODIES)}")
        checked(letter.kind, letter.body)
    except (msgspec.ValidationError, BodyError) as error:
        raise LetterError("schema", str(error)[:1000], of) from None
    return letter


def content_digest(kind: str, consignment: str, sequence: int, body: dict[str, Any]) -> str:
    """SHA-256 of what a letter says, whenever it is sent."""
    said = msgspec.json.encode([kind, consignment, sequence, body], order="deterministic")
    return hashlib.sha256(said).hexdigest()
