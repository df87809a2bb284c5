"""The controller of an AGV that a model in Gazebo is: drives by what it measures, not by plan.

It is told where the model's front is (`Posed`) and says in `drive` what the model is to do; who
carries the two (`robotics.gazebo.models`) looks at it after each message. Towards its machine it is
as any other AGV's controller.
"""

import math

from actors.effects import Effect, Send, SetTimer
from actors.messages import (
    ExtendGrant,
    InjectFault,
    LinkLost,
    LinkRestored,
    Message,
    QueryState,
    SetPosition,
    TimerFired,
    Visit,
)
from actors.site.roadmap import Edge, Roadmap
from robotics.gazebo.follower import STAND, Drive, Follower, Limits
from robotics.road_tracker import REST_MPS, Front, stands_on
from robotics.vehicle import Passage, Shown, Vehicle, VehicleData

SILENCE_NS = 300_000_000
"""Nothing is known of a model whose odometry has not come for so long [ours]."""
RECKON_NS = 20_000_000
"""While nothing is known, it is reckoned so often where the model ought to be, until it stands."""
STAND_M = 0.1
"""It has come to its road's end so near to it [ours]; the follower stops within 0.02 m."""
PLACED_M = 0.5
"""It is taken to stand in a place whose end is so near [ours]."""
OFF_ROAD_M = 0.5
"""Farther beside its road it is out of control, and stands [ours]: zones keep 0.15 m free beside a
body, and 1 m between bodies that pass."""


class Posed(Message):
    """The front of a model as odometry has it."""

    front: Front


class GazeboVehicle(Vehicle):
    """Knows nothing until odometry comes, and no more when it has been silent: then it stands."""

    def __init__(self, device: str, roadmap: Roadmap, data: VehicleData, home: str) -> None:
        super().__init__(device, roadmap, data, home)
        self.drive: Drive = STAND
        """What the model is to do now."""
        self.follower = Follower()
        self.home_place = home
        places = (home, *(place for place in roadmap.places if place != home))
        self._standing: tuple[Edge, ...] = tuple(map(roadmap.standing_edge, places))
        self.home = self._standing[0]
        """The edge at whose end it stands at first."""
        self._front: Front | None = None
        """Where it was last, or ought to be by now; None: nothing has come yet."""
        self._heard_ns = 0
        """When that was."""
        self._known = False
        """Whether it is known where on which road it is."""
        self._silent = True
        self._followed = 0
        """The last visit that the follower has."""

    def handle(self, message: Message, now_ns: int) -> list[Effect]:
        """Go on from a pose, or answer the AGV's machine."""
        match message:
            case Posed(front):
                return self._posed(front, now_ns)
            case TimerFired("odometry"):
                return self._reckon(now_ns)
            case QueryState() | ExtendGrant() if self._silent or not self._known:
                return []  # it will be asked again
            case SetPosition() if self._silent:
                return []
            case _:
                return super().handle(message, now_ns)

    def front(self, now_ns: int) -> tuple[float, float]:
        """Place of the front along the path [m] and speed [m/s], as they were measured last."""
        at_m = self.follower.at_m if self._known else self._at_m
        return at_m, self._front.speed_mps if self._front is not None else 0.0

    def _shown(self, now_ns: int) -> Shown:
        front = self._front
        if front is None:
            (x0, y0), (x1, y1) = self.home.points[-2:]
            front = Front(x1, y1, math.atan2(y1 - y0, x1 - x0), 0.0)
        x, y = front.shifted(-self.data.length_m / 2)
        return Shown(x, y, front.heading_rad, front.speed_mps)

    # --- driving ----------------------------------------------------------------------------

    def _posed(self, front: Front, now_ns: int) -> list[Effect]:
        """Say what to do now, and what has come of it so far."""
        span_s = (now_ns - self._heard_ns) / 1e9
        self._front, self._heard_ns = front, now_ns
        effects: list[Effect] = [SetTimer("odometry", now_ns + SILENCE_NS)]
        was_silent, self._silent = self._silent, False
        if not self._known:
            self._localise(front)
        if not self._known:
            return effects
        if was_silent:
            return [*effects, Send(self.device, LinkRestored())]
        self.drive = self.follower.drive(front, self._limits, span_s, halt=self._must_stand)
        at_m = self.follower.at_m
        self._draw(at_m)
        # In a curve the rear is further behind the front than the body is long.
        effects += self._clear(min(at_m, self.follower.rear_m + self.data.length_m))
        off_m = max(self.follower.off_m, self.follower.rear_off_m)
        if off_m > OFF_ROAD_M and not self._fault:
            effects += self.handle(InjectFault(f"{off_m:.2f} m off its road"), now_ns)
        stands = self.drive == STAND and front.speed_mps <= REST_MPS
        if self._stood < 0 and stands and self.follower.left_m <= STAND_M:
            effects += self._rest(now_ns)
        return effects

    @property
    def _limits(self) -> Limits:
        data = self.data
        return Limits(data.length_m, self._top_mps, data.acceleration_mps2, data.deceleration_mps2)

    def _reckon(self, now_ns: int) -> list[Effect]:
        """Odometry is silent: come to rest on the road, by what the model was told meanwhile.

        Its machine hears at once that nothing is known.
        """
        told: list[Effect] = [] if self._silent else [Send(self.device, LinkLost())]
        self._silent = True
        if self._front is None or self.drive == STAND:
            return told
        span_s = (now_ns - self._heard_ns) / 1e9
        self._heard_ns = now_ns
        self._front = self.drive.moved(self._front, self.data.length_m, span_s)
        self.drive = self.follower.drive(self._front, self._limits, RECKON_NS / 1e9, halt=True)
        return [*told, SetTimer("odometry", now_ns + RECKON_NS)]

    def _replan(self, now_ns: int) -> list[Effect]:
        """The follower goes on with what is new; how fast it may be, it is told with each pose."""
        for passage in self.passages:
            if passage.visit.seq > self._followed:
                for edge in passage.visit.edges:
                    self.follower.extend(self._edges[edge].points, self._edges[edge].speed_mps)
                self._followed, self._stood = passage.visit.seq, -1
        return []

    # --- where it stands --------------------------------------------------------------------

    def _localise(self, front: Front) -> None:
        """At first it is where it rests: at home, or in another place if it has been there before.

        In none of them nothing is known until somebody says where it has been put.
        """
        for edge in self._standing:
            if stands_on(front, edge.points, PLACED_M):
                self.passages.clear()
                begin_m = self._at_m - edge.length_m
                self.passages.append(Passage(Visit(0, edge.zone, (edge.id,)), begin_m, self._at_m))
                self._stand_on([edge])
                return

    def _may_stand(self, edges: list[Edge], now_ns: int) -> bool:
        """Odometry has to bear it out."""
        points = [point for edge in edges for point in edge.points]
        return self._front is not None and stands_on(self._front, points, PLACED_M)

    def _placed(self, now_ns: int) -> list[Effect]:
        self._stand_on([self._edges[edge] for edge in self.passages[-1].visit.edges])
        return []

    def _stand_on(self, edges: list[Edge]) -> None:
        points = tuple(point for edge in edges for point in edge.points)
        self.follower.stand(points, self.data.length_m, self.passages[-1].begin_m)
        self.drive, self._known = STAND, True
        self._followed = self.passages[-1].visit.seq
