"""`bordergate bench exchange`: two gates, a side each, over a link that does all kinds of harm."""

import datetime
import time
from collections.abc import Callable

from actors.site.bundled import find_site
from actors.site.load import load_site
from interfaces.bench.figures import Figure
from interfaces.exchange.rehearsal import Federation, judged

DAY = datetime.date(2026, 7, 1)
HARM = 0.2
HOURS = 2.0
HOURS_MAX = 48.0
SEED = 1


def measure(site: str, say: Callable[[str], None]) -> list[Figure]:
    """Two hours of trucks; the link is cut for an hour, and each gate killed twice."""
    federation = Federation(load_site(find_site(site), DAY), DAY, SEED, HARM)
    federation.declare_arrivals(HOURS, federation.site.arrivals.trucks_per_day)
    here, there = federation.gates
    federation.keep_fleet()
    federation.plan_restart(there, 1800, 120)
    federation.plan_cut(3600, 3600)
    federation.plan_restart(here, 5400, 120)
    federation.plan_restart(there, 9000, 300)
    federation.plan_restart(here, 12_600, 60)
    began = time.perf_counter()
    count = len(federation.open)
    say(f"{count} consignments")
    for hour in range(round(HOURS_MAX)):
        if not federation.open and hour > HOURS + 2:
            break
        federation.run(3600)
        say(f"{hour + 1} h: {len(federation.open)} under way, {federation.link.counts.sent} sent")
    wall_s = time.perf_counter() - began
    found, results = judged(federation)
    for line in found[:10]:
        say(line)
    links = federation.link.counts
    ends = [gate.end for gate in federation.gates.values()]
    taken = sum(end.receiver.inbox.count() for end in ends)
    dead = sum(end.sender.outbox.state().dead for end in ends)
    return [
        Figure("consignments", count, ""),
        Figure("released", results.get("released", 0), ""),
        Figure("that did not end", len(federation.open), ""),
        Figure("found by the readers", len(found), ""),
        Figure("times that a gate was killed", federation.restarts, ""),
        Figure("letters taken in, each once", taken, ""),
        Figure("dead letters", dead, ""),
        Figure("letters and receipts sent", links.sent, ""),
        Figure("dropped", links.dropped, ""),
        Figure("lost while the link was cut", links.cut, ""),
        Figure("repeated", links.repeated, ""),
        Figure("delayed", links.delayed, ""),
        Figure("held back behind later ones", links.reordered, ""),
        Figure("wall clock", round(wall_s, 1), "s"),
    ]
