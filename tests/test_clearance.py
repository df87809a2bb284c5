"""One side's clearance: in each state only the right word of the right officer counts."""

import copy
import typing

import msgspec
import pytest

from actors.border import (
    BorderAnswer,
    Command,
    CustodyChanged,
    Decide,
    Declaration,
    Declare,
    Dispose,
    ExchangeAnswer,
    GateIn,
    HoldKind,
    LiftHold,
    Officer,
    PreAdvice,
    PutHold,
    Register,
    Role,
    SetDownLoad,
    Step,
    StepTaken,
)
from actors.clearance import Clearance
from actors.consignment.transitions import WAYS
from actors.messages import TimerFired
from actors.site.devices import FLEET_MANAGER
from sim.border_drive import Drive
from sim.border_officers import DECIDERS, OWNERS, right_word
from sim.border_reader import BorderReader
from tests.gate import S, replied, sent
from tests.test_border_drive import both_scans

NOW_NS = 1_783_000_000 * S
ROLES: tuple[Role, ...] = typing.get_args(Role)
STEPS: tuple[Step, ...] = typing.get_args(Step)
HOLDS: tuple[HoldKind, ...] = typing.get_args(HoldKind)
Sides = dict[str, Clearance]


def said(clearance: Clearance, command: Command) -> BorderAnswer:
    [answer] = replied(clearance.handle(command, NOW_NS))
    assert isinstance(answer, BorderAnswer)
    return answer


def asked(clearance: Clearance, command: Command) -> str:
    """What a copy of the clearance says, so that the next question finds the same state."""
    return said(copy.deepcopy(clearance), command).outcome


def states() -> dict[str, tuple[str, Sides]]:
    """Both sides in each state of one consignment, by the last step of the side that sends it."""
    drive = Drive(both_scans(), 1, consignments=3, harm=0.0)
    name = drive.names[2]
    assert drive.reader.directions[name] == "VN-CN"
    drive.begin(name)
    found: dict[str, tuple[str, Sides]] = {}
    for number in range(200):
        lasts = [
            str(clearance.records[name].last) if name in clearance.records else "unknown"
            for clearance in drive.sides.values()
        ]
        found.setdefault("-".join(lasts), (name, copy.deepcopy(drive.sides)))
        if drive.has_ended(name):
            return found
        for side, clearance in drive.sides.items():
            if name not in clearance.records:
                continue
            word = right_word(clearance, name, f"W{number}{side}", "red", NOW_NS)
            if word is not None:
                drive.world.post(clearance.name, word, drive.world.now_ns)
        drive.world.post(FLEET_MANAGER, TimerFired("work"), drive.world.now_ns)
        drive.world.run(drive.world.now_ns + S)
    raise AssertionError(list(found))


STATES = states()
EACH_STATE = pytest.mark.parametrize(("name", "sides"), STATES.values(), ids=STATES.keys())


@EACH_STATE
def test_only_the_next_step_is_taken_and_only_by_the_role_and_side_that_decide_it(
    name: str, sides: Sides
):
    for side, clearance in sides.items():
        record = clearance.records.get(name)
        for step in STEPS:
            for role in ROLES:
                right = (
                    record is not None
                    and not record.ended
                    and record.next == step
                    and (step != "on_truck" or record.set_down)
                    and DECIDERS.get(step) == role
                    and record.side_of(step) == side
                )
                expected = "done" if right else "refused" if record is not None else "unknown"
                command = Decide("X", Officer("Q", role, side), name, step, "seen")
                assert asked(clearance, command) == expected, (side, step, role)


@EACH_STATE
def test_no_word_counts_from_the_other_side_or_without_name_or_without_reason(
    name: str, sides: Sides
):
    for side, clearance in sides.items():
        other = "CN" if side == "VN" else "VN"
        for what, role in DECIDERS.items():
            for by, reason in (
                (Officer("Q", role, other), "seen"),
                (Officer("", role, side), "seen"),
                (Officer("Q", role, side), ""),
            ):
                assert asked(clearance, Decide("X", by, name, what, reason)) != "done"


