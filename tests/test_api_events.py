import contextlib
import json
import socket
from collections.abc import Iterator
from urllib.parse import urlsplit

import httpx
import pytest

from actors.messages import DeviceChanged
from actors.site.load import load_site
from interfaces.events import EVENTS_KEPT
from robotics.telemetry import RecordedEvent
from tests.gate_server import START_NS, VirtualGate, put, served
from tests.site_files import DEMO


@pytest.fixture
def gate() -> VirtualGate:
    return VirtualGate(load_site(DEMO))


@pytest.fixture
def url(gate: VirtualGate) -> Iterator[str]:
    with served(gate.app()) as url:
        yield f"{url}/api/v1/events"


Event = dict[str, str]


@contextlib.contextmanager
def following(url: str, last: str | None = None) -> Iterator[Iterator[Event]]:
    headers = {} if last is None else {"last-event-id": last}
    with httpx.stream("GET", url, headers=headers, timeout=20) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        yield parsed(answer.iter_lines())


def parsed(lines: Iterator[str]) -> Iterator[Event]:
    event: Event = {}
    for line in lines:
        if not line and event:
            yield event
            event = {}
        elif not line.startswith(":"):
            name, _, value = line.partition(": ")
            if name:
                event[name] = value


def tell(gate: VirtualGate, number: int) -> None:
    """One event with a number of its own."""
    event = DeviceChanged("D1", "lane", "open", str(number))
    gate.view.apply(RecordedEvent("D1", START_NS + number, event))


def test_a_new_follower_hears_what_happens_from_now_on(gate: VirtualGate, url: str) -> None:
    gate.advance(5)
    told = gate.view.log.last
    with following(url) as events:
        start = next(events)
        assert start["event"] == "start"
        assert start["id"] == f"{gate.view.run}-{told}"
        gate.ask(put("a"))
        order = next(events)
    assert order["event"] == "order"
    assert order["id"] == f"{gate.view.run}-{told + 1}"
    assert json.loads(order["data"])["state"] == "queued"


def test_a_follower_resumes_where_it_left(gate: VirtualGate, url: str) -> None:
    for number in range(1, 6):
        tell(gate, number)
    with following(url, f"{gate.view.run}-3") as events:
        told = [next(events), next(events)]
        tell(gate, 6)
        told.append(next(events))
    assert [event["id"] for event in told] == [f"{gate.view.run}-{n}" for n in (4, 5, 6)]
    assert [json.loads(event["data"])["detail"] for event in told] == ["4", "5", "6"]


@pytest.mark.parametrize("last", ["other-3", "nonsense", "{run}-99", "{run}-x", "{run}--1", ""])
def test_an_id_that_is_not_known_is_answered_with_a_reset(
    gate: VirtualGate, url: str, last: str
) -> None:
    tell(gate, 1)
    with following(url, last.replace("{run}", gate.view.run)) as events:
        reset, first = next(events), next(events)
    assert reset["event"] == "reset"
    assert json.loads(reset["data"]) == {"oldest": f"{gate.view.run}-1"}
    assert first["id"] == f"{gate.view.run}-1"


def test_an_id_that_is_too_old_is_answered_with_a_reset(gate: VirtualGate, url: str) -> None:
    for number in range(1, EVENTS_KEPT + 6):
        tell(gate, number)
    with following(url, f"{gate.view.run}-2") as events:
        reset, first = next(events), next(events)
    assert json.loads(reset["data"]) == {"oldest": f"{gate.view.run}-6"}
    assert first["id"] == f"{gate.view.run}-6"


def test_the_id_of_a_reset_can_itself_be_resumed_from(gate: VirtualGate, url: str) -> None:
    tell(gate, 1)
    with following(url, "unknown") as events:
        reset = next(events)
    with following(url, reset["id"]) as events:
        assert next(events)["id"] == f"{gate.view.run}-1"


def test_a_client_that_does_not_read_holds_nobody_up(gate: VirtualGate, url: str) -> None:
    where = urlsplit(url)
    with socket.socket() as slow:
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        slow.settimeout(20)
        slow.connect((str(where.hostname), where.port))
        slow.sendall(f"GET {where.path} HTTP/1.1\r\nHost: {where.netloc}\r\n\r\n".encode())
        assert b"event: start" in slow.recv(4096)
        total = 0
        with following(url) as events:
            next(events)
            for _ in range(4):  # more than the log keeps, and than sockets hold
                for _ in range(EVENTS_KEPT - 1):
                    total += 1
                    tell(gate, total)
                for event in events:
                    if event["event"] == "device" and json.loads(event["data"])["detail"] == str(
                        total
                    ):
                        break
        read = b""
        while b"event: reset" not in read[-200_000:]:
            data = slow.recv(65536)
            assert data, "closed without a reset"
            read += data
