"""The other side's clearance, as this side's gate has it: a machine at the end of the exchange.

It bears the name of the other side's clearance, so that nobody here speaks to it otherwise than if
both sides were one gate. What it is told goes over its link, which is the exchange between the two
gates; what the link brings goes to whom it concerns here. Where the fleet is run on the other side,
this machine is also taken for the fleet manager.

Machines repeat what is not answered every few seconds, which suits calls that may be lost. The
exchange loses nothing that it was given, so the same is not given to it again too soon.
"""

from msgspec import structs

from actors.base import Message, Side
from actors.border import AskReady, CustodyTaken, ExchangeAnswer, Ready
from actors.consignment.authority import refusal
from actors.effects import Command, Effect, Emit, Send, SetTimer
from actors.messages import (
    Alarm,
    AlarmKind,
    AllowLeg,
    CancelOrder,
    ClocksApart,
    GuardOrder,
    HeardFromOtherSide,
    LetterGivenUp,
    LinkLost,
    OrderReport,
    QueryOrder,
    SaidToOtherSide,
    SetDown,
    Started,
    TimerFired,
)  # fmt: skip

AGAIN_NS = 60 * 10**9
"""The same is given to the exchange again after this time [ours]: it may have been taken in by the
other gate and have been lost there, if a machine ended just then."""
STATE_NS = 300 * 10**9
"""How orders stand is asked, and told without news, no oftener [ours]."""
ASK_NS = 15 * 10**9
"""Whether there is room is asked again after this time [ours]: most often that is the answer to a
refusal."""
ANSWERS = (ExchangeAnswer, Ready, CustodyTaken)
"""Said only when they are asked for, and passed on each time."""


class Counterpart:
    """Machine that stands for the clearance of the other side, and for its fleet manager."""

    def __init__(self, name: str, side: Side, home: str, fleet: str) -> None:
        """Stand for `name` of `side`; `fleet`: the fleet manager's name, empty if not run here."""
        self.name = name
        self.side, self.home, self.fleet = side, home, fleet
        self._said: dict[tuple[str, str], tuple[Message, int]] = {}
        """By kind and subject: what was given to the exchange last, and when."""

    def handle(self, message: Message, now_ns: int) -> list[Effect]:
        """Pass on what is said, in either direction."""
        match message:
            case HeardFromOtherSide(said):
                return self._on_heard(said)
            case Started() | TimerFired("forget"):
                old = [key for key, (_, at_ns) in self._said.items() if at_ns + STATE_NS <= now_ns]
                for key in old:
                    del self._said[key]
                return [SetTimer("forget", now_ns + STATE_NS)]
            case LinkLost():
                return [self._alarm("other_side_silent", self.side, "its gate is not heard")]
            case LetterGivenUp(letter, consignment, reason):
                text = f"{letter}: {reason}"
                return [self._alarm("letter_dead", consignment, text)]
            case ClocksApart(skew_ms):
                text = f"its clock is ahead by {skew_ms} ms"
                return [self._alarm("clocks_apart", self.side, text)]
            case _ if isinstance(message, SaidToOtherSide):
                return self._on_said(message, now_ns)
            case _:
                return []

    def _on_heard(self, said: SaidToOtherSide) -> list[Effect]:
        if refusal(said, self.name, self.side, self.home, bool(self.fleet)):
            return []  # the exchange refuses it already
        if isinstance(said, QueryOrder):
            self._said.pop((OrderReport.__name__, said.order), None)
        is_for_fleet = isinstance(said, GuardOrder | AllowLeg | SetDown | CancelOrder | QueryOrder)
        return [Send(self.fleet if is_for_fleet else self.home, said)]

    def _on_said(self, said: SaidToOtherSide, now_ns: int) -> list[Effect]:
        if isinstance(said, ANSWERS):
            return [Command(said)]
        key = (type(said).__name__, _subject(said))
        content: Message = said
        if isinstance(said, OrderReport):  # one that says nothing else than the last is no news
            content = structs.replace(said, number=0)
        elif isinstance(said, QueryOrder):  # each report that comes would else be asked for again
            content = structs.replace(said, known=0)
        last = self._said.get(key)
        wait_ns = AGAIN_NS
        if isinstance(said, AskReady):
            wait_ns = ASK_NS
        elif isinstance(said, QueryOrder | OrderReport):
            wait_ns = STATE_NS
        if last is not None and last[0] == content and now_ns < last[1] + wait_ns:
            return []
        self._said[key] = (content, now_ns)
        return [Command(said)]

    def _alarm(self, kind: AlarmKind, subject: str, detail: str) -> Effect:
        return Emit(Alarm(self.name, kind, subject, detail))


def _subject(said: SaidToOtherSide) -> str:
    match said:
        case QueryOrder(order) | OrderReport(order):
            return order
        case GuardOrder(request):
            return request.id
        case _:
            return said.id
