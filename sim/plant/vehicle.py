"""The simulated controller of one AGV: drives what it is granted, and stops at its end."""

import math

from actors.effects import CancelTimer, Effect, SetTimer
from actors.messages import Message, TimerFired
from actors.site.roadmap import Edge, Roadmap
from robotics.motion import Profile, plan, standing
from robotics.vehicle import NEAR_M, Shown, Vehicle, VehicleData, along


class VehicleController(Vehicle):
    """Moves exactly as planned: its timer is the next time at which there is something to tell."""

    def __init__(self, device: str, roadmap: Roadmap, data: VehicleData, home: str) -> None:
        super().__init__(device, roadmap, data, home)
        self.profile: Profile = standing(self.passages[-1].end_m)
        self.began_ns = 0
        """When `profile` starts."""

    def handle(self, message: Message, now_ns: int) -> list[Effect]:
        """Answer the AGV's machine, or move on at the time that was set."""
        match message:
            case TimerFired("motion"):
                return self._move_on(now_ns)
            case _:
                return super().handle(message, now_ns)

    def front(self, now_ns: int) -> tuple[float, float]:
        """Place of the front along the path [m] and speed [m/s]."""
        return self.profile.at((now_ns - self.began_ns) / 1e9)

    def _shown(self, now_ns: int) -> Shown:
        at_m, speed = self.front(now_ns)
        front = self._point(at_m)
        rear = self._point(at_m - self.data.length_m)
        return Shown(
            (front[0] + rear[0]) / 2,
            (front[1] + rear[1]) / 2,
            math.atan2(front[1] - rear[1], front[0] - rear[0]),
            speed,
        )

    def _replan(self, now_ns: int) -> list[Effect]:
        """Make the speed profile anew from where the vehicle is."""
        at_m, speed = self.front(now_ns)
        self._draw(at_m)
        data = self.data
        if self._must_stand:
            stop_m = at_m + speed * speed / (2 * data.deceleration_mps2)
            stretches = [(min(stop_m, self.passages[-1].end_m), speed)] if speed > 0 else []
        else:
            stretches = self._stretches(at_m)
        self.began_ns = now_ns
        if stretches:
            self.profile = plan(
                at_m, speed, stretches, data.acceleration_mps2, data.deceleration_mps2
            )
            self._stood = -1
        else:
            self.profile = standing(at_m)
        return self._next_motion_timer()

    def _stretches(self, at_m: float) -> list[tuple[float, float]]:
        """(end, speed limit) of every edge ahead of the front."""
        top = self._top_mps
        stretches = []
        for passage in self.passages:
            if passage.end_m <= at_m + NEAR_M:
                continue
            end_m = passage.begin_m
            for edge_id in passage.visit.edges:
                edge = self._edges[edge_id]
                end_m += edge.length_m
                if end_m > at_m + NEAR_M:
                    stretches.append((end_m, min(edge.speed_mps, top)))
        return stretches

    def _next_motion_timer(self) -> list[Effect]:
        """At the next rear-clear of a visit, or at the stop, whichever comes first."""
        if self._stood >= 0:
            return []
        clear_m = self._clear_at_m()
        event_s = self.profile.end_s
        if clear_m <= self.profile.end_m:
            event_s = min(event_s, self.profile.time_at(clear_m))
        return [SetTimer("motion", self.began_ns + math.ceil(event_s * 1e9))]

    def _move_on(self, now_ns: int) -> list[Effect]:
        """Report what the rear has cleared, and the stop at the end of what is granted."""
        at_m, _ = self.front(now_ns)
        self._draw(at_m)
        effects = self._clear(at_m)
        if now_ns >= self.began_ns + math.ceil(self.profile.end_s * 1e9):
            if at_m >= self.passages[-1].end_m - NEAR_M:
                effects += self._rest(now_ns)
            return effects
        return effects + self._next_motion_timer()

    def _may_stand(self, edges: list[Edge], now_ns: int) -> bool:
        """Whoever says so has put it there, unless it moves."""
        return self.front(now_ns)[1] == 0

    def _placed(self, now_ns: int) -> list[Effect]:
        self.profile, self.began_ns = standing(self.passages[-1].end_m), now_ns
        return [CancelTimer("motion")]

    def _point(self, at_m: float) -> tuple[float, float]:
        """The point of the map at a place along the path held [m]."""
        for passage in self.passages:
            begin_m = passage.begin_m
            for edge_id in passage.visit.edges:
                edge = self._edges[edge_id]
                if at_m <= begin_m + edge.length_m + NEAR_M:
                    return along(edge, max(at_m - begin_m, 0.0))
                begin_m += edge.length_m
        last = self._edges[self.passages[-1].visit.edges[-1]]
        return last.points[-1]
