import json
from collections.abc import Iterator

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from actors.messages import Message, OrderAnswer
from actors.site.load import load_site
from interfaces.api.app import create_app
from tests.gate_server import OPERATOR, VirtualGate, find_caller, served
from tests.site_files import DEMO

BODY = {"container": "CSQU3054383", "size_type": "45G1", "from_side": "VN", "to_side": "CN"}


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


def at(answer: httpx.Response) -> dict[str, str]:
    """What is wrong, by place; checks the form of the problem document."""
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["status"] == answer.status_code
    assert problem["type"].startswith("urn:bordergate:problem:")
    assert problem["title"]
    assert problem["detail"]
    return {error["at"]: error["allowed"] for error in problem["errors"]}


def test_an_order_is_created_once_and_read_back_at_once(api: httpx.Client) -> None:
    created = api.put("/orders/a", json=BODY, headers=OPERATOR)
    assert created.status_code == 201
    assert created.headers["location"] == "/api/v1/orders/a"
    assert created.json()["state"] == "queued"
    assert created.json()["history"][0]["at"].endswith("Z")
    again = api.put("/orders/a", json=BODY, headers=OPERATOR)
    assert again.status_code == 200
    assert again.json() == created.json() == api.get("/orders/a").json()


def test_other_content_under_a_known_id_is_a_conflict(api: httpx.Client) -> None:
    api.put("/orders/a", json=BODY, headers=OPERATOR)
    answer = api.put("/orders/a", json=BODY | {"priority": 5})
    assert answer.status_code == 409
    at(answer)
    assert api.get("/orders/a").json()["priority"] == 0


def test_a_queued_order_can_be_cancelled_again_and_again(api: httpx.Client) -> None:
    api.put("/orders/a", json=BODY, headers=OPERATOR)
    for _ in range(2):
        answer = api.post("/orders/a/cancel")
        assert answer.status_code == 200
        assert answer.json()["state"] == "cancelled"
        assert answer.json()["reason"] == "on request"


def test_an_order_on_its_way_cannot_be_cancelled(api: httpx.Client, gate: VirtualGate) -> None:
    gate.advance(5)
    api.put("/orders/a", json=BODY, headers=OPERATOR)
    while api.get("/orders/a").json()["state"] not in ("carrying", "scanning", "crossing"):
        gate.advance(30)
    answer = api.post("/orders/a/cancel")
    assert answer.status_code == 409
    at(answer)


def test_an_order_whose_vehicle_is_under_way_is_cancelled_with_the_vehicle(
    api: httpx.Client, gate: VirtualGate
) -> None:
    gate.advance(5)
    api.put("/orders/a", json=BODY, headers=OPERATOR)
    gate.advance(5)
    assert api.get("/orders/a").json()["state"] == "to_pickup"
    assert api.post("/orders/a/cancel").status_code == 202
    gate.advance(5)
    assert api.get("/orders/a").json()["state"] == "cancelled"


def test_unknown_orders_are_not_found(api: httpx.Client) -> None:
    for answer in (api.get("/orders/nobody"), api.post("/orders/nobody/cancel")):
        assert answer.status_code == 404
        at(answer)


def test_everything_wrong_with_an_order_is_told_at_once(api: httpx.Client) -> None:
    answer = api.put(
        "/orders/a",
        json={
            "container": "CSQU3054384",
            "size_type": "99X9",
            "from_side": "VN",
            "to_side": "VN",
            "priority": 101,
            "deadline": "2026-07-01T10:00:00",
            "colour": "red",
        },
    )
    assert answer.status_code == 422
    told = at(answer)
    assert set(told) == {
        f"body.{field}"
        for field in ("container", "size_type", "to_side", "priority", "deadline", "colour")
    }
    assert "is 3" in told["body.container"]
    assert "45G1" in told["body.size_type"]
    assert "zone" in told["body.deadline"]


