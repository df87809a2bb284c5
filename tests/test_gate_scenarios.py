"""Named scenarios of the whole gate in virtual time: nobody meets and all orders end."""

import msgspec

from actors.messages import Obstacle, ObstacleAnswer, PutObstacle, RemoveObstacle
from actors.site.expand import expand
from actors.site.model import Site
from tests.broken_gate import CLEAN, BrokenGate
from tests.gate import DAY, DEMO


def demo(agvs: int, cranes: int = 2, chargers: int = 1) -> Site:
    """The demo with so many AGVs; cranes and chargers a side. It has 8 refuges."""
    yards = tuple(
        msgspec.structs.replace(
            yard,
            cranes=msgspec.structs.replace(yard.cranes, count=cranes),
            chargers=chargers,
        )
        for yard in DEMO.yards
    )
    vehicles = msgspec.structs.replace(DEMO.vehicles, count=agvs)
    return msgspec.structs.replace(DEMO, vehicles=vehicles, yards=yards)


def test_all_agvs_called_to_one_crane_come_one_after_the_other():
    gate = BrokenGate(site=demo(agvs=8, cranes=1))
    for number in range(0, 24, 3):  # from VN, all of them
        gate.put(number)
    assert gate.finish() == CLEAN
    assert set(gate.orders.values()) == {"done"}
    assert len(set(gate.carrier.values())) == 8, "each AGV has come"


def test_every_refuge_taken_and_a_foreign_vehicle_in_one_leaves_its_agv_a_bay_to_rest_in():
    site = demo(agvs=8, chargers=0)
    gate = BrokenGate(orders=12, site=site)
    assert len(set(gate.homes.values())) == sum(yard.parking for yard in site.yards)
    gate.until(lambda: gate.orders["T0"] == "carrying")
    away = gate.carrier["T0"]
    home = gate.homes[away]
    assert gate.zone_of(away) != home
    lorry = Obstacle("lorry", expand(site, DAY).standing_edge(home).zones)
    gate.ask(PutObstacle(lorry), ObstacleAnswer)
    assert gate.finish() == CLEAN
    assert set(gate.orders.values()) == {"done"}
    gate.run(900)
    rests = gate.zone_of(away)
    assert rests.startswith(("VN-C", "CN-C")), "not on the road"
    for number in range(12, 24):  # while it rests there, the others work
        gate.put(number)
    assert gate.finish() == CLEAN
    assert set(gate.orders.values()) == {"done"}
    gate.ask(RemoveObstacle("lorry"), ObstacleAnswer)
    gate.run(900)
    assert {agv: gate.zone_of(agv) for agv in gate.homes} == gate.homes
