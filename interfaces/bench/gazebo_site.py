"""`bordergate bench gazebo-site`: orders of a site over a Gazebo server, beside the same by plan.

The server is one that somebody runs, with the site's world and paused. It is told each of its
steps, so it makes them as fast as it can.
"""

import os
from collections.abc import Callable

from actors.site.bundled import find_site
from actors.site.load import last_change, load_site
from interfaces.bench.figures import Figure, compared, percentile
from robotics.gazebo.messages import Package
from robotics.gazebo.network import network_of
from robotics.gazebo.node import Node
from sim.gazebo_site import by_plan, in_gazebo, some_orders

HOURS = 6.0
"""What has not ended by then, never does."""


def measure(site: str, count: int, package: Package, say: Callable[[str], None]) -> list[Figure]:
    """How the orders end, and how long they take [min].

    Raises:
        GazeboError: there is no server of this world, or it does not answer any more.
        OSError: the address of `GZ_IP` is not here.
        ValueError: the environment names no address, or no partition.
    """
    loaded = load_site(find_site(site))
    day = last_change(loaded)
    orders = some_orders(loaded, count, seed=1)
    with Node(network_of(os.environ)) as node:
        say(f"{count} orders of {loaded.title}, over Gazebo")
        driven = in_gazebo(node, loaded, day, orders, 1, HOURS, package)
    planned = by_plan(loaded, day, orders, 1, HOURS)
    for finding in driven.found:
        say(finding)
    figures = [
        compared("orders done", len(driven.took_s), "orders", len(planned.took_s)),
        Figure("findings of the checker", len(driven.found), "findings"),
        compared("all orders ended after", driven.ended_s / 60, "min", planned.ended_s / 60),
        Figure("so many times the wall clock", driven.ended_s / driven.wall_s, "times"),
    ]
    both = sorted(driven.took_s.keys() & planned.took_s.keys())
    if both:
        ours, bare = ([out.took_s[name] / 60 for name in both] for out in (driven, planned))
        apart = [abs(a - b) / b * 100 for a, b in zip(ours, bare, strict=True)]
        figures += [
            compared("an order's time, the middle one", percentile(ours, 0.5), "min",
                     percentile(bare, 0.5)),
            compared("an order's time, the longest", max(ours), "min", max(bare)),
            Figure("one order's two times are apart by up to", max(apart), "%"),
        ]  # fmt: skip
    return figures
