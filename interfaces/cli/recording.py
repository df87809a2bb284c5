"""Options of `bordergate up` for recordings and the live view, and what is said of them."""

import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from actors.messages import Alarm, Event
from interfaces.cli.say import complain, out
from interfaces.gate import LiveGate
from interfaces.recording.live import HOST
from interfaces.recording.mcap_file import FILE_BYTES_MIN
from interfaces.recording.process import RecorderError, RecorderProcess
from interfaces.recording.recorder import RecorderEnded
from interfaces.recording.rotation import Limits

MB = 10**6
FILE_MB_MIN = -(-FILE_BYTES_MIN // MB)

RecordOption = Annotated[
    Path | None,
    typer.Option(metavar="DIR", file_okay=False, help="Write MCAP files with ROS 2 messages here."),
]
RecordTotalOption = Annotated[
    int,
    typer.Option(
        "--record-mb-max", min=2 * FILE_MB_MIN, help="Of all recordings together; the oldest go."
    ),
]
RecordFileOption = Annotated[
    int, typer.Option("--record-file-mb", min=FILE_MB_MIN, help="Of one file; then a new one.")
]
RecordMinutesOption = Annotated[
    float, typer.Option("--record-file-min", min=0.1, help="Minutes of one file; then a new one.")
]
FoxgloveOption = Annotated[
    bool, typer.Option("--foxglove", help="Serve the gate to Foxglove, on loopback.")
]
FoxglovePortOption = Annotated[
    int, typer.Option(min=0, max=65535, help="Of the Foxglove server; 0: any.")
]


def limits(total_mb: int, file_mb: int, file_min: float) -> Limits:
    """The bounds that were asked for; a file is at most half of all of them.

    Raises:
        typer.BadParameter: it is more.
    """
    if 2 * file_mb > total_mb:
        raise typer.BadParameter(
            f"--record-file-mb: given {file_mb}, allowed: half of --record-mb-max, {total_mb // 2}"
        )
    return Limits(total_mb * MB, file_mb * MB, file_min * 60)


def start_recorder(
    gate: LiveGate, site: Path, folder: Path | None, bounds: Limits, foxglove_port: int | None
) -> contextlib.AbstractContextManager[RecorderProcess | None]:
    """A recorder if one is asked for; whatever fails, the gate goes on."""
    if folder is None and foxglove_port is None:
        return contextlib.nullcontext()
    try:
        recorder = RecorderProcess(
            gate.bus, site, gate.day, folder=folder, limits=bounds, foxglove_port=foxglove_port
        )
    except RecorderError as error:
        complain(str(error))
        return contextlib.nullcontext()
    for line in recorder.begun.errors:
        complain(line)
    return recorder


def say_begun(recorder: RecorderProcess, folder: Path | None) -> None:
    """Where recordings go, and where Foxglove finds the gate."""
    if recorder.begun.recording:
        out.print(f"Recording into {folder}")
    if recorder.begun.foxglove_port is not None:
        out.print(f"Foxglove ws://{HOST}:{recorder.begun.foxglove_port}")


def watch(recorder: RecorderProcess, tell: Callable[[Event], None]) -> None:
    """Say at once if the recorder ends before the gate: here, and among the gate's events."""

    def died(code: int) -> None:
        detail = f"ended with code {code}; nothing is recorded any more, the gate goes on"
        complain(f"The recorder {detail}.")
        tell(Alarm("gate", "recorder_ended", "recorder", detail))

    recorder.watch(died)


def say_ended(recorder: RecorderProcess) -> None:
    """What was recorded, and what is missing."""
    if recorder.ended is None:
        complain(
            f"The recorder ended before the gate, with code {recorder.process.returncode}; "
            "its last file can be read up to its last second."
        )
        return
    if recorder.begun.recording:
        out.print(ended_text(recorder.ended))
    missing = missing_text(recorder.ended, recorder.copies.lost)
    if missing:
        complain(missing)


def ended_text(ended: RecorderEnded) -> str:
    """What there is now."""
    text = f"Recorded {ended.messages:,} messages, {ended.events:,} of them events"
    text += f", in {ended.files:,} files" if ended.files != 1 else ", in one file"
    return f"{text}; {ended.removed:,} old files removed." if ended.removed else f"{text}."


def missing_text(ended: RecorderEnded, events_lost: int) -> str:
    """What there should be and is not; empty if nothing is missing."""
    counts = {
        "frames of signals came too fast": ended.signals_lost,
        "messages could not be written": ended.unwritten,
        "events came too fast": events_lost,
        "signals made no sense": ended.refused,
    }
    missing = [f"{count:,} {what}" for what, count in counts.items() if count]
    return f"Missing: {', '.join(missing)}." if missing else ""
