"""The order book: every transport order that was accepted, and how far it has come."""

from collections.abc import Iterator

import msgspec

from actors.effects import Effect, Emit
from actors.messages import (
    Guard,
    Leg,
    Mark,
    Order,
    OrderChanged,
    OrderRequest,
    OrderState,
    Side,
    Verdict,
)

OVERTAKEN_NS_MAX = 20 * 60 * 10**9
"""Orders accepted up to so much later may be served before an order [ours]; twice the time that an
order takes from end to end. Age alone would not do: where more is ordered than can be done, all
orders grow old, and serving them strictly in turn sends AGVs to and fro empty."""


class Job(msgspec.Struct):
    """An order under way, as the fleet manager works on it."""

    request: OrderRequest
    arrived: int
    """Its number in the order of acceptance."""
    state: OrderState
    vehicle: str = ""
    reason: str = ""
    history: tuple[Mark, ...] = ()
    loaded: bool = False
    scanned: bool = False
    give_up: bool = False
    """The client wants it cancelled and its AGV has been told."""
    let_go: bool = False
    """Its AGV has been told to leave it to another."""
    fails_because: str = ""
    """Why the order will have failed once its container is set down."""
    guard: Guard | None = None
    """Who allows its legs; None: they need no permission."""
    allowed: frozenset[Leg] = frozenset()
    verdict: Verdict | None = None
    """Of its image, once it is scanned."""
    image: str = ""
    no_image: str = ""
    """Why there is none."""
    crossed: bool = False
    """Its load has the lane behind it."""
    reported: int = 0
    """Number of the newest report to its keepers; 0: none."""

    def come_into(self, state: OrderState, now_ns: int) -> list[Effect]:
        """Note a state, and tell of it; nothing if the order is in it already."""
        if state == self.state and self.history:
            return []
        self.state = state
        self.history = (*self.history, Mark(state, now_ns))
        return [Emit(OrderChanged(self.as_order()))]

    @property
    def stays_behind(self) -> bool:
        """Whether its scan keeps it from crossing; what has a keeper, its keeper decides.

        Goods without papers are compared with nothing: of them there has to be an image, no more.
        """
        if self.guard is not None or self.verdict == "clear":
            return False
        return not (self.verdict == "unreviewed" and self.image and not self.request.hs)

    @property
    def accepted_ns(self) -> int:
        """When it was accepted."""
        return self.history[0].at_ns

    def as_order(self) -> Order:
        """The order as others may see it."""
        return Order(self.request, self.state, self.vehicle, self.reason, self.history)


class OrderBook:
    """All orders by id; those that wait are kept in the order in which they are to be served."""

    def __init__(self) -> None:
        self._jobs: dict[str, Job] = {}
        self._queued: dict[str, Job] = {}
        self._newest_ns: dict[Side, int] = {}
        """When the latest of the orders that have had an AGV was accepted, by side."""

    def __contains__(self, order: str) -> bool:
        return order in self._jobs

    def __getitem__(self, order: str) -> Job:
        return self._jobs[order]

    def __iter__(self) -> Iterator[Job]:
        return iter(self._jobs.values())

    def accept(self, request: OrderRequest, now_ns: int) -> Job:
        """Take a new order; its id must be unknown so far."""
        assert request.id not in self._jobs
        job = Job(request, len(self._jobs), "queued")
        job.come_into("queued", now_ns)
        self._jobs[request.id] = job
        self._queued[request.id] = job
        return job

    def queued(self, side: Side) -> list[Job]:
        """Orders from `side` that have no AGV: by priority, then deadline, then arrival."""
        return sorted(
            (job for job in self._queued.values() if job.request.from_side == side),
            key=lambda job: (
                -job.request.priority,
                job.request.deadline_ns if job.request.deadline_ns is not None else 1 << 62,
                job.arrived,
            ),
        )

    def assign(self, job: Job, vehicle: str) -> None:
        """The order has an AGV now."""
        del self._queued[job.request.id]
        job.vehicle = vehicle
        side = job.request.from_side
        self._newest_ns[side] = max(self._newest_ns.get(side, 0), job.accepted_ns)

    def put_back(self, job: Job) -> None:
        """The order has lost its AGV, and waits in its old turn for another."""
        self._queued[job.request.id] = job
        job.vehicle, job.let_go = "", False

    def is_promoted(self, job: Job) -> bool:
        """Whether the order was overtaken for so long that it goes before all that were not."""
        newest_ns = self._newest_ns.get(job.request.from_side, 0)
        return newest_ns - job.accepted_ns >= OVERTAKEN_NS_MAX

    def end(self, job: Job) -> None:
        """The order is over and waits for nothing any more."""
        self._queued.pop(job.request.id, None)
