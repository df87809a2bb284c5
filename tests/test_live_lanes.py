"""Commands to lanes on real Ray: by the API of a running gate, to the lanes' own actors."""

import os
import signal
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import httpx
import pytest

from interfaces.api.app import create_app
from interfaces.gate import LiveGate
from interfaces.pump import ViewPump
from interfaces.view import LiveView
from tests.gate_server import OPERATOR, find_caller, served
from tests.live_orders import until
from tests.site_files import demo_with
from tests.test_live_gate import SPEED, Running

LANES = [
    {"id": f"D{number}", "direction": "VN-CN" if number % 2 else "CN-VN"} for number in range(1, 5)
]


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    site = demo_with(Path(tmp_path_factory.mktemp("site")), road__lanes=LANES, vehicles__count=3)
    gate = LiveGate(site, speed=SPEED)
    view = LiveView(gate.site, gate.roadmap, gate.devices)
    with gate, ViewPump(view, gate.keeper, gate.signals):
        running = Running(gate, view)
        gate.start(running.processes.__setitem__)
        yield running


@pytest.fixture(scope="module")
def lanes(running: Running) -> Iterator[httpx.Client]:
    gate = running.gate
    app = create_app(
        gate.site,
        gate.roadmap,
        gate.devices,
        running.view,
        gate.ask,
        lambda: gate.unanswered,
        find_caller,
    )
    with (
        served(app) as url,
        httpx.Client(base_url=f"{url}/api/v1/lanes", headers=OPERATOR, timeout=30) as client,
    ):
        yield client


def until_it_is(lanes: httpx.Client, lane: str, state: str, side: str) -> None:
    def it_is() -> bool:
        told = lanes.get(f"/{lane}").json()
        return (told["state"], told["side"]) == (state, side)

    until(it_is, f"{lane} is {state}, leading away from {side}")


def test_lanes_are_closed_blocked_opened_and_reversed_by_their_actors(
    running: Running, lanes: httpx.Client
) -> None:
    assert lanes.post("/D3/close").status_code == 202
    until_it_is(lanes, "D3", "closed", "VN")
    assert lanes.post("/D1/close").status_code == 409
    assert lanes.post("/D2/block").status_code == 202
    until_it_is(lanes, "D2", "blocked", "CN")
    assert lanes.post("/D2/open").status_code == 202
    until_it_is(lanes, "D2", "open", "CN")
    assert lanes.post("/D3/reverse").status_code == 202
    until_it_is(lanes, "D3", "open", "CN")
    running.put("through-what-is-open")
    until(lambda: running.state("through-what-is-open") == "done", "done")


@pytest.mark.timeout(240)
def test_a_lane_whose_process_dies_is_again_what_it_was_ordered_to_be(
    running: Running, lanes: httpx.Client
) -> None:
    assert lanes.post("/D4/close").status_code == 202
    until_it_is(lanes, "D4", "closed", "CN")
    assert lanes.post("/D3/reverse", params={"from_side": "VN"}).status_code == 202
    until_it_is(lanes, "D3", "open", "VN")
    assert lanes.post("/D3/reverse", params={"from_side": "CN"}).status_code == 202
    until_it_is(lanes, "D3", "open", "CN")
    for lane in ("D3", "D4"):
        os.kill(running.processes[lane], signal.SIGKILL)
    for lane in ("D3", "D4"):
        until(partial(running.has_new_process, lane), "another process takes its place")
    until_it_is(lanes, "D3", "open", "CN")
    until_it_is(lanes, "D4", "closed", "CN")
    assert lanes.post("/D4/open").status_code == 202
    until_it_is(lanes, "D4", "open", "CN")
