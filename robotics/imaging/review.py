"""The interface of a reviewer, so that a vendor's model can take the place of the built-in one."""

from typing import Any, Literal, Protocol

import msgspec
from numpy.typing import NDArray

Verdict = Literal["clear", "suspicious", "unreadable"]
"""What a reviewer says; the word of an officer is final. Unreadable is never a pass."""
Kind = Literal["density", "shape", "declared"]
"""Something dense, an odd outline, or another load than the declared one."""


class Declared(msgspec.Struct, frozen=True):
    """What the papers say of the container in the image."""

    cargo: str
    size_type: str


class Anomaly(msgspec.Struct, frozen=True):
    """A box [px]; right and bottom are the first pixels outside."""

    left: int
    top: int
    right: int
    bottom: int
    kind: Kind
    score: float
    """1 is where it becomes suspicious by default."""


class Quality(msgspec.Struct, frozen=True):
    """What can be told from the image alone."""

    flaws: tuple[str, ...]
    """Why it cannot be reviewed; none: it can."""
    air: float = 0.0
    """What a pixel shows in air."""
    saturated_share: float = 0.0


class Review(msgspec.Struct, frozen=True):
    """A reviewer's answer."""

    verdict: Verdict
    score: float
    """The highest of the whole image."""
    anomalies: tuple[Anomaly, ...]
    quality: Quality


class Reviewer(Protocol):
    """Compares an image with what was declared."""

    def review(self, image: NDArray[Any], declared: Declared) -> Review:
        """Answer within a second; what cannot be reviewed is `unreadable`."""
        ...
