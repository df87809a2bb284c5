"""Link to a device's controller through rosbridge; see `actors.ports.Link`.

The device lives as long as its topic `state` is heard: rosbridge may be well and the robot gone, or
the socket look open and be dead. What is refused puts the device to doubt: the link counts as lost,
and as restored only after nothing but sound samples for a while. While it is lost the gate's
heartbeat is withheld, so that the robot stops too, and commands are dropped, never kept:
but for the newest limit of its speed, which every heartbeat carries.
"""

import asyncio
import random
import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import msgspec

from actors.messages import LinkLost, LinkRestored, Message
from actors.ports import Clock
from actors.safety import LimitSpeed
from robotics.link_account import LinkAccount
from robotics.ros.client import Client, event_loop
from robotics.ros.refusal import RefusedError
from robotics.ros.talk import (
    GOAL_SILENCE_S,
    PATIENCE_S,
    Call,
    Goal,
    Later,
    Outgoing,
    Publish,
    Reaction,
    Remark,
    Talk,
)
from robotics.telemetry import SignalPublisher

SILENCE_S = 2.0
"""Nothing heard of the device for so long: the link is lost."""
HEARTBEAT_S = 0.5
SOUND_S = 1.0
"""After a refusal, the link is restored when nothing was refused for so long [ours]."""
RECONNECT_S = 0.4
"""Between attempts to connect, with `RECONNECT_SPREAD`: all devices lose a server at once."""
RECONNECT_SPREAD = 0.25
CONNECT_S = 1.0
"""An attempt to connect that takes longer is given up for another."""
RENEW_S = 5.0
"""A device that is silent for so long on an open connection is subscribed to anew, on another."""
TICK_S = 0.25
SIGNALS_S = 0.1
"""What the device shows of itself is passed on at most so often."""
STATUS_LEVELS = ("info", "warning", "error", "none")
"""Of rosbridge's complaints; others are counted together, so that a peer cannot make up names."""


class _Waiting(msgspec.Struct):
    """A call or goal that is under way."""

    number: str
    until_s: float


