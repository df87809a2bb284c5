"""What `bordergate up --side` needs besides: the other gate, both keys, and a lasting database."""

import datetime
from pathlib import Path
from urllib.parse import urlsplit

import typer

from actors.site.load import load_site
from actors.wiring import fleet_side
from interfaces.api.guard import is_loopback
from interfaces.cli.say import EXIT_BAD_INPUT, complain
from interfaces.exchange.keys import KeyFileError
from interfaces.exchange.link import ExchangeSetup


def exchange_setup(
    path: Path, side: str, peer: str, key: Path | None, peer_key: Path | None, store: str
) -> ExchangeSetup | None:
    """The exchange that the options describe; None without `--side`.

    Raises:
        typer.Exit: an option is missing, or wrong; it has been told.
    """
    if not side:
        if peer or key or peer_key:
            raise _wrong("--peer, --key and --peer-key: only with --side")
        return None
    site = load_site(path, datetime.datetime.now(datetime.UTC).date())
    if side not in site.sides:
        raise _wrong(f"--side: given {side!r}, allowed: {', '.join(site.sides)}")
    if not site.clearance:
        raise _wrong(f"--side: {path} has no section clearance, so that no side decides anything")
    if not (peer and key and peer_key and store):
        raise _wrong(
            "--side: needs --peer URL, --key FILE, --peer-key FILE (bordergate exchange key), and "
            "--store URL: what the other gate has been told must outlive this run"
        )
    if not is_peer_url(peer):
        raise _wrong(f"--peer: given {peer!r}, allowed: https://HOST:PORT, http:// on loopback")
    setup = ExchangeSetup(
        side=side,
        peer=next(other for other in site.sides if other != side),
        has_fleet=fleet_side(site) == side,
        key=key.absolute(),
        peer_key=peer_key.absolute(),
        peer_url=peer,
        store_url=store,
    )
    try:
        setup.parties()
    except KeyFileError as error:
        raise _wrong(str(error)) from None
    return setup


def is_peer_url(url: str) -> bool:
    """Whether letters may go there: letters are signed, but not secret."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        return False
    is_plain = not (parts.username or parts.query or parts.fragment or parts.path.strip("/"))
    secret = parts.scheme == "https" or (parts.scheme == "http" and is_loopback(host))
    return bool(host) and is_plain and secret


def _wrong(text: str) -> typer.Exit:
    complain(text)
    return typer.Exit(EXIT_BAD_INPUT)
