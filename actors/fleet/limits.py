"""How fast each device may be now: what people have stopped, and what the weather allows.

A device is told when its limit changes, and again until it has said that it has taken it.
"""

from actors.border import Officer
from actors.effects import Effect, Emit, Reply, Send
from actors.fleet.obstacles import Obstacles
from actors.fleet.plan import FleetPlan
from actors.messages import Obstacle
from actors.safety import (
    HELD,
    LATCHING,
    EngageStop,
    Limit,
    LimitsChanged,
    LimitSpeed,
    ReadingNoted,
    ReportConditions,
    ResetStop,
    StopAnswer,
    StopChanged,
)

BEFORE = "before a restart"
"""The reason of a limit of which only its number is known."""
FREE = Limit()


class Limits:
    """The limits of all AGVs, cranes and booths of a site."""

    def __init__(
        self,
        source: str,
        plan: FleetPlan,
        obstacles: Obstacles,
    ) -> None:
        self._system = Officer(source, "system", "")
        places = plan.roadmap.places.values()
        self._vehicles = tuple(plan.homes)
        self._cranes = {place.station for place in places if place.kind in ("pickup", "dropoff")}
        stations = (place.station for place in places if place.station)
        self._devices = dict.fromkeys((*self._vehicles, *stations))
        self._obstacles, self._rules = obstacles, plan.limits
        self.stopped: dict[str, str] = {}
        """What is stopped until it is reset, and why: devices, and zones."""
        self._readings: dict[str, ReportConditions] = {}
        self._told: dict[str, LimitSpeed] = {}
        self._taken: dict[str, int] = {}
        self._weather = (0, "")

    # --- people and sensors -------------------------------------------------------------------

    def engage(self, message: EngageStop, now_ns: int) -> list[Effect]:
        """Stop what is named."""
        if not message.reason or not message.by.name:
            return [Reply(StopAnswer(message.id, "refused", "no stop without a name and a reason"))]
        zones = self._obstacles.zones
        unknown = [s for s in message.subjects if s not in self._devices and s not in zones]
        if unknown:
            text = f"no device or zone of the site: {', '.join(unknown)}"
            return [Reply(StopAnswer(message.id, "unknown", text))]
        effects = self._stop(message.subjects or tuple(self._devices), message.by, message.reason)
        outcome = StopAnswer(message.id, "done" if effects else "same", stopped=tuple(self.stopped))
        return [*self._refresh(now_ns), *effects, Reply(outcome)]

    def reset(self, message: ResetStop, now_ns: int) -> list[Effect]:
        """Let what is named go on, if that may be said by this role."""
        allowed = self._rules.reset_by
        if message.by.role not in allowed or not message.by.name or not message.reason:
            text = f"reset by {', '.join(allowed)} with a name and a reason, not {message.by.role}"
            return [Reply(StopAnswer(message.id, "refused", text, tuple(self.stopped)))]
        named = message.subjects or tuple(self.stopped)
        gone = tuple(subject for subject in named if subject in self.stopped)
        for subject in gone:
            del self.stopped[subject]
            self._obstacles.remove(_stop_of(subject))
        answer = StopAnswer(message.id, "done" if gone else "same", stopped=tuple(self.stopped))
        effects: list[Effect] = [Reply(answer)]
        if gone:
            effects.append(Emit(StopChanged(gone, False, message.by, message.reason)))
        return [*effects, *self._refresh(now_ns)]

    def note(self, reading: ReportConditions, now_ns: int) -> list[Effect]:
        """A sensor has spoken."""
        known = self._readings.get(reading.source)
        effects: list[Effect] = []
        if known is None or known.stamp_ns < reading.stamp_ns:
            self._readings[reading.source] = reading
            if not reading.measures:
                del self._readings[reading.source]
            effects = self._refresh(now_ns)
        return [*effects, Reply(ReadingNoted(reading.source, self._weather[0]))]

    # --- devices ------------------------------------------------------------------------------

    def heard(self, device: str, fault: str, number: int, now_ns: int) -> list[Effect]:
        """A device has reported; faults of some kinds are latched."""
        self._taken[device] = number
        why = fault if fault.startswith(LATCHING) else ""
        if device not in self._told and fault.startswith(HELD):  # it was stopped before a restart
            self._told[device] = LimitSpeed(number, 0.0, fault.removeprefix(HELD))
            why = fault.removeprefix(HELD)
        elif device not in self._told and number:  # as slow as it was told before; it is told anew
            self._told[device] = LimitSpeed(number, self._rules.slow_mps, BEFORE)
        if not why:
            return []
        return [*self._stop((device,), self._system, why), *self._refresh(now_ns)]

    def repeat(self, now_ns: int) -> list[Effect]:
        """Tell again what has not been taken; see which sensors have fallen silent."""
        missing: list[Effect] = [
            Send(device, limit)
            for device, limit in self._told.items()
            if self._taken.get(device) != limit.number
        ]
        return [*missing, *self._refresh(now_ns)]

    def _stop(self, subjects: tuple[str, ...], by: Officer, reason: str) -> list[Effect]:
        """Latch devices; block zones, and latch the AGVs that hold them."""
        before = set(self.stopped)
        for subject in subjects:
            if subject in self.stopped:
                continue
            self.stopped[subject] = reason
            if subject not in self._devices:
                obstacle = Obstacle(_stop_of(subject), (subject,))
                in_use = self._obstacles.put(obstacle, self._vehicles, 0.0).in_use
                for agv in in_use:
                    self.stopped.setdefault(agv, f"{reason} in zone {subject}")
        fresh = tuple(subject for subject in self.stopped if subject not in before)
        return [Emit(StopChanged(fresh, True, by, reason))] if fresh else []

    def _refresh(self, now_ns: int) -> list[Effect]:
        effects: list[Effect] = []
        limited: dict[str, str] = {}
        for device in self._devices:
            weather = self._by_weather(device, now_ns)
            if weather != FREE:
                limited[device] = weather.reason
            why = self.stopped.get(device)
            wanted = weather if why is None else Limit(0.0, why)
            told = self._told.get(device)
            before = FREE if told is None else Limit(told.speed_mps, told.reason)
            if wanted == before:
                continue
            number = max(now_ns, told.number + 1 if told is not None else 1)
            self._told[device] = LimitSpeed(number, wanted.speed_mps, wanted.reason)
            effects.append(Send(device, self._told[device]))
        found = (len(limited), "; ".join(dict.fromkeys(limited.values())))
        if found != self._weather:
            self._weather = found
            effects.append(Emit(LimitsChanged(*found)))
        return effects

    def _by_weather(self, device: str, now_ns: int) -> Limit:
        """The strictest limit of all readings that hold for a device."""
        found = [
            self._by_reading(device, reading, now_ns)
            for reading in self._readings.values()
            if not reading.subjects or device in reading.subjects
        ]
        limits = [limit for limit in found if limit.speed_mps is not None]
        return min(limits, key=lambda limit: limit.speed_mps or 0.0, default=FREE)

    def _by_reading(self, device: str, reading: ReportConditions, now_ns: int) -> Limit:
        rules, wind = self._rules, reading.wind_mps
        silent_s = (now_ns - reading.stamp_ns) / 1e9
        if device in self._cranes:
            if wind is None:
                return FREE
            if silent_s > rules.silent_s:
                return Limit(0.0, f"{reading.source} is silent")
            if wind >= rules.crane_wind_mps:
                return Limit(0.0, f"wind over {rules.crane_wind_mps:g} m/s")
            return FREE
        if device not in self._vehicles:
            return FREE
        if silent_s > rules.silent_s:
            return Limit(rules.slow_mps, f"{reading.source} is silent")
        sight, error = reading.visibility_m, reading.position_error_m
        for stop, slow, what in (
            (
                wind is not None and wind >= rules.wind_stop_mps,
                wind is not None and wind >= rules.wind_slow_mps,
                "wind",
            ),
            (
                sight is not None and sight <= rules.visibility_stop_m,
                sight is not None and sight <= rules.visibility_slow_m,
                "visibility",
            ),
            (
                error is not None and error >= rules.position_stop_m,
                error is not None and error >= rules.position_slow_m,
                "position quality",
            ),
        ):
            if stop:
                return Limit(0.0, f"{what}: stop")
            if slow:
                return Limit(rules.slow_mps, f"{what}: slow")
        return FREE


def _stop_of(subject: str) -> str:
    return f"stop of {subject}"