@EACH_STATE
def test_a_hold_is_lifted_by_its_owner_only_and_nothing_is_decided_meanwhile(
    name: str, sides: Sides
):
    for side, original in sides.items():
        for kind in HOLDS:
            clearance = copy.deepcopy(original)
            put = PutHold("H", Officer("Q", "operator", side), name, kind, "a doubt")
            if said(clearance, put).outcome != "done":
                continue
            for role in ROLES:
                lift = LiftHold("L", Officer("Q", role, side), name, kind, "seen")
                expected = "done" if role == OWNERS[kind] else "refused"
                assert asked(clearance, lift) == expected
            for what, role in DECIDERS.items():
                if what == "gated_in":
                    continue
                command = Decide("X", Officer("Q", role, side), name, what, "seen")
                assert asked(clearance, command) == "refused"


@EACH_STATE
def test_what_is_repeated_is_answered_alike_and_another_command_of_that_id_is_a_conflict(
    name: str, sides: Sides
):
    for side, original in sides.items():
        clearance = copy.deepcopy(original)
        if name not in clearance.records:
            continue
        by = Officer("Q", "supervisor", side)
        commands: tuple[Command, ...] = (
            PutHold("A", by, name, "papers", "a doubt"),
            SetDownLoad("B", by, name, "for long"),
            Dispose("C", by, name, "seized", "contraband"),
        )
        for command in commands:
            first = clearance.handle(command, NOW_NS)
            again = clearance.handle(command, NOW_NS + 9 * S)
            assert replied(again) == replied(first)
            assert len(again) == 1, "it does nothing twice"
            other = PutHold(command.id, by, name, "fee", "another")
            assert said(clearance, other).outcome == "conflict"


def test_each_way_has_all_steps_once_and_the_image_is_decided_before_the_release():
    for way in WAYS.values():
        assert sorted(way) == sorted(STEPS)
        assert way.index("scanned") + 1 == way.index("image_decided") < way.index("released")


def test_the_reader_finds_what_is_skipped_decided_by_others_or_kept_by_two():
    reader = BorderReader(both_scans(), {"K": "red"})
    reader.directions["K"] = "VN-CN"
    system, customs = Officer("S", "system", "VN"), Officer("Q", "customs", "VN")
    reader.read("", StepTaken("K", "VN", "exit_approved", system, ""), 0)
    assert len(reader.found) == 7 + 2, "seven steps and two matters are missing"
    reader.found.clear()
    reader.read("", StepTaken("K", "VN", "fee_paid", customs, "seen"), 0)
    assert "decided by customs, not operator" in reader.found[0]
    reader.found.clear()
    reader.read("", CustodyChanged("K", "VN", "taken", "a"), 0)
    reader.read("", CustodyChanged("K", "CN", "taken", "b"), 0)
    assert reader.found == ["0.000 K: taken by CN from VN without an offer"]


def test_the_reader_knows_what_is_given_by_who_took_it_over_whenever_that_is_heard():
    reader = BorderReader(both_scans(), {"K": "red"})
    reader.directions["K"] = "VN-CN"
    reader.read("", CustodyChanged("K", "VN", "taken", "in"), 0)
    reader.read("", CustodyChanged("K", "VN", "offered", "over"), 0)
    reader.read("", CustodyChanged("K", "CN", "taken", "over"), 0)
    reader.read("", CustodyChanged("K", "CN", "left", "out"), 0)
    reader.read("", CustodyChanged("K", "VN", "given", "over"), 0)
    assert reader.found == [], "it had left before its old keeper heard"
    reader.read("", CustodyChanged("K", "VN", "given", "another"), 0)
    assert reader.found == ["0.000 K: given by VN, taken by nobody"]


