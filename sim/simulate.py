"""A stretch of the gate's life in virtual time: the deployed machines, simulated controllers."""

import datetime
import time
from collections.abc import Callable

import msgspec

from actors.fleet_manager import FleetManager
from actors.messages import OVER, Event, Order, OrderChanged, PutOrder
from actors.site.devices import FLEET_MANAGER, devices
from actors.site.expand import expand
from actors.site.model import Site
from actors.site.roadmap import Roadmap
from actors.wiring import machines
from robotics.telemetry import RecordedEvent
from robotics.vehicle import Vehicle
from sim.arrivals import arrivals
from sim.checker import CHECKER, LOOK, Checker
from sim.faults import FaultPlan, Faults
from sim.plant.vehicle import VehicleController
from sim.plant.watched import checker_of
from sim.plant.wiring import VehicleMaker, controllers
from sim.sampling import Recorder, Sampler
from sim.world import World

MINUTE_NS = 60 * 10**9
DRAIN_H = 1.0
"""After the last hour of arrivals so much time is given to end the orders under way."""


class OrderCounts(msgspec.Struct):
    """How the orders ended."""

    done: int = 0
    failed: int = 0
    cancelled: int = 0
    open: int = 0


class Result(msgspec.Struct):
    """What a simulation found; the form of `simulate --json`."""

    site: str
    seed: int
    trucks_per_day: int
    simulated_s: float
    wall_s: float
    events: int
    digest: str
    orders: OrderCounts
    checker: dict[str, int]
    found: list[str]
    """The checker's first findings, in words."""
    order_min: dict[str, float]
    """Time from acceptance to `done` [min]: p50, p90, p95, p99, max."""


def build(
    site: Site,
    day: datetime.date,
    start_ns: int,
    seed: int,
    vehicle: VehicleMaker = VehicleController,
) -> tuple[World, Checker]:
    """A world with the whole site in it, at rest, and the checker that watches it."""
    roadmap = expand(site, day)
    world = World(start_ns)
    plant = controllers(site, roadmap, day, seed, vehicle)
    for controller in plant.values():
        world.add(controller)
    for machine in machines(site, roadmap, day).values():
        world.add(machine)
    checker = watch(world, site, roadmap, [c for c in plant.values() if isinstance(c, Vehicle)])
    return world, checker


def watch(world: World, site: Site, roadmap: Roadmap, vehicles: list[Vehicle]) -> Checker:
    """Put a checker into a world: it is shown the vehicles' signals, and the wire."""
    checker = checker_of(site, roadmap, vehicles, lambda at_ns: world.post(CHECKER, LOOK, at_ns))
    world.add(checker)
    world.observers.append(checker.observe)
    return checker


def simulate(
    site: Site,
    day: datetime.date,
    hours: float,
    trucks_per_day: int,
    seed: int,
    progress: Callable[[float], None] | None = None,
    faults: FaultPlan | None = None,
    recorder: Recorder | None = None,
    record_hz: float = 1.0,
) -> Result:
    """Run the gate for `hours` from midnight of `day` (first side's time), then let it finish.

    `progress` is called now and then with the share that is done; `faults` end with the hours.
    `recorder` is given every event, and all signals so many times a second of virtual time.
    """
    began = time.perf_counter()
    side = next(iter(site.sides.values()))
    zone = datetime.timezone(datetime.timedelta(hours=side.utc_offset_h))
    start = datetime.datetime.combine(day, datetime.time(), zone)
    start_ns = round(start.timestamp()) * 10**9
    world, checker = build(site, day, start_ns, seed)
    harm: Faults | None = None
    if faults is not None:
        fresh = machines(site, expand(site, day), day)
        del fresh[FLEET_MANAGER]
        harm = Faults(world, faults, seed, fresh)
    orders: dict[str, Order] = {}

    def keep(name: str, event: Event, at_ns: int) -> None:
        if isinstance(event, OrderChanged):
            orders[event.order.request.id] = event.order
        if recorder is not None:
            recorder.event(RecordedEvent(name, at_ns, event))

    world.on_event = keep
    run = world.run
    if recorder is not None:
        run = Sampler(world, devices(site, day), recorder, round(1e9 / record_hz)).run
    manager = world.machine(FLEET_MANAGER)
    assert isinstance(manager, FleetManager)
    zones = dict.fromkeys(edge.zone for edge in manager.traffic.roadmap.edges.values())

    def queues() -> list[list[tuple[str, int]]]:
        return [manager.traffic.order_of(zone) for zone in zones]

    posted = 0
    for at_ns, request in arrivals(site, start, hours, trucks_per_day, seed):
        world.post(FLEET_MANAGER, PutOrder(request), at_ns)
        posted += 1
    end_ns = start_ns + round(hours * 3600e9)
    last_ns = end_ns + round(DRAIN_H * 3600e9)
    while world.now_ns < last_ns:
        run(min(world.now_ns + MINUTE_NS, last_ns))
        open_orders = sum(o.state not in OVER for o in orders.values())
        checker.watch_progress(world.now_ns, open_orders)
        checker.watch_waits(world.now_ns, queues)
        if harm is not None and world.now_ns >= end_ns:
            harm.stop()
        if progress is not None:
            progress(min((world.now_ns - start_ns) / (end_ns - start_ns), 1.0))
        if world.now_ns >= end_ns and open_orders == 0:
            break
    violations = checker.finish(world.now_ns)
    return Result(
        site=site.name,
        seed=seed,
        trucks_per_day=trucks_per_day,
        simulated_s=(world.now_ns - start_ns) / 1e9,
        wall_s=round(time.perf_counter() - began, 3),
        events=world.events,
        digest=world.digest(),
        orders=_count(orders, posted),
        checker=violations,
        found=checker.found,
        order_min=_times(orders),
    )


def _count(orders: dict[str, Order], posted: int) -> OrderCounts:
    counts = OrderCounts(open=posted - len(orders))
    for order in orders.values():
        match order.state:
            case "done":
                counts.done += 1
            case "failed":
                counts.failed += 1
            case "cancelled":
                counts.cancelled += 1
            case _:
                counts.open += 1
    return counts


def _times(orders: dict[str, Order]) -> dict[str, float]:
    done = sorted(
        (order.history[-1].at_ns - order.history[0].at_ns) / 6e10
        for order in orders.values()
        if order.state == "done"
    )
    if not done:
        return {}
    shares = {"p50": 0.5, "p90": 0.9, "p95": 0.95, "p99": 0.99, "max": 1.0}
    return {
        name: round(done[min(int(share * len(done)), len(done) - 1)], 1)
        for name, share in shares.items()
    }
