"""What operators do by hand, over the API and the command line."""

import os
import subprocess
import sys
from collections.abc import Iterator
from urllib.parse import urlsplit

import httpx
import pytest

from actors.messages import InjectFault
from actors.site.load import load_site
from interfaces.frames import state_frame
from tests.gate_server import OPERATOR, VirtualGate, put, served
from tests.site_files import DEMO


@pytest.fixture
def gate() -> VirtualGate:
    gate = VirtualGate(load_site(DEMO))
    gate.advance(5)
    return gate


@pytest.fixture
def url(gate: VirtualGate) -> Iterator[str]:
    with served(gate.app()) as url:
        yield url


@pytest.fixture
def api(url: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=f"{url}/api/v1", headers=OPERATOR) as client:
        yield client


def refusal(answer: httpx.Response, status: int) -> str:
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    detail = answer.json()["detail"]
    assert isinstance(detail, str)
    return detail


@pytest.mark.parametrize(
    ("kind", "id"),
    [("vehicles", "AGV-001"), ("cranes", "VN-C1"), ("booths", "CN-X1"), ("places", "VN-E1")],
)
def test_every_kind_is_withdrawn_and_restored_and_shows_it(
    api: httpx.Client, kind: str, id: str
) -> None:
    assert api.get(f"/{kind}/{id}").json()["service"] == "in"
    for _ in range(2):  # a repeat is harmless
        answer = api.post(f"/{kind}/{id}/withdraw")
        assert (answer.status_code, answer.json()["service"]) == (200, "withdrawn")
    assert api.get(f"/{kind}/{id}").json()["service"] == "withdrawn"
    assert api.post(f"/{kind}/{id}/restore").json()["service"] == "in"
    assert api.get(f"/{kind}/{id}").json()["service"] == "in"
    assert "nobody" in refusal(api.post(f"/{kind}/nobody/withdraw"), 404)
    assert "lane" not in refusal(api.post(f"/{kind}/fleet-manager/restore"), 404)


def test_a_broken_agv_is_shown_as_stopped_and_brought_home(
    api: httpx.Client, gate: VirtualGate
) -> None:
    gate.ask(put("a"))
    gate.advance(20)
    agv = api.get("/orders/a").json()["vehicle"]
    gate.world.post(f"{agv}/controller", InjectFault("flat tyre"), gate.world.now_ns)
    gate.advance(30)
    seen = api.get(f"/vehicles/{agv}").json()
    assert (seen["service"], seen["state"], seen["detail"]) == ("stopped", "faulted", "flat tyre")
    assert api.get("/orders/a").json()["vehicle"] not in (None, agv)
    answer = api.put(f"/vehicles/{agv}/position", json={"place": "VN-E1"})
    assert (answer.status_code, answer.json()) == (202, {"id": agv, "place": "VN-E1"})
    gate.advance(10)
    again = api.put(f"/vehicles/{agv}/position", json={"place": "VN-E1"})
    assert again.status_code == 200
    gate.view.sample(gate.frame())
    there = api.get(f"/vehicles/{agv}").json()
    place = next(p for p in api.get("/site").json()["map"]["places"] if p["id"] == "VN-E1")
    assert abs(there["x_m"] - place["x_m"]) < 10
    assert abs(there["y_m"] - place["y_m"]) < 10


def test_a_position_that_cannot_be_is_refused_and_says_why(api: httpx.Client) -> None:
    path = "/vehicles/AGV-001/position"
    assert "withdraw it first" in refusal(api.put(path, json={"place": "VN-E1"}), 409)
    api.post("/vehicles/AGV-001/withdraw")
    assert "AGV-0" in refusal(api.put(path, json={"place": "VN-P02"}), 409)
    assert "body.place" in refusal(api.put(path, json={"place": "moon"}), 422)
    assert "body.x" in refusal(api.put(path, json={"place": "VN-E1", "x": 1}), 422)
    assert refusal(api.put(path, content=b"{"), 415)
    assert refusal(api.put(path, content=b"{", headers={"content-type": "application/json"}), 400)
    assert refusal(api.put("/vehicles/AGV-999/position", json={"place": "VN-E1"}), 404)


