"""Stops, readings of wind and sight, and what needs the word of both sides, by the API."""

from collections.abc import Iterator
from functools import partial

import httpx
import pytest
from typer.testing import CliRunner, Result

from interfaces.cli.gate_api import TOKEN_VARIABLE
from interfaces.main import app
from tests.gate import FOUR_LANES
from tests.gate_server import VirtualGate, put, served


@pytest.fixture
def gate() -> VirtualGate:
    gate = VirtualGate(FOUR_LANES)
    gate.advance(5)
    return gate


class Api:
    """The API as people of several roles and sides use it."""

    def __init__(self, client: httpx.Client) -> None:
        self._client = client
        self.port = client.base_url.port

    def said(self, by: str, method: str, path: str, body: object = None) -> httpx.Response:
        headers = {"Authorization": f"Bearer {by}"}
        return self._client.request(method, f"/api/v1/{path}", json=body, headers=headers)

    def stopped(self) -> dict[str, dict[str, str]]:
        items = self.said("viewer-VN", "GET", "stops").json()["items"]
        return {item["subject"]: item for item in items}


@pytest.fixture
def api(gate: VirtualGate) -> Iterator[Api]:
    with served(gate.app()) as url, httpx.Client(base_url=url) as client:
        yield Api(client)


def command(api: Api, by: str, *words: str) -> Result:
    port = str(api.port)
    return CliRunner().invoke(app, ["stop", *words, "--port", port], env={TOKEN_VARIABLE: by})


def test_the_command_line_stops_and_lists_and_resets(api: Api):
    assert command(api, "operator-VN", "list").output == "Nothing is stopped.\n"
    done = command(api, "operator-VN", "engage", "AGV-002", "VN-C1", "--reason", "a chain hangs")
    assert (done.exit_code, done.output) == (0, "Stopped now: AGV-002, VN-C1.\n")
    assert "a chain hangs" in command(api, "operator-VN", "list").output
    done = command(api, "operator-VN", "reset", "--reason", "mended")
    assert (done.exit_code, "supervisor" in done.output) == (2, True)
    done = command(api, "supervisor-VN", "reset", "--reason", "mended")
    assert (done.exit_code, done.output) == (0, "Nothing is stopped now.\n")


def speeds(gate: VirtualGate) -> list[float]:
    return [signal.speed_mps for signal in gate.frame().vehicles]


def test_anybody_stops_all_and_only_who_may_lets_them_go_on(gate: VirtualGate, api: Api):
    for number in range(4):
        gate.ask(put(f"o{number}"))
    gate.advance(30)
    assert max(speeds(gate)) > 0
    why = {"reason": "smoke over the yard"}
    answer = api.said("engineer-CN", "POST", "stops/engage", why)
    assert answer.status_code == 200
    assert {"AGV-001", "VN-C1", "CN-X1"} <= set(answer.json()["stopped"])
    gate.advance(20)
    assert max(speeds(gate)) == 0
    told = api.stopped()["AGV-001"]
    assert (told["reason"], told["by"], told["role"]) == (
        "smoke over the yard", "engineer of CN", "engineer",
    )  # fmt: skip
    again = api.said("operator-VN", "POST", "stops/engage", why)
    assert again.json() == answer.json()
    refused = api.said("operator-VN", "POST", "stops/reset", {"reason": "it is gone"})
    assert (refused.status_code, "supervisor" in refused.json()["detail"]) == (403, True)
    one = {"reason": "looked at", "subjects": ["AGV-001"]}
    assert "AGV-001" not in api.said("supervisor-VN", "POST", "stops/reset", one).json()["stopped"]
    answer = api.said("supervisor-VN", "POST", "stops/reset", {"reason": "it is gone"})
    assert (answer.json()["stopped"], api.stopped()) == ([], {})
    gate.advance(60)
    assert max(speeds(gate)) > 0


def test_a_zone_is_stopped_with_the_agvs_that_may_be_in_it(gate: VirtualGate, api: Api):
    home = next(device.home for device in gate.devices if device.id == "AGV-001")
    zone = gate.roadmap.standing_edge(home).zone
    body = {"reason": "a man on the road", "subjects": [zone]}
    answer = api.said("border_guard-VN", "POST", "stops/engage", body)
    assert answer.json()["stopped"] == [zone, "AGV-001"]
    assert set(api.stopped()) == {zone, "AGV-001"}


