"""roslibpy as it is, without our links: what they are measured against."""

import threading
import time

import roslibpy


class BareSubscribers:
    """A connection and a subscription for each topic; notes how old each message is."""

    def __init__(self, host: str, port: int, topics: dict[str, str]) -> None:
        self.ages_s: list[float] = []
        self._clients = []
        for topic, kind in topics.items():
            client = roslibpy.Ros(host, port, transport="asyncio")
            client.run(10)
            roslibpy.Topic(client, topic, kind).subscribe(self._note)
            self._clients.append(client)

    def _note(self, message: dict[str, dict[str, dict[str, int]]]) -> None:
        stamp = message["header"]["stamp"]
        self.ages_s.append(time.time() - stamp["sec"] - stamp["nanosec"] / 1e9)

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
