"""The checker must be able to fail: each rule is broken on purpose, and counted."""

from collections.abc import Callable

import pytest

from actors.messages import ExtendGrant, LinkLost, PutOrder, Visit
from actors.site.devices import FLEET_MANAGER
from robotics.motion import plan, standing
from sim.checker import STALL_NS, Checker
from sim.plant.vehicle import VehicleController
from sim.plant.wiring import controllers, vehicle_data
from sim.simulate import MINUTE_NS, build
from sim.world import World
from tests.gate import DAY, DEMO, ROADMAP, S, order

CLEAN = {"overlap": 0, "beyond_grant": 0, "jump": 0, "stall": 0}


class Yard:
    """Controllers without machines: grants are given by hand."""

    def __init__(self) -> None:
        plant = controllers(DEMO, ROADMAP, DAY, 1)
        self.world = World()
        self.vehicles = {
            name: one for name, one in plant.items() if isinstance(one, VehicleController)
        }
        for vehicle in self.vehicles.values():
            self.world.add(vehicle)
        self.checker = Checker(ROADMAP, vehicle_data(DEMO).length_m, list(self.vehicles.values()))
        self.world.observers.append(self.checker.observe)

    def at_home(self, side: str) -> list[str]:
        return [
            name
            for name, one in self.vehicles.items()
            if one.passages[0].visit.zone.startswith(f"{side}-P")
        ]

    def grant(self, name: str, zones: int, at_s: float) -> None:
        """The first so many zones of the way from its home to the first lane."""
        stand = self.vehicles[name].passages[0].visit.edges[0]
        node = ROADMAP.edges[stand].end
        visits: list[Visit] = []
        for seq in range(1, zones + 1):
            edge = min(
                (e for e in ROADMAP.edges.values() if e.start == node and not e.lane),
                key=lambda e: e.id,
            )
            visits.append(Visit(seq, edge.zone, (edge.id,)))
            node = edge.end
        message = ExtendGrant(1, tuple(visits))
        self.world.post(f"{name}/controller", message, round(at_s * S))

    def run(self, until_s: float) -> dict[str, int]:
        self.world.run(round(until_s * S))
        return self.checker.finish(self.world.now_ns)


def test_a_lone_vehicle_on_its_grant_breaks_no_rule():
    yard = Yard()
    yard.grant(yard.at_home("VN")[0], 8, 1)
    assert yard.run(300) == CLEAN


@pytest.mark.parametrize("later_s", [0.0, 3.0, 8.0])
def test_two_vehicles_granted_one_zone_at_a_time_are_an_overlap(later_s: float):
    yard = Yard()
    first, second = yard.at_home("VN")[:2]
    yard.grant(first, 8, 1)
    yard.grant(second, 8, 1 + later_s)
    found = yard.run(300)
    assert found["overlap"] > 0
    assert found == {**CLEAN, "overlap": found["overlap"]}
    assert "zone" in yard.checker.found[0]


def test_a_vehicle_that_drives_on_beyond_its_grant_is_counted():
    yard = Yard()
    name = yard.at_home("VN")[0]
    yard.grant(name, 3, 1)
    controller = yard.vehicles[name]

    def overrun(to: str, message: object, _effects: object, now_ns: int) -> None:
        if to == controller.name and isinstance(message, ExtendGrant):
            end_m = controller.passages[-1].end_m + 1.0
            controller.profile = plan(controller.front(now_ns)[0], 0.0, [(end_m, 3.0)], 0.5, 0.7)
            controller.began_ns = now_ns

    yard.world.observers.insert(0, overrun)
    yard.run(100)
    yard.world.post(controller.name, LinkLost(), 101 * S)
    found = yard.run(102)
    assert found["beyond_grant"] > 0


@pytest.mark.parametrize("shift_m", [0.01, 5.0, -5.0])
def test_a_vehicle_that_is_where_it_cannot_have_driven_is_counted(shift_m: float):
    yard = Yard()
    name = yard.at_home("VN")[0]
    yard.grant(name, 8, 1)
    yard.world.run(10 * S)
    controller = yard.vehicles[name]
    controller.profile = standing(controller.front(10 * S)[0] + shift_m)
    controller.began_ns = 10 * S
    yard.world.post(controller.name, LinkLost(), 11 * S)
    assert yard.run(12)["jump"] > 0


def keep_all(_: str) -> bool:
    return False


def lose_grants(kind: str) -> bool:
    return kind == "ExtendGrant"


@pytest.mark.parametrize(("lost", "stalls"), [(keep_all, False), (lose_grants, True)])
def test_open_orders_while_nothing_moves_are_a_stall(lost: Callable[[str], bool], stalls: bool):
    world, checker = build(DEMO, DAY, 0, 1)
    world.wire = lambda _sender, _to, message, at_ns: (
        [] if lost(type(message).__name__) else [at_ns]
    )
    world.post(FLEET_MANAGER, PutOrder(order(1)), S)
    for minute in range(1, 2 * STALL_NS // MINUTE_NS + 5):
        world.run(minute * MINUTE_NS)
        orders = world._machines[FLEET_MANAGER].orders  # type: ignore[attr-defined]
        checker.watch_progress(world.now_ns, int(orders["T1"].state != "done"))
    found = checker.finish(world.now_ns)
    assert (found["stall"] > 0) == stalls
    assert found == {**CLEAN, "stall": found["stall"]}


def test_traffic_that_grants_zones_still_occupied_is_caught_in_a_whole_gate():
    world, checker = build(DEMO, DAY, 0, 1)
    manager = world._machines[FLEET_MANAGER]
    manager.traffic._heads = lambda slot: True  # type: ignore[attr-defined]
    for number in range(12):
        world.post(FLEET_MANAGER, PutOrder(order(number, "VN" if number % 2 else "CN")), S)
    with pytest.raises(AssertionError, match="cleared what another heads"):
        world.run(30 * MINUTE_NS)  # traffic itself finds out, but later
    assert checker.finish(world.now_ns)["overlap"] > 0
