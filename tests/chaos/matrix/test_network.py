"""Row 12: a network between the services and NATS that is slow, almost still, and breaks."""

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit
from uuid import UUID

import pytest

from burnish_shared.bus.users import USERS
from tests.chaos.fault_proxy import Direction, FaultProxy, proxying
from tests.chaos.matrix.field import HELLO, Field, field, summary
from tests.integration.bus_parts import own_nats

pytestmark = [pytest.mark.chaos, pytest.mark.chaos_long, pytest.mark.timeout(400)]

LATENCY_S: Final = 0.3
"""Each way, so a message and its acknowledgement take twice as long."""

ACK_WAIT_S: Final = 4.0
ANSWER_S: Final = 5.5
"""Of the slow model: longer than NATS waits for an acknowledgement, so without a heartbeat it would send again."""

ASKED: Final = 8
DIRECTIONS: Final[tuple[Direction, ...]] = ("up", "down")
STILL_S: Final = 6.0
"""Longer than NATS waits, and less than the three deliveries after which a message is put aside for an operator."""

BYTES_PER_S: Final = 1.0
RESETS: Final = 6
BACK_WITHIN_S: Final = 15.0


@pytest.mark.fault(12)
@pytest.mark.promise("M-11", "E-01", "E-03", "P-09")
async def test_the_network_to_nats_is_slow_and_breaks(tmp_path: Path, dice: random.Random, tell: Callable[[str], None]) -> None:
    async with nats_behind_a_proxy(tmp_path) as (proxy, environment), field(tmp_path, dice, mixed=False, **environment) as on:
        await on.model("own/slow", f"slow,s={ANSWER_S}")
        proxy.up.latency_s = proxy.down.latency_s = LATENCY_S
        asked = [await background(on) for _ in range(ASKED)]
        slow_s = await on.seconds_until_served(within_s=BACK_WITHIN_S)
        assert await ended(on, asked) == {"success": ASKED}
        assert await on.place.provider_calls("slow") == ASKED, "a heartbeat came too late, and another executor began again"
        proxy.heal()

        for direction in DIRECTIONS:
            proxy.faults(direction).bytes_per_s = BYTES_PER_S
            asked += [await background(on) for _ in range(2)]
            await asyncio.sleep(STILL_S)
            proxy.heal()
            still_s = await on.seconds_until_served(within_s=BACK_WITHIN_S)

        connections = proxy.connections
        for _ in range(RESETS):
            asked.append(await background(on))
            await on.calm(0.2, 1.5)
            proxy.reset_all()
        reset_s = await on.seconds_until_served(within_s=BACK_WITHIN_S)
        ends = await ended(on, asked)
        twice = await on.place.rows("SELECT event_id FROM webhook_deliveries GROUP BY event_id, endpoint_id HAVING count(*) > 1")
    assert proxy.connections > connections, "nobody had to connect again"
    assert set(ends) == {"success"} and twice == [], (ends, twice)
    tell(f"{LATENCY_S * 1000:.0f} ms each way: a call answered after {slow_s:.1f} s, {ASKED} calls of {ANSWER_S} s asked of their provider"
         f" once; twice {STILL_S:.0f} s of {BYTES_PER_S:.0f} B/s: served {still_s:.1f} s after it; {RESETS} times all connections reset:"
         f" served {reset_s:.1f} s after the last; {summary(on.load)}")  # fmt: skip


@asynccontextmanager
async def nats_behind_a_proxy(folder: Path) -> AsyncIterator[tuple[FaultProxy, dict[str, Any]]]:
    """A server that the services reach through the proxy alone, and what `burnish up` is told of it."""
    async with own_nats(folder) as server:
        urls = {user: urlsplit(server.url(user)) for user in USERS}
        async with proxying("127.0.0.1", urls["gateway"].port or 0) as proxy:
            passwords = {f"BURNISH_NATS_PASSWORD_{user.upper()}": url.password or "" for user, url in urls.items()}
            yield proxy, {"NATS_URL": f"nats://127.0.0.1:{proxy.port}", "BURNISH_ACK_WAIT_S": str(ACK_WAIT_S), **passwords}


async def background(on: Field) -> UUID:
    """A background call of the slow model: it waits in PostgreSQL where NATS cannot be reached."""
    async with asyncio.timeout(30):
        while (asked := await on.ask("POST", "/v1/executions", HELLO | {"model": "own/slow", "mode": "background"}))[0] != 202:
            await asyncio.sleep(0.1)
    return UUID(asked[1]["id"])


async def ended(on: Field, asked: list[UUID]) -> dict[str, int]:
    """How many of them came to what, once all have ended."""
    async with asyncio.timeout(90):
        while len(rows := await on.place.rows("SELECT status FROM executions WHERE execution_id = ANY ($1)", asked)) < len(asked):
            await asyncio.sleep(0.2)
    statuses = [str(row["status"]) for row in rows]
    return {one: statuses.count(one) for one in set(statuses)}
