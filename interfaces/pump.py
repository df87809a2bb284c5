"""Feeds the live view: one thread reads domain events, one reads signals."""

import threading

from interfaces.view import LiveView
from robotics.telemetry import EventCopies, EventKeeper, SignalReader

POLL_MS = 200
"""How long a thread waits for news before it looks whether it is to end."""


class ViewPump:
    """Reads `keeper` and `reader` into the view until closed; closes both in the end.

    `copies`, if there are any, are given every event too, and are closed as well.
    """

    def __init__(
        self,
        view: LiveView,
        keeper: EventKeeper,
        reader: SignalReader,
        copies: EventCopies | None = None,
    ) -> None:
        self._view = view
        self._keeper = keeper
        self._reader = reader
        self._copies = copies
        self._ending = threading.Event()
        # A socket is used by one thread only, from its first read to its close.
        self._threads = [
            threading.Thread(target=self._read_events, name="view-events", daemon=True),
            threading.Thread(target=self._read_signals, name="view-signals", daemon=True),
        ]

    def start(self) -> None:
        """Begin to read."""
        for thread in self._threads:
            thread.start()

    def close(self) -> None:
        """End both threads and give the sockets back."""
        self._ending.set()
        for thread in self._threads:
            thread.join()

    def __enter__(self) -> "ViewPump":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _read_events(self) -> None:
        while not self._ending.is_set():
            for recorded in self._keeper.read(POLL_MS):
                self._view.apply(recorded)
                if self._copies is not None:
                    self._copies.record(recorded)
        self._keeper.close()
        if self._copies is not None:
            self._copies.close()

    def _read_signals(self) -> None:
        while not self._ending.is_set():
            for frame in self._reader.read(POLL_MS):
                self._view.sample(frame)
        self._reader.close()
