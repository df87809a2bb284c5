"""The link that lets one browser in: it brings the page a token, once."""

import hmac
import secrets
import threading
from collections.abc import Callable

from fastapi import APIRouter
from fastapi.responses import RedirectResponse

from interfaces.api.problems import ProblemError
from interfaces.api.roles import COOKIE


class Entrance:
    """One link; whoever opens it first is given what `token` makes, and nobody after him."""

    def __init__(self, token: Callable[[], str]) -> None:
        self._token = token
        self._code = secrets.token_urlsafe(24)
        self._lock = threading.Lock()

    @property
    def path(self) -> str:
        """Of the link."""
        return f"/enter/{self._code}"

    def redeem(self, code: str) -> str:
        """The text of a new token.

        Raises:
            ProblemError: 404, the code is none, or was used.
        """
        with self._lock:
            if not self._code or not hmac.compare_digest(code.encode(), self._code.encode()):
                detail = "This link is none, or was used: it lets one browser in."
                raise ProblemError(404, "not-found", detail)
            self._code = ""
        return self._token()


def enter_router(entrance: Entrance) -> APIRouter:
    """The route `/enter`; a browser is sent on to the page."""
    router = APIRouter()

    @router.get("/enter/{code}", include_in_schema=False)
    def enter(code: str) -> RedirectResponse:
        answer = RedirectResponse("/", status_code=303)
        answer.set_cookie(COOKIE, entrance.redeem(code), httponly=True, samesite="strict")
        answer.headers["Cache-Control"] = "no-store"
        return answer

    return router
