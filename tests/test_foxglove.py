import asyncio
import json
import socket
import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import websockets
from mcap.records import Schema
from mcap_ros2.decoder import DecoderFactory

from actors.messages import Alarm
from actors.site.bundled import find_site
from interfaces.recording.live import HOST, LiveServer
from interfaces.recording.process import RecorderProcess
from interfaces.recording.rotation import Limits
from interfaces.recording.scene import roadmap_sample
from robotics.telemetry import Bus, RecordedEvent, SignalForwarder, SignalPublisher
from tests.gate import DAY, DEMO, ROADMAP
from tests.recordings import EVERY, START_NS, frame, maker

ROAD = roadmap_sample(DEMO, ROADMAP, EVERY)
FRAMES = 2000
"""Some 16 MB: more than all that lies between a server and a client that does not read."""
Seen = tuple[str, int, Any]
"""Topic, time [ns], message."""


class Client:
    """A viewer: subscribes to topics and decodes with what the server says of them."""

    def __init__(self, viewer: websockets.ClientConnection) -> None:
        self._socket = viewer
        self.channels: dict[str, dict[str, Any]] = {}
        self._subscribed: list[str] = []
        self._decoders: dict[str, Callable[[bytes], Any]] = {}

    async def advertised(self, count: int) -> None:
        while len(self.channels) < count:
            said = json.loads(await self._socket.recv())
            if said["op"] == "advertise":
                self.channels |= {channel["topic"]: channel for channel in said["channels"]}

    async def subscribe(self, *topics: str) -> None:
        self._subscribed = list(topics)
        wanted = [
            {"id": number, "channelId": self.channels[topic]["id"]}
            for number, topic in enumerate(topics)
        ]
        await self._socket.send(json.dumps({"op": "subscribe", "subscriptions": wanted}))

    async def next(self) -> Seen:
        while True:
            data = await self._socket.recv()
            if isinstance(data, bytes) and data[0] == 1:
                number, at_ns = struct.unpack_from("<IQ", data, 1)
                topic = self._subscribed[number]
                return topic, at_ns, self._decode(topic, data[13:])

    def _decode(self, topic: str, data: bytes) -> Any:
        if topic not in self._decoders:
            channel = self.channels[topic]
            schema = Schema(
                1, channel["schema"].encode(), channel["schemaEncoding"], channel["schemaName"]
            )
            decoder = DecoderFactory().decoder_for(channel["encoding"], schema)
            assert decoder is not None
            self._decoders[topic] = decoder
        return self._decoders[topic](data)


def connect(port: int) -> websockets.connect:
    """A viewer's connection; its system takes little in while nobody reads."""
    narrow = socket.socket()
    narrow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
    narrow.connect((HOST, port))
    narrow.setblocking(False)
    subprotocol = websockets.Subprotocol("foxglove.sdk.v1")
    return websockets.connect(f"ws://{HOST}:{port}", sock=narrow, subprotocols=[subprotocol])


@pytest.fixture
def server() -> Iterator[LiveServer]:
    server = LiveServer("Demo", 0, maker().topics(), ROAD)
    yield server
    server.close()


@pytest.fixture
def bus(tmp_path: Path) -> Bus:
    tmp_path.chmod(0o700)
    return Bus(str(tmp_path))


def recorder(bus: Bus, port: int) -> RecorderProcess:
    return RecorderProcess(
        bus, find_site("demo"), DAY, folder=None, limits=Limits(1, 1, 1), foxglove_port=port
    )


