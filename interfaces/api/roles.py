"""Who may do what: the one table of roles by route, and the check that each request passes.

Reading is open to whoever reaches the gate, which is this machine only (`guard`); whoever shows a
token is still held to it. Writing never is. What an officer's role may decide about a consignment
is dated data in the site file and asked there: this table only says who may come to the desk.
"""

from collections.abc import Callable
from typing import Literal

import msgspec
from starlette.requests import HTTPConnection
from starlette.routing import compile_path

from interfaces.api.problems import ProblemError
from interfaces.store.tokens import ALL_SIDES, ROLES, Role, Tokens

COOKIE = "bordergate_token"
"""Carries the page's token; its own pages only send it (SameSite=Strict, and `guard` on top)."""

Rule = frozenset[Role] | Literal["open", "inside"]
OPEN: Rule = "open"
INSIDE: Rule = "inside"
"""Open, but to enterprises: it tells of other enterprises' containers."""
WORKS = frozenset[Role]({"operator", "supervisor"})
REPAIRS = frozenset[Role]({"operator", "supervisor", "engineer"})
STOPS = frozenset[Role]({"operator", "supervisor", "engineer", "border_guard"})
EVERYBODY = frozenset[Role](set(ROLES) - {"viewer", "enterprise"})
KEEPS = frozenset[Role]({"customs", "supervisor"})
OFFICERS = frozenset[Role]({"operator", "customs", "supervisor", "border_guard", "quarantine"})
GATE = frozenset[Role]({"operator"})
DECLARES = frozenset[Role]({"enterprise"})

RULES: dict[str, Rule] = {
    "GET /healthz": OPEN,
    "GET /readyz": OPEN,
    "GET /api/v1/site": OPEN,
    "GET /api/v1/events": INSIDE,
    "GET /api/v1/stream": INSIDE,
    "GET /api/v1/me": OPEN,
    "GET /api/v1/orders": INSIDE,
    "GET /api/v1/orders/{id}": INSIDE,
    "GET /api/v1/orders/{id}/explanation": INSIDE,
    "PUT /api/v1/orders/{id}": WORKS,
    "POST /api/v1/orders/{id}/cancel": WORKS,
    "GET /api/v1/vehicles": INSIDE,
    "GET /api/v1/vehicles/{id}": INSIDE,
    "POST /api/v1/vehicles/{id}/withdraw": REPAIRS,
    "POST /api/v1/vehicles/{id}/restore": REPAIRS,
    "PUT /api/v1/vehicles/{id}/position": REPAIRS,
    "POST /api/v1/vehicles/{id}/permit-tow": KEEPS,
    "GET /api/v1/cranes": INSIDE,
    "GET /api/v1/cranes/{id}": INSIDE,
    "POST /api/v1/cranes/{id}/withdraw": REPAIRS,
    "POST /api/v1/cranes/{id}/restore": REPAIRS,
    "GET /api/v1/booths": INSIDE,
    "GET /api/v1/booths/{id}": INSIDE,
    "POST /api/v1/booths/{id}/withdraw": REPAIRS,
    "POST /api/v1/booths/{id}/restore": REPAIRS,
    "GET /api/v1/places": OPEN,
    "GET /api/v1/places/{id}": OPEN,
    "POST /api/v1/places/{id}/withdraw": REPAIRS,
    "POST /api/v1/places/{id}/restore": REPAIRS,
    "GET /api/v1/lanes": OPEN,
    "GET /api/v1/lanes/{id}": OPEN,
    "POST /api/v1/lanes/{id}/open": WORKS,
    "POST /api/v1/lanes/{id}/close": WORKS,
    "POST /api/v1/lanes/{id}/block": STOPS,
    "POST /api/v1/lanes/{id}/reverse": WORKS,
    "POST /api/v1/lanes/{id}/reversal": WORKS,
    "GET /api/v1/zones/blocked": OPEN,
    "PUT /api/v1/zones/{id}/block": STOPS,
    "DELETE /api/v1/zones/{id}/block": REPAIRS,
    "GET /api/v1/stops": OPEN,
    "POST /api/v1/stops/engage": EVERYBODY,
    "POST /api/v1/stops/reset": OFFICERS,  # of them, those whom the site names
    "PUT /api/v1/conditions/{source}": REPAIRS,
    "DELETE /api/v1/conditions/{source}": REPAIRS,
    "GET /api/v1/obstacles": OPEN,
    "PUT /api/v1/obstacles/{id}": STOPS,
    "DELETE /api/v1/obstacles/{id}": REPAIRS,
    "GET /api/v1/consignments": OPEN,
    "GET /api/v1/consignments/{id}": OPEN,
    "GET /api/v1/consignments/{id}/expected": OPEN,
    "PUT /api/v1/consignments/{id}": DECLARES,
    "GET /api/v1/holds": OPEN,
    "PUT /api/v1/holds/{id}": OFFICERS,
    "GET /api/v1/decisions": OPEN,
    "PUT /api/v1/decisions/{id}": OFFICERS,
    "GET /api/v1/inspections": OPEN,
    "GET /api/v1/inspections/{id}": OPEN,
    "GET /api/v1/inspections/{id}/image": OPEN,
    "GET /api/v1/inspections/{id}/image16": OPEN,
    "GET /api/v1/webhooks": DECLARES,
    "PUT /api/v1/webhooks/{id}": DECLARES,
    "DELETE /api/v1/webhooks/{id}": DECLARES,
    "GET /api/v1/trucks": OPEN,
    "PUT /api/v1/trucks/{id}": GATE,
    "GET /api/v1/exchange": INSIDE,
    "GET /api/v1/exchange/state": INSIDE,
    "POST /api/v1/exchange/messages": OPEN,  # a letter is signed by the other side's gate
    "POST /api/v1/exchange/dead-letters/{number}/requeue": REPAIRS,
    "POST /api/v1/exchange/dead-letters/{number}/withdraw": WORKS,
}
"""By method and path of the route."""
_PATTERNS = [
    (route.partition(" ")[0], compile_path(route.partition(" ")[2])[0], rule)
    for route, rule in RULES.items()
]


