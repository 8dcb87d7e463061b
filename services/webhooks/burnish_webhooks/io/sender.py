"""One POST to a receiver, bounded in time and bytes, through the egress guard."""

import asyncio
import time
from collections.abc import Mapping
from contextlib import AsyncExitStack
from typing import Self

import aiohttp
import structlog
from yarl import URL

from burnish_shared.egress import Egress, EgressRefused, parse_target
from burnish_shared.egress.resolving import DNS_TIMEOUT_S
from burnish_webhooks.core.outcome import Answer, ErrorClass, NoResponse, Response
from burnish_webhooks.core.shown_headers import shown_response

log = structlog.get_logger("burnish.webhooks")

READ_MOST_BYTES = 16 * 1024
KEEP_MOST_BYTES = 4 * 1024
"""PROMISES 5.1."""

KEPT_HEADERS = ("retry-after", "webhook-delivery")

SNIPPET_WAIT_S = 1.0
"""The status decides; for the body that is only shown, a receiver gets this much more, within the time of the attempt."""

A_MOMENT_S = 0.05
"""To let go of the connection."""


class HttpSender:
    """Sends to any receiver that the guard lets pass. Never raises for what a receiver does: that is an answer too.

    `async with`, so that its connections are closed. A connection that is idle is kept for a few seconds.
    """

    def __init__(self, egress: Egress, *, total_timeout_s: float, connect_timeout_s: float) -> None:
        self._egress = egress
        self._total_timeout_s = total_timeout_s
        self._timeout = aiohttp.ClientTimeout(
            total=total_timeout_s, connect=connect_timeout_s + DNS_TIMEOUT_S, sock_connect=connect_timeout_s, ceil_threshold=1e9
        )
        self._sessions: dict[str, aiohttp.ClientSession] = {}
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        for scheme in ("https", "http"):
            session = self._egress.session("https" if scheme == "https" else "http", timeout=self._timeout)
            self._sessions[scheme] = await self._stack.enter_async_context(session)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    async def post(self, url: str, *, body: bytes, headers: Mapping[str, str]) -> Answer:
        """One attempt. Redirects are answers; the body is read up to READ_MOST_BYTES and KEEP_MOST_BYTES of it are kept."""
        started_s = time.monotonic()
        response: aiohttp.ClientResponse | None = None
        snippet = ""
        try:
            async with asyncio.timeout(self._total_timeout_s):
                target = parse_target(url)
                session = self._sessions[target.scheme]
                async with session.post(URL(target.url, encoded=True), data=body, headers=headers, allow_redirects=False) as response:
                    snippet = await _beginning(response, wait_s=started_s + self._total_timeout_s - A_MOMENT_S - time.monotonic())
        except Exception as error:
            # The edge to other people's servers: whatever their bytes make the client raise is one failed attempt, unless the status
            # was there already. That decides, whatever becomes of the body.
            if response is None:
                return NoResponse(_classified(error), _elapsed_ms(started_s))
        kept = {name: response.headers[name][:200] for name in KEPT_HEADERS if name in response.headers}
        return Response(response.status, kept, snippet, _elapsed_ms(started_s), shown_response(response.headers.items()))


async def _beginning(response: aiohttp.ClientResponse, *, wait_s: float) -> str:
    """The first bytes of the body as storable text. A body that drips, breaks off or never ends changes nothing about the status."""
    kept = b""
    read_bytes = 0
    try:
        async with asyncio.timeout(min(SNIPPET_WAIT_S, wait_s)):
            while read_bytes < READ_MOST_BYTES and (part := await response.content.read(READ_MOST_BYTES - read_bytes)):
                read_bytes += len(part)
                kept += part[: KEEP_MOST_BYTES - len(kept)]
    except (TimeoutError, aiohttp.ClientError, OSError):
        pass
    if not response.content.at_eof():
        response.close()
    return kept.decode("utf-8", "replace").replace("\x00", "\ufffd")


def _classified(error: Exception) -> ErrorClass:
    match error:
        case EgressRefused():
            return "egress_refused"
        case aiohttp.ClientConnectorDNSError():
            return "dns_failed"
        case aiohttp.ClientSSLError():
            return "tls_failed"
        case TimeoutError():
            return "timeout"
        case aiohttp.ClientConnectorError():
            return "connect_failed"
        case aiohttp.ServerDisconnectedError() | aiohttp.ClientOSError() | aiohttp.ClientConnectionError() | OSError():
            return "connection_lost"
        case aiohttp.ClientError():
            return "bad_response"
        case _:
            log.error("webhooks.attempt_failed_oddly", exc_info=error)
            return "bad_response"


def _elapsed_ms(started_s: float) -> int:
    return int((time.monotonic() - started_s) * 1000)
