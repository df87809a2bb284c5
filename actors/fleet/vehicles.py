"""What the fleet manager knows of each AGV, from its reports and from what it was told to do."""

import msgspec
from msgspec.structs import replace

from actors.fleet.orders import Job
from actors.fleet.traffic import Traffic, Trip
from actors.messages import Side, StartStep, StepRoad
from actors.site.roadmap import LaneWay


class Vehicle(msgspec.Struct):
    """One AGV. It is `placed` once it has reported where it stands."""

    name: str
    home: str
    home_side: Side
    side: Side
    """Where it is, or will be when the lane that it is in is behind it."""
    placed: bool = False
    stamp_ns: int = -1
    """Time of its newest report."""
    battery_pct: float = 0.0
    accepted: int = 0
    """The highest step that it has accepted."""
    permitted: bool = False
    """It said last that it holds the permit of the lane that it is to cross."""
    grant: int = 0
    """Number of the last grant sent."""
    grant_taken: int = 0
    """Number of the last grant that its controller has taken."""
    told_ns: int = 0
    """When it was last sent a grant or a step."""
    step: StartStep | None = None
    next: StartStep | None = None
    """The step after a lane, told while the lane is still being driven."""
    trip: Trip | None = None
    """The drive of `step`; None before a lane permits it."""
    next_trip: Trip | None = None
    """The drive of `next`."""
    permit_way: LaneWay | None = None
    """The lane whose permit it waits for."""
    job: Job | None = None
    waits_since_ns: int = 0
    """Since when it has had nothing to do or nowhere to go."""

    @property
    def crossing(self) -> bool:
        """Whether it drives into, through or out of a lane and knows not yet what comes then."""
        return self.step is not None and self.step.action == "cross" and self.next is None

    def at_decision(self, traffic: Traffic) -> bool:
        """Whether it can be told a next step now."""
        if self.step is None:
            return True
        return self.crossing and self.permit_way is None and traffic.may_plan_on(self.name)

    def roads(self) -> tuple[StepRoad, ...]:
        """Where the drives of its steps end now; the steps themselves are told from then on so."""
        if self.step is not None and self.trip is not None:
            self.step = _on_road(self.step, self.trip)
        if self.next is not None and self.next_trip is not None:
            self.next = _on_road(self.next, self.next_trip)
        steps = ((self.step, self.trip), (self.next, self.next_trip))
        return tuple(
            StepRoad(step.step, step.enter, step.arrive)
            for step, trip in steps
            if step is not None and trip is not None
        )

    @property
    def newest_step(self) -> int:
        """Number of the last step that it was told."""
        newest = self.next or self.step
        return newest.step if newest is not None else 0


def _on_road(step: StartStep, trip: Trip) -> StartStep:
    if (step.enter, step.arrive) == (trip.enter, trip.arrive):
        return step
    return replace(step, enter=trip.enter, arrive=trip.arrive)