TWINS = BODY | {"size_type": "22G1", "twin_container": "TEXU2345675"}


def test_two_containers_of_20_ft_are_carried_together(api: httpx.Client, gate: VirtualGate) -> None:
    gate.advance(5)
    created = api.put("/orders/a", json=TWINS)
    assert created.status_code == 201
    assert created.json()["twin_container"] == "TEXU2345675"
    assert api.put("/orders/a", json=TWINS).status_code == 200
    alone = {key: value for key, value in TWINS.items() if key != "twin_container"}
    assert api.put("/orders/a", json=alone).status_code == 409
    for container in (TWINS["container"], TWINS["twin_container"]):
        assert len(api.get("/orders", params={"container": container}).json()["items"]) == 1
    loads = set()
    while api.get("/orders/a").json()["state"] != "done":
        gate.advance(30)
        loads |= {vehicle.container for vehicle in gate.frame().vehicles}
    assert loads == {"", "CSQU3054383 + TEXU2345675"}


@pytest.mark.parametrize(
    ("change", "allowed"),
    [
        ({"size_type": "45G1"}, "20 ft"),
        ({"twin_container": TWINS["container"]}, "another number"),
        ({"twin_container": "TEXU2345678"}, "is 5"),
    ],
)
def test_containers_that_cannot_go_together_are_refused(
    api: httpx.Client, change: dict[str, str], allowed: str
) -> None:
    answer = api.put("/orders/a", json=TWINS | change)
    assert answer.status_code == 422
    assert allowed in at(answer)["body.twin_container"]


def test_the_goods_declared_come_back_as_digits_and_what_is_no_code_is_refused(
    api: httpx.Client,
) -> None:
    assert api.put("/orders/a", json=BODY | {"hs": "8542.31"}).json()["hs"] == "854231"
    assert api.put("/orders/b", json=BODY).json()["hs"] is None
    answer = api.put("/orders/c", json=BODY | {"hs": "990000"})
    assert answer.status_code == 422
    assert "chapters 01-97" in at(answer)["body.hs"]


def test_a_deadline_comes_back_in_utc(api: httpx.Client) -> None:
    answer = api.put("/orders/a", json=BODY | {"deadline": "2026-07-01T10:00:00.5+07:00"})
    assert answer.json()["deadline"] == "2026-07-01T03:00:00.500Z"


@pytest.mark.parametrize("deadline", ["2026-07-01", 1783000000, "9999-12-31T23:59:59Z", "x", [1]])
def test_a_deadline_of_another_form_is_refused(api: httpx.Client, deadline: object) -> None:
    answer = api.put("/orders/a", json=BODY | {"deadline": deadline})
    assert answer.status_code == 422
    assert "body.deadline" in at(answer)


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{", b"\xff\xfe", b'{"priority": NaN}', b'{"priority": Infinity}', b"[" * 50_000,
        b'{"container": "\\ud800"}', b'{"priority": 1' + b"0" * 20_000 + b"}",
    ],
)  # fmt: skip
def test_a_body_that_is_no_json_is_told_so(api: httpx.Client, body: bytes) -> None:
    answer = api.put("/orders/a", content=body, headers={"content-type": "application/json"})
    assert answer.status_code == 400
    assert at(answer) == {"body": "one JSON object in UTF-8 (RFC 8259)"}


@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/xml", "application/json;charset=latin1"]
)
def test_other_content_types_are_refused(api: httpx.Client, content_type: str) -> None:
    answer = api.put("/orders/a", content=b"{}", headers={"content-type": content_type})
    assert answer.status_code == 415
    assert "header.content-type" in at(answer)


@pytest.mark.parametrize("name", ["ä", "a b", "a" * 65, "..", "a%00b"])
def test_ids_of_other_characters_are_refused(api: httpx.Client, name: str) -> None:
    name = name.replace("..", "%2e%2e%2e")
    answer = api.put(f"/orders/{name}", json=BODY)
    assert answer.status_code == 422
    assert "path.id" in at(answer)


