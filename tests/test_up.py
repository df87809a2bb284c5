"""`bordergate up`, run as a user runs it."""

import json
import os
import signal
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path

import psutil
import pytest

from tests.gate_server import free_port
from tests.test_cli import BORDERGATE, run


def call(
    port: int, path: str, method: str = "GET", body: object = None, token: str = ""
) -> tuple[int, object]:
    sent = urllib.request.Request(f"http://127.0.0.1:{port}{path}", method=method)
    if token:
        sent.add_header("Authorization", f"Bearer {token}")
    if body is not None:
        sent.data = json.dumps(body).encode()
        sent.add_header("Content-Type", "application/json")
    try:
        with urllib.request.urlopen(sent, timeout=20) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)
    except OSError:
        return 0, None


GOODS = {
    "from_side": "VN", "to_side": "CN", "container": "TEXU2345675", "size_type": "45G1",
    "seal": "VN1234567", "plate": "12C-123.45", "hs": "854231", "origin": "VN",
    "weight_kg": 20_000,
}  # fmt: skip


@pytest.mark.timeout(300)
def test_up_serves_a_gate_and_ctrl_c_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    port = free_port()
    up = subprocess.Popen(
        [*BORDERGATE, "up", "demo", "--speed", "20", "--no-arrivals", "--port", str(port)],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        env={**os.environ, "NO_COLOR": "1"}, start_new_session=True,
    )  # fmt: skip
    try:
        end = time.monotonic() + 120
        while call(port, "/readyz")[0] != 200:
            assert time.monotonic() < end
            assert up.poll() is None
            time.sleep(0.2)
        token = run("token", "run", "--port", str(port)).stdout.strip()
        order = {"container": "CSQU3054383", "size_type": "45G1", "from_side": "VN"}
        status, told = call(port, "/api/v1/orders/one", "PUT", {**order, "to_side": "CN"}, token)
        assert status == 201, told
        status, told = call(port, "/api/v1/orders/two", "PUT", {**order, "to_side": "VN"}, token)
        assert status == 422, told
        assert call(port, "/api/v1/orders/two", "PUT", order)[0] == 401
        enterprise = ("token", "create", "--name", "Lan", "--role", "enterprise", "--side", "VN")
        lan = run(*enterprise, "--quiet", "--port", str(port)).stdout.strip()
        status, told = call(port, "/api/v1/consignments/parts-1", "PUT", GOODS, lan)
        assert status == 201, told
        other = run("up", "demo", "--port", str(port))
        assert other.returncode == 1
        assert "port" in other.stderr
        while True:
            _, told = call(port, "/api/v1/orders/one")
            assert isinstance(told, dict)
            _, followed = call(port, "/api/v1/consignments/parts-1")
            assert isinstance(followed, dict)
            if told["state"] == "done" and followed["state"] != "declared":
                break
            assert time.monotonic() < end + 120
            time.sleep(0.5)
        [announced] = (tmp_path / "bordergate" / "gates").iterdir()
        assert announced.stat().st_mode & 0o777 == 0o600
        store = json.loads(announced.read_bytes())["store"]
        started = psutil.Process(up.pid).children(recursive=True)
        up.send_signal(signal.SIGINT)
        assert up.wait(5) == 0
    finally:
        if up.poll() is None:
            up.kill()
    _, left = psutil.wait_procs(started, timeout=1)
    assert [process.name() for process in left] == []
    assert up.stdout is not None
    said = up.stdout.read()
    assert "Ready: 14 devices and the fleet manager." in said
    assert "\x1b[" not in said
    assert token not in said
    assert not announced.exists()
    listed = run("token", "list", "--store", store).stdout
    assert listed.count("revoked") == 1
    assert "Lan" in listed
    assert said.endswith("Ended; nothing is left running.\n")
