"""What one side has said and is not answered yet: it is said again until it is."""

import msgspec

from actors.border import (
    AskReady,
    ClearanceResult,
    Crossed,
    PreAdvice,
    StandDown,
)
from actors.effects import Effect, Send
from actors.messages import AllowLeg, CancelOrder, GuardOrder, SetDown

Said = (
    PreAdvice
    | AskReady
    | StandDown
    | Crossed
    | ClearanceResult
    | GuardOrder
    | AllowLeg
    | CancelOrder
    | SetDown
)


class Waiting(msgspec.Struct, frozen=True):
    """One message that waits for its answer."""

    to: str
    message: Said


class Outbox(msgspec.Struct):
    """What waits for an answer, in the order in which it was first said."""

    waiting: dict[str, Waiting] = {}
    """By kind and consignment; a consignment has one of a kind at a time."""

    def tell(self, kind: str, name: str, to: str, message: Said) -> Effect:
        """Say something about a consignment, and again until it is taken out."""
        self.waiting[_key(kind, name)] = Waiting(to, message)
        return Send(to, message)

    def has(self, kind: str, name: str) -> bool:
        """Whether something of this kind waits for an answer."""
        return _key(kind, name) in self.waiting

    def drop(self, name: str, *kinds: str) -> None:
        """It is answered by what has happened, or it is not to be said any more."""
        for kind in kinds:
            self.waiting.pop(_key(kind, name), None)

    def answered(self, kind: str, name: str, number: str) -> bool:
        """Take out what is answered; false: the answer is to something else, or comes again."""
        waiting = self.waiting.get(_key(kind, name))
        match waiting:
            case Waiting(message=PreAdvice(id=n) | StandDown(id=n) | Crossed(id=n)) if n == number:
                pass
            case Waiting(message=ClearanceResult(id=n)) if n == number:
                pass
            case _:
                return False
        del self.waiting[_key(kind, name)]
        return True

    def repeats(self) -> list[Effect]:
        """All of it once more."""
        return [Send(waiting.to, waiting.message) for waiting in self.waiting.values()]


def _key(kind: str, name: str) -> str:
    return f"{kind} {name}"
