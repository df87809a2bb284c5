"""Commands to lanes, by the API and by the command line."""

import os
import subprocess
import sys
from collections.abc import Iterator
from urllib.parse import urlsplit

import httpx
import pytest

from actors.messages import CommandLane, LaneAnswer, Message
from interfaces.api.app import create_app
from tests.gate import FOUR_LANES
from tests.gate_server import OPERATOR, VirtualGate, find_caller, served


@pytest.fixture
def gate() -> VirtualGate:
    gate = VirtualGate(FOUR_LANES)
    gate.advance(5)
    return gate


@pytest.fixture
def url(gate: VirtualGate) -> Iterator[str]:
    with served(gate.app()) as url:
        yield url


@pytest.fixture
def lanes(url: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=f"{url}/api/v1/lanes", headers=OPERATOR) as client:
        yield client


def test_a_command_is_accepted_with_what_is_wanted_and_what_is(
    lanes: httpx.Client, gate: VirtualGate
):
    assert lanes.get("/D1").json()["ordered"] is None
    answer = lanes.post("/D1/close")
    assert answer.status_code == 202
    assert answer.json() == {
        "id": "D1", "ordered": {"mode": "closed", "from_side": "VN"}, "state": "open",
        "from_side": "VN",
    }  # fmt: skip
    gate.advance(1)
    told = lanes.get("/D1").json()
    assert (told["state"], told["side"]) == ("closed", "VN")
    assert told["ordered"] == {"mode": "closed", "from_side": "VN"}


@pytest.mark.parametrize(
    ("command", "state"), [("close", "closed"), ("block", "blocked"), ("open", "open")]
)
def test_a_repeated_command_is_accepted_alike(
    lanes: httpx.Client, gate: VirtualGate, command: str, state: str
):
    first = lanes.post(f"/D1/{command}").json()["ordered"]
    gate.advance(1)
    again = lanes.post(f"/D1/{command}")
    assert again.status_code == 202
    assert (again.json()["ordered"], again.json()["state"]) == (first, state)


def test_a_lane_is_turned_once_however_often_the_side_is_named(
    lanes: httpx.Client, gate: VirtualGate
):
    for _ in range(3):
        answer = lanes.post("/D1/reverse", params={"from_side": "CN"})
        assert answer.json()["ordered"] == {"mode": "open", "from_side": "CN"}
        gate.advance(1)
        assert lanes.get("/D1").json()["side"] == "CN"
    assert lanes.post("/D1/reverse").json()["ordered"]["from_side"] == "VN"
    assert lanes.post("/D1/reverse").json()["ordered"]["from_side"] == "VN", "not turned yet"


@pytest.mark.parametrize("command", ["close", "reverse"])
def test_the_last_lane_of_a_way_is_kept(lanes: httpx.Client, gate: VirtualGate, command: str):
    assert lanes.post("/D3/close").status_code == 202
    answer = lanes.post(f"/D1/{command}")
    assert answer.status_code == 409
    assert "no other lane is open from VN to CN" in answer.json()["detail"]
    assert lanes.get("/D1").json()["ordered"] is None
    assert lanes.post("/D1/block").status_code == 202, "danger goes before traffic"
    assert lanes.post("/D3/open").status_code == 202
    assert lanes.post("/D1/close").status_code == 202


def test_a_blocked_lane_is_not_reversed(lanes: httpx.Client):
    lanes.post("/D1/block")
    answer = lanes.post("/D1/reverse")
    assert answer.status_code == 409
    assert "open or close it first" in answer.json()["detail"]


def test_unknown_lanes_and_sides_are_told_with_what_is_allowed(lanes: httpx.Client):
    assert lanes.post("/D9/close").status_code == 404
    answer = lanes.post("/D1/reverse", params={"from_side": "LA"})
    assert answer.status_code == 422
    assert answer.json()["errors"] == [
        {"at": "query.from_side", "given": "LA", "allowed": "VN or CN"}
    ]


def test_without_an_answer_a_repeat_is_called_safe(gate: VirtualGate):
    def no_answer(_: Message) -> Message:
        raise TimeoutError

    app = create_app(
        gate.site, gate.roadmap, gate.devices, gate.view, no_answer, gate.view.unheard, find_caller
    )
    with served(app) as url:
        answer = httpx.post(f"{url}/api/v1/lanes/D1/close", headers=OPERATOR)
        assert answer.status_code == 503
        assert "repeating it is safe" in answer.json()["detail"]


def test_a_command_before_the_lane_has_spoken_is_carried_out_when_it_does():
    gate = VirtualGate(FOUR_LANES)
    answer = gate.ask(CommandLane("D1", "reverse"))
    assert isinstance(answer, LaneAnswer)
    assert (answer.outcome, answer.state) == ("ordered", "unknown")
    gate.advance(10)
    assert [(d.state, d.side) for d in gate.view.devices("lane")][:1] == [("open", "CN")]


def command_line(url: str, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "interfaces.main", "lane", *words]
    return subprocess.run(
        [*command, "--port", str(urlsplit(url).port)],
        capture_output=True, text=True, timeout=60, check=False,
        env={**os.environ, "BORDERGATE_TOKEN": "operator-of-all"},
    )  # fmt: skip


def test_the_command_line_says_what_is_to_be_and_what_is(url: str):
    done = command_line(url, "D1", "reverse")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == (
        "Lane D1 is to be open, leading away from CN; now it is open, leading away from VN.\n"
    )


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("D9", "close"), "The site has no lane D9."),
        (("D1", "shut"), "'open', 'close', 'block', 'reverse'"),
    ],
)
def test_what_the_command_line_cannot_do_it_says(url: str, words: tuple[str, ...], said: str):
    done = command_line(url, *words)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in " ".join(done.stderr.replace("│", " ").split())


def test_a_refusal_is_bad_input_with_its_reason(url: str, lanes: httpx.Client):
    lanes.post("/D3/close")
    done = command_line(url, "D1", "close")
    assert (done.returncode, done.stdout) == (2, "")
    assert "Lane D1 cannot close: no other lane is open from VN to CN." in done.stderr
