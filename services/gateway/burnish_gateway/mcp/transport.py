"""The SDK's streamable HTTP around the server, made anew for each request: nothing outlives it, and nothing needs to be started."""

from functools import cache
from importlib.metadata import version
from typing import Any

from mcp.server.lowlevel import Server
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from starlette.types import Receive, Scope, Send

from burnish_gateway.deps import gateway_of
from burnish_gateway.mcp.in_process import in_process
from burnish_gateway.mcp.server import build_server


async def serve(scope: Scope, receive: Receive, send: Send, *, most_bytes: int) -> None:
    """Answers one request of the protocol, of whatever revision the client speaks."""
    manager = StreamableHTTPSessionManager(_server(), stateless=True, max_request_body_size=most_bytes)
    async with manager.run():
        await manager.handle_request(scope, receive, send)


@cache
def _server() -> Server[Any]:
    return build_server(in_process, version=version("burnish"), is_over=lambda caller: gateway_of(caller).inbox.is_over)
