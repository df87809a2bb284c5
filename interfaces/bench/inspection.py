"""`bordergate bench inspection`: planted anomalies found, against clean images suspected.

No image of the reference library is judged: its seeds are others, and so is its scanner.
"""

import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import plotly.graph_objects as go

from interfaces.bench.figures import Figure, percentile
from robotics.imaging.library import LibraryReviewer
from robotics.imaging.review import Declared
from sim.xray.anomalies import ANOMALIES
from sim.xray.references import reference
from sim.xray.scan import Scanner, scan

DECLARED = (Declared("fruit", "45R1"), Declared("electronics", "45G1"))
JUDGED = Scanner(photons=300_000.0, air=52_000.0, gain_spread=0.008, variety=1.1)
"""Another scanner than that of the references, before loads that differ more."""
FALSE_ALARMS = (0.01, 0.02, 0.05, 0.10, 0.20)


class Judged(NamedTuple):
    """Scores of one run; `clean` and, by what was planted, `planted`."""

    clean: list[float]
    planted: dict[str, list[float]]
    boxed: int
    """Planted things that a box touches, of those that are suspicious by default."""
    suspicious: int
    unreadable: int
    spans_s: list[float]


def measure(images: int, say: Callable[[str], None], plot: Path | None = None) -> list[Figure]:
    """Half of the images are clean; the other half have each kind of anomaly in turn."""
    say("references: 96 images")
    references = {declared: reference(declared, Scanner()) for declared in DECLARED}
    judged = judge(LibraryReviewer(references), images, say)
    if plot is not None:
        draw(judged, plot)
    planted = [score for scores in judged.planted.values() for score in scores]
    figures = [
        Figure("images", images, "images"),
        Figure("unreadable", judged.unreadable, "images"),
        Figure("false alarms by default", _share(judged.clean, 1.0), "share"),
        Figure("detected by default", _share(planted, 1.0), "share"),
        Figure("of these, boxed", judged.boxed / max(judged.suspicious, 1), "share"),
    ]
    for kind, scores in judged.planted.items():
        figures.append(Figure(f"detected by default: {kind}", _share(scores, 1.0), "share"))
    for allowed in FALSE_ALARMS:
        threshold = float(np.quantile(judged.clean, 1 - allowed))
        name = f"detected at {allowed:.0%} false alarms (threshold {threshold:.2f})"
        figures.append(Figure(name, _share(planted, threshold), "share"))
    for share in (0.5, 0.99):
        span_s = percentile(judged.spans_s, share)
        figures.append(Figure(f"an image, p{share * 100:.0f}", round(span_s, 3), "s"))
    figures.append(Figure("an image, most", round(max(judged.spans_s), 3), "s"))
    return figures


def judge(reviewer: LibraryReviewer, images: int, say: Callable[[str], None]) -> Judged:
    """Review that many images, from seeds of their own."""
    clean: list[float] = []
    planted: dict[str, list[float]] = defaultdict(list)
    boxed = suspicious = unreadable = 0
    spans_s = []
    kinds = list(ANOMALIES)
    for number in range(images):
        declared = DECLARED[number // 2 % len(DECLARED)]
        anomaly = kinds[number // 4 % len(kinds)] if number % 2 else ""
        seen = scan(declared.cargo, declared.size_type, f"judged/{number}", anomaly, JUDGED)
        began_s = time.perf_counter()
        review = reviewer.review(seen.image, declared)
        spans_s.append(time.perf_counter() - began_s)
        unreadable += review.verdict == "unreadable"
        (planted[anomaly] if anomaly else clean).append(review.score)
        if anomaly and review.verdict == "suspicious":
            suspicious += 1
            [(left, top, right, bottom)] = seen.planted
            boxed += any(
                found.left < right and left < found.right
                and found.top < bottom and top < found.bottom
                for found in review.anomalies
            )  # fmt: skip
        if number % 100 == 99:
            say(f"{number + 1} images")
    return Judged(clean, dict(planted), boxed, suspicious, unreadable, spans_s)


def _share(scores: list[float], threshold: float) -> float:
    return round(float(np.mean(np.array(scores) >= threshold)), 4)


def draw(judged: Judged, file: Path) -> None:
    """The curve of all anomalies and of each kind, in one page that needs no network."""
    thresholds = sorted({*judged.clean, *(s for kind in judged.planted.values() for s in kind)})
    alarms = [_share(judged.clean, threshold) for threshold in thresholds]
    everything = [score for scores in judged.planted.values() for score in scores]
    figure = go.Figure()
    for kind, scores in {"all": everything, **judged.planted}.items():
        figure.add_trace(
            go.Scatter(
                x=alarms, y=[_share(scores, threshold) for threshold in thresholds],
                name=f"{kind}, {len(scores)} images", mode="lines", customdata=thresholds,
                line={"width": 4 if kind == "all" else 2},
                hovertemplate="%{y:.1%} at %{x:.1%}, threshold %{customdata:.2f}",
            )
        )  # fmt: skip
    figure.update_xaxes(title_text="clean images suspected", tickformat=".0%", range=[0, 0.5])
    figure.update_yaxes(title_text="planted anomalies detected", tickformat=".0%", range=[0, 1])
    title = f"Inspection: detection against false alarms, {len(judged.clean)} clean images"
    figure.update_layout(template="plotly_white", title_text=title, height=620)
    figure.write_html(file, include_plotlyjs=True)
