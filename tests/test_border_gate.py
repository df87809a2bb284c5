"""Rows of the domain's exceptions, in the whole gate in virtual time with both clearances."""

from msgspec import structs

from actors.border import (
    GateIn,
    LiftHold,
    Officer,
    PutHold,
    SetDownLoad,
    SetSide,
    StepTaken,
)
from actors.fleet_manager import FleetManager
from actors.messages import Event, OrderChanged
from actors.site.devices import FLEET_MANAGER
from sim.authority import BorderGate
from sim.border_officers import declaration
from tests.gate import DAY
from tests.test_border_drive import both_scans


def gate() -> BorderGate:
    return BorderGate(both_scans(), DAY, 1)


def steps(events: list[tuple[int, Event]], name: str) -> list[str]:
    return [e.what for _, e in events if isinstance(e, StepTaken) and e.consignment == name]


def test_consignments_of_all_channels_pass_both_ways():
    border = gate()
    border.declare_arrivals(hours=2, trucks_per_day=240)
    count = len(border.open)
    border.finish(hours_max=24)
    assert border.reader.found == []
    assert len(border.reader.released) == count > 10
    assert border.open == {}
    assert not any(border.checker.finish(border.world.now_ns).values()), border.checker.found


def brought(border: BorderGate, direction: str = "VN-CN", hs: str = "854231") -> str:
    """One consignment in the green channel, declared now."""
    border.declare(declaration("K1", direction, hs), "green", border.world.now_ns)
    return "K1"


def until(border: BorderGate, name: str, step: str) -> None:
    for _ in range(2000):
        if step in steps(border.log, name):
            return
        border.run(10)
    raise AssertionError((step, steps(border.log, name)))


def states(border: BorderGate) -> list[str]:
    return [e.order.state for _, e in border.log if isinstance(e, OrderChanged)]


def said(border: BorderGate, side: str, command: object) -> None:
    border.world.post(f"clearance-{side}", command, border.world.now_ns)  # type: ignore[arg-type]
    border.run(1)


def officer(role: str, side: str) -> Officer:
    return Officer("Q", role, side)  # type: ignore[arg-type]


def passes(border: BorderGate, name: str) -> None:
    border.finish(hours_max=24)
    assert border.reader.found == []
    assert name in border.reader.released
    assert not any(border.checker.finish(border.world.now_ns).values()), border.checker.found


def test_a_seal_that_differs_is_not_loaded_until_an_officer_resolves_it():
    border = gate()
    name = brought(border)
    until(border, name, "called_forward")
    border.silent = {"VN", "CN"}
    goods = declaration(name, "VN-CN")
    gated = GateIn("G", officer("operator", "VN"), name, goods.plate, goods.container, "X", 20_000)
    said(border, "VN", gated)
    border.run(4 * 3600)
    assert list(border.sides["VN"].records[name].holds) == ["identity"]
    assert states(border) == []
    border.silent = set()
    passes(border, name)


def test_a_hold_on_its_way_to_be_loaded_calls_the_agv_back():
    border = gate()
    name = brought(border)
    until(border, name, "exit_approved")
    border.silent = {"VN"}
    held = PutHold("H", officer("border_guard", "VN"), name, "security", "a tip")
    said(border, "VN", held)
    border.run(3600)
    assert states(border)[-1] == "cancelled"
    assert "on_agv" not in steps(border.log, name)
    border.silent = set()
    passes(border, name)


def test_without_an_officers_word_on_the_image_it_waits_off_the_road_and_never_crosses():
    border = gate()
    name = brought(border)
    border.silent = set()
    until(border, name, "on_agv")
    border.silent = {"VN"}
    border.run(3 * 3600)
    assert steps(border.log, name)[-1] == "scanned"
    assert states(border)[-1] == "scanning"
    others = gate_place(border)
    assert others.startswith(("VN-P", "VN-E", "VN-C"))
    border.silent = set()
    passes(border, name)


def gate_place(border: BorderGate) -> str:
    """Where the AGV stands that carries the only order."""
    manager = border.world.machine(FLEET_MANAGER)
    assert isinstance(manager, FleetManager)
    [agv] = [v.name for v in manager.vehicles.values() if v.job is not None]
    return manager.traffic.place_of(agv) or ""


def test_while_the_other_side_is_closed_nothing_crosses_and_then_it_goes_on():
    border = gate()
    name = brought(border)
    said(border, "CN", SetSide("S1", officer("supervisor", "CN"), False, "a storm"))
    until(border, name, "image_decided")
    border.run(2 * 3600)
    assert "lane_granted" not in steps(border.log, name)
    said(border, "CN", SetSide("S2", officer("supervisor", "CN"), True, "over"))
    passes(border, name)


def test_while_the_other_side_is_silent_nothing_crosses_and_then_it_goes_on():
    border = gate()
    name = brought(border)
    until(border, name, "pre_advised")
    border.world.wire = lambda sender, to, _message, at_ns: (
        () if {sender, to} == {"clearance-VN", "clearance-CN"} else (at_ns,)
    )
    until(border, name, "image_decided")
    border.run(2 * 3600)
    assert "lane_granted" not in steps(border.log, name)
    border.world.wire = None
    passes(border, name)


def test_a_sample_sets_the_container_down_and_frees_the_agv():
    border = gate()
    name = brought(border, "VN-CN", "081060")
    until(border, name, "on_agv")
    border.silent = {"VN"}
    said(border, "VN", PutHold("H", officer("quarantine", "VN"), name, "sample", "to the lab"))
    said(border, "VN", SetDownLoad("D", officer("quarantine", "VN"), name, "to the lab"))
    border.run(3600)
    assert states(border)[-1] == "failed"
    said(border, "VN", LiftHold("L", officer("customs", "VN"), name, "sample", "not his"))
    assert "sample" in border.sides["VN"].records[name].holds
    border.silent = set()
    passes(border, name)
    assert steps(border.log, name).count("on_agv") == 2


def test_a_suspicious_image_is_a_hold_until_a_supervisor_has_looked_and_no_failed_order():
    site = both_scans()
    vn, cn = site.yards
    booths = structs.replace(vn.booths, suspicious_share=1.0)
    yards = (structs.replace(vn, booths=booths), cn)
    border = BorderGate(structs.replace(site, yards=yards), DAY, 1)
    name = brought(border)
    until(border, name, "on_agv")
    border.silent = {"VN"}
    border.run(2 * 3600)
    assert list(border.sides["VN"].records[name].holds) == ["image"]
    assert "failed" not in states(border)
    assert "image_decided" not in steps(border.log, name)
    border.silent = set()
    passes(border, name)