class Caller(msgspec.Struct, frozen=True):
    """Who asks."""

    name: str
    role: Role
    side: str
    """`*`: devices of all sides."""

    def check_side(self, side: str) -> None:
        """A side commands only what is its own.

        Raises:
            ProblemError: 403, it is another side's.
        """
        if self.side not in (side, ALL_SIDES):
            raise ProblemError(
                403, "wrong-side", f"This belongs to side {side}; your token is of {self.side}."
            )


NOBODY = Caller("", "viewer", "")
FindCaller = Callable[[str], Caller | None]
"""By the text of a token; None if it is none, expired or revoked."""


def callers(tokens: Tokens) -> FindCaller:
    """Finds callers by the tokens of a store."""

    def find(text: str) -> Caller | None:
        token = tokens.find(text)
        known = next((role for role in ROLES if token is not None and token.role == role), None)
        if token is None or known is None:
            return None
        return Caller(token.name, known, token.side)

    return find


def access(find: FindCaller) -> Callable[[HTTPConnection], None]:
    """The dependency that lets a request into its route, or ends it with 401 or 403."""

    # Not async: it looks into the database, in the pool of threads.
    def check(connection: HTTPConnection) -> None:
        rule = _rule(connection.scope.get("method", "GET"), connection.scope["path"])
        text = _token(connection)
        caller = find(text) if text else NOBODY
        if caller is None:
            raise _unknown("The token is none of this gate's, has expired or was revoked.")
        if rule == INSIDE:
            rule = frozenset(ROLES) - {"enterprise"} if text else OPEN
        if rule != OPEN and not text:
            roles = ", ".join(sorted(rule))
            raise _unknown(
                f"Needs the token of one of: {roles}; as header `Authorization: Bearer TOKEN`."
            )
        if rule != OPEN and caller.role not in rule:
            roles = ", ".join(sorted(rule))
            raise ProblemError(
                403, "wrong-role", f"Allowed: {roles}; your token is of {caller.role}."
            )
        connection.state.caller = caller

    return check


def caller_of(connection: HTTPConnection) -> Caller:
    """A route's dependency: who asks."""
    caller: Caller = connection.state.caller
    return caller


def _rule(method: str, path: str) -> Rule:
    """The rule of the route that serves the path: `check_rules` has seen that there is one."""
    [rule] = [
        rule
        for rule_method, pattern, rule in _PATTERNS
        if rule_method == method and pattern.match(path)
    ]
    return rule


def check_rules(served: dict[str, set[str]], also: tuple[str, ...]) -> None:
    """Refuse to start an app with a route for which there is no rule, by the methods of its paths.

    Raises:
        RuntimeError: there is one.
    """
    routes = {f"{method} {path}" for path, methods in served.items() for method in methods}
    missing = sorted({*routes, *also} - RULES.keys())
    if missing:
        raise RuntimeError(f"routes without a rule in interfaces.api.roles: {', '.join(missing)}")


def _token(connection: HTTPConnection) -> str:
    """The text of the token that is shown; empty: none is."""
    given = connection.headers.get("authorization")
    if given is None:
        return connection.cookies.get(COOKIE, "")
    scheme, _, text = given.partition(" ")
    if scheme.lower() != "bearer" or not text.strip():
        raise _unknown("Authorization: allowed is `Bearer TOKEN`.")
    return text.strip()


def _unknown(detail: str) -> ProblemError:
    return ProblemError(401, "no-token", detail, headers={"WWW-Authenticate": "Bearer"})
