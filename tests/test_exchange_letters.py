"""Letters between gates: what is signed, what is published, and what is refused with which code."""

import base64
import json
from pathlib import Path
from typing import Any

import jsonschema
import msgspec
import pytest
import rfc8785
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.border import AskReady, Crossed, PreAdvice, Ready
from actors.messages import AllowLeg, CancelOrder, Guard, GuardOrder, OrderReport, QueryOrder
from interfaces.exchange.bodies import BodyError, body_of, message_of, nanoseconds, rfc3339
from interfaces.exchange.keys import KeyFileError, new_key, read_private, read_public, write_pair
from interfaces.exchange.letter import LETTER_BYTES_MAX, opened, seal
from interfaces.exchange.schemas import FOLDER, schemas, text, wco_names
from sim.border_officers import declaration
from tests.exchange_peers import NOW_NS, Peer, S, carried, peers
from tests.gate import order

ADVICE = PreAdvice("K1/advice", declaration("K1", "CN-VN"), "1001", "green")
SAID = (
    ADVICE,
    AskReady("K1/ready0", "K1"),
    Ready("K1/ready0", "K1", ready=True, until_ns=NOW_NS + 1),
    Crossed("K1-1/crossed", "K1", NOW_NS + 123_456_789),
    GuardOrder(order(1, "CN"), Guard("K1", "clearance-CN", "clearance-VN")),
    QueryOrder("K1-1", "clearance-CN", 7),
    OrderReport("K1-1", "K1", 7, "crossing", True, "clear", False, ("cross",)),
)


@pytest.mark.parametrize("said", SAID, ids=lambda said: type(said).__name__)
def test_what_machines_say_comes_out_of_a_letter_as_it_went_in(said: Any):
    kind, consignment, body = body_of(said)
    assert consignment in ("K1", "T1")
    assert message_of(kind, json.loads(json.dumps(body))) == said


def test_a_question_in_a_letter_that_names_no_known_report_is_one_of_a_side_that_knows_none():
    asked = QueryOrder("K1-1", "clearance-CN", 0)
    assert message_of("leg_query", {"order": "K1-1", "keeper": "clearance-CN"}) == asked


@given(st.integers(0, 253_402_300_799 * S))
def test_moments_keep_every_nanosecond(at_ns: int):
    assert nanoseconds(rfc3339(at_ns)) == at_ns


@pytest.mark.parametrize(
    "text", ["2026-02-30T00:00:00Z", "2026-01-01T00:00:00", "", "T" * 19 + "Z"]
)
def test_what_is_no_moment_is_told(text: str):
    with pytest.raises(BodyError, match="allowed is RFC 3339"):
        nanoseconds(text)


def test_published_schemas_are_those_of_the_types():
    """Else: `python -m interfaces.exchange.schemas`."""
    files = {path.name: path.read_bytes() for path in FOLDER.glob("*.json")}
    assert files == {name: text(schema) for name, schema in schemas().items()}


def test_every_letter_that_is_sent_fits_its_published_schema():
    vn, cn = peers()
    found = [cn.sender._clock(NOW_NS), vn.receiver.take(b"x", NOW_NS)]
    for said in SAID:
        peer = vn if isinstance(said, OrderReport) else cn
        peer.sender.put(said, NOW_NS)
        [outgoing] = peer.letters(NOW_NS)
        found.append(outgoing.data)
        peer.sender.outbox.taken(outgoing.letter.number, NOW_NS)  # type: ignore[union-attr]
        peer.sender._on_way.clear()
    for data in found:
        letter = json.loads(data)
        schema = json.loads((FOLDER / f"{letter['kind']}.schema.json").read_text("utf-8"))
        jsonschema.Draft202012Validator.check_schema(schema)
        jsonschema.validate(letter, schema, jsonschema.Draft202012Validator)


def test_another_reader_finds_the_signature_good(tmp_path: Path):
    write_pair(tmp_path / "vn.key", tmp_path / "vn.pub")
    key = read_private(tmp_path / "vn.key")
    told = json.loads(seal(key, ("VN", "CN"), ("VN/K1/1", "clock", "", 0), {}, NOW_NS))
    signature = told.pop("signature")
    public: Any = load_pem_public_key((tmp_path / "vn.pub").read_bytes())
    public.verify(base64.b64decode(signature), rfc8785.dumps(told))


