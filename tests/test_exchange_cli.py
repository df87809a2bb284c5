"""The exchange on the command line: keys, what waits, dead letters, and a gate of one side."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from interfaces.cli.one_side import is_peer_url
from interfaces.main import app
from interfaces.store.database import Database, file_url
from interfaces.store.outbox import Outbox

RUN = CliRunner()


def ran(*arguments: str, code: int = 0) -> str:
    result = RUN.invoke(app, list(arguments))
    assert result.exit_code == code, result.output
    return result.output


@pytest.fixture
def store(tmp_path: Path) -> str:
    """A database with one dead letter, number 1."""
    url = file_url(tmp_path / "VN.sqlite")
    database = Database(url)
    database.create_all()
    outbox = Outbox(database.engine, "CN")
    outbox.put("ask_ready", "K1", {"id": "K1/ready0", "consignment": "K1"}, 1)
    [letter], _ = outbox.due(1, 1)
    outbox.dies(letter, "schema: id: too long")
    database.close()
    return url


def test_a_pair_of_keys_is_made_once(tmp_path: Path):
    assert "goes to the other side" in ran("exchange", "key", str(tmp_path / "VN.key"))
    assert "not overwritten" in ran("exchange", "key", str(tmp_path / "VN.key"), code=2)


def test_a_dead_letter_is_shown_and_sent_again_with_a_reason(store: str):
    told = ran("exchange", "state", "--store", store, "--peer", "CN")
    assert "0 letters wait" in told
    assert "K1" in told
    assert "schema" in told
    options = ("--store", store, "--peer", "CN", "--by", "Lan", "--reason")
    assert "a reason" in ran("exchange", "requeue", "1", *options, "", code=2)
    assert "is sent again" in ran("exchange", "requeue", "1", *options, "mended")
    assert "no dead letter 1" in ran("exchange", "withdraw", "1", *options, "x", code=2)
    assert "1 letters wait" in ran("exchange", "state", "--store", store, "--peer", "CN")


def test_a_dead_letter_is_withdrawn_in_the_officers_name(store: str):
    options = ("--store", store, "--peer", "CN", "--by", "Lan", "--reason", "wrong gate")
    assert "is withdrawn" in ran("exchange", "withdraw", "1", *options)
    database = Database(store)
    letter = Outbox(database.engine, "CN").letter(1)
    database.close()
    assert letter is not None
    assert (letter.kind, letter.body) == ("withdrawn", {"by": "Lan", "reason": "wrong gate"})


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--side", "TH"), "allowed: VN, CN"),
        (("--side", "VN"), "needs --peer URL"),
        (("--peer", "http://127.0.0.1:1"), "only with --side"),
        (("--side", "VN", "--peer", "http://example.org"), "http:// on loopback"),
        (("--side", "VN", "--peer", "http://127.0.0.1:8001"), "none.pub: No such file"),
    ],
)
def test_a_gate_of_one_side_says_what_it_lacks(options: tuple[str, ...], told: str, tmp_path: Path):
    rest: tuple[str, ...] = ()
    if options[0] == "--side" and "--peer" in options:
        keys = ("--key", str(tmp_path / "none.key"), "--peer-key", str(tmp_path / "none.pub"))
        rest = (*keys, "--store", file_url(tmp_path / "VN.sqlite"))
    assert told in ran("up", "demo", *options, *rest, code=2).replace("\n", " ")


def test_letters_go_in_plain_to_this_machine_only():
    assert is_peer_url("http://127.0.0.1:8001")
    assert is_peer_url("http://[::1]:8001/")
    assert is_peer_url("https://gate.example:8443")
    for url in (
        "http://gate.example", "ftp://127.0.0.1", "127.0.0.1:8001", "http://", "http://[::1",
        "https://u:p@gate.example", "https://gate.example/x", "https://gate.example?x=1",
        "http://127.0.0.1:99999",
    ):  # fmt: skip
        assert not is_peer_url(url), url
