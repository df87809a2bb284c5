"""Takes letters of the peer in: nothing is believed before it is signed, in order and allowed.

The answer to each is a receipt, signed too: `ack` when the letter is on disk, `nak` with a code.
"""

import hashlib

from sqlalchemy import Engine

from actors.consignment.authority import refusal
from actors.messages import HeardFromOtherSide
from interfaces.exchange.bodies import (
    MESSAGES,
    UNSTORED,
    consignment_of,
    message_of,
    nanoseconds,
    rfc3339,
)
from interfaces.exchange.letter import Letter, LetterError, content_digest, opened, seal
from interfaces.exchange.parties import Parties
from interfaces.store.exchange_peer import PeerBook
from interfaces.store.inbox import Inbox

AGE_NS_MAX = 120 * 10**9
"""A letter that was sent longer ago is refused, and is sent anew [ours]."""
AHEAD_NS_MAX = 30 * 10**9
"""A letter that was sent so far in the future is refused: one of the clocks is wrong [ours]."""
HEARD_EVERY_NS = 10**9


class Receiver:
    """The receiving half of one gate."""

    def __init__(self, engine: Engine, parties: Parties, names: tuple[str, str]) -> None:
        """`names`: of this side's clearance and of the peer's."""
        self.inbox = Inbox(engine, parties.peer)
        self.book = PeerBook(engine, parties.peer)
        self._parties, self._names = parties, names
        self.has_news = True
        """Whether there may be something to be passed on."""
        self._noted_ns = 0

    @property
    def sides(self) -> tuple[str, str]:
        """This gate's, and the peer's."""
        return self._parties.side, self._parties.peer

    def take(self, data: bytes, now_ns: int) -> bytes:
        """Take a letter; the receipt. What is acknowledged is on disk."""
        parties, of, expected = self._parties, "", 0
        try:
            letter = opened(data, parties.peer, parties.peer_keys, parties.side)
            of = letter.id
            expected = self._keep(letter, now_ns)
            code, detail = "", ""
        except LetterError as error:
            of, code, detail = of or error.of, error.code, error.detail
            expected = error.expected
            self.book.refused("us", code, detail, now_ns)
        receipt = {
            "of": of,
            "digest": hashlib.sha256(data).hexdigest(),
            "outcome": "nak" if code else "ack",
            "code": code,
            "detail": detail[:1000],
            "expected": expected,
            "received_at": rfc3339(now_ns),
        }
        identity = (f"{parties.side}/receipt", "receipt", "", 0)
        return seal(parties.key, (parties.side, parties.peer), identity, receipt, now_ns)

    def waiting(self, most: int = 100) -> list[tuple[int, HeardFromOtherSide | None]]:
        """What has been taken and not passed on, in order: its number, and what it says.

        None: nothing for a machine. Whoever passes it on says so to `inbox.passed_on`.
        """
        self.has_news = False
        return [
            (
                taken.number,
                HeardFromOtherSide(message_of(taken.kind, taken.body))
                if taken.kind in MESSAGES
                else None,
            )
            for taken in self.inbox.waiting(most)
        ]

    def _keep(self, letter: Letter, now_ns: int) -> int:
        """Keep it, if it may be kept; the sequence that comes next in its consignment."""
        age_ns = now_ns - nanoseconds(letter.sent_at)
        if not -AHEAD_NS_MAX <= age_ns <= AGE_NS_MAX:
            allowed = f"{-AHEAD_NS_MAX // 10**9} to {AGE_NS_MAX // 10**9} s"
            raise LetterError("time", f"sent {age_ns / 1e9:.1f} s ago, allowed are {allowed}")
        if now_ns - self._noted_ns >= HEARD_EVERY_NS:
            self._noted_ns = now_ns
            self.book.note(heard_ns=now_ns)
        if letter.kind in UNSTORED:
            if letter.kind == "receipt":
                raise LetterError("not_allowed", "a receipt is the answer to a letter")
            return 0
        if letter.kind == "lane_status" and self._parties.has_fleet:
            raise LetterError("not_allowed", "the lanes are this side's")
        if letter.kind in MESSAGES:
            own, other = self._names
            said = message_of(letter.kind, letter.body)
            about = consignment_of(said)
            if about != letter.consignment:
                text = f"consignment: given {letter.consignment!r}, its body is about {about!r}"
                raise LetterError("schema", text)
            parties = self._parties
            why = refusal(said, other, parties.peer, own, parties.has_fleet)
            if why:
                raise LetterError("not_allowed", why)
        digest = content_digest(letter.kind, letter.consignment, letter.sequence, letter.body)
        place = (letter.consignment, letter.sequence)
        outcome, expected = self.inbox.take(
            letter.id, place, letter.kind, letter.body, digest, now_ns
        )
        if outcome == "conflict":
            raise LetterError("conflict", f"{letter.id} was taken in with other content")
        if outcome == "out_of_order":
            text = f"sequence {letter.sequence}, expected {expected}"
            raise LetterError("out_of_order", text, letter.id, expected)
        if outcome == "new":
            self.has_news = True
            if letter.kind == "lane_status":
                self.book.note_lanes(letter.body["lanes"])
        return expected
