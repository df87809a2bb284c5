"""What cranes and scanners and the gate say to each other: lifts, scans, and what is true."""

from collections import Counter
from collections.abc import Mapping
from typing import Literal

import msgspec

from actors.messages import (
    CraneState,
    FaultChanged,
    Message,
    QueryState,
    ScanFinished,
    ScannerState,
    StartScan,
    StartTransfer,
    TransferFinished,
    Verdict,
)
from actors.safety import LimitSpeed
from robotics.ros import wire
from robotics.ros.bounds import Bounds
from robotics.ros.freshness import Freshness
from robotics.ros.talk import PACKAGE, Goal, Outgoing, Reaction, body, heartbeat
from robotics.telemetry import Frame, StationSignal

TRANSFERS = ("truck_to_agv", "agv_to_truck")
"""What `kind` of the action `transfer` counts up."""
VERDICTS: tuple[Verdict, ...] = ("clear", "suspicious")
"""What `verdict` of a scan's report counts up."""
ACTIVITIES_KEPT = 32
"""Steps whose kind of work is remembered for those who look on."""


class StationTalk:
    """See `robotics.ros.talk.Talk`; of a crane with the action `transfer`, or a scanner's `scan`.

    That a step is done is told by its action's result, or by the samples if that is lost.
    """

    speaks: Mapping[str, str] = {"gate_heartbeat": f"{PACKAGE}/msg/Heartbeat"}

    def __init__(
        self,
        device: str,
        kind: Literal["crane", "booth"],
        bounds: Bounds,
        patience_ns: int,
        silence_s: float,
    ) -> None:
        state = "CraneState" if kind == "crane" else "ScannerState"
        self.listens: Mapping[str, str] = {"state": f"{PACKAGE}/msg/{state}"}
        self._device, self._kind = device, kind
        self._patience_ns, self._silence_s = patience_ns, silence_s
        self._freshness = Freshness("state", bounds)
        self._last: wire.CraneState | wire.ScannerState | None = None
        self._asked = False
        self._activities: dict[int, str] = {}
        self._beats, self._limit = 0, LimitSpeed(0, None)
        self._counts: Counter[str] = Counter()

    def take(self, topic: str, data: msgspec.Raw, now_ns: int) -> list[Reaction] | None:
        """Read a sample: what it says is news, or the truth that was asked for."""
        state: wire.CraneState | wire.ScannerState
        if self._kind == "crane":
            state = wire.read(data, wire.CraneState, topic)
        else:
            state = wire.read(data, wire.ScannerState, topic)
        if not self._freshness.is_news(state.header, now_ns):
            return None
        before, self._last = self._last, state
        news: list[Reaction] = []
        if self._asked:
            self._asked = False
            news.append(_truth(state))
        elif before is not None:
            if _stop(before) != _stop(state):
                news.append(FaultChanged(_stop(state)))
            told = _finished(before)
            news += [message for step, message in _finished(state).items() if step not in told]
        return news

    def tell(self, command: Message, now_ns: int) -> list[Outgoing]:
        """A person who works the device is not interfered with."""
        deadline = body(wire.time_of(now_ns + self._patience_ns))
        match command:
            case QueryState():
                self._asked = True
                return []
            case _ if self._last is not None and self._last.mode != 0:
                self._counts["kept from a manual device"] += 1
                return []
            case StartTransfer(step, bay, transfer, container):
                self._note(step, transfer)
                goal = {
                    "step": step,
                    "bay": bay,
                    "kind": TRANSFERS.index(transfer),
                    "container": container,
                    "deadline": deadline,
                }
                return [Goal("transfer", f"{PACKAGE}/action/Transfer", goal, _on_transferred)]
            case StartScan(step, container):
                self._note(step, "scan")
                goal = {"step": step, "container": container, "deadline": deadline}
                return [Goal("scan", f"{PACKAGE}/action/Scan", goal, _on_scanned)]
            case _:
                raise AssertionError(f"a {self._kind} has no {type(command).__name__}")

    def limit(self, limit: LimitSpeed) -> None:
        """Every beat says it from now on."""
        if limit.number > self._limit.number:
            self._limit = limit

    def beat(self, now_ns: int) -> list[Outgoing]:
        """Say that the gate is there."""
        self._beats += 1
        return [heartbeat(now_ns, self._beats, self._silence_s, self._limit)]

    def forget(self) -> None:
        """What comes next is the new truth."""
        self._last, self._asked = None, False
        self._freshness.forget()

    def frame(self, now_ns: int) -> Frame | None:
        """The device as its last sample shows it."""
        state = self._last
        if state is None:
            return None
        at_work = self._activities.get(state.step, "transfer" if self._kind == "crane" else "scan")
        signal = StationSignal(
            id=self._device,
            activity=at_work if state.step else "idle",
            progress=round(state.progress, 3) if state.step else 0.0,
            fault=_stop(state),
        )
        return Frame(now_ns, stations=(signal,))

    def counts(self) -> Mapping[str, int]:
        """Samples that came late, commands that were kept back."""
        return {**self._counts, "late samples": self._freshness.late}

    def _note(self, step: int, activity: str) -> None:
        while len(self._activities) >= ACTIVITIES_KEPT:
            del self._activities[next(iter(self._activities))]
        self._activities[step] = activity


def _truth(state: wire.CraneState | wire.ScannerState) -> Message:
    if isinstance(state, wire.CraneState):
        return CraneState(state.step, state.done, _stop(state), state.limit)
    done = tuple(_scan(report) for report in state.done)
    return ScannerState(state.step, done, _stop(state), state.limit)


def _finished(state: wire.CraneState | wire.ScannerState) -> dict[int, Message]:
    """What the device says is done, by step."""
    if isinstance(state, wire.CraneState):
        return {step: TransferFinished(step) for step in state.done}
    return {report.step: _scan(report) for report in state.done}


def _stop(state: wire.CraneState | wire.ScannerState) -> str:
    return wire.stop_reason(state.fault, state.mode)


def _scan(report: wire.ScanReport) -> ScanFinished:
    return ScanFinished(report.step, VERDICTS[report.verdict])


def _on_transferred(data: msgspec.Raw, _now_ns: int) -> list[Reaction]:
    return [TransferFinished(wire.read(data, wire.TransferResult, "transfer.result").step)]


def _on_scanned(data: msgspec.Raw, _now_ns: int) -> list[Reaction]:
    return [_scan(wire.read(data, wire.ScanResult, "scan.result").report)]
