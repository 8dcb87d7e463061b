"""Rows 26 and 28: receivers that misbehave, and a death between their answer and the booking."""

import asyncio
import json
import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import pytest

from tests.chaos.matrix.field import Field, field, summary

pytestmark = [pytest.mark.chaos, pytest.mark.chaos_long, pytest.mark.timeout(400)]

MODES: Final = ("hang", "drip", "redirect", "410", "huge", "drop", "500", "503;retry-after=1", "gzip", "slow=1.5")
PLAYED_S: Final = 20.0
ON_TIME_S: Final = 10.0
"""For the healthy endpoint beside them: with the machine under load, and every other endpoint at its worst."""


@pytest.mark.fault(26)
@pytest.mark.promise("W-05", "W-06", "W-07", "W-09")
async def test_receivers_misbehave(tmp_path: Path, dice: random.Random, tell: Callable[[str], None]) -> None:
    async with field(
        tmp_path, dice, mixed=False, batches=False, kinds={"buffered": 1, "streamed": 1, "background": 6, "feedback": 1}
    ) as on:
        endpoints = {}
        async with bad_tls() as tls, slow_headers() as slow:
            for mode in MODES:
                on.receiver.modes[f"/{mode}"] = [mode]
                endpoints[mode] = await endpoint(on, on.receiver.url(f"/{mode}"))
            endpoints["bad TLS"] = await endpoint(on, f"https://127.0.0.1:{tls}/hook")
            endpoints["slow headers"] = await endpoint(on, f"http://127.0.0.1:{slow}/hook")
            await asyncio.sleep(PLAYED_S)
            late_s = await lateness_s(on)
            on.receiver.released.set()
            for mode in MODES:
                if mode != "410":
                    on.receiver.modes[f"/{mode}"] = ["ok"]
        states = await on.place.rows("SELECT endpoint_id, status FROM webhook_deliveries GROUP BY 1, 2")
        gone = await on.ask("GET", f"/v1/webhooks/endpoints/{endpoints['410']}")
        delivered = {str(row["endpoint_id"]) for row in states if row["status"] == "delivered"}
    assert gone[1]["status"] == "disabled", gone
    assert not on.receiver.at("/elsewhere"), "a redirect was followed"
    assert not {endpoints["bad TLS"], endpoints["slow headers"], endpoints["redirect"]} & delivered
    assert late_s < ON_TIME_S
    tell(f"{len(endpoints)} endpoints at their worst; the healthy one was told within {late_s:.1f} s (95 of 100); {summary(on.load)}")


async def endpoint(on: Field, url: str) -> str:
    return str((await on.make("/v1/webhooks/endpoints", {"url": url, "events": ["execution.completed"]}))["id"])


async def lateness_s(on: Field) -> float:
    """How long after the row of its delivery the healthy endpoint had it: 95 of 100."""
    rows = await on.place.rows(
        "SELECT extract(epoch FROM a.started_at - d.created_at)::float8 AS s FROM webhook_attempts a"
        " JOIN webhook_deliveries d USING (event_id, endpoint_id) WHERE a.url = $1 AND a.error_class IS NULL",
        on.receiver.url(),
    )
    found = sorted(row["s"] for row in rows)
    return float(found[int(len(found) * 0.95)])


@asynccontextmanager
async def bad_tls() -> AsyncIterator[int]:
    """A server that says something else than TLS to whoever wants TLS."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 ready for something else\r\n")
        await asyncio.sleep(0.2)
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


@asynccontextmanager
async def slow_headers() -> AsyncIterator[int]:
    """A server whose headers never end."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            writer.write(b"HTTP/1.1 200 OK\r\n")
            while True:
                writer.write(b"x-more: and more\r\n")
                await writer.drain()
                await asyncio.sleep(0.3)
        except OSError:
            pass

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


BETWEEN_DEATHS: Final = 25


@pytest.mark.fault(28)
@pytest.mark.promise("W-02", "M-01")
async def test_webhooks_die_between_answer_and_booking(tmp_path: Path, dice: random.Random, tell: Callable[[str], None]) -> None:
    points = f"webhooks.after_send:exit={BETWEEN_DEATHS},webhooks.before_commit:exit={BETWEEN_DEATHS + 10}"
    async with field(tmp_path, dice, mixed=False, batches=False, kinds={"buffered": 1, "streamed": 1, "background": 6, "feedback": 1},
                     BURNISH_FP=points) as on:  # fmt: skip
        await asyncio.sleep(PLAYED_S)
        deaths = len(on.place.logged("failpoint_hit"))
        bodies: dict[str, set[bytes]] = {}
        for one in on.receiver.requests:
            bodies.setdefault(one.id, set()).add(one.body)
        twice = len(on.receiver.requests) - len(bodies)
        events = {one["event_id"] for one in (json.loads(next(iter(body))) for body in bodies.values())}
    assert deaths >= 2 and twice >= 1
    assert all(len(same) == 1 for same in bodies.values()), "the same id with other bytes"
    assert len(events) == len(bodies), "an event under two ids"
    tell(f"{deaths} deaths, {twice} deliveries came again under their id; {summary(on.load)}")
