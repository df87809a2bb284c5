"""What testers do to the robots of a live gate, whatever these are."""

from typing import Protocol


class Mishaps(Protocol):
    """Robots that can be broken and repaired, and wires to them that can be cut and joined."""

    def stop(self, device: str, reason: str) -> None:
        """The robot breaks down where it is."""

    def repair(self, device: str) -> None:
        """It is repaired there."""

    def cut(self, device: str) -> None:
        """Device and controller no longer hear each other, and find that out by themselves."""

    def join(self, device: str) -> None:
        """They hear each other again."""
