"""What the fleet manager knows of each AGV, from its reports and from what it was told to do."""

from typing import Literal

import msgspec
from msgspec.structs import replace

from actors.fleet.orders import Job
from actors.fleet.traffic import Traffic, Trip
from actors.messages import Side, StartStep, StepRoad, Visit
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
    taken_back: int = 0
    """Number of the last crossing that it was told and is not to do."""
    job: Job | None = None
    waits_since_ns: int = 0
    """Since when it has had nothing to do or nowhere to go."""
    asked_ns: int = 0
    """When it was first asked to report since it last did; 0: not."""
    stopped: Literal["", "stopped", "silent"] = ""
    """Why it is not reckoned with."""
    withdrawn: bool = False
    position: Visit | None = None
    """Where it has been set down, until its controller confirms that."""
    voided: int = 0
    """The highest step that it was told and whose road was taken away, until it has taken up
    another."""
    void_seq: int = 0
    """From this `seq` on road was taken away."""
    withheld: bool = False
    """It has been granted road that it has not been told of: it might take it for that of a step
    that is void."""
    seq_max: int = 0
    """The highest `seq` of a visit that was ever planned and taken away."""

    @property
    def crossing(self) -> bool:
        """Whether it drives into, through or out of a lane and knows not yet what comes then."""
        return self.step is not None and self.step.action == "cross" and self.next is None

    def at_decision(self, traffic: Traffic) -> bool:
        """Whether it can be told a next step now."""
        if self.stopped or self.position is not None:
            return False
        if self.step is not None and (not self.crossing or self.permit_way is not None):
            return False
        return self.placed and traffic.may_plan_on(self.name)

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
    def asked_step(self) -> StartStep | None:
        """The crossing for which it asks a lane, or has its permit, and has no road yet."""
        return (self.next or self.step) if self.permit_way is not None else None

    @property
    def lane_steps(self) -> list[tuple[StartStep, Trip]]:
        """Crossings for which it has the road into a lane, or is in it, with that road."""
        return [
            (step, trip)
            for step, trip in ((self.step, self.trip), (self.next, self.next_trip))
            if step is not None and trip is not None and step.action == "cross"
        ]

    def take_back_crossing(self) -> StartStep:
        """Let it stay on its side, off its last crossing: it is told another step next."""
        step = self.next or self.step
        assert step is not None
        assert step.action == "cross"
        self.permit_way = None
        self.taken_back = step.step
        self.side = step.place
        if self.next is not None:
            self.next = self.next_trip = None
        else:
            self.step = self.trip = None
        return step

    @property
    def newest_step(self) -> int:
        """Number of the last step that it was told."""
        newest = self.next or self.step
        return newest.step if newest is not None else 0


def _on_road(step: StartStep, trip: Trip) -> StartStep:
    if (step.enter, step.arrive) == (trip.enter, trip.arrive):
        return step
    return replace(step, enter=trip.enter, arrive=trip.arrive)
