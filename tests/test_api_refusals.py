import json
import socket
from collections.abc import Iterator
from urllib.parse import urlsplit

import httpx
import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect
from websockets.typing import Origin

from actors.site.load import load_site
from interfaces.api.guard import check_bind
from tests.gate_server import OPERATOR, VirtualGate, served
from tests.site_files import DEMO


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with served(VirtualGate(load_site(DEMO)).app()) as url:
        yield url


def problem(answer: httpx.Response, status: int) -> str:
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    document = answer.json()
    assert set(document) == {"type", "title", "status", "detail", "instance", "errors"}
    assert document["instance"] == answer.request.url.path
    kind = document["type"]
    assert isinstance(kind, str)
    return kind.rpartition(":")[2]


@pytest.mark.parametrize("host", ["gate.example.com", "192.168.1.5", "127.0.0.1.evil.example", ""])
def test_foreign_host_names_are_refused(url: str, host: str) -> None:
    assert problem(httpx.get(f"{url}/healthz", headers={"host": host}), 400) == "foreign-host"


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1:80", "[::1]:8080", "LOCALHOST:1"])
def test_loopback_names_are_served(url: str, host: str) -> None:
    assert httpx.get(f"{url}/healthz", headers={"host": host}).status_code == 200


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://127.0.0.1:1", "x"])
def test_other_pages_may_not_write(url: str, origin: str) -> None:
    answer = httpx.post(f"{url}/api/v1/orders/a/cancel", headers={"origin": origin})
    assert problem(answer, 403) == "foreign-origin"


def test_the_page_itself_may_write(url: str) -> None:
    answer = httpx.post(f"{url}/api/v1/orders/a/cancel", headers={"origin": url, **OPERATOR})
    assert problem(answer, 404) == "not-found"


def test_other_pages_may_not_open_a_websocket(url: str) -> None:
    address = url.replace("http", "ws") + "/api/v1/stream"
    with pytest.raises(InvalidStatus) as refused:
        connect(address, origin=Origin("http://evil.example"))
    assert refused.value.response.status_code == 403


@pytest.mark.parametrize(
    "path", ["/api", "/api/", "/api/v2/site", "/api/v1/nothing/here", "/readyz/x"]
)
def test_unknown_paths_are_not_found(url: str, path: str) -> None:
    answer = httpx.get(url + path)
    assert problem(answer, 404) == "not-found"


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("DELETE", "/api/v1/orders/a", "GET, PUT"),
        ("POST", "/api/v1/vehicles", "GET"),
        ("TRACE", "/api/v1/site", "GET"),
        ("GET", "/api/v1/orders/a/cancel", "POST"),
        ("POST", "/healthz", "GET"),
    ],
)
def test_other_methods_are_answered_with_the_allowed_ones(
    url: str, method: str, path: str, allowed: str
) -> None:
    answer = httpx.request(method, url + path)
    assert problem(answer, 405) == "method-not-allowed"
    assert answer.headers["allow"] == allowed


def test_a_body_announced_as_too_large_is_refused(url: str) -> None:
    answer = httpx.put(f"{url}/api/v1/orders/a", content=b"x" * (64 * 1024 + 1))
    assert problem(answer, 413) == "too-large"


@pytest.mark.parametrize("path", ["/api/v1/orders/a", "/api/v1/site", "/healthz", "/nowhere"])
def test_a_chunked_body_is_refused_as_soon_as_it_is_too_large(url: str, path: str) -> None:
    """The sender never ends its body, so an answer shows that nobody waits for the end."""
    where = urlsplit(url)
    with socket.create_connection((str(where.hostname), where.port or 0), timeout=10) as raw:
        raw.sendall(
            f"PUT {path} HTTP/1.1\r\nHost: {where.netloc}\r\n"
            "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n".encode()
        )
        for _ in range(65):
            raw.sendall(b"400\r\n" + b" " * 1024 + b"\r\n")
        answer = raw.recv(4096).decode()
    assert answer.startswith("HTTP/1.1 413")
    assert "application/problem+json" in answer


def test_the_longest_allowed_body_is_read(url: str) -> None:
    body = json.dumps({"container": "x" * 60_000}).encode()
    answer = httpx.put(
        f"{url}/api/v1/orders/a",
        content=body,
        headers={"content-type": "application/json", **OPERATOR},
    )
    assert problem(answer, 422) == "invalid"
    assert len(answer.content) < 2000  # what was given is shown shortened


def test_an_error_of_our_own_says_nothing_of_its_inside() -> None:
    gate = VirtualGate(load_site(DEMO))
    app = gate.app()

    @app.get("/api/v1/broken-inside")
    def broken() -> None:
        raise RuntimeError("secret of the house")

    app.router.routes.insert(0, app.router.routes.pop())
    with served(app) as url:
        answer = httpx.get(f"{url}/api/v1/broken-inside")
    assert problem(answer, 500) == "internal"
    assert "secret" not in answer.text


def test_documents_are_read_without_the_internet(url: str) -> None:
    page = httpx.get(f"{url}/api/docs")
    assert page.status_code == 200
    assert "https://" not in page.text
    for asset in ("swagger-ui-bundle.js", "swagger-ui.css"):
        assert f"/api/docs-static/{asset}" in page.text
        assert httpx.get(f"{url}/api/docs-static/{asset}").status_code == 200


def test_everything_is_served_with_headers_that_confine_it(url: str) -> None:
    headers = httpx.get(f"{url}/api/docs").headers
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1.2.3", "::1", "localhost"])
def test_loopback_addresses_may_be_bound(host: str) -> None:
    check_bind(host)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.0.1", "gate.example.com", ""])
def test_other_addresses_need_identities_first(host: str) -> None:
    with pytest.raises(ValueError, match="identities and TLS"):
        check_bind(host)
