"""A span around each request, where traces are exported. Plain ASGI.

What a request causes belongs to it: the header `traceparent`, which routes hand on to executors and chains, becomes that of the span.
"""

from collections.abc import Awaitable
from typing import Any, Final

from burnish_gateway.middleware import METHODS
from burnish_shared import tracing

HEADER: Final = tracing.TRACEPARENT.encode()

UNTRACED: Final = frozenset({"/healthz", "/readyz", "/metrics"})
"""Asked every few seconds, of no interest to anybody."""


class TraceRequests:
    """Joins the caller's trace, or begins one. No path, query, header or body stands in a span: the route's pattern names it."""

    def __init__(self, app: Any) -> None:
        self.app = app

    def __call__(self, scope: Any, receive: Any, send: Any) -> Awaitable[None]:
        is_traced = tracing.is_exported() and scope["type"] == "http" and scope["path"] not in UNTRACED
        way: Awaitable[None] = (self._traced if is_traced else self.app)(scope, receive, send)
        return way

    async def _traced(self, scope: Any, receive: Any, send: Any) -> None:
        method = scope["method"] if scope["method"] in METHODS else "other"
        given = next((value.decode("latin-1") for name, value in scope["headers"] if name == HEADER), None)
        with tracing.span(method, parent=tracing.valid(given), kind="server") as traceparent:
            others = [(name, value) for name, value in scope["headers"] if name != HEADER]
            scope["headers"] = [*others, (HEADER, traceparent.encode())]
            status = 500

            async def answer(message: Any) -> None:
                nonlocal status
                if message["type"] == "http.response.start":
                    status = message["status"]
                await send(message)

            try:
                await self.app(scope, receive, answer)
            finally:
                route = getattr(scope.get("route"), "path", "none")
                told: dict[str, str | int] = {"http.request.method": method, "http.route": route, "http.response.status_code": status}
                tracing.note(told, name=f"{method} {route}", error=str(status) if status >= 500 else None)