def test_a_viewer_sees_the_map_the_vehicles_and_the_events(server: LiveServer) -> None:
    async def look() -> dict[str, Seen]:
        async with connect(server.port) as viewer:
            client = Client(viewer)
            await client.advertised(len(maker().topics()))
            await client.subscribe("/roadmap", "/tf", "/agv_001/odom", "/vn_c1/state", "/events")
            first = await client.next()
            assert first[0] == "/roadmap"
            seen = {"/roadmap": first}
            for sample in maker().frame(frame(7)):
                server.show(sample)
            event = RecordedEvent("fleet-manager", START_NS, Alarm("", "station_out", "VN-C1", ""))
            for sample in maker().event(event):
                server.show(sample)
            while len(seen) < 5:
                one = await client.next()
                seen[one[0]] = one
            return seen

    seen = asyncio.run(asyncio.wait_for(look(), 20))
    layers = {marker.ns for marker in seen["/roadmap"][2].markers}
    assert layers >= {"roads", "lanes", "places", "names", "boundary", "vehicles"}
    texts = {marker.text for marker in seen["/roadmap"][2].markers}
    assert texts >= {*ROADMAP.places, "AGV-001"}
    _, at_ns, odometry = seen["/agv_001/odom"]
    sent = frame(7).vehicles[0]
    assert at_ns == frame(7).stamp_ns
    assert (odometry.pose.pose.position.x, odometry.twist.twist.linear.x) == (
        sent.x_m, sent.speed_mps,
    )  # fmt: skip
    assert len(seen["/tf"][2].transforms) == len(frame(7).vehicles)
    assert seen["/vn_c1/state"][2].status[0].hardware_id == "VN-C1"
    assert (seen["/events"][2].kind, seen["/events"][2].subject) == ("Alarm", "VN-C1")


def test_a_viewer_that_never_reads_slows_nobody(server: LiveServer) -> None:
    topics = list(maker().topics())
    last_ns = frame(FRAMES - 1).stamp_ns

    def show_all() -> None:
        every = maker()
        for number in range(FRAMES):
            for sample in every.frame(frame(number)):
                server.show(sample)

    async def look() -> tuple[Seen, list[int]]:
        async with connect(server.port) as stuck_viewer, connect(server.port) as viewer:
            stuck, reader = Client(stuck_viewer), Client(viewer)
            await stuck.advertised(len(topics))
            await stuck.subscribe(*topics)
            await reader.advertised(len(topics))
            await reader.subscribe("/tf", "/roadmap")
            assert (await reader.next())[0] == "/roadmap"
            showing = asyncio.create_task(asyncio.to_thread(show_all))
            seen = await reader.next()
            while seen[1] < last_ns:
                seen = await reader.next()
            await showing
            # Only now the other one looks: the oldest of what it was sent is gone, the newest not.
            late = [0]
            while late[-1] < last_ns:
                topic, at_ns, _ = await stuck.next()
                late += [at_ns] if topic == "/tf" else []
            return seen, late[1:]

    seen, late = asyncio.run(asyncio.wait_for(look(), 60))
    assert seen[2].transforms[0].header.stamp.sec == last_ns // 10**9
    assert len(late) < FRAMES


def test_a_port_that_is_taken_is_said_and_the_gate_goes_on(bus: Bus, server: LiveServer) -> None:
    with recorder(bus, server.port) as taken:
        taken.copies.close()
    [complaint] = taken.begun.errors
    assert complaint.startswith(f"--foxglove: port {server.port}: ")
    assert "Address already in use" in complaint
    assert taken.ended is not None


def test_the_recorder_serves_the_gate_that_it_reads(bus: Bus) -> None:
    SignalForwarder(bus)
    publisher = SignalPublisher(bus)

    async def look(port: int) -> Seen:
        async with connect(port) as viewer:
            client = Client(viewer)
            await client.advertised(len(maker().topics()))
            await client.subscribe("/agv_001/odom")
            looking = asyncio.create_task(client.next())
            number = 0
            while not looking.done():
                number += 1
                publisher.publish(frame(number))
                await asyncio.sleep(0.02)
            return looking.result()

    with recorder(bus, 0) as recording:
        recording.copies.close()
        assert recording.begun.errors == ()
        assert recording.begun.foxglove_port is not None
        _, at_ns, message = asyncio.run(asyncio.wait_for(look(recording.begun.foxglove_port), 20))
    publisher.close()
    number = (at_ns - START_NS) // 10**8
    assert message.pose.pose.position.x == frame(number).vehicles[0].x_m
