"""Enterprises are told how their consignments stand, signed, until they have it."""

import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest
from msgspec.structs import replace
from standardwebhooks import Webhook, WebhookVerificationError

from actors.base import Message
from actors.border import Declare, LiftHold, Officer, PutHold
from actors.site.rules import BorderRules
from interfaces.api.webhooks import webhooks_router
from interfaces.border_desk import BorderDesk
from interfaces.copies import Copies
from interfaces.peers import EmbeddedPeers
from interfaces.store.database import Database, file_url
from interfaces.store.journal import StoreJournal
from interfaces.store.webhooks import HOOKS_MAX, Hook, Hooks
from interfaces.webhooks.targets import Targets
from interfaces.webhooks.telling import GIVE_UP_NS, GONE, MOST_NS, Teller
from tests.gate import DEMO
from tests.gate_server import START_NS, VirtualGate, served
from tests.test_clearance import GOODS

LAN = Officer("Lan", "enterprise", "VN")
MINH = Officer("Minh", "customs", "VN")


class Receiver:
    """An enterprise's own server: what it was sent, and what it answers."""

    def __init__(self) -> None:
        self.status = 204
        self.got: list[tuple[dict[str, str], bytes]] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                receiver.got.append((dict(self.headers), body))
                self.send_response(receiver.status)
                self.send_header("location", "/elsewhere")
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/gate"

    def states(self) -> list[tuple[str, list[str]]]:
        """Consignment and holds of each message."""
        told = [json.loads(body)["data"] for _, body in self.got]
        return [(data["id"], [hold["kind"] for hold in data["holds"]]) for data in told]


class Gate:
    """The store of a gate, and what its clearance of VN has been told."""

    def __init__(self, database: Database) -> None:
        self.database, self.hooks = database, Hooks(database)
        self.now_ns = START_NS
        self._journal = StoreJournal(database, "clearance-VN")
        self.copies = Copies(database, DEMO, ("VN", "CN"))

    def hear(self, message: Message) -> None:
        self._journal.write(message, self.now_ns)

    def declare(self, name: str, by: Officer = LAN) -> None:
        self.hear(Declare(f"{name}/declare", by, replace(GOODS, id=name)))

    def hold(self, name: str) -> None:
        self.hear(PutHold(f"{name}/hold", MINH, name, "papers", "the seal number is blurred"))

    def lift(self, name: str) -> None:
        self.hear(LiftHold(f"{name}/lift", MINH, name, "papers", "it can be read"))

    def teller(self, *hosts: str) -> Teller:
        desk = BorderDesk(
            sides=("VN", "CN"), rules=BorderRules(DEMO), reading=self.copies.reading,
            tell=lambda _side, _message: pytest.fail("nothing is commanded"),
            now_ns=lambda: self.now_ns, images=None, peers=EmbeddedPeers(("VN", "CN")),
        )  # fmt: skip
        return Teller(self.hooks, self.copies, desk, Targets(hosts), lambda: self.now_ns)

    def hook(self, url: str) -> Hook:
        made = self.hooks.put("Lan", "VN", "erp", url, self.now_ns)
        assert made is not None
        return made[0]


@pytest.fixture
def gate(tmp_path: Path) -> Iterator[Gate]:
    database = Database(file_url(tmp_path / "store.sqlite"))
    database.create_all()
    yield Gate(database)
    database.close()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    thread = threading.Thread(target=receiver.server.serve_forever, daemon=True)
    thread.start()
    yield receiver
    receiver.server.shutdown()
    receiver.server.server_close()


def test_each_change_is_told_once_to_its_owner_and_to_nobody_else(gate: Gate, receiver: Receiver):
    gate.hook(receiver.url)
    teller = gate.teller("127.0.0.1")
    gate.declare("lans")
    gate.declare("another", replace(LAN, name="Mai"))
    teller.tell()
    assert receiver.states() == [("lans", [])]
    gate.hold("lans")
    gate.hold("another")
    for _ in range(3):
        teller.tell()
    assert receiver.states() == [("lans", []), ("lans", ["papers"])]
    gate.teller("127.0.0.1").tell()
    assert len(receiver.got) == 2, "a gate that is started again knows what was told"


def test_a_state_that_comes_back_is_another_message(gate: Gate, receiver: Receiver):
    gate.hook(receiver.url)
    teller = gate.teller("127.0.0.1")
    gate.declare("lans")
    teller.tell()
    gate.hold("lans")
    teller.tell()
    gate.lift("lans")
    teller.tell()
    assert receiver.states() == [("lans", []), ("lans", ["papers"]), ("lans", [])]
    ids = [headers["webhook-id"] for headers, _ in receiver.got]
    assert len(set(ids)) == 3, "a receiver that drops what it has seen drops none"


def test_what_is_told_is_owed_no_more_though_it_is_newer_than_what_was_noted(
    gate: Gate, receiver: Receiver
):
    hook = gate.hook(receiver.url)
    teller = gate.teller("127.0.0.1")
    receiver.status = 500
    gate.declare("lans")
    teller.tell()
    gate.hooks.note(hook, "lans", "a state that is past", gate.now_ns)
    gate.now_ns += MOST_NS
    receiver.status = 200
    for _ in range(3):
        teller.tell()
    assert len(receiver.got) == 2
    assert gate.hooks.backlog(hook).waiting == 0