def test_every_field_of_the_wco_table_stands_in_the_documents():
    shown = (Path(__file__).parents[1] / "docs" / "exchange.md").read_text("utf-8")
    for kind, field, names in wco_names():
        assert f"| {kind} | `{field}` | {names} |" in shown


# --- keys -------------------------------------------------------------------------------------


def test_a_private_key_is_for_its_owner_only(tmp_path: Path):
    write_pair(tmp_path / "vn.key", tmp_path / "vn.pub")
    assert (tmp_path / "vn.key").stat().st_mode & 0o777 == 0o600
    (tmp_path / "vn.key").chmod(0o640)
    with pytest.raises(KeyFileError, match="chmod 600"):
        read_private(tmp_path / "vn.key")


def test_keys_are_never_overwritten(tmp_path: Path):
    write_pair(tmp_path / "vn.key", tmp_path / "vn.pub")
    before = (tmp_path / "vn.key").read_bytes()
    with pytest.raises(KeyFileError, match="not overwritten"):
        write_pair(tmp_path / "vn.key", tmp_path / "other.pub")
    with pytest.raises(KeyFileError, match="not overwritten"):
        write_pair(tmp_path / "other.key", tmp_path / "vn.pub")
    assert (tmp_path / "vn.key").read_bytes() == before
    assert not (tmp_path / "other.key").exists()


def test_a_file_with_the_old_key_and_the_new_one_lets_both_sign(tmp_path: Path):
    for name in ("old", "new"):
        write_pair(tmp_path / f"{name}.key", tmp_path / f"{name}.pub")
    both = tmp_path / "both.pub"
    both.write_bytes((tmp_path / "old.pub").read_bytes() + (tmp_path / "new.pub").read_bytes())
    keys = read_public(both)
    for name in ("old", "new"):
        key = read_private(tmp_path / f"{name}.key")
        data = seal(key, ("VN", "CN"), ("VN/K1/1", "clock", "", 0), {}, NOW_NS)
        assert opened(data, "VN", keys, "CN").key == key.public.id


@pytest.mark.parametrize("data", [b"", b"no key", b"-----END PUBLIC KEY-----"])
def test_a_file_without_public_keys_is_told(tmp_path: Path, data: bytes):
    (tmp_path / "x.pub").write_bytes(data)
    with pytest.raises(KeyFileError, match=r"x\.pub: allowed are Ed25519 public keys"):
        read_public(tmp_path / "x.pub")


# --- refusals ---------------------------------------------------------------------------------


def receipt(peer: Peer, data: bytes, now_ns: int = NOW_NS) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(peer.receiver.take(data, now_ns))["body"]
    return body


def letter(cn: Peer, changed: dict[str, Any], body: dict[str, Any] | None = None) -> bytes:
    """A letter of CN's pre-advice with something else in it, signed all the same."""
    kind, consignment, right = body_of(ADVICE)
    told = {
        "version": 1, "id": "CN/K1/1", "from": "CN", "to": "VN", "kind": kind,
        "consignment": consignment, "sequence": 1, "sent_at": rfc3339(NOW_NS),
        "body": {**right, **(body or {})}, "key": cn.parties.key.public.id, **changed,
    }  # fmt: skip
    signature = cn.parties.key.sign(rfc8785.dumps(told))
    return msgspec.json.encode({**told, "signature": signature})


@pytest.mark.parametrize(
    ("changed", "body", "code"),
    [
        ({"version": 2}, {}, "version"),
        ({"from": "TH"}, {}, "unknown_peer"),
        ({"to": "CN"}, {}, "wrong_side"),
        ({"key": "0" * 16}, {}, "signature"),
        ({"kind": "gossip"}, {}, "schema"),
        ({"sequence": -1}, {}, "schema"),
        ({"sent_at": "yesterday"}, {}, "schema"),
        ({"extra": 1}, {}, "schema"),
        ({"consignment": "K2"}, {}, "schema"),
        ({}, {"channel": "blue"}, "schema"),
        ({}, {"number": 5}, "schema"),
        ({}, {"sender": "me"}, "schema"),
        ({"sent_at": rfc3339(NOW_NS - 121 * S)}, {}, "time"),
        ({"sent_at": rfc3339(NOW_NS + 31 * S)}, {}, "time"),
        ({"sequence": 2}, {}, "out_of_order"),
        ({"kind": "receipt", "body": {}}, {}, "schema"),
    ],
)
def test_a_letter_that_is_not_right_is_refused_with_its_code(
    changed: dict[str, Any], body: dict[str, Any], code: str
):
    vn, cn = peers()
    assert receipt(vn, letter(cn, changed, body))["code"] == code
    assert vn.passed_on() == []
    assert receipt(vn, letter(cn, {}))["outcome"] == "ack"
    assert vn.passed_on() == [ADVICE]
    assert [(refused.by, refused.code) for refused in vn.receiver.book.refusals()] == [("us", code)]


