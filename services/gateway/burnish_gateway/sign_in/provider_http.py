"""Asks an identity provider for small JSON documents, with every wait and size bounded. Its addresses are the operator's own settings."""

import asyncio
import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote_plus

import aiohttp
import structlog

log = structlog.get_logger("burnish.gateway")

TOTAL_S = 5.0
CONNECT_S = 3.0
BODY_MOST_BYTES = 256 * 1024


class ProviderAway(Exception):
    """The provider did not answer, or with something that is no JSON object of a sensible size. Holds nothing that it said."""


@dataclass(frozen=True, slots=True)
class ProviderAnswer:
    status: int
    document: dict[str, Any]


class ProviderHttp:
    """The session of one process. Redirects are not followed, proxies of the environment not used, compressed answers not unpacked."""

    def __init__(self) -> None:
        self._session: aiohttp.ClientSession | None = None

    async def read(self, url: str) -> dict[str, Any]:
        """The JSON object at an address. Raises ProviderAway for anything but 200."""
        answer = await self._ask("GET", url)
        if answer.status != 200:
            raise ProviderAway(f"status {answer.status}")
        return answer.document

    async def post_form(self, url: str, form: Mapping[str, str], *, client_id: str, client_secret: str) -> ProviderAnswer:
        """A form, sent as the client (RFC 6749, 2.3.1: both halves are form-encoded first). Raises ProviderAway for what is no JSON."""
        pair = f"{quote_plus(client_id)}:{quote_plus(client_secret)}"
        headers = {"authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"} if client_secret else {}
        return await self._ask("POST", url, data=dict(form), headers=headers)

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()

    async def _ask(self, method: str, url: str, **options: Any) -> ProviderAnswer:
        if self._session is None:
            self._session = aiohttp.ClientSession(trust_env=False, auto_decompress=False, cookie_jar=aiohttp.DummyCookieJar())
        headers = {"accept": "application/json", "accept-encoding": "identity", **options.pop("headers", {})}
        try:
            async with asyncio.timeout(TOTAL_S), self._session.request(
                method, url, headers=headers, allow_redirects=False, timeout=aiohttp.ClientTimeout(total=TOTAL_S, sock_connect=CONNECT_S),
                **options,
            ) as response:  # fmt: skip
                return ProviderAnswer(response.status, _object(await _bounded(response)))
        except (TimeoutError, aiohttp.ClientError, OSError, ValueError, RecursionError) as error:
            log.warning("identity_provider.away", kind=type(error).__name__)
            raise ProviderAway(type(error).__name__) from None


async def _bounded(response: aiohttp.ClientResponse) -> bytes:
    body = bytearray()
    async for part in response.content.iter_any():
        body += part
        if len(body) > BODY_MOST_BYTES:
            raise ValueError("too long")
    return bytes(body)


def _object(body: bytes) -> dict[str, Any]:
    document = json.loads(body)
    if not isinstance(document, dict):
        raise ValueError("no object")
    return document
