"""Looks at the status of every answer that gateways of the tests give: each must be one that OpenAPI names for its route."""

import json
from functools import cache
from pathlib import Path
from typing import Any, Final

from fastapi.routing import APIRoute
from starlette.types import ASGIApp, Message, Receive, Scope, Send

OPENAPI: Final = Path(__file__).parents[2] / "docs/reference/openapi.json"
"""A snapshot that `make snapshots` writes and a test compares with the code."""

OF_ANY_ROUTE: Final = frozenset({405, 499})
"""Another method of a path, and a caller that is gone and reads nothing."""

undocumented: set[str] = set()
"""`GET /v1/things answered 418`, of this process."""


class Documented:
    """The app as it is, with a look at what each of its routes answers."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def watched(message: Message) -> None:
            if message["type"] == "http.response.start" and (fault := _fault(scope, message["status"])):
                undocumented.add(fault)
            await send(message)

        await self.app(scope, receive, watched)


def check_documented() -> None:
    """Raises AssertionError with every status that was answered since the last look and that OpenAPI does not name."""
    wrong = sorted(undocumented)
    undocumented.clear()
    assert not wrong, "statuses that OpenAPI does not name (`responses=` of the route):\n" + "\n".join(wrong)


def provoked(status: int) -> None:
    """Forgets a status that a test made a route answer on purpose. Raises AssertionError where none did."""
    found = {one for one in undocumented if f" answered {status}, " in one}
    assert found, f"no route answered {status}"
    undocumented.difference_update(found)


@cache
def _known() -> dict[tuple[str, str], frozenset[int]]:
    paths: dict[str, dict[str, Any]] = json.loads(OPENAPI.read_text())["paths"]
    return {
        (method.upper(), path): frozenset(int(status) for status in operation["responses"])
        for path, operations in paths.items()
        for method, operation in operations.items()
    }


def _fault(scope: Scope, status: int) -> str | None:
    route = scope.get("route")
    if not isinstance(route, APIRoute) or not route.include_in_schema or status in OF_ANY_ROUTE:
        return None
    if scope["method"] not in route.methods:
        return None  # Its path, and no method of it: some formats call that not found.
    known = _known().get((scope["method"], route.path_format), frozenset())
    return None if status in known else f"{scope['method']} {route.path_format} answered {status}, not one of {sorted(known)}"
