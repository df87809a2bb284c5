"""Whether a sample is news: neither older than the one before, nor from another time."""

from robotics.ros import wire
from robotics.ros.bounds import Bounds
from robotics.ros.refusal import RefusedError


class Freshness:
    """Judges the stamps of one device's samples.

    A sample that comes late says nothing any more and is left out; so the link of a device whose
    samples are all late falls silent. One from the future is refused: its clock cannot be trusted.
    """

    def __init__(self, where: str, bounds: Bounds) -> None:
        self._where, self._skew_ns = where, bounds.skew_ns
        self.newest_ns = 0
        """Stamp of the newest sample that was taken."""
        self.late = 0
        """Samples that were left out."""

    def is_news(self, header: wire.Header, now_ns: int) -> bool:
        """Take note of a sample's stamp.

        Raises:
            RefusedError: it is from the future.
        """
        stamp_ns = header.stamp.ns
        ahead_s = (stamp_ns - now_ns) / 1e9
        if stamp_ns > now_ns + self._skew_ns:
            allowed = f"at most {self._skew_ns / 1e9:g} s ahead of the gate's clock"
            where = f"{self._where}.header.stamp"
            raise RefusedError("stamp", where, f"{ahead_s:.3f} s ahead", allowed)
        if stamp_ns < max(self.newest_ns, now_ns - self._skew_ns):
            self.late += 1
            return False
        self.newest_ns = stamp_ns
        return True

    def forget(self) -> None:
        """Begin anew: the device may have been restarted."""
        self.newest_ns = 0
