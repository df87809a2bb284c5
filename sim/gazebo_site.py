"""Orders of a site whose AGVs are models in Gazebo, and the same with AGVs that go by plan."""

import datetime
import time
from collections.abc import Callable
from random import Random

import msgspec

from actors.messages import OVER, Event, Order, OrderChanged, OrderRequest, PutOrder
from actors.site.devices import FLEET_MANAGER
from actors.site.model import Site
from robotics.gazebo.messages import Package
from robotics.gazebo.node import Node
from robotics.gazebo.vehicle import GazeboVehicle
from robotics.vehicle import Vehicle
from sim.arrivals import container_number
from sim.checker import Checker
from sim.gazebo_run import GazeboRun
from sim.plant.watched import finds
from sim.simulate import build
from sim.world import World

BEGIN_S = 5.0
"""Orders are put when all machines have said where they stand."""
LOOK_S = 1.0
"""How often it is looked whether all orders have ended."""


class Outcome(msgspec.Struct):
    """What became of the orders."""

    took_s: dict[str, float]
    """From acceptance to `done`, of those that came to it."""
    ended_s: float
    """When the last one had ended, of the site's time."""
    wall_s: float
    found: list[str]
    """What the checker has to say; see `sim.plant.watched.finds`."""


def some_orders(site: Site, count: int, seed: int) -> list[OrderRequest]:
    """Orders in the site's directions by turns."""
    random = Random(f"{seed}/gazebo")
    size_type = next(iter(site.arrivals.size_types))
    ways = [rule.direction.partition("-") for rule in site.inspection]
    found = []
    for number in range(count):
        from_side, _, to_side = ways[number % len(ways)]
        container = container_number(random)
        found.append(OrderRequest(f"G{number:02d}", container, size_type, from_side, to_side))
    return found


def by_plan(
    site: Site, day: datetime.date, orders: list[OrderRequest], seed: int, hours: float
) -> Outcome:
    """With simulated AGVs, as in any virtual run."""
    world, checker = build(site, day, 0, seed)
    return outcome(world, checker, world.run, orders, hours)


def in_gazebo(
    node: Node,
    site: Site,
    day: datetime.date,
    orders: list[OrderRequest],
    seed: int,
    hours: float,
    package: Package = "ignition.msgs",
) -> Outcome:
    """With the models of a server that has the site's world and nothing else to do.

    Raises:
        GazeboError: there is none, or it does not answer any more.
    """
    world, checker = build(site, day, 0, seed, GazeboVehicle)
    agvs = [machine.device for machine in world.machines() if isinstance(machine, Vehicle)]
    run = GazeboRun(node, world, site.name, agvs, site.vehicles.length_m, package)
    return outcome(world, checker, run.run, orders, hours)


def outcome(
    world: World,
    checker: Checker,
    run: Callable[[int], None],
    requests: list[OrderRequest],
    hours: float,
) -> Outcome:
    """Put the orders, and let time pass until all have ended, or for so many hours."""
    began_s = time.perf_counter()
    orders: dict[str, Order] = {}

    def keep(_name: str, event: Event, _at_ns: int) -> None:
        if isinstance(event, OrderChanged):
            orders[event.order.request.id] = event.order

    world.on_event = keep
    run(round(BEGIN_S * 1e9))
    for request in requests:
        world.post(FLEET_MANAGER, PutOrder(request), world.now_ns)
    while world.now_ns < hours * 3600e9:
        run(world.now_ns + round(LOOK_S * 1e9))
        ended = sum(order.state in OVER for order in orders.values())
        if ended == len(requests):
            break
    took_s = {
        name: (order.history[-1].at_ns - order.history[0].at_ns) / 1e9
        for name, order in orders.items()
        if order.state == "done"
    }
    vehicles = [machine for machine in world.machines() if isinstance(machine, Vehicle)]
    wall_s = time.perf_counter() - began_s
    return Outcome(took_s, world.now_ns / 1e9, wall_s, finds(checker, vehicles))
