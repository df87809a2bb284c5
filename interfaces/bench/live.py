"""`bordergate bench live`: from a rear clear to the grant that it frees, on Ray, while AGVs drive.

The plant notes when a report leaves a controller and when a command reaches one. A grant counts
when it was freed by another AGV: when the last thing that happened before it, among the rear-clears
that could have freed it (the other AGV's from its zone, and the own ones, which move the horizon),
was the other's. Grants that begin a trip are left out: a decision frees those.
"""

import random
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import yaml

from actors.codec import decode_message
from actors.host import timer_lateness_ns
from actors.messages import ExtendGrant, OrderRequest, PutOrder, RearClear
from actors.site.bundled import find_site
from actors.site.devices import FLEET_MANAGER
from actors.site.roadmap import Roadmap
from interfaces.bench.bare_ray import call_s, start_empty
from interfaces.bench.figures import Figure, compared, percentile
from interfaces.drivers import plant
from interfaces.gate import LiveGate
from interfaces.pump import ViewPump
from interfaces.view import LiveView
from sim.arrivals import container_number

VEHICLES = 60
WARM_UP_S = 60.0
"""So long until all AGVs are under way and meet each other."""
MEASURED_S = 180.0
CALL_EVERY_S = 0.1


def measure(site: str, say: Callable[[str], None]) -> list[Figure]:
    """Run the site with 60 AGVs, all with orders, and measure for three minutes."""
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "plant.log"
        gate = LiveGate(_with_vehicles(site, folder), driver=plant(log=str(log)))
        say(f"{len(gate.unanswered)} actors are started")
        view = LiveView(gate.site, gate.roadmap, gate.devices)
        with gate, ViewPump(view, gate.keeper, gate.signals):
            gate.start(lambda _name, _process: None)
            (empty, _), *_ = start_empty(1)
            _put_orders(gate)
            say(f"{VEHICLES} AGVs under way; measuring for {MEASURED_S:.0f} s")
            time.sleep(WARM_UP_S)
            _timer_lateness_ms(gate)
            from_ns = time.monotonic_ns()
            calls = _call_for(empty, MEASURED_S)
            to_ns = time.monotonic_ns()
            late_ms = _timer_lateness_ms(gate)
            vehicles = [vehicle.signal for vehicle in view.vehicles()]
            driving = sum(signal is not None and signal.speed_mps > 0 for signal in vehicles)
        waits = list(_freed_grants_s(log, gate.roadmap, from_ns, to_ns))
    return [
        Figure("AGVs moving in the last sample", driving, "AGVs"),
        Figure("grants freed by another AGV", len(waits), "grants"),
        *(
            compared(
                f"rear clear to grant, p{share * 100:.0f}",
                percentile(waits, share) * 1e3,
                "ms",
                percentile(calls, share) * 1e3,
            )
            for share in (0.5, 0.9, 0.99)
        ),
        Figure("bare Ray calls in the same time", len(calls), "calls"),
        Figure("timer lateness, p50", round(percentile(late_ms, 0.5), 3), "ms"),
        Figure("timer lateness, p99", round(percentile(late_ms, 0.99), 3), "ms"),
    ]


def _with_vehicles(site: str, folder: str) -> Path:
    """The bundled site with another number of AGVs."""
    path = find_site(site)
    text = yaml.safe_load(path.read_text(encoding="utf-8"))
    text["vehicles"]["count"] = VEHICLES
    changed = Path(folder) / path.name
    changed.write_text(yaml.safe_dump(text), encoding="utf-8")
    return changed


def _put_orders(gate: LiveGate) -> None:
    """Twice as many orders as AGVs, in the site's directions in turn."""
    draw = random.Random(1)
    directions = [rule.direction for rule in gate.site.inspection]
    for number in range(2 * VEHICLES):
        direction = directions[number % len(directions)]
        gate.ask(
            PutOrder(
                OrderRequest(
                    id=f"B{number:03d}",
                    container=container_number(draw),
                    size_type=next(iter(gate.site.arrivals.size_types)),
                    from_side=direction[:2],
                    to_side=direction[3:],
                )
            )
        )


def _timer_lateness_ms(gate: LiveGate) -> list[float]:
    names = [FLEET_MANAGER, *(device.id for device in gate.devices)]
    return [late / 1e6 for name in names for late in timer_lateness_ns(name)]


def _call_for(empty: object, span_s: float) -> list[float]:
    """Bare Ray calls, paced, for a time."""
    calls = []
    until = time.monotonic() + span_s
    while time.monotonic() < until:
        calls.append(call_s(empty))
        time.sleep(CALL_EVERY_S)
    return calls


def _freed_grants_s(log: Path, roadmap: Roadmap, from_ns: int, to_ns: int) -> Iterator[float]:
    """The time from rear clear to grant of every grant that another AGV freed [s]."""
    rests = {place.id for place in roadmap.places.values()}
    rests |= {edge.zone for edge in roadmap.edges.values() if edge.lane}
    zone_of: dict[tuple[str, int], str] = {}
    left: dict[str, tuple[int, str]] = {}  # zone -> when, by whom it was last left
    own_clear: dict[str, int] = {}
    cleared: dict[str, int] = {}
    for at_ns, kind, device, data in _records(log):
        message = decode_message(data)
        match kind, message:
            case b"report", RearClear(agv, upto):
                own_clear[agv] = at_ns
                for seq in range(cleared.get(agv, -1) + 1, upto + 1):
                    zone = zone_of.get((agv, seq))
                    if zone is not None:
                        left[zone] = (at_ns, agv)
                cleared[agv] = upto
            case b"command", ExtendGrant(_, visits):
                first = visits[0]
                for visit in visits:
                    zone_of[device, visit.seq] = visit.zone
                before = zone_of.get((device, first.seq - 1))
                begins_trip = before in rests and first.zone not in rests
                left_ns, by = left.get(first.zone, (0, device))
                if begins_trip or by == device or left_ns <= own_clear.get(device, 0):
                    continue
                if from_ns <= at_ns <= to_ns:
                    yield (at_ns - left_ns) / 1e9
            case _:
                pass


def _records(log: Path) -> Iterator[tuple[int, bytes, str, bytes]]:
    """What the plant noted: (monotonic time [ns], kind, device, message)."""
    decoder = msgspec.msgpack.Decoder(tuple[int, bytes, str, bytes])
    data = log.read_bytes()
    at = 0
    while at + 4 <= len(data):
        size = int.from_bytes(data[at : at + 4], "big")
        if at + 4 + size > len(data):
            return  # the last record was cut off by the end
        yield decoder.decode(data[at + 4 : at + 4 + size])
        at += 4 + size
