"""Real images for simulated booths: an X-ray of the declared goods, and its review."""

from actors.messages import StartScan, Verdict
from robotics.imaging.review import Declared, Reviewer
from robotics.imaging.store import ImageStore
from sim.xray.scan import Scanner, scan

CARGO_OF_HS = {"08": "fruit", "85": "electronics", "84": "machinery"}
"""The cargo that the simulation loads for a chapter of the HS; textiles for any other."""


def cargo_of(hs: str) -> str:
    """What goods of this code look like."""
    return CARGO_OF_HS.get(hs[:2], "textiles")


class BoothImages:
    """Makes the image of each scan, has it reviewed, and keeps both.

    `reviewer` None: nobody reviews, as when the review is down. `planted` says by container what is
    hidden in it (see `sim.xray.anomalies`).
    """

    def __init__(self, store: ImageStore, reviewer: Reviewer | None, scanner: Scanner) -> None:
        self._store, self.reviewer, self._scanner = store, reviewer, scanner
        self.declared: dict[str, Declared] = {}
        self.planted: dict[str, str] = {}

    def __call__(self, device: str, request: StartScan) -> tuple[Verdict, str]:
        """The review's word, and the name of the image; what was not declared has none."""
        name = f"{device}-{request.step}"
        container = request.container.split(" + ")[0]
        declared = self.declared.get(container)
        if declared is None:
            return "unreadable", ""
        anomaly = self.planted.get(container, "")
        seed = f"{name}/{container}"
        seen = scan(declared.cargo, declared.size_type, seed, anomaly, self._scanner)
        if self.reviewer is None:
            self._store.put(name, seen.image, None)
            return "unreviewed", name
        review = self.reviewer.review(seen.image, declared)
        self._store.put(name, seen.image, review)
        return review.verdict, name
