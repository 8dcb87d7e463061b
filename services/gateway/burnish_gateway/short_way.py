"""The hot routes, without the steps that the framework takes for every request and these have no use for (DESIGN 4.7).

Their endpoints read the request and write the answer themselves; of the framework they need the OpenAPI document alone. What it does on the
way to them (two exit stacks, nested error handlers, matching of 200 routes, dependencies) was a sixth of the gateway's CPU time.
"""

from collections.abc import Mapping
from typing import Any, Final

from fastapi import Request
from starlette.requests import ClientDisconnect
from starlette.responses import Response

from burnish_gateway.wire import GONE, error_response
from burnish_shared.errors import BurnishError

HOT: Final = frozenset({"/v1/executions", "/v1/chat/completions", "/v1/embeddings", "/v1/responses", "/v1/messages"})
"""Paths whose POST takes nothing but the request."""


class ShortWay:
    """Leads a POST to a hot path straight to its endpoint, once the framework has found it the long way; all else goes the long way.

    An error that no format answers itself is answered as everywhere else; one that is not ours goes on to whoever handles those.
    """

    def __init__(self, app: Any, *, paths: frozenset[str] = HOT) -> None:
        self.app = app
        self.paths = paths
        self._found: dict[str, Mapping[str, Any]] = {}

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http" or scope["method"] != "POST" or scope["path"] not in self.paths:
            await self.app(scope, receive, send)
            return
        found = self._found.get(scope["path"])
        if found is None:
            await self.app(scope, receive, send)
            if "endpoint" in scope:
                self._found[scope["path"]] = {name: scope[name] for name in ("route", "endpoint")}
            return
        scope |= {**found, "path_params": {}}
        response = await _answer(Request(scope, receive, send), found["endpoint"])
        await response(scope, receive, send)


async def _answer(request: Request, endpoint: Any) -> Response:
    try:
        response: Response = await endpoint(request)
    except BurnishError as error:
        return error_response(error, request_id=request.state.request_id)
    except ClientDisconnect:
        return Response(status_code=GONE)
    return response
