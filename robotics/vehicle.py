"""The controller of one AGV, whatever moves it: what it is granted, carries, and lacks.

How it moves is for two kinds to say: a simulated AGV by plan (`sim.plant.vehicle`), and a model in
Gazebo as it measures (`robotics.gazebo.vehicle`).
"""

import math
from abc import ABC, abstractmethod
from collections import deque

import msgspec

from actors.effects import Effect, Send, SetTimer
from actors.messages import (
    AgvState,
    Charged,
    ClearFault,
    ConfirmLoad,
    ExtendGrant,
    FaultChanged,
    GrantAccepted,
    InjectFault,
    LinkLost,
    LinkRestored,
    LoadConfirmed,
    Message,
    QueryState,
    RearClear,
    SetPosition,
    StartCharge,
    Stood,
    TimerFired,
    Visit,
)
from actors.safety import LimitSpeed
from actors.site.roadmap import Edge, Roadmap
from robotics.battery import BatteryData
from robotics.telemetry import VehicleSignal

NEAR_M = 1e-6
"""Distances closer than this are equal: timers are rounded to whole nanoseconds."""


class VehicleData(msgspec.Struct, frozen=True):
    """Figures of the data sheet of one type of AGV."""

    length_m: float
    clearance_m: float
    speed_empty_mps: float
    speed_loaded_mps: float
    acceleration_mps2: float
    deceleration_mps2: float
    battery: BatteryData


class Passage(msgspec.Struct, gc=False):
    """A granted visit with where it lies along the vehicle's path through life [m]."""

    visit: Visit
    begin_m: float
    end_m: float


class Shown(msgspec.Struct, frozen=True, gc=False):
    """Where a vehicle is and how fast it is; the position is the middle of its body."""

    x_m: float
    y_m: float
    heading_rad: float
    speed_mps: float


