"""Sends what stands in the outbox, and takes the receipts; does no I/O but to the database.

How letters travel is the caller's: HTTP (`interfaces.exchange.link`), or a link in virtual time
(`interfaces.exchange.rehearsal`).
"""

import hashlib
from typing import Any

import msgspec
from sqlalchemy import Engine

from actors.messages import (
    ClocksApart,
    LetterGivenUp,
    LinkLost,
    LinkRestored,
    Message,
    SaidToOtherSide,
)
from interfaces.exchange.backoff import Backoff
from interfaces.exchange.bodies import BodyError, body_of, nanoseconds
from interfaces.exchange.letter import LetterError, opened, seal
from interfaces.exchange.parties import Parties
from interfaces.store.exchange_peer import PeerBook
from interfaces.store.outbox import Outbox, Waiting

WINDOW = 16
"""Letters on their way at once, each of another consignment [ours]."""
SILENT_AFTER = 5
"""After so many letters in a row without a receipt only one at a time is tried [ours]."""
REFUSALS_MAX = 10
"""A letter that is refused so often for a reason that may pass is given up [ours]."""
FOREVER = ("schema", "wrong_side", "not_allowed", "conflict", "unreadable")
"""Refused for what the letter says: it would be refused again."""
HEARD_EVERY_NS = 10**9
"""When the peer was heard is noted no oftener than this."""
CLOCK_NS = 30 * 10**9
"""A letter of kind `clock` is sent so often [ours]."""
SILENCE_NS = 60 * 10**9
"""Without a receipt for so long, the other side is silent [ours]."""
SKEW_NS_MAX = 5 * 10**9
"""Clocks that are further apart are an alarm [ours]; permits last two minutes."""


class Outgoing(msgspec.Struct, frozen=True):
    """A letter on its way."""

    letter: Waiting | None
    """None: a clock letter, which is kept nowhere."""
    data: bytes
    sent_ns: int


