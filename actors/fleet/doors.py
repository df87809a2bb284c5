"""Orders whose legs need permissions: what was allowed, and who is told how they stand."""

from actors.effects import Effect, Emit, Send
from actors.fleet.orders import Job, OrderBook
from actors.messages import OVER, AllowLeg, Leg, OrderChanged, OrderReport, Side


class Doors:
    """Keeps the doors of guarded orders; keepers are told of every change."""

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
        self._changed[message.order] = None
        news = message.leg not in job.allowed
        job.allowed |= {message.leg}
        return news

    def may_set_down(self, job: Job, keeper: str) -> bool:
        """Whether the keeper of the side where the load is may have it set down now."""
        if job.guard is None or not job.loaded or job.fails_because:
            return False
        over = job.state in ("unloading", *OVER)
        here = job.guard.unload if job.crossed else job.guard.cross
        before = job.crossed or "cross" not in job.allowed
        return not over and keeper == here and before

    def report(self, effects: list[Effect]) -> list[Effect]:
        """What the keepers are to be told after all this."""
        for effect in effects:
            if isinstance(effect, Emit) and isinstance(effect.event, OrderChanged):
                self.note(self._orders[effect.event.order.request.id])
        told: list[Effect] = []
        for order in self._changed:
            told += self._tell(self._orders[order])
        self._changed.clear()
        return told

    def _tell(self, job: Job) -> list[Effect]:
        assert job.guard is not None
        job.reports += 1
        legs: tuple[Leg, ...] = ("cross", "unload")
        report = OrderReport(
            order=job.request.id,
            consignment=job.guard.consignment,
            number=job.reports,
            state=job.state,
            loaded=job.loaded,
            verdict=job.verdict,
            crossed=job.crossed,
            allowed=tuple(leg for leg in legs if leg in job.allowed),
            image=job.image,
            no_image=job.no_image,
        )
        return [
            Send(keeper, report) for keeper in dict.fromkeys((job.guard.cross, job.guard.unload))
        ]


def is_shut(job: Job, side: Side) -> bool:
    """Whether the order's next leg is one that is not allowed yet, from where its AGV is."""
    if job.guard is None or not job.loaded or job.fails_because:
        return False
    return ("unload" if side == job.request.to_side else "cross") not in job.allowed
