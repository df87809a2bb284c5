"""Speaking to the API of a running gate on this machine, and its complaints in plain words."""

import json
import urllib.error
import urllib.request
from typing import Annotated, Any
from urllib.parse import quote

import typer

from interfaces.cli.say import EXIT_BAD_INPUT, EXIT_FAILED, complain

ANSWER_S = 10.0
DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))
"""Asks this machine itself, whatever proxies the environment names."""
REFUSED = (404, 409, 422)
"""What was asked for does not exist or cannot be: the caller's mistake."""

PortOption = Annotated[int, typer.Option("--port", min=1, max=65535, help="Of the gate's API.")]


def ask_gate(
    port: int, method: str, *path: str, body: dict[str, Any] | None = None
) -> dict[str, Any]:
    """What the gate answers; without an answer, or with a refusal, the command ends.

    Raises:
        typer.Exit: 2 for a refusal, 1 if no gate answers or it fails.
    """
    parts = "/".join(quote(part, safe="") for part in path)
    url = f"http://127.0.0.1:{port}/api/v1/{parts}"
    data = None if body is None else json.dumps(body).encode()
    headers = {} if body is None else {"Content-Type": "application/json"}
    request = urllib.request.Request(url, data, headers, method=method)
    try:
        with DIRECT.open(request, timeout=ANSWER_S) as answer:
            told: dict[str, Any] = json.loads(answer.read() or b"{}")
            return told
    except urllib.error.HTTPError as error:
        complain(_detail(error))
        raise typer.Exit(EXIT_BAD_INPUT if error.code in REFUSED else EXIT_FAILED) from None
    except (OSError, ValueError) as error:
        complain(f"no gate answers at {url}: {error}")
        raise typer.Exit(EXIT_FAILED) from None


def _detail(error: urllib.error.HTTPError) -> str:
    """What the problem document says, or the bare status of something that is no gate."""
    try:
        return str(json.load(error)["detail"])
    except (ValueError, KeyError, TypeError):
        return f"answered with {error.code} {error.reason}"