class Vehicle(ABC):
    """A machine of the plant. `device` is the AGV it drives; it starts at rest in `home`."""

    def __init__(self, device: str, roadmap: Roadmap, data: VehicleData, home: str) -> None:
        self.name = f"{device}/controller"
        self.device = device
        self.data = data
        self._edges: dict[str, Edge] = roadmap.edges
        edge = roadmap.standing_edge(home)
        self.passages: deque[Passage] = deque(
            [Passage(Visit(0, edge.zone, (edge.id,)), 0.0, edge.length_m)]
        )
        self._end_seq = 0
        self._stood = 0
        """The visit at whose end it rests; -1 while it is on its way."""
        self._cleared = -1
        self._grant = 0
        self._at_m = edge.length_m
        """How far the front was when the battery was looked at last."""
        self._cut_off = False
        self._fault = ""
        self._limit = LimitSpeed(0, None)
        self.container = ""
        """What it reckons to carry; empty: nothing."""
        self._step_loaded = 0
        self._charging: StartCharge | None = None
        self._charge_began_ns = 0
        self._charge_pct = 100.0

    def handle(self, message: Message, now_ns: int) -> list[Effect]:
        """Answer the AGV's machine, or do what is due at the time that was set."""
        match message:
            case ExtendGrant():
                return self._extend(message, now_ns)
            case QueryState():
                return [Send(self.device, self._state(now_ns))]
            case ConfirmLoad(step, container):
                if step > self._step_loaded:
                    self.container, self._step_loaded = container, step
                return [Send(self.device, LoadConfirmed(self.device, step))]
            case SetPosition(visit):
                return self._set_position(visit, now_ns)
            case InjectFault(fault) if fault and not self._fault:
                self._fault = fault
                return [*self._replan(now_ns), Send(self.device, FaultChanged(fault))]
            case ClearFault() if self._fault:
                self._fault = ""
                return [*self._replan(now_ns), Send(self.device, FaultChanged(""))]
            case LimitSpeed():
                if message.number <= self._limit.number:
                    return []
                self._limit = message
                return self._replan(now_ns)
            case StartCharge():
                return self._charge(message, now_ns)
            case TimerFired("charge"):
                return self._charged(now_ns)
            case LinkLost():
                self._cut_off = True
                return self._replan(now_ns)
            case LinkRestored():
                self._cut_off = False
                return self._replan(now_ns)
            case _:
                return []

    def battery_pct(self, now_ns: int) -> float:
        """Charge of the battery [%]."""
        pct = self._charge_pct
        if self._charging is not None:
            gained = (now_ns - self._charge_began_ns) / 1e9
            gained *= 100 / (self.data.battery.charge_full_min * 60)
            pct = min(pct + gained, self._charging.until_pct)
        else:
            pct -= self.data.battery.drawn_pct(
                self.front(now_ns)[0] - self._at_m, bool(self.container)
            )
        return max(pct, 0.0)

    def signal(self, now_ns: int) -> VehicleSignal:
        """What the vehicle shows of itself at this moment."""
        shown = self._shown(now_ns)
        return VehicleSignal(
            id=self.device,
            x_m=round(shown.x_m, 3),
            y_m=round(shown.y_m, 3),
            heading_rad=round(shown.heading_rad, 4),
            speed_mps=round(shown.speed_mps, 3),
            battery_pct=round(self.battery_pct(now_ns), 2),
            container=self.container,
            fault=self._fault or self._limit.held or ("link lost" if self._cut_off else ""),
        )

    # --- how it moves -----------------------------------------------------------------------

    @abstractmethod
    def front(self, now_ns: int) -> tuple[float, float]:
        """Place of the front along the path [m] and speed [m/s]."""

    @abstractmethod
    def _shown(self, now_ns: int) -> Shown:
        """Where it is on the map."""

    @abstractmethod
    def _replan(self, now_ns: int) -> list[Effect]:
        """The road, or how fast it may be driven, has changed."""

    @abstractmethod
    def _may_stand(self, edges: list[Edge], now_ns: int) -> bool:
        """Whether it may be taken to rest at the end of these edges, as somebody says."""

    @abstractmethod
    def _placed(self, now_ns: int) -> list[Effect]:
        """It rests at the end of the only passage."""

    @property
    def _must_stand(self) -> bool:
        return bool(self._cut_off or self._fault or self._limit.held)

    @property
    def _top_mps(self) -> float:
        """The highest speed, loaded as it is, under the limit that it was told."""
        top = self.data.speed_loaded_mps if self.container else self.data.speed_empty_mps
        return top if self._limit.speed_mps is None else min(top, self._limit.speed_mps)

    # --- the road ---------------------------------------------------------------------------

    def _extend(self, grant: ExtendGrant, now_ns: int) -> list[Effect]:
        """Take the visits that are new, if they go on where the road held ends.

        A gap is not bridged, nor is a road taken that is not on the map: it is only answered.
        """
        fresh = [visit for visit in grant.visits if visit.seq > self._end_seq]
        effects: list[Effect] = []
        if fresh and self._goes_on(fresh):
            begin_m = self.passages[-1].end_m
            self._end_charging(now_ns)
            for visit in fresh:
                end_m = begin_m + sum(self._edges[edge].length_m for edge in visit.edges)
                self.passages.append(Passage(visit, begin_m, end_m))
                begin_m = end_m
            self._end_seq = fresh[-1].seq
            self._grant = max(self._grant, grant.grant)
            effects += self._replan(now_ns)
        elif not fresh:
            self._grant = max(self._grant, grant.grant)
        effects.append(Send(self.device, GrantAccepted(self.device, self._grant, self._end_seq)))
        return effects

    def _goes_on(self, visits: list[Visit]) -> bool:
        """Whether the visits join the road held, and each other, by number and on the map."""
        last = self.passages[-1].visit
        node = self._edges[last.edges[-1]].end
        for seq, visit in enumerate(visits, last.seq + 1):
            if visit.seq != seq or not visit.edges:
                return False
            for edge_id in visit.edges:
                edge = self._edges.get(edge_id)
                if edge is None or edge.start != node or edge.zone != visit.zone:
                    return False
                node = edge.end
        return True

    def _clear_at_m(self) -> float:
        """Where the front must be for the rearmost visit held to be clear."""
        return self.passages[0].end_m + self.data.length_m + self.data.clearance_m

    def _clear(self, at_m: float) -> list[Effect]:
        """Let go of what the rear has left, with the front at `at_m`."""
        cleared = self._cleared
        while len(self.passages) > 1 and self._clear_at_m() <= at_m + NEAR_M:
            cleared = self.passages.popleft().visit.seq
        if cleared <= self._cleared:
            return []
        self._cleared = cleared
        return [Send(self.device, RearClear(self.device, cleared))]

    def _rest(self, now_ns: int) -> list[Effect]:
        """It has come to rest at the end of its road."""
        self._stood = self._end_seq
        pct = round(self.battery_pct(now_ns), 2)
        return [Send(self.device, Stood(self.device, self._end_seq, pct))]

    def _draw(self, at_m: float) -> None:
        """Take the energy of the way driven since the last call from the battery."""
        if at_m > self._at_m:
            used = self.data.battery.drawn_pct(at_m - self._at_m, bool(self.container))
            self._charge_pct = max(self._charge_pct - used, 0.0)
            self._at_m = at_m

    def _set_position(self, visit: Visit, now_ns: int) -> list[Effect]:
        """Stand at the end of `visit`, if that is news and a place on the map.

        A vehicle that moves is not where somebody has put it: it only answers.
        """
        edges = [edge for edge in map(self._edges.get, visit.edges) if edge is not None]
        known = len(edges) == len(visit.edges) > 0 and all(e.zone == visit.zone for e in edges)
        if not known or visit.seq <= self._end_seq or not self._may_stand(edges, now_ns):
            return [Send(self.device, self._state(now_ns))]
        at_m, _ = self.front(now_ns)
        self._draw(at_m)
        self._end_charging(now_ns)
        end_m = at_m + sum(edge.length_m for edge in edges)
        self.passages = deque([Passage(visit, at_m, end_m)])
        self._at_m = end_m  # it has not driven there by itself
        self._end_seq = self._stood = visit.seq
        self._cleared = visit.seq - 1
        return [*self._placed(now_ns), Send(self.device, self._state(now_ns))]

    # --- the rest ---------------------------------------------------------------------------

    def _charge(self, request: StartCharge, now_ns: int) -> list[Effect]:
        if self._charging is not None or self._stood < 0:
            return []  # a repeat, or the vehicle is not at rest
        needed_s = self.data.battery.charging_s(self._charge_pct, request.until_pct)
        self._charging, self._charge_began_ns = request, now_ns
        return [SetTimer("charge", now_ns + round(needed_s * 1e9))]

    def _end_charging(self, now_ns: int) -> None:
        """Who drives off is no longer connected; what was taken stays."""
        if self._charging is not None:
            self._charge_pct = self.battery_pct(now_ns)
            self._charging = None

    def _charged(self, now_ns: int) -> list[Effect]:
        if self._charging is None:
            return []
        self._charge_pct = self.battery_pct(now_ns)
        step, self._charging = self._charging.step, None
        return [Send(self.device, Charged(self.device, step, round(self._charge_pct, 2)))]

    def _state(self, now_ns: int) -> AgvState:
        return AgvState(
            agv=self.device,
            grant=self._grant,
            visits=tuple(passage.visit for passage in self.passages),
            cleared=self._cleared,
            stood=self._stood,
            battery_pct=round(self.battery_pct(now_ns), 2),
            container=self.container,
            step_loaded=self._step_loaded,
            fault=self._fault,
            limit=self._limit.number,
        )


def along(edge: Edge, distance_m: float) -> tuple[float, float]:
    """The point of an edge at a distance from its start; its end beyond its length."""
    left = distance_m
    for (x0, y0), (x1, y1) in zip(edge.points, edge.points[1:], strict=False):
        length = math.hypot(x1 - x0, y1 - y0)
        if left <= length and length > 0:
            share = left / length
            return x0 + (x1 - x0) * share, y0 + (y1 - y0) * share
        left -= length
    return edge.points[-1]
