"""What a robot says and the gate does not take: what was given, what is allowed, and where."""

from typing import Literal

import msgspec

RefusalKind = Literal["form", "frame", "pose", "range", "seq", "stamp", "jump", "name"]
"""`form`: no JSON, a field missing, or of another type or range than its definition says; `pose`:
no rotation in the plane; `seq`: numbers that contradict each other or what was said before;
`jump`: further from the place before than the robot can drive; `name`: unknown to the site."""

GIVEN_CHARS_MAX = 80


class Refusal(msgspec.Struct, frozen=True):
    """One message that was refused, and why."""

    kind: RefusalKind
    where: str
    """Topic or service, and the field."""
    given: str
    allowed: str

    def __str__(self) -> str:
        given = self.given
        if len(given) > GIVEN_CHARS_MAX:
            given = given[: GIVEN_CHARS_MAX - 3] + "..."
        return f"{self.where}: given {given}, allowed: {self.allowed}"


class RefusedError(ValueError):
    """The peer's mistake: what it said is not taken."""

    def __init__(self, kind: RefusalKind, where: str, given: object, allowed: str) -> None:
        self.refusal = Refusal(kind, where, str(given), allowed)
        super().__init__(str(self.refusal))
