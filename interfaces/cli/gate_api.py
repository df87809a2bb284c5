"""Speaking to the API of a running gate on this machine, and its complaints in plain words."""

import json
import os
import urllib.error
import urllib.request
from typing import Annotated, Any
from urllib.parse import quote

import typer

from interfaces.cli.say import EXIT_BAD_INPUT, EXIT_FAILED, complain
from interfaces.store.run import running_at

ANSWER_S = 10.0
DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))
"""Asks this machine itself, whatever proxies the environment names."""
TOKEN_VARIABLE = "BORDERGATE_TOKEN"
"""A token in it is used in place of the one that the gate wrote down for this user."""
REFUSED = (401, 403, 404, 409, 422)
"""What was asked for does not exist, cannot be, or is not the caller's: his mistake."""

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
    token = os.environ.get(TOKEN_VARIABLE, "")
    if not token and (running := running_at(port)) is not None:
        token = running.token
    if token:
        headers["Authorization"] = f"Bearer {token}"
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