def test_pages_of_orders_are_whole_and_do_not_overlap(api: httpx.Client) -> None:
    names = [f"o{number}" for number in range(7)]
    for name in names:
        api.put(f"/orders/{name}", json=BODY)
    found, cursor = [], None
    for _ in range(4):
        asked = {"limit": "3"} | ({"cursor": cursor} if cursor else {})
        page = api.get("/orders", params=asked).json()
        found += [order["id"] for order in page["items"]]
        cursor = page["next"]
        if cursor is None:
            break
        api.put(f"/orders/late-{cursor}", json=BODY)  # newer ones do not shift the pages
    assert found == names[::-1]


def test_orders_are_found_by_what_they_say(api: httpx.Client) -> None:
    api.put("/orders/out", json=BODY)
    api.put("/orders/back", json=BODY | {"from_side": "CN", "to_side": "VN"})

    def found(**filters: str) -> list[str]:
        return [order["id"] for order in api.get("/orders", params=filters).json()["items"]]

    assert found(from_side="CN") == ["back"]
    assert found(to_side="CN", state="queued") == ["out"]
    assert found(container="CSQU3054383") == ["back", "out"]
    assert found(vehicle="AGV-001") == []


@pytest.mark.parametrize("query", ["state=lost", "limit=0", "limit=x", "cursor=gone", "size=3"])
def test_a_query_that_is_not_understood_is_refused(api: httpx.Client, query: str) -> None:
    answer = api.get(f"/orders?{query}")
    assert answer.status_code == 422
    assert f"query.{query.partition('=')[0]}" in at(answer)


@pytest.mark.parametrize("trouble", [TimeoutError, ConnectionError])
def test_a_silent_fleet_manager_means_come_back_later(
    gate: VirtualGate, trouble: type[Exception]
) -> None:
    def silent(_message: Message) -> Message:
        raise trouble

    app = create_app(
        gate.site, gate.roadmap, gate.devices, gate.view, silent, gate.view.unheard, find_caller
    )
    with served(app) as url:
        answer = httpx.put(f"{url}/api/v1/orders/a", json=BODY, headers=OPERATOR)
    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) > 0
    at(answer)


def test_a_direction_that_the_site_does_not_serve_is_refused_with_a_reason(
    gate: VirtualGate,
) -> None:
    def only_out(_message: Message) -> Message:
        return OrderAnswer("refused", None, "direction CN-VN, not VN-CN")

    app = create_app(
        gate.site, gate.roadmap, gate.devices, gate.view, only_out, gate.view.unheard, find_caller
    )
    with served(app) as url:
        answer = httpx.put(f"{url}/api/v1/orders/a", json=BODY, headers=OPERATOR)
    assert answer.status_code == 422
    at(answer)
    assert "not VN-CN" in answer.json()["detail"]


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=30),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=6,
)
bodies = values | st.fixed_dictionaries(
    {},
    optional={
        "container": values | st.just("CSQU3054383"),
        "size_type": values | st.sampled_from(["45G1", "42G1"]),
        "from_side": values | st.sampled_from(["VN", "CN"]),
        "to_side": values | st.sampled_from(["VN", "CN"]),
        "priority": values | st.integers(-100, 100),
        "deadline": values | st.datetimes().map(lambda d: d.isoformat() + "Z"),
    },
)


@settings(
    max_examples=150,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(body=bodies, name=st.integers(0, 10**6))
def test_any_body_is_accepted_or_refused_with_reasons(
    api: httpx.Client, body: object, name: int
) -> None:
    headers = {"content-type": "application/json"}
    answer = api.put(f"/orders/h{name}", content=json.dumps(body), headers=headers)
    if answer.status_code not in (200, 201):
        assert answer.status_code in (400, 409, 422)
        at(answer)