@pytest.mark.parametrize(
    "data",
    [b"", b"[]", b"{", b"\xff", b"[" * 60_000, b"{}" + b" " * LETTER_BYTES_MAX, b'{"a":"\\ud800"}'],
    ids=["nothing", "list", "half", "no text", "deep", "long", "half a character"],
)
def test_what_is_no_letter_is_refused(data: bytes):
    vn, _ = peers()
    told = receipt(vn, data)
    assert (told["outcome"], told["of"]) == ("nak", "")


def test_a_letter_that_was_changed_on_its_way_is_refused():
    vn, cn = peers()
    good = letter(cn, {})
    for before, after in ((b'"1001"', b'"1002"'), (b'"sequence":1', b'"sequence":2')):
        assert before in good
        assert receipt(vn, good.replace(before, after))["code"] == "signature"


def test_a_stranger_who_names_the_peers_key_is_refused():
    vn, cn = peers()
    thief = Peer("CN", new_key(), "VN", vn.parties.key)
    told = json.loads(letter(thief, {"key": cn.parties.key.public.id}))
    assert receipt(vn, json.dumps(told).encode())["code"] == "signature"


@pytest.mark.parametrize(
    "said",
    [
        AllowLeg("a", "K1-1", "cross", "clearance-VN"),
        QueryOrder("K1-1", "clearance-VN"),
        CancelOrder("K1-1"),
        CancelOrder("K1-1", "clearance-VN"),
        GuardOrder(order(1, "VN"), Guard("T1", "clearance-CN", "clearance-VN")),
        GuardOrder(order(1, "CN"), Guard("T1", "clearance-VN", "clearance-VN")),
        OrderReport("K1-1", "K1", 1, "done", True, None, True, ()),
        PreAdvice("K1/advice", declaration("K1", "VN-CN"), "1", "green"),
    ],
    ids=lambda said: type(said).__name__,
)
def test_what_is_this_sides_to_say_is_refused_from_the_other_side(said: Any):
    vn, cn = peers()
    kind, consignment, body = body_of(said) if not _empty_keeper(said) else _unnamed(said)
    identity = ("CN/x/1", kind, consignment, 1)
    data = seal(cn.parties.key, ("CN", "VN"), identity, body, NOW_NS)
    assert receipt(vn, data)["code"] in ("not_allowed", "schema")
    assert vn.passed_on() == []


def _empty_keeper(said: Any) -> bool:
    return getattr(said, "keeper", None) == ""


def _unnamed(said: CancelOrder) -> tuple[str, str, dict[str, Any]]:
    return "leg_cancelled", "K1", {"id": said.id, "keeper": ""}


def test_a_receipt_counts_only_for_the_letter_that_it_answers():
    vn, cn = peers()
    cn.sender.put(AskReady("a", "K1"), NOW_NS)
    cn.sender.put(AskReady("b", "K2"), NOW_NS)
    one, two = cn.letters(NOW_NS)
    other = vn.receiver.take(two.data, NOW_NS)
    cn.sender.received(one, other, NOW_NS)
    cn.sender.received(two, b"ok", NOW_NS)
    assert cn.sender.outbox.state().waiting == 2
    assert vn.passed_on() == [AskReady("b", "K2")]
    later = NOW_NS + 2 * S
    assert carried(cn, vn, later) == ["ask_ready", "ask_ready"]
    assert vn.passed_on() == [AskReady("a", "K1")]
    assert cn.sender.outbox.state().waiting == 0


@settings(max_examples=50, deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_are_answered(data: bytes):
    vn, _ = peers()
    assert receipt(vn, data)["outcome"] == "nak"
