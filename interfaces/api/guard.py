"""What is refused before any route sees it: foreign hosts and origins, and bodies too large.

The gate has no identities yet, so it is open to its own machine only. That keeps other machines
out, but not web pages which a browser on this machine has open: those are told by the `Host` and
`Origin` that the browser sends and a page cannot forge.
"""

import ipaddress
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from interfaces.api.problems import ProblemError, fault, send_problem

BODY_BYTES_MAX = 64 * 1024
"""The longest body of any request; an order needs about 200 bytes."""

CONTENT_POLICY = "; ".join(
    (
        "default-src 'self'",
        # Vue compiles templates in the browser, and the page framework starts from inline scripts.
        "script-src 'self' 'unsafe-inline' 'unsafe-eval'",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data:",
        "font-src 'self' data:",
        "connect-src 'self'",
        "object-src 'none'",
        "base-uri 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)


def is_loopback(host: str) -> bool:
    """Whether a host name or address can only mean this machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def check_bind(host: str) -> None:
    """Refuse to serve on an address that other machines reach.

    Raises:
        ValueError: `host` is not a loopback address.
    """
    if not is_loopback(host):
        raise ValueError(
            f"host: given {host!r}, allowed is a loopback address (127.0.0.1, ::1, localhost): "
            "serving other machines needs identities and TLS first"
        )


def _host_of(netloc: str) -> str:
    try:
        return (urlsplit(f"//{netloc}").hostname or "").lower()
    except ValueError:
        return ""


class Guard:
    """ASGI middleware around everything that is served."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection, or refuse it."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)

        async def send_marked(message: Message) -> None:
            if message["type"] == "http.response.start":
                marks = MutableHeaders(scope=message)
                marks.setdefault("Content-Security-Policy", CONTENT_POLICY)
                marks.setdefault("X-Content-Type-Options", "nosniff")
                marks.setdefault("Referrer-Policy", "no-referrer")
            await send(message)

        try:
            _check_names(headers)
            if scope["type"] == "http":
                receive = await _read_body(headers, receive)
        except ProblemError as error:
            if scope["type"] == "websocket":
                await send({"type": "websocket.close", "code": 1008, "reason": error.detail[:120]})
            else:
                await send_problem(error, scope, receive, send_marked)
            return
        await self._app(scope, receive, send_marked)


def _check_names(headers: Headers) -> None:
    host = headers.get("host", "")
    if not is_loopback(_host_of(host)):
        allowed = "a loopback name: localhost, 127.0.0.1, [::1]"
        raise ProblemError(
            400, "foreign-host", f"Host: {allowed}", [fault("header.host", host, allowed)]
        )
    origin = headers.get("origin")
    if origin is not None and origin.lower() not in (f"http://{host.lower()}",):
        allowed = f"none, or http://{host}"
        raise ProblemError(
            403, "foreign-origin", f"Origin: {allowed}", [fault("header.origin", origin, allowed)]
        )


async def _read_body(headers: Headers, receive: Receive) -> Receive:
    """Read the whole body, however it is transferred, and hand it on in one piece."""
    length = headers.get("content-length", "0")
    if not (length.isascii() and length.isdigit() and len(length) < 19):
        allowed = "a number of bytes"
        raise ProblemError(
            400, "invalid", f"Content-Length: {allowed}",
            [fault("header.content-length", length, allowed)],
        )  # fmt: skip
    if int(length) > BODY_BYTES_MAX:
        raise _too_large(int(length))
    body = bytearray()
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return _replay([message], receive)
        body += message.get("body", b"")
        more = message.get("more_body", False)
        if len(body) > BODY_BYTES_MAX:
            raise _too_large(len(body))
    return _replay([{"type": "http.request", "body": bytes(body), "more_body": False}], receive)


def _too_large(given: int) -> ProblemError:
    allowed = f"at most {BODY_BYTES_MAX} bytes"
    return ProblemError(
        413, "too-large", f"body: {allowed}", [fault("body", given, allowed)],
        headers={"Connection": "close"},
    )  # fmt: skip


def _replay(messages: list[Message], receive: Receive) -> Receive:
    pending = list(messages)

    async def replayed() -> Message:
        if pending:
            return pending.pop(0)
        return await receive()

    return replayed
