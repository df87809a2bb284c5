"""What a link counts and what it refused last, told to those who look on over the data plane."""

import time
from collections import Counter
from collections.abc import Mapping

from actors.ports import Clock
from robotics.telemetry import Frame, LinkSignal, SignalPublisher

TELL_S = 1.0
"""Changes are told at most so often."""
REPEAT_S = 5.0
"""Without a change it is told so often, for readers that came later or lost it."""
REFUSAL_CHARS_MAX = 300
"""Of the last refusal; what a peer says can be as long as it likes."""


class LinkAccount:
    """Kept by one device's link; told nobody where there are no `signals`."""

    def __init__(self, device: str, clock: Clock, signals: SignalPublisher | None) -> None:
        self._device, self._clock, self._signals = device, clock, signals
        self.counts: Counter[str] = Counter()
        """How often something happened that people should know of, by its name."""
        self.refusal = ""
        """For people: what was refused last."""
        self._refused_ns = 0
        self._told: LinkSignal | None = None
        self._told_s = 0.0

    def count(self, name: str) -> None:
        """Something happened once more."""
        self.counts[name] += 1

    def refuse(self, name: str, text: str) -> None:
        """Something was refused, or went wrong at the other end."""
        self.counts[name] += 1
        self.remark(text)

    def remark(self, text: str) -> None:
        """The same, of what is counted elsewhere."""
        if len(text) > REFUSAL_CHARS_MAX:
            text = text[: REFUSAL_CHARS_MAX - 3] + "..."
        self.refusal, self._refused_ns = text, self._clock.now_ns()

    def tell(self, connected: bool, counts: Mapping[str, int]) -> None:
        """Pass on how the link is; call it often, and always from one thread."""
        now_s = time.monotonic()
        if self._signals is None or now_s < self._told_s + TELL_S:
            return
        present = LinkSignal(
            id=self._device,
            connected=connected,
            counts={name: count for name, count in counts.items() if count},
            refusal=self.refusal,
            refused_ns=self._refused_ns,
        )
        if present != self._told or now_s >= self._told_s + REPEAT_S:
            self._told, self._told_s = present, now_s
            self._signals.publish(Frame(self._clock.now_ns(), links=(present,)))

    def close(self) -> None:
        """Tell nobody any more."""
        if self._signals is not None:
            self._signals.close()
            self._signals = None
