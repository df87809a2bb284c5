"""Orders of a live gate, and what becomes of the same ones in virtual time."""

import time
from collections.abc import Callable

from actors.messages import Event, OrderChanged, OrderRequest, OrderState, PutOrder
from actors.site.bundled import find_site
from actors.site.devices import FLEET_MANAGER
from actors.site.load import load_site
from sim.simulate import build
from tests.site_files import DAY

WAIT_S = 110.0


def request(order: str, way: str) -> OrderRequest:
    return OrderRequest(order, "CSQU3054383", "45G1", way[:2], way[3:])


def until(holds: Callable[[], bool], what: str, wait_s: float = WAIT_S) -> None:
    """Wait for something that comes about in its own time."""
    end = time.monotonic() + wait_s
    while not holds():
        assert time.monotonic() < end, f"not in {wait_s:.0f} s: {what}"
        time.sleep(0.05)


def virtual_histories(orders: list[OrderRequest]) -> dict[str, tuple[list[OrderState], str]]:
    """States and AGV of each order, put at once, in virtual time."""
    world, _ = build(load_site(find_site("demo")), DAY, 0, seed=1)
    world.run(5_000_000_000)
    ended: dict[str, tuple[list[OrderState], str]] = {}

    def keep(_name: str, event: Event, _at_ns: int) -> None:
        if isinstance(event, OrderChanged):
            order = event.order
            ended[order.request.id] = ([mark.state for mark in order.history], order.vehicle)

    world.on_event = keep
    for order in orders:
        world.post(FLEET_MANAGER, PutOrder(order), world.now_ns)
    world.run(world.now_ns + 7200_000_000_000)
    return ended