def test_a_message_is_signed_in_the_form_of_standard_webhooks(gate: Gate, receiver: Receiver):
    secret = gate.hook(receiver.url).secret
    gate.now_ns = time.time_ns()
    gate.declare("lans")
    gate.teller("127.0.0.1").tell()
    [(headers, body)] = receiver.got
    told = Webhook(secret).verify(body, headers)
    assert (told["type"], told["data"]["id"]) == ("consignment.changed", "lans")
    with pytest.raises(WebhookVerificationError):
        Webhook(secret).verify(body.replace(b"lans", b"mine"), headers)


@pytest.mark.parametrize("status", [500, 404, 302])
def test_what_was_not_taken_is_told_again_as_it_stands_by_then(
    gate: Gate, receiver: Receiver, status: int
):
    hook = gate.hook(receiver.url)
    teller = gate.teller("127.0.0.1")
    receiver.status = status
    gate.declare("lans")
    teller.tell()
    teller.tell()
    assert len(receiver.got) == 1, "not again at once"
    owed = gate.hooks.backlog(hook)
    assert (owed.waiting, owed.trouble) == (1, f"answered with {status}")
    gate.hold("lans")
    gate.now_ns += MOST_NS
    receiver.status = 200
    teller.tell()
    teller.tell()
    assert receiver.states() == [("lans", []), ("lans", ["papers"])]
    assert gate.hooks.backlog(hook).waiting == 0


def test_a_receiver_that_is_away_is_given_up_after_three_days_and_put_again(
    gate: Gate, receiver: Receiver
):
    gate.hook("http://127.0.0.1:9/")  # the port of `discard`, on which nobody listens
    teller = gate.teller("127.0.0.1")
    gate.declare("lans")
    teller.tell()
    [hook] = gate.hooks.of("Lan", "VN")
    assert gate.hooks.backlog(hook).trouble == "ConnectError"
    gate.now_ns += GIVE_UP_NS + 1
    teller.tell()
    assert gate.hooks.active() == []
    receiver.status = 500
    gate.hook(receiver.url)
    teller.tell()
    assert len(gate.hooks.active()) == 1, "its three days begin anew"
    receiver.status = 200
    gate.now_ns += MOST_NS
    teller.tell()
    assert receiver.states() == [("lans", []), ("lans", [])]


def test_a_receiver_that_is_gone_is_told_no_more(gate: Gate, receiver: Receiver):
    gate.hook(receiver.url)
    receiver.status = GONE
    gate.declare("lans")
    gate.teller("127.0.0.1").tell()
    assert gate.hooks.active() == []


def test_a_host_that_is_no_longer_allowed_is_not_told(gate: Gate, receiver: Receiver):
    hook = gate.hook(receiver.url)
    gate.declare("lans")
    gate.teller().tell()
    assert receiver.got == []
    assert "none yet, see --webhook-host" in gate.hooks.backlog(hook).trouble


@pytest.mark.parametrize(
    ("url", "allowed"),
    [
        ("https://erp.example:8443/gate", True),
        ("https://ERP.example:8443/gate", True),
        ("https://erp.example/gate", False),
        ("http://erp.example:8443/gate", False),
        ("https://user:word@erp.example:8443/", False),
        ("https://erp.example.evil:8443/", False),
        ("https://any.example/x?y=1", True),
        ("https://any.example:444/", True),
        ("http://127.0.0.1/", False),
        ("ftp://any.example/", False),
        ("https://any.example:99999/", False),
        ("any.example", False),
    ],
)
def test_messages_go_to_hosts_that_the_operator_has_named(url: str, allowed: bool):
    targets = Targets(("erp.example:8443", "any.example"))
    assert (targets.refusal(url) == "") == allowed


def test_enterprises_make_see_and_delete_their_own(gate: Gate):
    router = webhooks_router(gate.hooks, Targets(("erp.example",)))
    virtual = VirtualGate(DEMO)
    with (
        served(virtual.app(webhooks=router)) as url,
        httpx.Client(base_url=f"{url}/api/v1") as api,
    ):
        lan = {"Authorization": "Bearer enterprise-VN"}
        other = {"Authorization": "Bearer enterprise-CN"}
        body = {"url": "https://erp.example/gate"}
        made = api.put("/webhooks/erp", json=body, headers=lan)
        assert made.status_code == 201
        assert made.json()["secret"].startswith("whsec_")
        again = api.put("/webhooks/erp", json=body, headers=lan)
        assert (again.status_code, again.json()["secret"]) == (200, None)
        [shown] = api.get("/webhooks", headers=lan).json()["items"]
        assert (shown["id"], shown["url"], shown["waiting"]) == ("erp", body["url"], 0)
        assert "secret" not in shown
        assert api.get("/webhooks", headers=other).json()["items"] == []
        assert api.delete("/webhooks/erp", headers=other).status_code == 404
        elsewhere = api.put("/webhooks/x", json={"url": "https://elsewhere.example/"}, headers=lan)
        assert elsewhere.status_code == 422
        assert "erp.example" in elsewhere.json()["errors"][0]["allowed"]
        for number in range(1, HOOKS_MAX):
            assert api.put(f"/webhooks/n{number}", json=body, headers=lan).status_code == 201
        assert api.put("/webhooks/more", json=body, headers=lan).status_code == 409
        assert api.delete("/webhooks/erp", headers=lan).status_code == 204
        assert api.put("/webhooks/more", json=body, headers=lan).status_code == 201