GOODS = Declaration(
    "E-1", "VN", "CN", "CSQU3054383", "45G1", "S1", "29H-12345", "854231", "VN", 20_000
)
ENTERPRISE = Officer("Lan", "enterprise", "VN")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"container": "CSQU3054384"}, "container: container number given 'CSQU3054384', allowed"),
        ({"twin_container": "X"}, "twin_container: container number given 'X', allowed"),
        ({"hs": "85"}, "hs: HS code given '85', allowed"),
    ],
)
def test_what_cannot_be_an_identity_is_refused_at_declaration_and_by_the_other_side(changes, words):
    goods = msgspec.structs.replace(GOODS, **changes)
    sides = Drive(both_scans(), 1, consignments=1, harm=0.0).sides
    answer = said(sides["VN"], Declare("D1", ENTERPRISE, goods))
    assert (answer.outcome, words in answer.reason) == ("refused", True)
    [told] = sent(sides["CN"].handle(PreAdvice("P1", goods, "1", "green"), NOW_NS), ExchangeAnswer)
    assert (told.outcome, words in told.reason) == ("nak", True)


@pytest.mark.parametrize(("code", "colour"), [("1", "green"), ("2A", "yellow"), ("3D", "red")])
def test_a_channel_is_read_by_its_first_digit(code: str, colour: str):
    clearance = Drive(both_scans(), 1, consignments=1, harm=0.0).sides["VN"]
    assert said(clearance, Declare("D1", ENTERPRISE, GOODS)).outcome == "done"
    customs = Officer("Minh", "customs", "VN")
    refused = said(clearance, Register("R1", customs, "E-1", "301234567890", "4"))
    assert (refused.outcome, "channel given '4'" in refused.reason) == ("refused", True)
    assert said(clearance, Register("R2", customs, "E-1", "301234567890", code)).outcome == "done"
    assert clearance.records["E-1"].channel == colour


@pytest.mark.parametrize(
    ("number", "words"),
    [
        ("301234567890", ""),
        ("301234567893", ""),  # its third amendment
        ("101234567890", "is of an import, the goods are an export"),
        ("30123456789", "12 digits of VNACCS"),
        ("3012345678901", "12 digits of VNACCS"),
        ("201234567890", "12 digits of VNACCS"),
        ("", "12 digits of VNACCS"),
    ],
)
def test_a_declaration_number_is_one_of_vnaccs_in_the_right_direction(number: str, words: str):
    clearance = Drive(both_scans(), 1, consignments=1, harm=0.0).sides["VN"]
    said(clearance, Declare("D1", ENTERPRISE, GOODS))
    answer = said(clearance, Register("R1", Officer("Q", "customs", "VN"), "E-1", number, "1"))
    assert answer.outcome == ("refused" if words else "done")
    assert words in answer.reason


@pytest.mark.parametrize(
    ("read", "outcome"),
    [
        ("29H-12345", []),
        ("29h 123.45", []),  # the same plate, read in another form
        ("29H-12346", ["identity"]),
        ("桂F12345", ["identity"]),
    ],
)
def test_plates_are_compared_as_they_are_meant_and_another_one_is_a_hold(
    read: str, outcome: list[str]
):
    drive = Drive(both_scans(), 1, consignments=3, harm=0.0)
    name = drive.names[2]
    drive.begin(name)
    clearance = drive.sides["VN"]
    for number in range(40):
        record = clearance.records[name]
        if record.next == "gated_in":
            break
        word = right_word(clearance, name, f"W{number}", "green", NOW_NS)
        if word is not None:
            drive.world.post(clearance.name, word, drive.world.now_ns)
        drive.world.run(drive.world.now_ns + S)
    goods = clearance.records[name].declaration
    by = Officer("Q", "operator", "VN")
    gated = GateIn("G", by, name, read, goods.container, goods.seal, goods.weight_kg)
    assert said(clearance, gated).outcome == "done"
    assert list(clearance.records[name].holds) == outcome


@pytest.mark.parametrize("seal", ["", "NONE", "vn123", "VN 123"])
def test_a_seal_that_cannot_be_one_is_refused_at_declaration(seal: str):
    clearance = Drive(both_scans(), 1, consignments=1, harm=0.0).sides["VN"]
    goods = msgspec.structs.replace(GOODS, seal=seal)
    answer = said(clearance, Declare("D1", ENTERPRISE, goods))
    assert (answer.outcome, "seal number given" in answer.reason) == ("refused", True)
