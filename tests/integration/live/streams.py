"""Reads `GET /v1/live`."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from typing import Any

from tests.embedded.stack import Caller

Sent = tuple[str, str, Any]
"""Id, event, data."""


@contextlib.asynccontextmanager
async def live(caller: Caller, *, last: str | None = None) -> AsyncIterator[AsyncIterator[Sent]]:
    headers = {"authorization": f"Bearer {caller.key}", "accept": "text/event-stream"} | ({"last-event-id": last} if last else {})
    async with asyncio.timeout(60), caller.session.get(f"{caller.url}/v1/live", headers=headers) as response:
        assert response.status == 200, await response.text()
        yield _events(response.content)


async def _events(lines: Any) -> AsyncIterator[Sent]:
    found: dict[str, str] = {}
    async for line in lines:
        name, _, value = line.decode().rstrip("\n").partition(": ")
        if name:
            found[name] = value
        elif "event" in found:
            yield found.get("id", ""), found["event"], json.loads(found["data"])
            found = {}


async def first(events: AsyncIterator[Sent], name: str) -> Sent:
    async for one in events:
        if one[1] == name:
            return one
    raise AssertionError(f"the stream ended without {name}")
