from collections.abc import Iterator

import httpx
import pytest

from actors.site.load import load_site
from robotics.telemetry import Frame, LinkSignal
from tests.gate_server import OPERATOR, VirtualGate, put, served
from tests.site_files import DEMO


@pytest.fixture
def gate() -> VirtualGate:
    return VirtualGate(load_site(DEMO))


@pytest.fixture
def api(gate: VirtualGate) -> Iterator[httpx.Client]:
    with (
        served(gate.app()) as url,
        httpx.Client(base_url=f"{url}/api/v1", headers=OPERATOR) as client,
    ):
        yield client


@pytest.mark.parametrize(
    ("resource", "first", "count"),
    [
        ("vehicles", "AGV-001", 6),
        ("cranes", "VN-C1", 4),
        ("booths", "VN-X1", 2),
        ("lanes", "D1", 2),
    ],
)
def test_every_device_is_listed_and_found_by_its_name(
    api: httpx.Client, resource: str, first: str, count: int
) -> None:
    listed = api.get(f"/{resource}").json()
    assert listed["next"] is None
    assert len(listed["items"]) == count
    assert listed["items"][0]["id"] == first
    assert listed["items"][0]["state"] == "starting"
    assert listed["items"][0]["side"] == "VN"
    assert api.get(f"/{resource}/{first}").json() == listed["items"][0]
    assert api.get(f"/{resource}/nobody").status_code == 404


def test_a_vehicle_shows_its_order_its_place_and_how_old_that_is(
    api: httpx.Client, gate: VirtualGate
) -> None:
    gate.advance(5)
    gate.ask(put("a"))
    gate.advance(20)
    gate.view.sample(gate.frame())
    gate.advance(1.5)
    (vehicle,) = [v for v in api.get("/vehicles").json()["items"] if v["order"]]
    assert vehicle["order"] == "a"
    assert vehicle["state"] == "driving"
    assert vehicle["speed_mps"] > 0
    assert vehicle["age_s"] == 1.5
    assert vehicle["since"].startswith("2026-07-01T")


def test_a_device_tells_how_its_link_is_and_what_it_refused_last(
    api: httpx.Client, gate: VirtualGate
) -> None:
    now_ns = gate.world.now_ns
    refused = LinkSignal("VN-C1", True, {"connections": 2, "refused: form": 3}, "no JSON", now_ns)
    gate.view.sample(Frame(now_ns, links=(refused, LinkSignal("AGV-001", False, {}))))
    gate.advance(1.5)
    assert api.get("/cranes/VN-C1").json()["link"] == {
        "connected": True, "counts": {"connections": 2, "refused: form": 3},
        "refusal": "no JSON", "refusal_age_s": 1.5, "age_s": 1.5,
    }  # fmt: skip
    assert api.get("/vehicles/AGV-001").json()["link"] == {
        "connected": False, "counts": {}, "refusal": None, "refusal_age_s": None, "age_s": 1.5,
    }  # fmt: skip
    assert api.get("/booths/VN-X1").json()["link"] is None


def test_readiness_names_the_devices_that_are_missing(api: httpx.Client, gate: VirtualGate) -> None:
    answer = api.get("/../../readyz")
    assert answer.status_code == 503
    assert "AGV-001" in answer.json()["detail"]
    gate.advance(5)
    assert api.get("/../../readyz").json() == {"status": "ok"}
    assert api.get("/../../healthz").json() == {"status": "ok"}


def test_the_site_tells_its_map_its_counts_and_where_figures_are_from(api: httpx.Client) -> None:
    site = api.get("/site").json()
    assert [side["name"] for side in site["sides"]] == ["VN", "CN"]
    assert [side["utc_offset_h"] for side in site["sides"]] == [7, 8]
    assert site["counts"] == {"vehicle": 6, "crane": 4, "booth": 2, "lane": 2}
    figures = {figure["key"]: figure for figure in site["figures"]}
    assert figures["road.lane_speed_mps"] == {
        "key": "road.lane_speed_mps", "value": 6.1, "source": "V",
    }  # fmt: skip
    assert figures["vehicles.speed_loaded_mps"]["source"] == "A"
    assert figures["road.length_m"]["source"] is None
    assert site["map"]["border"][0] == pytest.approx(150, abs=0.5)
    nodes = site["map"]["nodes"]
    for edge in site["map"]["edges"]:
        assert edge["points"][0] == nodes[edge["start"]]
        assert edge["points"][-1] == nodes[edge["end"]]
    assert {place["id"] for place in site["map"]["places"]} >= {"VN-X1", "CN-C2-D2", "VN-P01"}
