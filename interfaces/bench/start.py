"""`bordergate bench start`: the gate's actors against as many empty ones, in time and memory."""

import time
from collections.abc import Callable

import psutil

from actors.host import start_ray, stop_ray
from actors.site.bundled import find_site
from actors.site.devices import FLEET_MANAGER
from interfaces.bench.bare_ray import start_empty
from interfaces.bench.figures import Figure, compared
from interfaces.gate import LiveGate
from interfaces.pump import ViewPump
from interfaces.view import LiveView

MIB = 2**20


def measure(site: str, say: Callable[[str], None]) -> list[Figure]:
    """Start as many empty actors as the site has, then the site's own."""
    gate = LiveGate(find_site(site))
    count = len(gate.unanswered)
    say(f"{count} empty actors")
    start_ray()
    began = time.perf_counter()
    empty = start_empty(count)
    empty_s = time.perf_counter() - began
    empty_mib = _median_pss_mib([process for _, process in empty])
    stop_ray()
    say(f"{count} actors of {site}")
    processes: dict[str, int] = {}
    entered = time.perf_counter()
    view = LiveView(gate.site, gate.roadmap, gate.devices)
    with gate, ViewPump(view, gate.keeper, gate.signals):
        began = time.perf_counter()
        gate.start(processes.__setitem__)
        ours_s = time.perf_counter() - began
        up_s = time.perf_counter() - entered
        fleet_mib = _median_pss_mib([processes.pop(FLEET_MANAGER)])
        devices_mib = _median_pss_mib(list(processes.values()))
        total_mib = _total_mib()
    return [
        compared(f"all {count} actors answer", ours_s, "s", empty_s),
        Figure("from nothing: plant, Ray and actors", round(up_s, 2), "s"),
        compared("memory of a device's process (PSS, median)", devices_mib, "MiB", empty_mib),
        compared("memory of the fleet manager's process (PSS)", fleet_mib, "MiB", empty_mib),
        Figure("memory of the whole gate with Ray (PSS)", round(total_mib), "MiB"),
    ]


def _median_pss_mib(processes: list[int]) -> float:
    """Proportional memory: pages shared by n processes count a n-th each."""
    sizes = sorted(psutil.Process(process).memory_full_info().pss / MIB for process in processes)
    return sizes[len(sizes) // 2]


def _total_mib() -> float:
    me = psutil.Process()
    return sum(p.memory_full_info().pss / MIB for p in (me, *me.children(recursive=True)))
