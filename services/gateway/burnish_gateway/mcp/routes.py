"""`/mcp`: the Model Context Protocol over streamable HTTP, for agents that speak it.

Each POST stands by itself: no session is kept, so that any gateway answers any of them.
"""

import asyncio
from typing import Any, Final
from urllib.parse import urlsplit

from fastapi import APIRouter
from starlette.requests import Request
from starlette.routing import Route
from starlette.types import Message, Receive, Scope, Send

from burnish_gateway.client_address import loopback
from burnish_gateway.deps import gateway_of
from burnish_gateway.wire import CHAT_MOST_BYTES, error_response, read_body
from burnish_shared.errors import BurnishError, Forbidden, Unauthenticated

PATH: Final = "/mcp"

SAYS_WHO: Final = ("authorization", "x-api-key")


class _Mcp:
    """An ASGI endpoint. Who asks is verified before anything is read; what they may is decided by the routes that their calls reach."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive, send)
        try:
            check_origin(request)
            await _check_caller(request)
            # Here and not by the SDK, which logs a fault where a client leaves before its body came whole.
            raw = await read_body(request, most_bytes=CHAT_MOST_BYTES)
        except BurnishError as error:
            await error_response(error, request_id=request.state.request_id)(scope, receive, send)
            return
        # Imported by the first who asks, in a thread: it takes most of a second, in which others are served.
        transport = await asyncio.to_thread(_transport)
        await transport.serve(scope, _read_again(raw, receive), send, most_bytes=CHAT_MOST_BYTES)


def _read_again(raw: bytes, receive: Receive) -> Receive:
    """What was read, once more; after it whatever comes."""
    parts: list[Message] = [{"type": "http.request", "body": raw, "more_body": False}]

    async def again() -> Message:
        return parts.pop() if parts else await receive()

    return again


async def _check_caller(request: Request) -> None:
    """Raises Unauthenticated. A cookie does not count: a page of anybody's would bring it along."""
    if not any(request.headers.get(name) for name in SAYS_WHO):
        raise Unauthenticated("Send a key of this installation as `Authorization: Bearer bk_live_…`.")
    await gateway_of(request).authenticator.principal(request)


def check_origin(request: Request) -> None:
    """Raises Forbidden for what a page of somebody else's sends, also one whose name was made to point here (DNS rebinding).

    Browsers name the page's own address in every POST; programs name none. Where only this machine can reach us, the address that was
    asked for must be one of it, too.
    """
    settings = gateway_of(request).settings
    origin = request.headers.get("origin")
    if origin is not None and origin != settings.public_url and not (_is_local_only(settings) and _is_local(origin.partition("://")[2])):
        raise Forbidden("A web page of another origin may not call this; programs send no Origin header.")
    host = request.headers.get("host", "")
    if _is_local_only(settings) and not _is_local(host) and host != urlsplit(settings.public_url).netloc:
        raise Forbidden("This gateway is reached as localhost or at its public address, which BURNISH_PUBLIC_URL names.")


def _is_local_only(settings: Any) -> bool:
    return loopback(settings.host)


def _is_local(netloc: str) -> bool:
    """Of `host` or `host:port`; not of what is neither."""
    try:
        return loopback(urlsplit(f"//{netloc}").hostname or "")
    except ValueError:
        return False


def _transport() -> Any:
    from burnish_gateway.mcp import transport

    return transport


router = APIRouter()
router.routes.append(Route(PATH, endpoint=_Mcp(), methods=["POST"], name="mcp"))
