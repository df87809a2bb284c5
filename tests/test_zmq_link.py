"""The link of simulated controllers, as those who look on see it."""

import time
from pathlib import Path

import zmq

from actors.messages import Message, QueryState
from robotics.clock import GateTime
from robotics.telemetry import Bus, LinkSignal, SignalForwarder, SignalReader
from robotics.zmq_link import ZmqLinks


def test_a_report_that_is_no_message_is_counted_and_told_to_those_who_look_on(tmp_path: Path):
    tmp_path.chmod(0o700)
    bus = Bus(str(tmp_path))
    SignalForwarder(bus)
    reader = SignalReader(bus)
    controller: zmq.Socket[bytes] = zmq.Context.instance().socket(zmq.ROUTER)
    controller.bind(bus.reports_at)
    link = ZmqLinks(bus, GateTime(time.time_ns()), frozenset({"AGV-001"}))("AGV-001")
    assert link is not None
    link.send(QueryState())  # while it is lost
    heard: list[Message] = []
    link.open(heard.append)
    assert controller.poll(5000)
    device, _heartbeat = controller.recv_multipart()
    controller.send_multipart([device, b"no message"])
    told: list[LinkSignal] = []
    end_s = time.monotonic() + 10
    while not (told and told[-1].refusal) and time.monotonic() < end_s:
        told += [shown for frame in reader.read(100) for shown in frame.links]
    link.close()
    controller.close(linger=0)
    reader.close()
    assert told[-1].connected
    assert told[-1].counts == {"dropped": 1, "refused: form": 1}
    assert told[-1].refusal.startswith("report of the controller: ")
