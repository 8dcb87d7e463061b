"""`burnish mcp`: the prompts and tools of `/mcp` over standard input and output, for agents that start their servers themselves."""

import asyncio
import json
import os
import sys
from typing import Any, Final

import aiohttp

from burnish.launcher.home import Home
from burnish_gateway.mcp.calls import Answer, Call, answer_of
from burnish_shared.ids import new_uuid

TIMEOUT_S: Final = 630.0
"""Longer than the longest deadline that an execution can ask for."""

TRIES: Final = 3

WAIT_S: Final = 0.5
"""Before the second try; twice as long before the third."""

NOT_REACHED: Final = 503


class Away(Exception):
    """There is nothing to speak to; the message says what to do."""


class OverHttp:
    """An `Api` at a running Burnish, with one key. A POST is tried again with the same idempotency key, so it has one effect."""

    def __init__(self, session: aiohttp.ClientSession, *, url: str, key: str) -> None:
        self._session = session
        self._url = url.rstrip("/")
        self._headers = {"authorization": f"Bearer {key}"}

    async def __call__(self, call: Call, *, caller: Any = None) -> Answer:
        headers = self._headers | call.headers()
        if call.method == "POST":
            headers.setdefault("idempotency-key", f"mcp-{new_uuid().hex}")
        body = None if call.body is None else json.dumps(call.body).encode()
        for n in range(TRIES):
            await asyncio.sleep(WAIT_S * n)
            try:
                async with self._session.request(
                    call.method, self._url + call.path, params=call.parameters(), data=body, headers=headers, allow_redirects=False
                ) as answered:
                    return answer_of(answered.status, await answered.read())
            except (aiohttp.ClientConnectionError, TimeoutError):
                continue
        return Answer(NOT_REACHED, {"error": _away(self._url)})


def find_server(home: Home, *, url: str, profile: str | None = None) -> tuple[str, str]:
    """URL and key: of the login `profile`, from BURNISH_BASE_URL (unless given) and BURNISH_API_KEY, else of what runs in the home.

    Raises Away. A key never stands among the words of a command, where other users of the machine could read it.
    """
    from burnish.launcher.state import running_connection
    from burnish_client.cli.places import NoPlace, find_place

    if profile is not None:
        try:
            place = find_place(profile)
        except NoPlace as lacking:
            raise Away(str(lacking)) from lacking
        if url and url.rstrip("/") != place.url.rstrip("/"):
            raise Away(f"The key of profile '{profile}' is for {place.url}. Leave --url out, or sign in to {url} with `burnish login`.")
        return place.url, place.key
    url, key = url or os.environ.get("BURNISH_BASE_URL", ""), os.environ.get("BURNISH_API_KEY", "")
    if key and url:
        return url, key
    if url:
        raise Away("Set BURNISH_API_KEY to a key of that Burnish.")
    connection = running_connection(home)
    if connection is None:
        raise Away(f"Nothing runs in {home.path}. Start it with `burnish up --detach`, or set BURNISH_BASE_URL and BURNISH_API_KEY.")
    return str(connection["url"]), key or str(connection["api_key"])


async def serve(url: str, key: str) -> None:
    """Speaks on standard input and output until the input ends."""
    from importlib.metadata import version

    from mcp.server.stdio import stdio_server

    from burnish_gateway.mcp.server import build_server

    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=TIMEOUT_S)) as session:
        server = build_server(OverHttp(session, url=url, key=key), version=version("burnish"))
        async with stdio_server() as (read, write):
            print(f"Serving the prompts of {url} to the agent that started this.", file=sys.stderr, flush=True)
            await server.run(read, write, server.create_initialization_options())


def _away(url: str) -> dict[str, Any]:
    message = f"{url} cannot be reached. Is Burnish running there? `burnish status` says what runs on this machine."
    return {"type": "unavailable", "code": "not_reached", "message": message, "param": None, "request_id": "", "retryable": True}
