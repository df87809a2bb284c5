"""`bordergate bench clearance`: both sides under 100,000 random commands on a wire that harms."""

import time
from collections.abc import Callable

import msgspec

from actors.site.bundled import find_site
from actors.site.load import load_site
from interfaces.bench.figures import Figure
from sim.border_drive import Drive

COMMANDS = 100_000
AT_ONCE = 30
SEED = 1


def measure(say: Callable[[str], None]) -> list[Figure]:
    """Drive, let all end, and count what the independent reader of the log found."""
    site = load_site(find_site("demo"))
    rules = tuple(
        msgspec.structs.replace(
            entry, scan="before_crossing" if entry.direction == "VN-CN" else "after_crossing"
        )
        for entry in site.inspection
    )
    drive = Drive(msgspec.structs.replace(site, inspection=rules), SEED, AT_ONCE)
    began = time.perf_counter()
    drive.run(COMMANDS)
    left = drive.finish(rounds=400)
    wall_s = time.perf_counter() - began
    for line in drive.reader.found[:10]:
        say(line)
    done = sum(answer.outcome == "done" for answer in drive.answers.values())
    return [
        Figure("commands", COMMANDS, ""),
        Figure("commands carried out", done, ""),
        Figure("events of virtual time", drive.world.events, ""),
        Figure("consignments released", len(drive.reader.released), ""),
        Figure("consignments that did not end", len(left), ""),
        Figure("found by the reader", len(drive.reader.found), ""),
        Figure("wall clock", round(wall_s, 1), "s"),
    ]
