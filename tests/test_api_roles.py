"""Every route of the OpenAPI document with every role, and with none: as the one table says."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from fastapi import APIRouter

from actors.site.load import load_site
from interfaces.api import app as app_module
from interfaces.api.app import create_app
from interfaces.api.enter import Entrance
from interfaces.api.roles import INSIDE, OPEN, RULES, Caller, callers
from interfaces.api.webhooks import webhooks_router
from interfaces.store.database import Database, file_url
from interfaces.store.tokens import ROLES, Tokens
from interfaces.store.webhooks import Hooks
from interfaces.webhooks.targets import Targets
from tests.exchange_peers import letters_of_vn
from tests.gate_server import CALLERS, VirtualGate, served
from tests.site_files import DEMO

LETTERS = "POST /api/v1/exchange/messages"
"""Open to whoever signs with the key of the other side's gate."""
NEVER_ENDS = "GET /api/v1/events"


class Doors:
    """A served gate, and a token of every role."""

    def __init__(self, url: str, tokens: Tokens, routes: list[str]) -> None:
        self.url, self.tokens, self.routes = url, tokens, routes
        self._client = httpx.Client(base_url=url, timeout=60)
        self.text: dict[str, str] = {
            role: tokens.create(role, role, "VN", 1.0)[1] for role in ROLES
        }

    def ask(self, route: str, text: str = "") -> httpx.Response:
        method, _, path = route.partition(" ")
        headers = {"Authorization": f"Bearer {text}"} if text else {}
        return self._client.request(method, path.replace("{id}", "none"), headers=headers)


@pytest.fixture(scope="module")
def doors(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Doors]:
    database = Database(file_url(tmp_path_factory.mktemp("store") / "store.sqlite"))
    database.create_all()
    tokens = Tokens(database)
    gate = VirtualGate(load_site(DEMO))
    border = gate.border()
    gate.advance(5)
    webhooks = webhooks_router(Hooks(database), Targets())
    application = gate.app(border, callers(tokens), letters_of_vn(database.url), webhooks)
    routes = [
        f"{method.upper()} {path}"
        for path, methods in application.openapi()["paths"].items()
        for method in methods
    ]
    with served(application) as url:
        yield Doors(url, tokens, routes)
    database.close()


def kind(answer: httpx.Response) -> str:
    return str(answer.json()["type"]).rpartition(":")[2]


def test_the_table_has_all_routes_and_no_others(doors: Doors):
    assert sorted([*doors.routes, "GET /api/v1/stream"]) == sorted(RULES)


@pytest.mark.parametrize("role", ROLES)
def test_each_role_may_what_the_table_says_and_nothing_else(doors: Doors, role: str):
    for route in doors.routes:
        rule = RULES[route]
        allowed = rule == OPEN or (rule == INSIDE and role != "enterprise") or role in rule
        if allowed and route == NEVER_ENDS:
            continue
        answer = doors.ask(route, doors.text[role])
        if allowed:
            assert answer.status_code not in (401, 403), (route, answer.text)
        else:
            assert (answer.status_code, kind(answer)) == (403, "wrong-role"), route


def test_without_a_token_everything_may_be_read_and_nothing_written(doors: Doors):
    for route in doors.routes:
        if route == NEVER_ENDS:
            continue
        answer = doors.ask(route)
        if isinstance(RULES[route], frozenset):
            assert answer.status_code == 401, route
            assert answer.headers["www-authenticate"] == "Bearer"
            assert "Authorization: Bearer TOKEN" in answer.json()["detail"]
        elif route == LETTERS:
            assert (answer.status_code, kind(answer)) == (422, "invalid"), "no letter, no signature"
        else:
            assert route.startswith("GET ")
            assert answer.status_code not in (401, 403), route


