"""Around each request: an id that stands in the answer, the logs and the books, and counters.

Plain ASGI, since BaseHTTPMiddleware is dear.
"""

import re
import time
from dataclasses import dataclass, field
from typing import Any, Final

import structlog
from fastapi.responses import Response

from burnish_gateway.client_address import TrustedProxies
from burnish_gateway.metrics import REQUEST_SECONDS_OF, REQUESTS_OF
from burnish_gateway.wire import error_response
from burnish_shared import hops
from burnish_shared.errors import BurnishError, InvalidField
from burnish_shared.ids import new_uuid

log = structlog.get_logger("burnish.gateway")

GIVEN = re.compile(rb"[A-Za-z0-9_.-]{1,64}")
"""A caller's own `x-request-id` is kept when it is harmless in logs and headers."""

HOPS: Final = hops.HEADER.encode()
READ_HERE: Final = frozenset({b"x-request-id", b"cookie", b"x-forwarded-for", HOPS})

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
"""Those that stand in metrics by name: a client may send any of dozens (PROMISES P-07)."""


PRIVATE = (b"cache-control", b"private, no-cache")
"""An answer to somebody with a cookie is theirs, and for the workspace they named: no cache between may keep it (RFC 9111, 3.5 guards
answers to a bearer only)."""


class RequestContext:
    """Puts `request_id` into the request's state, the log context and the answer's headers, and the caller's own address into both.

    What nobody thought of is logged and answered here, once: were it raised on, the server would log it again and close the connection
    without a word. Only an answer that has begun cannot be taken back; there the connection must break.

    What the request causes knows how many rounds of webhook → API → event led to it (`burnish_shared.hops`).
    """

    def __init__(self, app: Any, *, proxies: TrustedProxies | None = None) -> None:
        self.app = app
        self.proxies = proxies or TrustedProxies()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        said = _Said.of(scope["headers"])
        request_id = said.request_id or f"req_{new_uuid().hex}"
        scope.setdefault("state", {})["request_id"] = request_id
        started_at = time.perf_counter()
        status, has_begun = 500, False

        async def answer(message: Any) -> None:
            nonlocal status, has_begun
            if message["type"] == "http.response.start":
                status, has_begun = message["status"], True
                headers = message.setdefault("headers", [])
                names = {name for name, _ in headers}
                if b"x-request-id" not in names:
                    headers.append((b"x-request-id", request_id.encode()))
                if (pace := scope["state"].get("pace_headers")) and b"ratelimit-limit" not in names:
                    headers.extend((name.encode(), value.encode()) for name, value in pace.items())
                if said.has_cookie and b"cache-control" not in names:
                    headers.append(PRIVATE)
            await send(message)

        client = scope.get("client")
        if client and self.proxies.networks:
            client = scope["client"] = (self.proxies.client_of(client[0], ",".join(said.forwarded_for)), client[1])
        bound = structlog.contextvars.bind_contextvars(request_id=request_id, client_address=client[0] if client else None)
        try:
            try:
                rounds = hops.hops_after(said.hops)
            except InvalidField as error:
                await error_response(error, request_id=request_id)(scope, receive, answer)
                return
            before = hops.led_from_here(rounds)
            try:
                await self.app(scope, receive, answer)
            finally:
                hops.led_no_more(before)
        except Exception as error:
            answering = failure_response(error, scope)
            if has_begun:
                raise
            await answering(scope, receive, answer)
        finally:
            route = scope.get("route")
            method = scope["method"] if scope["method"] in METHODS else "other"
            REQUESTS_OF(getattr(route, "path", "none"), method, f"{status // 100}xx").inc()
            area = next(iter(getattr(route, "tags", ())), "none")
            REQUEST_SECONDS_OF(area).observe(time.perf_counter() - started_at)
            structlog.contextvars.reset_contextvars(**bound)


def failure_response(error: Exception, scope: Any) -> Response:
    """Logs what nobody thought of, and tells of it in the one shape of an error."""
    return error_response(failure_of(error, scope), request_id=scope["state"]["request_id"])


def failure_of(error: Exception, scope: Any) -> BurnishError:
    """Logs what nobody thought of. Its words may hold what the database said: they are told to nobody."""
    request_id = scope["state"]["request_id"]
    log.error("gateway.failed", exc_info=error, path=scope["path"], method=scope["method"], request_id=request_id)
    return BurnishError("Something went wrong on our side; it has been logged under this request id.")


@dataclass(slots=True)
class _Said:
    """What of the headers is read here. `forwarded_for`: all X-Forwarded-For lines, in order; `hops`: the same of `burnish-hops`."""

    request_id: str | None = None
    has_cookie: bool = False
    forwarded_for: list[str] = field(default_factory=list)
    hops: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, headers: list[tuple[bytes, bytes]]) -> "_Said":
        said = cls()
        for name, value in headers:
            if name not in READ_HERE:
                continue
            if name == b"x-request-id" and said.request_id is None and GIVEN.fullmatch(value):
                said.request_id = value.decode()
            elif name == b"cookie":
                said.has_cookie = True
            elif name == b"x-forwarded-for":
                said.forwarded_for.append(value.decode("latin-1"))
            elif name == HOPS:
                said.hops.append(value.decode("latin-1"))
        return said