class Sender:
    """The sending half of one gate; every letter from `due` is to be answered for."""

    def __init__(self, engine: Engine, parties: Parties, backoff: Backoff, now_ns: int) -> None:
        self.outbox = Outbox(engine, parties.peer)
        self.book = PeerBook(engine, parties.peer)
        self.news: list[Message] = []
        """What the counterpart is to be told; whoever tells it empties the list."""
        self._parties, self._backoff = parties, backoff
        self._on_way: set[int] = set()
        self._failures = 0
        self._answered_ns = now_ns
        self._noted_ns = 0
        self._is_lost = False
        self._are_apart = False
        self._clock_ns = now_ns

    def put(self, message: SaidToOtherSide, now_ns: int) -> None:
        """Have something told to the peer: when this returns, it is on disk."""
        try:
            kind, consignment, body = body_of(message)
        except BodyError as error:
            name = type(message).__name__
            subject = str(getattr(message, "consignment", ""))
            self.news.append(LetterGivenUp(name, subject, f"cannot be told: {error}"))
            return
        self.outbox.put(kind, consignment, body, now_ns)

    def due(self, now_ns: int) -> tuple[list[Outgoing], int]:
        """Letters to be sent now; and when there may be more, unless one is put or answered."""
        found = []
        if now_ns >= self._clock_ns:
            self._clock_ns = now_ns + CLOCK_NS
            found.append(Outgoing(None, self._clock(now_ns), now_ns))
        again_ns = self._clock_ns
        room = (1 if self._failures >= SILENT_AFTER else WINDOW) - len(self._on_way)
        if room > 0:
            letters, more_ns = self.outbox.due(now_ns, room, self._on_way)
            for letter in letters:
                self._on_way.add(letter.number)
                found.append(Outgoing(letter, self._sealed(letter, now_ns), now_ns))
            if more_ns is not None and len(letters) < room:
                again_ns = min(more_ns, again_ns)
        return found, again_ns

    def received(self, outgoing: Outgoing, data: bytes, now_ns: int) -> None:
        """Take what the peer has answered."""
        receipt = self._receipt(outgoing.data, data)
        if receipt is None:
            self.unanswered(outgoing, "its receipt is not the peer's", now_ns)
            return
        self._note_answer(receipt, outgoing, now_ns)
        letter = outgoing.letter
        if letter is None:
            return
        self._on_way.discard(letter.number)
        if receipt["outcome"] == "ack":
            self.outbox.taken(letter.number, now_ns)
            return
        code, detail = receipt["code"], receipt["detail"]
        trouble = f"{code}: {detail}" if detail else code
        self.book.refused("peer", code, detail, now_ns)
        expected = receipt["expected"]
        if code == "out_of_order" and 0 < expected < letter.sequence:
            if not self.outbox.rewind(letter.consignment, expected, now_ns):
                self._give_up(letter, f"{trouble}; that letter is no longer kept")
        elif code == "out_of_order" or code in FOREVER or letter.refusals + 1 >= REFUSALS_MAX:
            self._give_up(letter, trouble)
        else:
            due_ns = now_ns + self._backoff.wait_ns(letter.refusals + 1)
            self.outbox.again(letter, due_ns, trouble, refused=True)

    def unanswered(self, outgoing: Outgoing, why: str, now_ns: int) -> None:
        """Nothing has come back: it is sent again, for as long as it takes."""
        self._failures += 1
        is_long = now_ns - self._answered_ns >= SILENCE_NS
        if self._failures >= SILENT_AFTER and is_long and not self._is_lost:
            self._is_lost = True
            self.news.append(LinkLost())
        letter = outgoing.letter
        if letter is None:  # a new one, with a new time
            self._clock_ns = min(self._clock_ns, now_ns + self._backoff.wait_ns(self._failures))
            return
        self._on_way.discard(letter.number)
        due_ns = now_ns + self._backoff.wait_ns(letter.tries - letter.refusals + 1)
        self.outbox.again(letter, due_ns, why[:1000], refused=False)

    def _note_answer(self, receipt: dict[str, Any], outgoing: Outgoing, now_ns: int) -> None:
        """The peer is there. As in NTP, the way there and back are taken to last equally long."""
        self._failures, self._answered_ns = 0, now_ns
        if self._is_lost:
            self._is_lost = False
            self.news.append(LinkRestored())
        skew_ns = nanoseconds(receipt["received_at"]) - (outgoing.sent_ns + now_ns) // 2
        if outgoing.letter is None:
            self.book.note(skew_ns=skew_ns, answered_ns=now_ns)
            apart = abs(skew_ns) > SKEW_NS_MAX
            if apart and not self._are_apart:
                self.news.append(ClocksApart(skew_ns // 10**6))
            self._are_apart = apart
        elif now_ns - self._noted_ns >= HEARD_EVERY_NS:
            self._noted_ns = now_ns
            self.book.note(answered_ns=now_ns)

    def _receipt(self, sent: bytes, data: bytes) -> dict[str, Any] | None:
        """The body of a receipt for exactly what was sent, signed by the peer."""
        parties = self._parties
        try:
            letter = opened(data, parties.peer, parties.peer_keys, parties.side)
        except LetterError:
            return None
        is_for_it = letter.kind == "receipt" and (
            letter.body["digest"] == hashlib.sha256(sent).hexdigest()
        )
        return {"code": "", "detail": "", "expected": 0, **letter.body} if is_for_it else None

    def _sealed(self, letter: Waiting, now_ns: int) -> bytes:
        sides = (self._parties.side, self._parties.peer)
        id = f"{sides[0]}/{letter.consignment}/{letter.sequence}"
        identity = (id, letter.kind, letter.consignment, letter.sequence)
        return seal(self._parties.key, sides, identity, letter.body, now_ns)

    def _clock(self, now_ns: int) -> bytes:
        sides = (self._parties.side, self._parties.peer)
        identity = (f"{sides[0]}/clock/{now_ns}", "clock", "", 0)
        return seal(self._parties.key, sides, identity, {}, now_ns)

    def _give_up(self, letter: Waiting, trouble: str) -> None:
        self.outbox.dies(letter, trouble)
        self.news.append(LetterGivenUp(str(letter.number), letter.consignment, trouble))