class RosLink:
    """One device's link. `name` is the device's namespace, without slash."""

    def __init__(
        self,
        url: str,
        name: str,
        talk: Talk,
        clock: Clock,
        account: LinkAccount,
        signals: SignalPublisher | None,
    ) -> None:
        self._url, self._name, self._talk = url, name, talk
        self._clock, self._account, self._signals = clock, account, signals
        self._deliver: Callable[[Message], None] = _to_nobody
        self._client: Client | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._closed = False
        self._alive = False
        self._began_s = self._heard_s = self._beaten_s = self._shown_s = 0.0
        self._refused_s = -SOUND_S
        self._under_way: dict[str, _Waiting] = {}

    @property
    def alive(self) -> bool:
        """Whether commands are passed on."""
        return self._alive

    def counts(self) -> Mapping[str, int]:
        """How often something happened that people should know of, by its name."""
        return {**self._account.counts, **self._talk.counts()}

    def open(self, deliver: Callable[[Message], None]) -> None:
        """Connect, and go on connecting."""
        self._deliver = deliver
        self._loop = event_loop()
        self._loop.call_soon_threadsafe(self._begin)

    def send(self, command: Message) -> None:
        """Pass a command on; dropped while the link is lost."""
        if self._loop is None:
            self._account.count("dropped")
            return
        given_s = time.monotonic()
        self._loop.call_soon_threadsafe(self._give, command, given_s, self._clock.now_ns())

    def close(self) -> None:
        """End the connection; the device hears no more heartbeats."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._close)

    # --- all below runs in the loop's thread ------------------------------------------------

    def _begin(self) -> None:
        self._connect()
        self._tick()

    def _close(self) -> None:
        self._closed = True
        if self._client is not None:
            self._client.end()
        self._account.close()
        self._signals = None

    def _connect(self) -> None:
        if self._closed:
            return
        self._began_s = time.monotonic()
        self._client = Client(
            self._url,
            on_open=self._on_open,
            on_end=self._on_end,
            on_refused=self._refuse,
            on_status=self._on_status,
        )

    def _on_open(self) -> None:
        client = self._client
        assert client is not None
        self._account.count("connections")
        self._began_s = time.monotonic()
        for topic, kind in self._talk.speaks.items():
            client.advertise(self._path(topic), kind)
        for topic, kind in self._talk.listens.items():
            client.listen(self._path(topic), kind, partial(self._take, topic))

    def _on_end(self) -> None:
        """The connection could not be made, or is gone."""
        self._lose()
        if not self._closed:
            assert self._loop is not None
            spread = 1 + RECONNECT_SPREAD * random.uniform(-1, 1)
            self._loop.call_later(RECONNECT_S * spread, self._connect)

    def _path(self, name: str) -> str:
        return name if name.startswith("/") else f"/{self._name}/{name}"

    def _tick(self) -> None:
        """Watch over silence and what is under way, and say that the gate is there."""
        if self._closed:
            return
        assert self._loop is not None
        self._loop.call_later(TICK_S, self._tick)
        self._account.tell(self._alive, self.counts())
        client, now_s = self._client, time.monotonic()
        assert client is not None
        if client.ended:
            return
        if self._alive and now_s - self._heard_s >= SILENCE_S:
            self._account.count("silences")
            self._lose()
        since_s = now_s - max(self._began_s, self._heard_s)
        if since_s >= (RENEW_S if client.is_open else CONNECT_S):
            client.end()
            return
        for name, waiting in list(self._under_way.items()):
            if now_s >= waiting.until_s:
                self._account.count("unanswered")
                client.give_up(waiting.number)
                del self._under_way[name]
        if self._alive and now_s - self._beaten_s >= HEARTBEAT_S - TICK_S / 2:
            self._beaten_s = now_s
            self._carry_out(self._talk.beat(self._clock.now_ns()))

    # --- hearing ----------------------------------------------------------------------------

    def _take(self, topic: str, data: msgspec.Raw) -> None:
        try:
            news = self._talk.take(topic, data, self._clock.now_ns())
        except RefusedError as error:
            self._refuse(error)
            return
        if news is None:
            return
        now_s = time.monotonic()
        if topic == next(iter(self._talk.listens)):
            self._heard_s = now_s
            if not self._alive and now_s - self._refused_s >= SOUND_S:
                self._alive = True
                self._deliver(LinkRestored())
            self._show(now_s)
        if self._alive:
            self._react(news)

    def _refuse(self, error: RefusedError) -> None:
        """Count it, and trust the device no more until it has been sound for a while."""
        self._account.refuse(f"refused: {error.refusal.kind}", str(error))
        self._refused_s = time.monotonic()
        self._lose()

    def _lose(self) -> None:
        """What comes next is the new truth; what was under way is asked for again."""
        self._talk.forget()
        if self._client is not None:
            for waiting in self._under_way.values():
                self._client.give_up(waiting.number)
        self._under_way.clear()
        if self._alive:
            self._alive = False
            if not self._closed:
                self._deliver(LinkLost())

    def _on_status(self, level: str, text: str) -> None:
        known = level if level in STATUS_LEVELS else "other"
        self._account.refuse(f"status {known}", f"rosbridge: {text}")

    def _react(self, news: list[Reaction]) -> None:
        for item in news:
            if isinstance(item, Publish | Call | Goal | Remark | Later):
                self._carry_out([item])
            else:
                self._deliver(item)

    def _show(self, now_s: float) -> None:
        if self._signals is None or now_s < self._shown_s + SIGNALS_S:
            return
        # In step with a device that says something every 0.1 s, if a little late or early.
        behind = now_s - self._shown_s
        self._shown_s = now_s if behind > 2 * SIGNALS_S else self._shown_s + SIGNALS_S
        frame = self._talk.frame(self._clock.now_ns())
        if frame is not None:
            self._signals.publish(frame)

    # --- saying -----------------------------------------------------------------------------

    def _give(self, command: Message, given_s: float, given_ns: int) -> None:
        client = self._client
        lost = not self._alive or client is None or not client.is_open
        if isinstance(command, LimitSpeed):  # whatever becomes of the link, the next beat says it
            self._talk.limit(command)
            if not lost:
                self._carry_out(self._talk.beat(given_ns))
        elif lost:
            self._account.count("dropped")
        elif time.monotonic() - given_s > PATIENCE_S:
            self._account.count("dropped late")
        else:
            self._carry_out(self._talk.tell(command, given_ns))

    def _carry_out(self, outgoing: list[Outgoing]) -> None:
        client = self._client
        assert client is not None
        for item in outgoing:
            match item:
                case Remark(text):
                    self._account.remark(text)
                case Later(work, after):
                    assert self._loop is not None
                    done = self._loop.run_in_executor(None, work)
                    done.add_done_callback(partial(self._on_later, after))
                case Publish(topic, body):
                    client.publish(self._path(topic), body)
                case Call(service, kind, body) if service not in self._under_way:
                    number = client.call(
                        self._path(service), kind, body, self._answered(service, item),
                        self._failed(service),
                    )  # fmt: skip
                    self._note(service, number, PATIENCE_S)
                case Goal(action, kind, body) if item.preempts or action not in self._under_way:
                    before = self._under_way.get(action)
                    if before is not None:
                        client.give_up(before.number)
                    number = client.pursue(
                        self._path(action), kind, body, self._answered(action, item),
                        self._failed(action, item.failed), self._progress(action, item),
                    )  # fmt: skip
                    self._note(action, number, GOAL_SILENCE_S)
                case _:
                    pass  # a repeat of what is under way

    def _note(self, name: str, number: str, limit_s: float) -> None:
        self._under_way[name] = _Waiting(number, time.monotonic() + limit_s)

    def _answered(self, name: str, asked: Call | Goal) -> Callable[[msgspec.Raw], None]:
        def answered(data: msgspec.Raw) -> None:
            self._under_way.pop(name, None)
            try:
                news = asked.answer(data, self._clock.now_ns())
            except RefusedError as error:
                self._refuse(error)
                return
            self._react(news)

        return answered

    def _on_later(self, after: Callable[[Any], list[Reaction]], done: asyncio.Future[Any]) -> None:
        news = after(done.result())
        if self._alive:  # else it is told when the device is asked what is true
            self._react(news)

    def _failed(self, name: str, told: Callable[[], None] | None = None) -> Callable[[str], None]:
        def failed(text: str) -> None:
            self._under_way.pop(name, None)
            self._account.refuse("calls failed", f"{name}: {text}")
            if told is not None:
                told()

        return failed

    def _progress(self, name: str, asked: Goal) -> Callable[[msgspec.Raw], None]:
        def progress(data: msgspec.Raw) -> None:
            waiting = self._under_way.get(name)
            if waiting is not None:
                waiting.until_s = time.monotonic() + GOAL_SILENCE_S
            if asked.feedback is not None:
                try:
                    asked.feedback(data)
                except RefusedError as error:
                    self._refuse(error)

        return progress


def _to_nobody(_message: Message) -> None:
    """Before the link is open nobody listens, and nothing can be said."""
