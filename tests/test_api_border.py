"""Consignments over the API: declared, decided, held and followed, each by whom it belongs to."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from actors.messages import OrderChanged
from actors.site.load import load_site
from interfaces.api.roles import Caller
from robotics.imaging.picture import read_png16
from robotics.imaging.review import Anomaly, Quality, Review
from robotics.imaging.store import FolderImages
from sim.xray.scan import scan
from tests.gate_server import CALLERS, VirtualGate, served
from tests.site_files import DEMO

GOODS: dict[str, Any] = {
    "from_side": "VN", "to_side": "CN", "container": "CSQU3054383", "size_type": "45G1",
    "seal": "VN1234567", "plate": "12C-123.45", "hs": "854231", "origin": "VN",
    "weight_kg": 20_000,
}  # fmt: skip


class Border:
    """A served gate with its border, and what each role says there."""

    def __init__(self, gate: VirtualGate, url: str) -> None:
        self.gate, self._words = gate, 0
        self._client = httpx.Client(base_url=f"{url}/api/v1", timeout=60)

    def get(self, path: str, role: str = "", side: str = "VN") -> httpx.Response:
        return self._ask("GET", path, role, side)

    def put(self, path: str, role: str, side: str = "VN", **body: object) -> httpx.Response:
        return self._ask("PUT", path, role, side, body)

    def _ask(
        self, method: str, path: str, role: str, side: str, body: object = None
    ) -> httpx.Response:
        headers = {"Authorization": f"Bearer {role}-{side}"} if role else {}
        return self._client.request(method, path, json=body, headers=headers)

    def says(self, role: str, what: str, name: str = "K1", side: str = "VN", **more: str) -> int:
        """A word with a new id."""
        self._words += 1
        answer = self.put(
            f"/decisions/W{self._words}", role, side, consignment=name, what=what,
            reason="in order", **more,
        )  # fmt: skip
        return answer.status_code

    def brings(self, name: str = "K1") -> None:
        """A consignment up to its order, in the green channel."""
        assert self.put(f"/consignments/{name}", "enterprise", **GOODS).status_code == 201
        assert self.says("customs", "registered", name, number="300000000001", channel="1") == 200
        self.gate.advance(1)
        assert self.says("operator", "called_forward", name) == 200
        read = {key: GOODS[key] for key in ("plate", "container", "seal", "weight_kg")}
        assert self.put(f"/trucks/{name}", "operator", consignment=name, **read).status_code == 200
        assert self.says("operator", "fee_paid", name) == 200

    def whole(self, name: str = "K1") -> dict[str, object]:
        told: dict[str, object] = self.get(f"/consignments/{name}").json()
        return told


@pytest.fixture
def images(tmp_path: Path) -> Path:
    return tmp_path


@pytest.fixture(scope="module")
def idle() -> Iterator[Border]:
    """A gate whose border nothing is brought to."""
    gate = VirtualGate(load_site(DEMO))
    desk = gate.border()
    gate.advance(5)
    with served(gate.app(desk)) as url:
        yield Border(gate, url)


@pytest.fixture
def border(images: Path) -> Iterator[Border]:
    gate = VirtualGate(load_site(DEMO))
    desk = gate.border(FolderImages(images))
    gate.advance(5)
    with served(gate.app(desk)) as url:
        yield Border(gate, url)


def problem(answer: httpx.Response, status: int) -> str:
    assert answer.status_code == status, answer.text
    return f"{answer.json()['type'].rpartition(':')[2]}: {answer.json()['detail']}"


def test_a_consignment_passes_by_the_words_of_its_officers_and_tells_them_all(border: Border):
    border.brings()
    assert border.whole()["state"] == "exit_approved"
    foretold = border.get("/consignments/K1/expected").json()
    assert (foretold["likely"], foretold["samples"]) == (None, 0)
    assert "too few" in foretold["reason"]
    for _ in range(60):
        border.gate.advance(60)
        border.says("customs", "image_decided")
        border.says("operator", "gated_out", side="CN")
        if border.whole()["ended"]:
            break
    told = border.whole()
    assert (told["ended"], told["state"], told["holds"]) == ("released", "gated_out", [])
    history = told["history"]
    assert isinstance(history, list)
    assert len(history) == 18
    assert all(step["by"] and step["at"] for step in history)
    by = {step["what"]: (step["by"], step["role"], step["reason"]) for step in history}
    assert by["image_decided"] == ("customs of VN", "customs", "in order")
    assert by["gated_out"] == ("operator of CN", "operator", "in order")
    words = border.get("/decisions?consignment=K1&role=customs").json()["items"]
    assert [word["what"] for word in words] == ["registered", "image_decided"]


def test_a_consignment_is_declared_once(border: Border):
    first = border.put("/consignments/K1", "enterprise", **GOODS)
    again = border.put("/consignments/K1", "enterprise", **GOODS)
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json()
    assert first.headers["location"] == "/api/v1/consignments/K1"
    other = border.put("/consignments/K1", "enterprise", **{**GOODS, "weight_kg": 1})
    assert problem(other, 409).startswith("conflict")


@pytest.mark.parametrize(
    ("change", "status", "said"),
    [
        ({"container": "CSQU3054384"}, 422, "the check digit of CSQU305438 is 3"),
        ({"hs": "85"}, 422, "body.hs: 6 digits of the HS"),
        ({"seal": "-"}, 422, "body.seal: 1 to 35 capital letters"),
        ({"size_type": "99X9"}, 422, "body.size_type: one of 45G1"),
        ({"weight_kg": "heavy"}, 422, "body.weight_kg"),
        ({"hs": "930100"}, 409, "HS 930100 of VN is not allowed VN-CN"),
        ({"from_side": "CN", "to_side": "VN"}, 403, "wrong-side"),
    ],
)
def test_what_cannot_be_declared_is_told(
    idle: Border, change: dict[str, Any], status: int, said: str
):
    assert said in problem(
        idle.put("/consignments/K1", "enterprise", **{**GOODS, **change}), status
    )


def test_enterprises_see_only_their_own(border: Border):
    CALLERS["other-VN"] = Caller("another", "enterprise", "VN")
    border.brings()
    assert border.get("/consignments/K1", "enterprise").status_code == 200
    assert border.get("/consignments/K1", "other").status_code == 404
    for path in ("/consignments", "/holds", "/decisions", "/inspections", "/trucks"):
        assert border.get(path, "other").json()["items"] == []
    assert len(border.get("/consignments", "enterprise").json()["items"]) == 1


def test_only_the_role_of_the_sites_rules_decides_and_only_on_its_side(border: Border):
    border.put("/consignments/K1", "enterprise", **GOODS)
    register: dict[str, Any] = {"what": "registered", "consignment": "K1", "number": "300000000001"}
    body: dict[str, Any] = {**register, "reason": "seen"}
    said = problem(border.put("/decisions/D1", "quarantine", **body), 403)
    assert said == "wrong-role: registered is decided by customs; your token is of quarantine."
    assert "There is no consignment K1" in problem(
        border.put("/decisions/D1", "customs", "CN", **body), 404
    )
    assert problem(border.put("/decisions/D1", "supervisor", "*", **body), 403).startswith(
        "wrong-side"
    )
    assert border.put("/decisions/D1", "customs", **body).status_code == 200
    assert border.put("/decisions/D1", "customs", **body).status_code == 200, "a repeat"
    other = border.put("/decisions/D1", "customs", **{**body, "number": "1"})
    assert problem(other, 409).startswith("conflict")
    late = problem(border.put("/decisions/D2", "customs", **body), 409)
    assert "the next step is" in late


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"reason": ""}, "body.reason"),
        ({"reason": "  "}, "body.reason"),
        ({"by": {"name": "Minh", "role": "customs", "side": "VN"}}, "body.by: no such field"),
        ({"what": "lane_granted"}, "body.what"),
        ({"what": "side_closed"}, "consignment: none for a word about the side"),
        ({"consignment": ""}, "consignment: required"),
        ({"number": "1"}, "number: with `registered`, and only then"),
        ({"channel": "1"}, "channel: only with `registered`"),
    ],
)
def test_a_decision_without_reason_or_with_what_does_not_go_together_is_refused(
    idle: Border, change: dict[str, Any], said: str
):
    body: dict[str, Any] = {"what": "fee_paid", "consignment": "K1", "reason": "seen", **change}
    assert said in problem(idle.put("/decisions/D1", "operator", **body), 422)


def test_a_reading_that_differs_is_a_hold_that_its_owner_lifts(border: Border):
    border.put("/consignments/K1", "enterprise", **GOODS)
    border.says("customs", "registered", number="300000000001", channel="1")
    border.gate.advance(1)
    border.says("operator", "called_forward")
    [truck] = border.get("/trucks?state=called_forward").json()["items"]
    assert (truck["plate"], truck["held"]) == ("12C-123.45", False)
    read: dict[str, Any] = {
        "plate": "12C-123.45",
        "container": "CSQU3054383",
        "seal": "X9",
        "weight_kg": 20_000,
    }
    assert border.put("/trucks/R1", "operator", consignment="K1", **read).status_code == 200
    [hold] = border.get("/holds?owner=customs").json()["items"]
    assert (hold["kind"], hold["side"], hold["role"]) == ("identity", "VN", "system")
    assert hold["reason"] == "seal: read X9, declared VN1234567"
    assert border.says("operator", "fee_paid") == 409
    lift: dict[str, Any] = {
        "consignment": "K1",
        "kind": "identity",
        "action": "lift",
        "reason": "a typing error",
    }
    said = problem(border.put("/holds/L1", "operator", **lift), 403)
    assert "the end of a hold identity is decided by customs" in said
    assert border.put("/holds/L1", "customs", **lift).status_code == 200
    assert border.get("/holds").json()["items"] == []
    put: dict[str, Any] = {
        "consignment": "K1",
        "kind": "security",
        "action": "put",
        "reason": "a tip",
    }
    assert border.put("/holds/P1", "border_guard", **put).json()["state"] == "quarantine_cleared"
    assert border.get("/consignments?hold=security").json()["items"][0]["id"] == "K1"


def test_lists_are_paged(border: Border):
    for number in range(5):
        border.put(f"/consignments/K{number}", "enterprise", **GOODS)
    first = border.get("/consignments?limit=2").json()
    second = border.get(f"/consignments?limit=2&cursor={first['next']}").json()
    third = border.get(f"/consignments?limit=2&cursor={second['next']}").json()
    names = [c["id"] for page in (first, second, third) for c in page["items"]]
    assert (names, third["next"]) == (["K4", "K3", "K2", "K1", "K0"], None)
    assert "query.cursor" in problem(border.get("/consignments?cursor=none"), 422)


def test_an_image_is_shown_as_people_look_at_it_and_as_it_was_made(border: Border, images: Path):
    border.brings()
    assert "has not been scanned" in problem(border.get("/inspections/K1"), 404)
    for _ in range(30):
        border.gate.advance(60)
        if border.whole()["state"] == "scanned":
            break
    [listed] = border.get("/inspections?decided=false").json()["items"]
    assert (listed["consignment"], listed["side"], listed["decided"]) == ("K1", "VN", None)
    assert "There is no image of K1" in problem(border.get("/inspections/K1/image"), 404)
    assert "There is no image of K1" in problem(border.get("/inspections/K1/image16"), 404)
    assert border.get("/inspections/K1").json()["image"] is False
    seen = scan("electronics", "45G1", "1", "")
    box = Anomaly(10, 20, 110, 120, "density", 2.5)
    review = Review("suspicious", 2.5, (box,), Quality(()))
    FolderImages(images).put("seen", seen.image, review)
    told = border.get("/inspections/K1").json()
    assert (told["image"], told["boxes"][0]["kind"]) == (True, "density")
    raw = border.get("/inspections/K1/image16")
    assert raw.headers["content-type"] == "image/png"
    assert (read_png16(raw.content) == seen.image).all()
    assert border.get("/inspections/K1/image").content.startswith(b"\x89PNG")
    (images / "seen.png").write_bytes(b"no picture")
    assert "is broken" in problem(border.get("/inspections/K1/image"), 404)


def test_a_side_is_closed_by_its_supervisor_and_the_exchange_tells(border: Border):
    assert [peer["is_open"] for peer in border.get("/exchange").json()["items"]] == [True, True]
    closing: dict[str, Any] = {"what": "side_closed", "reason": "a storm"}
    assert problem(border.put("/decisions/S1", "operator", **closing), 403)
    assert border.put("/decisions/S1", "supervisor", **closing).status_code == 200
    told = border.get("/exchange").json()["items"]
    assert [(peer["side"], peer["is_open"]) for peer in told] == [("VN", False), ("CN", True)]


def test_no_order_is_made_for_what_may_not_be_lifted(border: Border):
    orders: list[str] = []
    border.gate.record(
        lambda recorded: orders.append(recorded.event.order.request.id)
        if isinstance(recorded.event, OrderChanged) else None
    )  # fmt: skip
    border.put("/consignments/K1", "enterprise", **GOODS)
    border.says("customs", "registered", number="300000000001", channel="3D")
    border.gate.advance(600)
    assert orders == []
