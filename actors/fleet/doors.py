"""Orders whose legs need permissions: what was allowed, and who is told how they stand.

Both keepers are told of each change once, with a number of its own. A report that is lost comes
again when its keeper asks: with the number that it had, and to that keeper alone.
"""

from actors.effects import Effect, Emit, Send
from actors.fleet.orders import Job, OrderBook
from actors.messages import OVER, AllowLeg, Guard, Leg, OrderChanged, OrderReport, Side


class Doors:
    """Keeps the doors of guarded orders."""

    def __init__(self, orders: OrderBook) -> None:
        self._orders = orders
        self._changed: dict[str, None] = {}

    def note(self, job: Job) -> None:
        """Something has changed that is no change of the order's state."""
        if job.guard is not None:
            self._changed[job.request.id] = None

    def allow(self, message: AllowLeg) -> bool:
        """Open a door, if its own keeper says so; whether it has been opened now."""
        if message.order not in self._orders:
            return False
        job = self._orders[message.order]
        if job.guard is None or message.keeper != getattr(job.guard, message.leg):
            return False
        if message.leg in job.allowed:
            return False
        job.allowed |= {message.leg}
        self.note(job)
        return True

    def may_set_down(self, job: Job, keeper: str) -> bool:
        """Whether the keeper of the side where the load is may have it set down now."""
        if job.guard is None or not job.loaded or job.fails_because:
            return False
        over = job.state in ("unloading", *OVER)
        here = job.guard.unload if job.crossed else job.guard.cross
        before = job.crossed or "cross" not in job.allowed
        return not over and keeper == here and before

    def answer(self, order: str, keeper: str, known: int, now_ns: int) -> list[Effect]:
        """The newest report once more, for a keeper that does not know it.

        One that knows a higher number was told by a manager that is gone, whose clock was ahead of
        this one's: the report gets a new number each time, until the clock has passed that.
        """
        if order not in self._orders:
            return []
        job = self._orders[order]
        if job.guard is None or keeper not in (job.guard.cross, job.guard.unload):
            return []
        if known == job.reported:
            return []
        if known > job.reported:
            _count(job, now_ns)
        return [Send(keeper, _report(job, job.guard))]

    def report(self, effects: list[Effect], now_ns: int) -> list[Effect]:
        """What the keepers are to be told after all this."""
        for effect in effects:
            if isinstance(effect, Emit) and isinstance(effect.event, OrderChanged):
                self.note(self._orders[effect.event.order.request.id])
        told: list[Effect] = []
        for order in self._changed:
            job = self._orders[order]
            assert job.guard is not None
            _count(job, now_ns)
            report = _report(job, job.guard)
            keepers = dict.fromkeys((job.guard.cross, job.guard.unload))
            told += [Send(keeper, report) for keeper in keepers]
        self._changed.clear()
        return told


def _count(job: Job, now_ns: int) -> None:
    """Number the next report on the order."""
    job.reported = max(job.reported + 1, now_ns // 10**6)


def _report(job: Job, guard: Guard) -> OrderReport:
    """How the order stands, under the number of its newest report."""
    legs: tuple[Leg, ...] = ("cross", "unload")
    return OrderReport(
        order=job.request.id,
        consignment=guard.consignment,
        number=job.reported,
        state=job.state,
        loaded=job.loaded,
        verdict=job.verdict,
        crossed=job.crossed,
        allowed=tuple(leg for leg in legs if leg in job.allowed),
        image=job.image,
        no_image=job.no_image,
    )


def is_shut(job: Job, side: Side) -> bool:
    """Whether the order's next leg is one that is not allowed yet, from where its AGV is."""
    if job.guard is None or not job.loaded or job.fails_because:
        return False
    return ("unload" if side == job.request.to_side else "cross") not in job.allowed
