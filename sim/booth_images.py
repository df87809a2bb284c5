"""Real images for simulated booths: an X-ray of the declared goods, and its review."""

from random import Random
from typing import NamedTuple

import numpy as np
from msgspec import structs
from numpy.typing import NDArray

from actors.messages import ScanFinished, StartScan
from robotics.imaging.review import Anomaly, Declared, Review, Reviewer, Verdict
from robotics.imaging.store import ImageStore
from sim.xray.anomalies import ANOMALIES
from sim.xray.container import CONTAINERS
from sim.xray.scan import Scanner, scan

CARGO_OF_HS = {"08": "fruit", "85": "electronics", "84": "machinery"}
"""The cargo that the simulation loads for a chapter of the HS; textiles for any other."""
SEVERITY: tuple[Verdict, ...] = ("clear", "unreadable", "suspicious")


def declared_as(hs: str, size_type: str) -> Declared:
    """What a container of these goods looks like, in one of the containers that can be drawn."""
    if size_type not in CONTAINERS:
        small, reefer = size_type.startswith("2"), size_type[2:3] == "R"
        size_type = "22G1" if small else "45R1" if reefer else "45G1"
    return Declared(CARGO_OF_HS.get(hs[:2], "textiles"), size_type)


def hidden_in(container: str, share: float, seed: int) -> str:
    """What is hidden in a container (see `sim.xray.anomalies`), in that share of them; or nothing.

    However often it is scanned, it is the same.
    """
    random = Random(f"{seed}/hidden/{container}")
    return random.choice(list(ANOMALIES)) if random.random() < share else ""


class _Seen(NamedTuple):
    image: NDArray[np.uint16]
    review: Review | None


class BoothImages:
    """Makes the image of each scan, has it reviewed, and keeps both: a `sim.plant.scanner.Imager`.

    `reviewer` None: nobody reviews, as when the review is down. Nor are goods reviewed of which
    nothing is declared: they have an image of textiles. `planted` says what is hidden in some
    containers, whatever is drawn for them. `run` stands in the names of images, where the store
    keeps those of other runs too.
    """

    def __init__(
        self,
        store: ImageStore,
        reviewer: Reviewer | None,
        scanner: Scanner,
        seed: int = 1,
        run: str = "",
    ) -> None:
        self._store, self.reviewer, self._scanner = store, reviewer, scanner
        self._seed, self._run = seed, run
        self.planted: dict[str, str] = {}

    def __call__(self, device: str, request: StartScan, hidden_share: float) -> ScanFinished:
        """The review's word, and the name of the image."""
        name = "-".join(filter(None, (device, self._run, str(request.step))))
        containers = request.container.split(" + ")
        seen = _beside([self._see(one, request, hidden_share) for one in containers])
        self._store.put(name, seen.image, seen.review)
        verdict = seen.review.verdict if seen.review is not None else "unreviewed"
        return ScanFinished(request.step, verdict, name)

    def _see(self, container: str, request: StartScan, hidden_share: float) -> _Seen:
        declared = declared_as(request.hs, request.size_type)
        drawn = hidden_in(container, hidden_share, self._seed)
        anomaly = self.planted.get(container, drawn)
        seed = f"{self._seed}/{container}"
        image = scan(declared.cargo, declared.size_type, seed, anomaly, self._scanner).image
        if self.reviewer is None or not request.hs:
            return _Seen(image, None)
        return _Seen(image, self.reviewer.review(image, declared))


def _beside(seen: list[_Seen]) -> _Seen:
    """One image of all containers on a vehicle, each of which was reviewed by itself."""
    reviews = [one.review for one in seen if one.review is not None]
    image = np.hstack([one.image for one in seen])
    if not reviews:
        return _Seen(image, None)
    worst = max(reviews, key=lambda review: SEVERITY.index(review.verdict))
    boxes: list[Anomaly] = []
    left = 0
    for one in seen:
        found = one.review.anomalies if one.review is not None else ()
        boxes += [
            structs.replace(box, left=box.left + left, right=box.right + left) for box in found
        ]
        left += one.image.shape[1]
    score = max(review.score for review in reviews)
    return _Seen(image, Review(worst.verdict, score, tuple(boxes), worst.quality))