@pytest.mark.parametrize(
    ("path", "body", "at"),
    [
        ("stops/engage", {"reason": "x", "subjects": ["AGV-999"]}, "body.subjects"),
        ("stops/engage", {"reason": " "}, "body.reason"),
        ("stops/engage", {"subjects": []}, "body.reason"),
        ("stops/reset", {"reason": "x", "subject": ["AGV-001"]}, "body.subject"),
    ],
)
def test_a_stop_that_is_not_right_is_told_what_is_allowed(
    api: Api, path: str, body: object, at: str
):
    answer = api.said("supervisor-VN", "POST", path, body)
    assert answer.status_code == 422
    assert [error["at"] for error in answer.json()["errors"]] == [at]
    assert api.stopped() == {}


def test_wind_slows_agvs_and_locks_cranes_until_it_is_over(gate: VirtualGate, api: Api):
    put_wind = partial(api.said, "engineer-VN", "PUT", "conditions/mast-1")
    storm = put_wind({"wind_mps": 21.0})
    assert storm.status_code == 200
    limited = storm.json()["limited"]
    assert limited == len(gate.frame().vehicles) + 4, "all AGVs and the four cranes"
    gate.advance(1)
    assert put_wind({"wind_mps": 3.0}).json()["limited"] == 0


def test_a_sensor_that_falls_silent_limits_until_it_is_taken_out(gate: VirtualGate, api: Api):
    api.said("engineer-VN", "PUT", "conditions/mast-1", {"wind_mps": 3.0})
    gate.advance(120)
    other = api.said("engineer-VN", "PUT", "conditions/mast-2", {"wind_mps": 3.0})
    assert other.json()["limited"] == len(gate.frame().vehicles) + 4
    gone = api.said("engineer-VN", "DELETE", "conditions/mast-1")
    assert (gone.status_code, gone.json()["limited"]) == (200, 0)


@pytest.mark.parametrize(
    "body",
    [
        {"wind_mps": -1.0},
        {"wind_mps": "strong"},
        {"subjects": ["CN-X1"], "wind_mps": 3.0},
        {"wind": 3.0},
        {},
        {"subjects": ["AGV-001"]},
    ],
)
def test_a_reading_that_is_none_is_refused(api: Api, body: object):
    answer = api.said("engineer-VN", "PUT", "conditions/mast-1", body)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["allowed"]


def test_a_lane_is_turned_when_both_sides_have_asked_and_confirmed(gate: VirtualGate, api: Api):
    def word(side: str, what: str) -> httpx.Response:
        body = {"word": what, "from_side": "CN", "reason": "more trucks from China"}
        return api.said(f"operator-{side}", "POST", "lanes/D1/reversal", body)

    def lane() -> tuple[str, str]:
        told = api.said("viewer-VN", "GET", "lanes/D1").json()
        return told["state"], told["side"]

    assert lane() == ("open", "VN")
    assert word("VN", "confirm_empty").status_code == 409, "nobody has asked"
    assert word("VN", "ask").status_code == 202
    gate.advance(5)
    assert lane() == ("open", "VN")
    assert word("CN", "ask").status_code == 202
    gate.advance(30)
    assert lane() == ("closed", "VN")
    assert word("VN", "confirm_empty").status_code == 202
    assert word("CN", "confirm_empty").status_code == 202
    gate.advance(30)
    assert lane() == ("open", "CN")


def test_a_sides_word_is_said_by_a_token_of_that_side(api: Api):
    body = {"word": "ask", "from_side": "CN", "reason": "x"}
    of_all = api.said("operator-*", "POST", "lanes/D1/reversal", body)
    assert (of_all.status_code, "officers of: VN, CN" in of_all.json()["detail"]) == (403, True)
    wrong = api.said("operator-VN", "POST", "lanes/D1/reversal", body | {"from_side": "LA"})
    assert wrong.status_code == 422
    assert wrong.json()["errors"][0]["at"] == "body.from_side"
    assert api.said("operator-VN", "POST", "lanes/D9/reversal", body).status_code == 404


def test_both_sides_permit_a_tow(api: Api):
    path, why = "vehicles/AGV-001/permit-tow", {"reason": "dead in the lane"}
    assert api.said("customs-VN", "POST", path, why).json()["permitted_by"] == ["VN"]
    assert api.said("customs-CN", "POST", path, why).json()["permitted_by"] == ["VN", "CN"]
    assert api.said("customs-*", "POST", path, why).status_code == 403
    assert api.said("customs-CN", "POST", "vehicles/AGV-999/permit-tow", why).status_code == 404
