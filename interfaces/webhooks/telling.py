"""Tells webhooks how consignments stand, in the form of Standard Webhooks, until they have it.

A message is `POST` with the headers `webhook-id`, `webhook-timestamp` and `webhook-signature`
(HMAC-SHA256 with the hook's secret). Taken is what is answered with a status of 2xx.
"""

import datetime
import hashlib
import json
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import groupby
from random import Random

import httpx
from sqlalchemy.exc import SQLAlchemyError
from standardwebhooks import Webhook

from interfaces.api.border_models import whole_of
from interfaces.border_desk import BorderDesk
from interfaces.copies import Copies
from interfaces.exchange.backoff import Backoff
from interfaces.store.database import StoreError
from interfaces.store.webhooks import Hook, Hooks, Owed
from interfaces.webhooks.targets import Targets

KIND = "consignment.changed"
LOOK_S = 0.5
"""So often it is looked what has changed and what is due [ours]."""
ANSWER_S = 10.0
"""An answer that has not come after this time is none [ours]."""
AT_ONCE = 8
"""Receivers that are told at the same time [ours]."""
ROUND_S = ANSWER_S
"""After so long no further message of a round goes to a receiver: the next round waits for the
slowest [ours]."""
BATCH = 100
FIRST_NS = 5 * 10**9
MOST_NS = 3600 * 10**9
"""The longest wait between two tries [ours]."""
GIVE_UP_NS = 3 * 86_400 * 10**9
"""A webhook that has not taken something for so long is told no more, until it is put again
[ours]."""
GONE = 410
"""By Standard Webhooks, a receiver's word that it wants no more messages."""


class Teller:
    """Watches the copies of the clearances, and tells the webhooks of the store.

    `now_ns` is the wall's clock [UTC, ns], by which receivers judge how old a message is.
    """

    def __init__(
        self,
        hooks: Hooks,
        copies: Copies,
        desk: BorderDesk,
        targets: Targets,
        now_ns: Callable[[], int] = time.time_ns,
    ) -> None:
        self._hooks, self._desk, self._targets = hooks, desk, targets
        self._now_ns = now_ns
        self._backoff = Backoff(Random(), FIRST_NS, MOST_NS)
        self._changed: set[str] = set()
        self._known: set[int] = set()
        """The webhooks, by number, for which all is noted that was not changed since."""
        self._client = httpx.Client(timeout=ANSWER_S, follow_redirects=False, trust_env=False)
        copies.follow(self._changed.add)

    @contextmanager
    def at_work(self, failed: Callable[[str], None]) -> Iterator[None]:
        """Tell from a thread of its own until the end of the block; what is owed then stays.

        `failed` hears in words of a store that cannot be read or written; it is tried again.
        """
        ending = threading.Event()

        def work() -> None:
            said = ""
            while not ending.wait(LOOK_S):
                try:
                    self.tell()
                except (StoreError, SQLAlchemyError) as error:
                    if str(error) != said:
                        said = str(error)
                        failed(said)

        thread = threading.Thread(target=work, name="webhooks", daemon=True)
        thread.start()
        try:
            yield
        finally:
            ending.set()
            thread.join(ANSWER_S + 1)
            self._client.close()

    def tell(self) -> None:
        """Note what has changed, and send what is due once."""
        self._note()
        owed = self._hooks.due(self._now_ns(), BATCH)
        by_hook = [
            list(group)
            for _, group in groupby(
                sorted(owed, key=lambda item: item.hook.number), lambda item: item.hook.number
            )
        ]
        if by_hook:
            with ThreadPoolExecutor(AT_ONCE) as pool:
                list(pool.map(self._tell_all, by_hook))

    def _note(self) -> None:
        """Write down which consignments stand otherwise than their owners' webhooks were told."""
        active = self._hooks.active()
        fresh = {hook.number for hook in active} - self._known
        self._known = set()  # if this fails half-way, all is looked at anew
        if not active:
            self._changed.clear()
            return
        with self._desk.reading() as sides:  # brings the copies up to date
            changed = set(self._changed)
            self._changed.clear()
            if fresh:  # they are told of all that their owners have
                changed.update(name for copy in sides.values() for name in copy.records)
            states = [(name, state) for name in changed if (state := self._state(name))]
        for name, (owner, side, data) in states:
            for hook in active:
                if (hook.owner, hook.side) == (owner, side):
                    self._hooks.note(hook, name, _digest(data), self._now_ns())
        self._known = {hook.number for hook in active}

    def _state(self, name: str) -> tuple[str, str, str] | None:
        """Owner, side and state as JSON of a consignment; None if no side here knows it."""
        with self._desk.reading() as sides:
            whole = whole_of(sides, name, self._desk.now_ns())
            if whole is None:
                return None
            side = whole.first.declaration.from_side
            return whole.declared_by, side, whole.whole().model_dump_json()

    def _tell_all(self, owed: list[Owed]) -> None:
        """Tell one webhook, one after the other; after a failure the rest waits too."""
        end_s = time.monotonic() + ROUND_S
        for item in owed:
            if not self._tell(item) or time.monotonic() >= end_s:
                return

    def _tell(self, owed: Owed) -> bool:
        hook, now_ns = owed.hook, self._now_ns()
        state = self._state(owed.consignment)
        if state is None or (refusal := self._targets.refusal(hook.url)):
            trouble = "no clearance here knows it" if state is None else f"allowed: {refusal}"
            self._fail(owed, trouble, now_ns)
            return False
        data = state[2]
        status, trouble = self._post(hook, f"{hook.number}.{owed.consignment}.{owed.version}", data)
        if 200 <= status < 300:
            self._hooks.taken(owed, _digest(data))
            return True
        if status == GONE:
            self._hooks.give_up(hook, now_ns)
        self._fail(owed, trouble, now_ns)
        return False

    def _fail(self, owed: Owed, trouble: str, now_ns: int) -> None:
        self._hooks.again(owed, now_ns + self._backoff.wait_ns(owed.tries + 1), trouble)
        if now_ns - owed.since_ns > GIVE_UP_NS:
            self._hooks.give_up(owed.hook, now_ns)

    def _post(self, hook: Hook, id: str, data: str) -> tuple[int, str]:
        """The status of the answer, and what is wrong in words; 0 without an answer."""
        at = datetime.datetime.fromtimestamp(self._now_ns() // 10**9, datetime.UTC)
        stamp = at.isoformat().replace("+00:00", "Z")
        body = f'{{"type":{json.dumps(KIND)},"timestamp":{json.dumps(stamp)},"data":{data}}}'
        headers = {
            "content-type": "application/json",
            "webhook-id": id,
            "webhook-timestamp": str(int(at.timestamp())),
            "webhook-signature": Webhook(hook.secret).sign(id, at, body),
        }
        try:
            with self._client.stream("POST", hook.url, content=body, headers=headers) as answer:
                return answer.status_code, f"answered with {answer.status_code}"
        except httpx.HTTPError as error:
            return 0, type(error).__name__


def _digest(data: str) -> str:
    return hashlib.sha256(data.encode()).hexdigest()
