"""roslibpy as it is, without our links: what they are measured against."""

import threading
import time
from functools import partial
from typing import Any

import roslibpy


class BareSubscribers:
    """A connection and a subscription for each AGV's state."""

    def __init__(self, host: str, port: int, names: list[str]) -> None:
        self.ages_s: list[float] = []
        """How old each sample was when it was heard."""
        self.heard: dict[str, list[int]] = {name: [] for name in names}
        """The stamps [ns] of what was heard of each AGV."""
        self._clients = []
        for name in names:
            client = roslibpy.Ros(host, port, transport="asyncio")
            client.run(10)
            topic = roslibpy.Topic(client, f"/{name}/state", "bordergate_msgs/msg/AgvState")
            topic.subscribe(partial(self._note, self.heard[name]))
            self._clients.append(client)

    def _note(self, heard: list[int], message: dict[str, Any]) -> None:
        stamp = message["header"]["stamp"]
        heard.append(stamp["sec"] * 10**9 + stamp["nanosec"])
        self.ages_s.append((time.time_ns() - heard[-1]) / 1e9)

    def close(self) -> None:
        """End all connections."""
        for client in self._clients:
            client.close()


def echoes_s(host: str, port: int, count: int, every_s: float) -> list[float]:
    """How long each of so many messages takes to `/echo` and back from `/echoed`."""
    client = roslibpy.Ros(host, port, transport="asyncio")
    client.run(10)
    back = threading.Event()
    kind = "std_msgs/msg/String"
    roslibpy.Topic(client, "/echoed", kind).subscribe(lambda _message: back.set())
    out = roslibpy.Topic(client, "/echo", kind)
    out.advertise()
    time.sleep(2)  # until both ends have found each other
    took = []
    for _ in range(count):
        back.clear()
        began = time.perf_counter()
        out.publish(roslibpy.Message({"data": "x" * 1000}))
        if back.wait(2):
            took.append(time.perf_counter() - began)
        time.sleep(every_s)
    client.close()
    return took
