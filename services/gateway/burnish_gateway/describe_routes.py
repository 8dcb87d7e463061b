"""What OpenAPI says of every route beyond its shape: who may call it, with which scope, how to sign in, how to repeat a POST.

All of it is read from the routes themselves, so that the document cannot say something else than the code does.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any, Final, TypeVar

from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute, RouteContext, iter_route_contexts

from burnish_gateway.access.scopes import scope_of

ROLE: Final = "x-burnish-role"
SCOPE: Final = "x-burnish-scope"

ANYONE: Final = "anyone"
"""The rule of routes that need no sign-in: health, metrics, signing in itself."""

ONE_EVENT: Final = {
    "type": "object",
    "description": "One event of the stream.",
    "properties": {"event": {"type": "string"}, "data": {"type": "string", "description": "JSON, or `[DONE]`."}},
}

FIRST_ERROR: Final = 400
"""Errors are JSON, also of routes that answer with something else."""

PHRASES: Final = {"Request Entity Too Large": "Content Too Large", "Unprocessable Entity": "Unprocessable Content"}
"""What Python before 3.13 calls two statuses → their names in RFC 9110 (15.5.14, 15.5.21), so that each Python makes the same document."""

BODY_TOO_SLOW: Final = "408"
"""Of routes that read a body. That of a GET is not read."""

RULES: Final = (ANYONE, "person", "viewer", "editor", "prompt_editor", "admin", "operator")
"""What a route may state, weakest first. `person`: whoever signed in as a person, in whatever workspace. `prompt_editor`: editors, or
admins alone where the workspace says so. `operator`: an admin's key that may act on the installation."""

OPEN_TAGS: Final = frozenset({"operations", "sign-in", "inbound"})
"""Tags whose routes may be open to anyone. A route with another tag that states no rule fails the tests."""

F = TypeVar("F", bound=Callable[..., Any])

SECURITY_SCHEMES: Final = {
    "bearer": {
        "type": "http",
        "scheme": "bearer",
        "description": "An API key (`bk_live_…`), or the token of a sign-in provider that this installation trusts (a JWT).",
    },
    "session": {
        "type": "apiKey",
        "in": "cookie",
        "name": "burnish_session",
        "description": "The cookie of a person who signed in. Every call that changes something needs the CSRF token beside it.",
    },
    "csrf": {
        "type": "apiKey",
        "in": "header",
        "name": "X-CSRF-Token",
        "description": "The token that signing in answered with; needed with the cookie for every call but GET and HEAD.",
    },
}  # fmt: skip

IDEMPOTENCY_KEY: Final = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "Repeat a call with the same key and body, and it has one effect and the same answer (with `Idempotent-Replayed: true`) "
    "for 24 hours; another body with the same key is answered 422 `idempotency_mismatch`.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
}


def states(rule: str, *, of_credentials: bool = True) -> Callable[[F], F]:
    """Marks a dependency with the rule that it enforces, one of RULES. `of_credentials`: nobody keeps to it without any."""

    def marked(dependency: F) -> F:
        dependency.__dict__ |= {"states": rule, "of_credentials": of_credentials}
        return dependency

    return marked


def needs_credentials(dependant: Dependant) -> bool:
    """Whether a route of these dependencies refuses whoever brings nothing that could say who asks."""
    return any(getattr(one.call, "__dict__", {}).get("of_credentials") or needs_credentials(one) for one in dependant.dependencies)


def describe(app: FastAPI) -> Callable[[], dict[str, Any]]:
    """A replacement for `app.openapi` that makes the document once."""

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            document = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
            for route in _api_routes(app):
                for method in route.methods or ():
                    _complete(document["paths"][str(route.path_format)][method.lower()], method=method, route=route)
            document["components"]["securitySchemes"] = SECURITY_SCHEMES
            _tell_apart(document["components"]["schemas"])
            app.openapi_schema = document
        return app.openapi_schema

    return openapi


def rule_of(route: RouteContext) -> str | None:
    """What the route states by its dependencies, or by `openapi_extra` where it verifies its caller itself. None: it states no rule."""
    stated: str | None = (route.openapi_extra or {}).get(ROLE) or next(_stated(route.dependant), None)
    if stated is None and OPEN_TAGS & set(route.tags):
        return ANYONE
    return stated


def scope_of_route(method: str, route: Any) -> str | None:
    """The scope that the route needs: its tag's, or the one that `openapi_extra` states, such as for a POST that only reads.

    `route`: as it stands in a request's scope, with the tags of its own router.
    """
    return scope_of(method, (str(tag) for tag in route.tags), stated=(route.openapi_extra or {}).get(SCOPE))


def _complete(operation: dict[str, Any], *, method: str, route: RouteContext) -> None:
    rule = rule_of(route)
    operation["tags"] = list(dict.fromkeys(operation["tags"]))  # a router within a router of its own tag gives it twice
    operation["security"] = []
    if rule is not None:
        operation[ROLE] = rule
    if rule != ANYONE:
        scope = scope_of_route(method, route.original_route)
        operation |= {SCOPE: scope} if scope is not None else {}
        with_cookie: dict[str, list[str]] = {"session": []} if method == "GET" else {"session": [], "csrf": []}
        operation["security"] = [{"bearer": []}, with_cookie]
    if method == "POST" and not OPEN_TAGS & set(route.tags):
        operation.setdefault("parameters", []).append(IDEMPOTENCY_KEY)
    if method == "GET":
        operation["responses"].pop(BODY_TOO_SLOW, None)
    for status, answer in operation["responses"].items():
        answer["description"] = PHRASES.get(answer["description"], answer["description"])
        if status.isdecimal() and int(status) >= FIRST_ERROR and "content" in answer:
            answer["content"] = {"application/json": next(iter(answer["content"].values()))}
        elif "text/event-stream" in answer.get("content", {}):
            answer["content"]["text/event-stream"]["schema"] = ONE_EVENT


def _tell_apart(schemas: dict[str, Any]) -> None:
    """Gives schemas of one title titles of their own, from their names: generators of clients name classes by titles."""
    often = Counter(one.get("title") for one in schemas.values())
    for name, one in schemas.items():
        if often[one.get("title")] > 1:
            within_package = name.partition("__")[2] or name
            one["title"] = "".join(part[:1].upper() + part[1:] for part in re.split(r"[_\W]+", within_package))


def _stated(dependant: Dependant) -> Iterator[str]:
    """Rules nearest to the route first: what is asked for beyond a role stands above it."""
    level = [dependant]
    while level:
        yield from sorted(
            (one.call.__dict__["states"] for one in level if "states" in getattr(one.call, "__dict__", {})), key=RULES.index, reverse=True
        )
        level = [inner for one in level for inner in one.dependencies]


def _api_routes(app: FastAPI) -> Iterator[RouteContext]:
    """Those that the document describes, whatever routers they came through."""
    return (one for one in iter_route_contexts(app.routes) if isinstance(one.original_route, APIRoute) and one.include_in_schema)