def test_a_zone_is_blocked_once_listed_and_opened_once(api: httpx.Client) -> None:
    path = "/zones/VN-collector-02/block"
    created = api.put(path)
    assert (created.status_code, created.json()) == (201, {"id": "VN-collector-02", "in_use": []})
    assert api.put(path).status_code == 200
    assert [zone["id"] for zone in api.get("/zones/blocked").json()["items"]] == ["VN-collector-02"]
    assert api.delete(path).status_code == 204
    assert api.get("/zones/blocked").json()["items"] == []
    assert "not blocked" in refusal(api.delete(path), 404)
    assert "moon" in refusal(api.put("/zones/moon/block"), 404)


def test_a_zone_in_which_an_agv_stands_is_blocked_and_names_it(api: httpx.Client) -> None:
    assert api.put("/zones/VN-P01/block").json()["in_use"] == ["AGV-001"]


def test_an_obstacle_keeps_agvs_out_of_the_zones_that_it_touches(api: httpx.Client) -> None:
    place = next(p for p in api.get("/site").json()["map"]["places"] if p["id"] == "VN-P04")
    car = {"heading_rad": place["heading_rad"], "length_m": 4, "width_m": 2}
    car |= {"x_m": place["x_m"], "y_m": place["y_m"]}
    put = api.put("/obstacles/car-1", json=car)
    assert put.status_code == 201
    assert "VN-P04" in put.json()["zones"]
    assert put.json()["in_use"] == []
    assert api.put("/obstacles/car-1", json=car).status_code == 200
    listed = api.get("/obstacles").json()["items"]
    assert [(o["id"], o["zones"], o["x_m"]) for o in listed] == [
        ("car-1", put.json()["zones"], place["x_m"])
    ]
    away = api.put("/obstacles/car-1", json=car | {"y_m": 5000})
    assert (away.status_code, away.json()["zones"]) == (200, [])
    assert "body.width_m" in refusal(api.put("/obstacles/x", json=car | {"width_m": 0}), 422)
    assert api.delete("/obstacles/car-1").status_code == 204
    assert "car-1" in refusal(api.delete("/obstacles/car-1"), 404)


def test_the_stream_shows_what_is_out_of_service_and_what_is_blocked(
    api: httpx.Client, gate: VirtualGate
) -> None:
    api.post("/places/VN-E1/withdraw")
    api.post("/cranes/CN-C2/withdraw")
    api.put("/zones/D1-003/block")
    frame = state_frame(gate.view)
    assert frame.places_out == ["VN-E1"]
    assert [s.id for s in frame.stations if s.service == "withdrawn"] == ["CN-C2"]
    assert [o.zones for o in frame.obstacles] == [("D1-003",)]


def command(url: str, *words: str) -> subprocess.CompletedProcess[str]:
    port = str(urlsplit(url).port)
    return subprocess.run(
        [sys.executable, "-m", "interfaces.main", *words, "--port", port],
        capture_output=True, text=True, timeout=60, check=False,
        env={**os.environ, "BORDERGATE_TOKEN": "operator-of-all"},
    )  # fmt: skip


def test_an_operator_does_the_same_from_the_command_line(url: str, api: httpx.Client) -> None:
    done = command(url, "vehicle", "withdraw", "AGV-001")
    assert (done.returncode, done.stdout) == (0, "AGV-001 is withdrawn.\n")
    done = command(url, "vehicle", "place", "AGV-001", "VN-E1")
    assert (done.returncode, "VN-E1" in done.stdout) == (0, True)
    done = command(url, "vehicle", "place", "AGV-002", "VN-E1")
    assert (done.returncode, done.stdout) == (2, "")
    assert "withdraw it first" in done.stderr
    assert command(url, "crane", "withdraw", "VN-C9").returncode == 2
    done = command(url, "zone", "block", "VN-P02")
    assert "AGV-" in done.stdout
    assert command(url, "zone", "unblock", "VN-P02").stdout == "VN-P02 is open.\n"
    assert api.get("/vehicles/AGV-001").json()["service"] == "withdrawn"
