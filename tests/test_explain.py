"""Why an order has its AGV: as the fleet manager, the API and the command line tell it."""

import socket
import subprocess
import sys
from collections.abc import Iterator
from urllib.parse import urlsplit

import httpx
import pytest

from actors.fleet import reasons
from actors.fleet.reasons import Reasons
from actors.messages import CostTerms, ExplainOrder, OrderExplained, PairCost
from actors.site.load import load_site
from tests.gate import order, replied
from tests.gate_server import OPERATOR, VirtualGate, put, served
from tests.site_files import DEMO
from tests.test_fleet_manager import Fleet


def why(fleet: Fleet, name: str) -> OrderExplained:
    (answer,) = replied(fleet.tell(ExplainOrder(name)))
    assert isinstance(answer, OrderExplained)
    return answer


def test_an_assigned_order_is_explained_by_the_cheapest_pair_and_the_next():
    fleet = Fleet().start()
    fleet.put(order(1))
    told = why(fleet, "T1")
    assert (told.outcome, told.vehicles, told.promoted) == ("assigned", len(fleet.homes), False)
    assert told.chosen is not None
    assert told.runner_up is not None
    assert told.chosen.vehicle == fleet.carrier() != told.runner_up.vehicle
    assert told.chosen.terms.total_s <= told.runner_up.terms.total_s
    fleet.serve(fleet.carrier())
    assert why(fleet, "T1") == told, "what was true when it was assigned"


def test_an_order_that_waits_was_cancelled_or_is_none_has_no_reasons():
    fleet = Fleet()
    fleet.put(order(1))
    assert why(fleet, "T1").outcome == "waiting"
    fleet.cancel("T1")
    assert why(fleet, "T1").outcome == "not_kept"
    assert why(fleet, "T9").outcome == "unknown"


def test_only_the_latest_reasons_are_kept(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(reasons, "KEPT", 3)
    kept = Reasons()
    pair = PairCost("AGV-001", CostTerms(1, 0, 0, 0, 0, 0))
    for number in range(5):
        kept.keep(f"T{number}", [pair], 0, False, number)
    assert [kept.of(f"T{number}") is not None for number in range(5)] == [False] * 2 + [True] * 3


@pytest.fixture
def gate() -> VirtualGate:
    return VirtualGate(load_site(DEMO))


@pytest.fixture
def url(gate: VirtualGate) -> Iterator[str]:
    with served(gate.app()) as url:
        yield url


def explain(name: str, port: int | None) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "interfaces.main", "explain", "order", name]
    return subprocess.run(
        [*command, "--port", str(port)], capture_output=True, text=True, timeout=60, check=False
    )


def test_the_api_tells_the_terms_and_their_sum(gate: VirtualGate, url: str):
    with httpx.Client(base_url=f"{url}/api/v1/orders", headers=OPERATOR) as api:
        gate.ask(put("a"))
        waiting = api.get("/a/explanation").json()
        assert (waiting["outcome"], waiting["at"], waiting["chosen"]) == ("waiting", None, None)
        gate.advance(5)
        told = api.get("/a/explanation").json()
        assert told["outcome"] == "assigned"
        assert told["at"].endswith("Z")
        chosen = told["chosen"]
        assert chosen["vehicle"] == api.get("/a").json()["vehicle"]
        terms = [chosen[name] for name in CostTerms.__struct_fields__]
        assert sum(terms) == pytest.approx(chosen["total_s"], abs=0.5)
        assert chosen["total_s"] <= told["runner_up"]["total_s"]
        assert api.get("/b/explanation").status_code == 404


def test_the_command_shows_both_agvs_side_by_side(gate: VirtualGate, url: str):
    port = urlsplit(url).port
    gate.ask(put("a"))
    assert explain("a", port).stdout == "Order a has no AGV yet.\n"
    gate.advance(5)
    done = explain("a", port)
    assert (done.returncode, done.stderr) == (0, "")
    assert "way to the bay" in done.stdout
    assert done.stdout.count("AGV-") == 2


def test_an_unknown_order_is_bad_input_and_no_gate_a_failure(url: str):
    done = explain("none", urlsplit(url).port)
    assert (done.returncode, done.stdout) == (2, "")
    assert "There is no order none." in done.stderr
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    done = explain("a", port)
    assert (done.returncode, done.stdout) == (1, "")
    assert "no gate answers" in done.stderr
