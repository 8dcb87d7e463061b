"""The hot routes, without the steps that the framework takes for every request and these have no use for (DESIGN 4.7).

Their endpoints read the request and write the answer themselves; of the framework they need the OpenAPI document alone. What it does on the
way to them (two exit stacks, nested error handlers, matching of 200 routes, dependencies) was a sixth of the gateway's CPU time.
"""

from collections.abc import Awaitable, Mapping
from typing import Any, Final

from fastapi import FastAPI, Request
from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect
from starlette.responses import Response

from burnish_gateway.middleware import RequestContext
from burnish_gateway.wire import GONE, error_response
from burnish_shared.errors import BurnishError

HOT: Final = frozenset({"/v1/executions", "/v1/chat/completions", "/v1/embeddings", "/v1/responses", "/v1/messages"})
"""Paths whose POST takes nothing but the request."""


class Application(FastAPI):
    """Hands a request to the first middleware of ours at once. Those that the framework puts before it answer what nobody caught, which
    RequestContext does, and tell of a telemetry that is off; each of them is gone through whenever a request goes on."""

    _first: Any = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await super().__call__(scope, receive, send)
            return
        if self._first is None:
            self._first = self._first_of_ours()
        scope["app"] = self
        await self._first(scope, receive, send)

    def _first_of_ours(self) -> Any:
        one: Any = self.build_middleware_stack()
        while not isinstance(one, RequestContext):
            one = one.app
        return one


class KnownHeaders(Headers):
    """The same, found without a look at each; a call asks for some seven, of which most are not there."""

    def __init__(self, scope: Any) -> None:
        super().__init__(scope=scope)
        self._first = dict(reversed(self._list))

    def get(self, key: str, default: Any = None) -> Any:
        value = self._first.get(key.lower().encode("latin-1"))
        return default if value is None else value.decode("latin-1")


class CallRequest(Request):
    """A request with `KnownHeaders`."""

    def __init__(self, scope: Any, receive: Any, send: Any) -> None:
        super().__init__(scope, receive, send)
        self._headers = KnownHeaders(scope)

    @property
    def headers(self) -> Headers:
        return self._headers


class ShortWay:
    """Leads a POST to a hot path straight to its endpoint, once the framework has found it the long way; all else goes the long way.

    An error that no format answers itself is answered as everywhere else; one that is not ours goes on to whoever handles those.
    """

    def __init__(self, app: Any, *, paths: frozenset[str] = HOT) -> None:
        self.app = app
        self.paths = paths
        self._found: dict[str, Mapping[str, Any]] = {}

    def __call__(self, scope: Any, receive: Any, send: Any) -> Awaitable[None]:
        if scope["type"] != "http" or scope["method"] != "POST" or scope["path"] not in self.paths:
            way: Awaitable[None] = self.app(scope, receive, send)
            return way
        found = self._found.get(scope["path"])
        return self._find(scope, receive, send) if found is None else _answer(found, scope, receive, send)

    async def _find(self, scope: Any, receive: Any, send: Any) -> None:
        await self.app(scope, receive, send)
        if "endpoint" in scope:
            self._found[scope["path"]] = {name: scope[name] for name in ("route", "endpoint")}


async def _answer(found: Mapping[str, Any], scope: Any, receive: Any, send: Any) -> None:
    scope |= {**found, "path_params": {}}
    request = CallRequest(scope, receive, send)
    try:
        response: Response = await found["endpoint"](request)
    except BurnishError as error:
        response = error_response(error, request_id=request.state.request_id)
    except ClientDisconnect:
        response = Response(status_code=GONE)
    await response(scope, receive, send)
