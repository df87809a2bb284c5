"""Two gates' exchanges as real processes: HTTP, SQLite on disk, a bad proxy, and kill -9."""

import itertools
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from interfaces.exchange.keys import write_pair
from tests.bad_proxy import BadProxy

SIDES = ("VN", "CN")
CONSIGNMENTS, LETTERS = 12, 4
END_S = 200.0


class Gates:
    """Both, each behind a proxy that does harm to what comes for it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.ports = dict(zip(SIDES, _free_ports(2), strict=True))
        self.proxies = {
            side: BadProxy(self.ports[side], seed, 0.2) for seed, side in enumerate(SIDES)
        }
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        for side in SIDES:
            write_pair(folder / f"{side}.key", folder / f"{side}.pub")
            says = itertools.product(range(1, LETTERS + 1), range(CONSIGNMENTS))
            lines = [f"{side}{consignment} {number}" for number, consignment in says]
            (folder / f"say-{side}.txt").write_text("\n".join(lines))

    def start(self, side: str) -> None:
        peer = next(other for other in SIDES if other != side)
        ports = (str(self.ports[side]), str(self.proxies[peer].port))
        command = [sys.executable, "-m", "tests.exchange_process", str(self.folder), side, *ports]
        self.processes[side] = subprocess.Popen(command)

    def kill(self, side: str) -> None:
        os.kill(self.processes[side].pid, signal.SIGKILL)
        self.processes[side].wait()

    def rows(self, side: str, query: str) -> list[tuple[object, ...]]:
        path = self.folder / f"{side}.sqlite"
        if not path.exists():
            return []
        with sqlite3.connect(path, timeout=10) as database:
            try:
                return database.execute(query).fetchall()
            except sqlite3.OperationalError:  # its tables are being made
                return []

    def taken(self, side: str) -> int:
        [(count,)] = self.rows(side, "SELECT count(*) FROM exchange_inbox") or [(0,)]
        assert isinstance(count, int)
        return count

    def wait_until_taken(self, side: str, count: int) -> None:
        end_s = time.monotonic() + END_S
        while self.taken(side) < count:
            assert time.monotonic() < end_s, (side, self.taken(side), count)
            time.sleep(0.1)

    def wait_until_all_is_said(self) -> None:
        end_s = time.monotonic() + END_S
        total = CONSIGNMENTS * LETTERS
        waiting = "SELECT count(*) FROM exchange_outbox WHERE state != 'taken'"
        new = "SELECT count(*) FROM exchange_inbox WHERE passed_on_ns = 0"
        while True:
            said = [self.folder / f"said-{side}.txt" for side in SIDES]
            begun = all(path.exists() and path.read_text() == str(total) for path in said)
            left = [self.rows(side, query) for side in SIDES for query in (waiting, new)]
            if begun and all(rows == [(0,)] for rows in left):
                return
            assert time.monotonic() < end_s, left
            time.sleep(0.2)

    def heard(self, side: str) -> list[str]:
        lines = (self.folder / f"heard-{side}.txt").read_text().splitlines()
        return [line.partition("id='")[2].partition("'")[0] for line in lines]


@pytest.fixture
def gates(tmp_path: Path) -> Iterator[Gates]:
    made = Gates(tmp_path)
    with made.proxies["VN"], made.proxies["CN"]:
        try:
            for side in SIDES:
                made.start(side)
            yield made
        finally:
            for process in made.processes.values():
                process.kill()
                process.wait()


def test_through_a_bad_proxy_and_kills_every_letter_is_taken_once_and_in_order(gates: Gates):
    gates.wait_until_taken("CN", 10)
    gates.kill("VN")
    gates.start("VN")
    gates.wait_until_taken("VN", 10)
    gates.kill("CN")
    gates.start("CN")
    gates.wait_until_taken("VN", 25)
    for proxy in gates.proxies.values():
        proxy.is_cut = True
    gates.kill("CN")
    gates.start("CN")
    for proxy in gates.proxies.values():
        proxy.is_cut = False
    gates.wait_until_all_is_said()
    for side, peer in (SIDES, SIDES[::-1]):
        order = "SELECT consignment, sequence FROM exchange_inbox ORDER BY number"
        sequences: dict[object, list[object]] = {}
        for consignment, sequence in gates.rows(side, order):
            sequences.setdefault(consignment, []).append(sequence)
        assert len(sequences) == CONSIGNMENTS
        for found in sequences.values():
            assert found == list(range(1, len(found) + 1))
        heard = gates.heard(side)
        for consignment in range(CONSIGNMENTS):
            name = f"{peer}{consignment}/"
            mine = [key for key, _ in itertools.groupby(h for h in heard if h.startswith(name))]
            assert mine == [f"{name}ready{number}" for number in range(1, LETTERS + 1)]
        # A kill between what is done and the note that it is done makes one of each repeat.
        assert len(heard) <= CONSIGNMENTS * LETTERS + 2 * 3
        print(side, dict(gates.proxies[side].counts))
    assert sum(p.counts["dropped"] for p in gates.proxies.values()) > 10
    assert sum(p.counts["repeated"] for p in gates.proxies.values()) > 10

    api = f"http://127.0.0.1:{gates.ports['VN']}/api/v1/exchange"
    with httpx.Client(trust_env=False, timeout=20) as client:
        end_s = time.monotonic() + END_S
        while (told := client.get(f"{api}/state").json())["skew_ms"] is None:
            assert time.monotonic() < end_s, "no clock letter has been answered since the kills"
            time.sleep(0.1)
        assert (told["side"], told["peer"], told["waiting"], told["dead"]) == ("VN", "CN", 0, 0)
        assert abs(told["skew_ms"]) < 60_000
        assert client.post(f"{api}/messages", content=b"hello").status_code == 422
        refused = client.post(f"{api}/messages", content=b"{}")
        assert refused.status_code == 200
        assert refused.json()["body"]["code"] == "version"
        word = {"reason": "mended"}
        assert client.post(f"{api}/dead-letters/1/requeue", json=word).status_code == 404
        assert client.post(f"{api}/dead-letters/1/withdraw", json={}).status_code == 422


def _free_ports(count: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [made.getsockname()[1] for made in sockets]
    for made in sockets:
        made.close()
    return ports
