import json

from websockets.sync.client import connect

from actors.site.load import load_site
from tests.gate_server import VirtualGate, put, served
from tests.site_files import DEMO


def test_the_whole_state_comes_with_every_tick() -> None:
    gate = VirtualGate(load_site(DEMO))
    gate.advance(5)
    gate.ask(put("a"))
    gate.advance(20)
    gate.view.sample(gate.frame())
    with served(gate.app()) as url, connect(url.replace("http", "ws") + "/api/v1/stream") as socket:
        first = json.loads(socket.recv(timeout=10))
        gate.advance(2)
        gate.view.sample(gate.frame())
        frames = [json.loads(socket.recv(timeout=10)) for _ in range(3)]
    assert set(first) == {
            "stamp", "vehicles", "stations", "lanes", "orders", "obstacles", "places_out",
        }  # fmt: skip
    assert len(first["vehicles"]) == 6
    assert len(first["stations"]) == 6
    assert [lane["id"] for lane in first["lanes"]] == ["D1", "D2"]
    assert first["orders"] == {"by_state": {"to_pickup": 1}, "done_today": 0}

    def moved(frame: dict[str, list[dict[str, object]]]) -> list[object]:
        return [(v["x_m"], v["y_m"]) for v in frame["vehicles"] if v["order"] == "a"]

    assert moved(frames[-1]) != moved(first)
    assert frames[-1]["stamp"] == first["stamp"] + 2000


def test_what_a_client_says_is_ignored() -> None:
    gate = VirtualGate(load_site(DEMO))
    with served(gate.app()) as url, connect(url.replace("http", "ws") + "/api/v1/stream") as socket:
        socket.send("{not json")
        socket.send(b"\xff")
        for _ in range(3):
            assert json.loads(socket.recv(timeout=10))["vehicles"]
