"""What cranes and scanners and the gate say to each other: lifts, scans, and what is true."""

from collections import Counter
from collections.abc import Mapping
from functools import partial
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
from robotics.imaging.reported import ScanImages, Taken
from robotics.ros import wire
from robotics.ros.bounds import Bounds
from robotics.ros.freshness import Freshness
from robotics.ros.talk import PACKAGE, Goal, Later, Outgoing, Reaction, body, heartbeat
from robotics.telemetry import Frame, StationSignal

TRANSFERS = ("truck_to_agv", "agv_to_truck")
"""What `kind` of the action `transfer` counts up."""
VERDICTS: tuple[Verdict, ...] = ("clear", "suspicious")
"""What `verdict` of a scan's report counts up."""
ACTIVITIES_KEPT = 32
"""Steps whose kind of work is remembered for those who look on."""
SCANS_KEPT = 512
"""Reports whose images have been taken in; a state has up to 256 of them."""


class StationTalk:
    """See `robotics.ros.talk.Talk`; of a crane with the action `transfer`, or a scanner's `scan`.

    That a step is done is told by its action's result, or by the samples if that is lost. Without
    `images`, no image that a scanner names can be seen here.
    """

    speaks: Mapping[str, str] = {"gate_heartbeat": f"{PACKAGE}/msg/Heartbeat"}

    def __init__(
        self,
        device: str,
        kind: Literal["crane", "booth"],
        bounds: Bounds,
        patience_ns: int,
        silence_s: float,
        images: ScanImages | None = None,
    ) -> None:
        state = "CraneState" if kind == "crane" else "ScannerState"
        self.listens: Mapping[str, str] = {"state": f"{PACKAGE}/msg/{state}"}
        self._device, self._kind = device, kind
        self._patience_ns, self._silence_s = patience_ns, silence_s
        self._freshness = Freshness("state", bounds)
        self._last: wire.CraneState | wire.ScannerState | None = None
        self._asked = False
        self._activities: dict[int, str] = {}
        self._images = images
        self._scans: dict[wire.ScanReport, ScanFinished | None] = {}
        """What reports come to; None while the image is taken in."""
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
            news += self._truth(state)
        elif before is not None:
            if _stop(before) != _stop(state):
                news.append(FaultChanged(_stop(state)))
            news += self._finished(before, state)
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
            case StartScan(step, container, size_type, hs):
                self._note(step, "scan")
                goal = {
                    "step": step,
                    "container": container,
                    "size_type": size_type,
                    "hs": hs,
                    "deadline": deadline,
                }
                return [Goal("scan", f"{PACKAGE}/action/Scan", goal, self._on_scanned)]
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

    # --- what is done -----------------------------------------------------------------------

    def _truth(self, state: wire.CraneState | wire.ScannerState) -> list[Reaction]:
        """A scan whose image is still taken in is told when that is done."""
        if isinstance(state, wire.CraneState):
            return [CraneState(state.step, state.done, _stop(state), state.limit)]
        told = [reaction for report in state.done for reaction in self._scanned(report)]
        done = tuple(reaction for reaction in told if isinstance(reaction, ScanFinished))
        later = [reaction for reaction in told if isinstance(reaction, Later)]
        return [ScannerState(state.step, done, _stop(state), state.limit), *later]

    def _finished(
        self, before: wire.CraneState | wire.ScannerState, now: wire.CraneState | wire.ScannerState
    ) -> list[Reaction]:
        """What the device says is done, and did not say before."""
        if isinstance(now, wire.CraneState):
            return [TransferFinished(step) for step in now.done if step not in before.done]
        assert isinstance(before, wire.ScannerState)
        told = {report.step for report in before.done}
        new = (report for report in now.done if report.step not in told)
        return [reaction for report in new for reaction in self._scanned(report)]

    def _on_scanned(self, data: msgspec.Raw, _now_ns: int) -> list[Reaction]:
        return self._scanned(wire.read(data, wire.ScanResult, "scan.result").report)

    def _scanned(self, report: wire.ScanReport) -> list[Reaction]:
        """What is done of a report: told, or its image is taken in first; nothing if that is so."""
        if report in self._scans:
            known = self._scans[report]
            return [known] if known is not None else []
        verdict = VERDICTS[report.verdict]
        if self._images is None:
            why = "the gate knows no folder of scanners' images (--scanner-images)"
            return [ScanFinished(report.step, verdict, "", why)]
        if not report.image_uri:
            return self._taken(report, "", Taken("the scanner names none"))
        name = f"{self._device}-{report.step}-{report.image_sha256[:16]}".rstrip("-")
        self._remember(report, None)
        uri, sha256 = report.image_uri, report.image_sha256
        work = partial(self._images.take_in, name, uri, sha256)
        return [Later(work, partial(self._taken, report, name))]

    def _taken(self, report: wire.ScanReport, name: str, taken: Taken) -> list[Reaction]:
        """Clear is only what has an image, and one in which something can be seen."""
        verdict = VERDICTS[report.verdict]
        if verdict == "clear" and (taken.no_image or taken.flaws):
            verdict = "unreadable"
        image = "" if taken.no_image else name
        scan = ScanFinished(report.step, verdict, image, taken.no_image)
        self._remember(report, scan)
        return [scan]

    def _remember(self, report: wire.ScanReport, scan: ScanFinished | None) -> None:
        while len(self._scans) >= SCANS_KEPT:
            del self._scans[next(iter(self._scans))]
        self._scans[report] = scan


def _stop(state: wire.CraneState | wire.ScannerState) -> str:
    return wire.stop_reason(state.fault, state.mode)


def _on_transferred(data: msgspec.Raw, _now_ns: int) -> list[Reaction]:
    return [TransferFinished(wire.read(data, wire.TransferResult, "transfer.result").step)]