@pytest.mark.parametrize("state", ["expired", "revoked", "made up"])
def test_a_token_that_is_not_good_opens_nothing(doors: Doors, state: str):
    text = "bg_made-up"
    if state == "expired":
        past = Tokens(doors.tokens._database, lambda: 1_700_000_000 * 10**9)
        text = past.create("Minh", "operator", "VN", 1.0)[1]
    elif state == "revoked":
        token, text = doors.tokens.create("Minh", "operator", "VN", 1.0)
        assert doors.tokens.revoke(token.id)
    for route in doors.routes:
        if route.startswith("GET /healthz") or route.startswith("GET /readyz"):
            continue  # asked by what watches the process
        assert doors.ask(route, text).status_code == 401, route


def test_a_header_that_is_no_bearer_token_is_told_what_is_allowed(doors: Doors):
    for header in ("Basic abc", "Bearer", "abc"):
        answer = httpx.get(f"{doors.url}/api/v1/site", headers={"Authorization": header})
        assert (answer.status_code, "Bearer TOKEN" in answer.json()["detail"]) == (401, True)


@pytest.mark.parametrize("thing", ["cranes/CN-C1", "booths/CN-X1", "places/CN-E1"])
def test_a_side_commands_only_its_own_devices(doors: Doors, thing: str):
    of_vn = doors.ask(f"POST /api/v1/{thing}/withdraw", doors.text["operator"])
    assert (of_vn.status_code, kind(of_vn)) == (403, "wrong-side")
    of_cn = doors.tokens.create("Wei", "operator", "CN", 1.0)[1]
    of_all = doors.tokens.create("Hoa", "operator", "*", 1.0)[1]
    assert doors.ask(f"POST /api/v1/{thing}/withdraw", of_cn).status_code == 200
    assert doors.ask(f"POST /api/v1/{thing}/restore", of_all).status_code == 200


def test_an_app_with_a_route_that_has_no_rule_does_not_start(monkeypatch: pytest.MonkeyPatch):
    router = APIRouter()

    @router.get("/unruled")
    def unruled() -> str:
        return "seen by everybody"

    monkeypatch.setattr(app_module, "me_router", lambda: router)
    with pytest.raises(RuntimeError, match=r"without a rule.*GET /api/v1/unruled"):
        VirtualGate(load_site(DEMO)).app()


def test_a_token_is_kept_as_its_hash_only(tmp_path: Path):
    path = tmp_path / "store.sqlite"
    database = Database(file_url(path))
    database.create_all()
    _, text = Tokens(database).create("Lan", "enterprise", "VN", 1.0)
    database.close()
    on_disk = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    assert b"Lan" in on_disk
    assert text.encode() not in on_disk


def test_a_link_lets_one_browser_in_once_and_no_other_site_can_use_it(doors: Doors):
    entrance = Entrance(lambda: doors.tokens.create("page", "operator", "*", 1.0)[1])
    gate = VirtualGate(load_site(DEMO))
    gate.advance(5)
    app = create_app(
        gate.site, gate.roadmap, gate.devices, gate.view, gate.ask, gate.view.unheard,
        callers(doors.tokens), entrance=entrance,
    )  # fmt: skip
    with served(app) as url, httpx.Client(base_url=url, timeout=60) as browser:
        assert browser.get("/enter/guessed").status_code == 404
        answer = browser.get(entrance.path)
        assert (answer.status_code, answer.headers["location"]) == (303, "/")
        cookie = answer.headers["set-cookie"].lower()
        assert "httponly" in cookie
        assert "samesite=strict" in cookie
        assert browser.get("/api/v1/me").json()["role"] == "operator"
        assert browser.post("/api/v1/lanes/D1/block").status_code == 202
        foreign = {"Origin": "http://127.0.0.1:1"}
        assert browser.post("/api/v1/lanes/D1/open", headers=foreign).status_code == 403
        assert httpx.get(url + entrance.path).status_code == 404, "it was used"


def test_who_asks_is_told_by_the_token(doors: Doors):
    told = doors.ask("GET /api/v1/me", doors.text["customs"]).json()
    assert told == {"name": "customs", "role": "customs", "side": "VN"}
    assert doors.ask("GET /api/v1/me").json() == {"name": "", "role": "viewer", "side": ""}
    assert CALLERS["operator-of-all"] == Caller("Hoa", "operator", "*")
