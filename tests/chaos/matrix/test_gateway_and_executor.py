"""Rows 1 to 4 and 30: gateways, executors and providers."""

import asyncio
import random
from collections import Counter, defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import aiohttp
import pytest

from tests.chaos.load import Told
from tests.chaos.matrix.field import Field, field, summary

pytestmark = [pytest.mark.chaos, pytest.mark.chaos_long, pytest.mark.timeout(400)]

HELLO: Final = [{"role": "user", "content": "Where is my parcel, and what do I do if it does not come?"}]

KILLED: Final = 4
"""Gateways, in turn; one needs seconds of a processor to start."""

STREAMS: Final = 12
ROUNDS: Final = 2
SEEN_FIRST: Final = 5
"""So much of each stream came before its executor dies."""

TERMINAL_WITHIN_S: Final = 15.0
"""PROMISES G-12: the silence after which a stream is given up."""

SLEEPS: Final = 3
PLACES: Final = 3
BETWEEN_DEATHS: Final = 90
"""An executor dies each time that it has had so many answers in hand: seldom enough that no queued call meets three deaths (E-01)."""


@pytest.mark.fault(1)
@pytest.mark.promise("G-01", "G-02", "G-05", "C-05", "C-09")
async def test_gateways_die_in_the_middle_of_calls(tmp_path: Path, dice: random.Random, tell: Callable[[str], None]) -> None:
    async with field(tmp_path, dice) as on:
        for number in range(KILLED):
            await on.calm(0.4, 1.2)
            await on.place.kill(("gateway", "gateway-2")[number % 2])
    assert on.load.asked_again > 0, "nobody met a dead gateway"
    tell(f"{KILLED} killed; {summary(on.load)}")


@pytest.mark.fault(2)
@pytest.mark.promise("G-12", "G-13", "E-01")
async def test_executors_die_in_mid_stream(tmp_path: Path, dice: random.Random, tell: Callable[[str], None]) -> None:
    slowest_s, ends = 0.0, Counter[str]()
    async with field(tmp_path, dice, mixed=False, batches=False, rate=8) as on:
        await on.model("own/slow", "slow_chunks,rate=10")
        for _ in range(ROUNDS):
            streams = [Stream(on) for _ in range(STREAMS)]
            tasks = [asyncio.create_task(one.run()) for one in streams]
            async with asyncio.timeout(30):
                while any(len(one.seen) < SEEN_FIRST for one in streams):
                    assert not any(task.done() for task in tasks), [task.result() for task in tasks if task.done()]
                    await asyncio.sleep(0.02)
            loop = asyncio.get_running_loop()
            died_at = loop.time()
            await asyncio.gather(*map(on.place.kill, ("executor", "executor-2")))
            told = await asyncio.wait_for(asyncio.gather(*tasks), 60)
            slowest_s = max(slowest_s, *(one.ended_at - died_at for one in streams))
            ends += Counter(one.code or one.status for one in told)
        rows = await on.place.rows("SELECT status, usage_source, cost_nusd FROM executions WHERE (error::jsonb ->> 'code') = 'interrupted'")
    assert ends == {"interrupted": ROUNDS * STREAMS}
    assert len(rows) >= ROUNDS * STREAMS and all((row["usage_source"], row["status"]) == ("estimated", "error") for row in rows)
    assert sum(row["cost_nusd"] > 0 for row in rows) >= ROUNDS * STREAMS
    assert slowest_s < TERMINAL_WITHIN_S
    tell(f"{ROUNDS * STREAMS} streams, each with one terminal error, the last {slowest_s:.1f} s after the kill; {summary(on.load)}")


class Stream:
    """One stream of a slow model. `id`: of its execution, once it was admitted; `seen`: its pieces so far."""

    def __init__(self, on: Field) -> None:
        self.on = on
        self.id: str | None = None
        self.seen: list[str] = []
        self.ended_at = 0.0

    async def run(self) -> Told:
        body = {"model": "own/slow", "messages": HELLO, "stream": True}
        async with aiohttp.ClientSession(headers=self.on.http.headers) as http:  # As many connections as there are streams.
            async with http.post(f"{self.on.place.url}/v1/executions", json=body) as response:
                assert response.status == 200, await response.text()
                self.id = response.headers["x-execution-id"]
                told = await self.on.load.follow(response, self.id, self.seen)
        self.ended_at = asyncio.get_running_loop().time()
        assert told is not None, f"the stream of {self.id} ended without a terminal event"
        self.on.load.note("streamed", told)
        return told


@pytest.mark.fault(3)
@pytest.mark.promise("E-01", "E-02", "C-04", "C-13")
async def test_executors_die_between_answer_and_booking(tmp_path: Path, dice: random.Random, tell: Callable[[str], None]) -> None:
    points = f"executor.after_provider:exit={BETWEEN_DEATHS},executor.after_record:exit={BETWEEN_DEATHS * 3 // 4}"
    async with field(tmp_path, dice, batches=False, BURNISH_FP=points) as on:
        await asyncio.sleep(30)
        rows = await on.place.rows("SELECT usage_source, cost_nusd FROM executions WHERE (error::jsonb ->> 'code') = 'interrupted'")
        deaths = len(on.place.logged("failpoint_hit"))
    assert deaths >= 3 and rows and {row["usage_source"] for row in rows} == {"estimated"}
    tell(f"{deaths} deaths, {len(rows)} calls charged by estimate; {summary(on.load)}")


@pytest.mark.fault(4)
@pytest.mark.promise("E-01", "E-03")
async def test_executors_stand_still_for_longer_than_nats_waits(tmp_path: Path, dice: random.Random, tell: Callable[[str], None]) -> None:
    """Places are few, so that both have work: NATS serves who asked first, and of two that have room for all one may have it all."""
    asked: list[UUID] = []
    async with field(tmp_path, dice, BURNISH_BACKGROUND_RUNNING=str(PLACES)) as on:
        await on.model("own/slow", "slow_chunks,rate=10")
        for number in range(SLEEPS):
            for _ in range(2 * PLACES):
                status, answer = await on.ask("POST", "/v1/executions", {"model": "own/slow", "messages": HELLO, "mode": "background"})
                assert status == 202, answer
                asked.append(UUID(answer["id"]))
            await asyncio.sleep(0.5)
            await on.place.freeze(("executor", "executor-2")[number % 2], 5.0)
        async with asyncio.timeout(60):
            while len(rows := await finished(on, asked)) < len(asked):
                await asyncio.sleep(0.2)
    assert {row["status"] for row in rows} == {"success"}
    again = sum(row["fence"] > 2 for row in rows)
    assert again, "nobody took work over from a sleeper"
    tell(
        f"{SLEEPS} times 5 s with an ack wait of 3 s; {again} of {len(rows)} background calls went to another executor; {summary(on.load)}"
    )


async def finished(on: Field, execution_ids: list[UUID]) -> list[Any]:
    return await on.place.rows("SELECT status, fence FROM executions WHERE execution_id = ANY ($1)", execution_ids)


SPOILED: Final = {
    "rate_limited": "rate_limited,retry_after=1", "error": "error,status=500", "error_in_200": "error_in_200", "html": "html_in_200",
    "hang": "hang,s=60", "cut": "cut,after=3", "stall": "stall,after=3", "malformed": "malformed,after=2", "bad_utf8": "bad_utf8,after=2",
    "endless": "endless", "big_chunk": "big_chunk", "content_type": "wrong_content_type", "usage_nan": "usage_nan",
    "usage_negative": "usage_negative", "usage_huge": "usage_huge", "no_usage": "no_usage", "duplicate_done": "duplicate_done",
}  # fmt: skip
"""What providers do, by the names of the simulator."""

EARLY: Final = ("error", "error_in_200", "html", "rate_limited")
"""Those that say so in time: a call with a fallback is always answered by it. Others may use up the deadline."""

DEADLINE_S: Final = 4.0
LATE_S: Final = 3.0
"""How much longer than its deadline a call may take on a machine that is busy."""


@pytest.mark.fault(30)
@pytest.mark.promise("E-04", "E-05", "E-06", "E-07", "E-12")
async def test_providers_limit_fail_hang_lie_and_break_off(tmp_path: Path, dice: random.Random, tell: Callable[[str], None]) -> None:
    told, slowest_s = Counter[str](), 0.0
    ends: defaultdict[str, list[str]] = defaultdict(list)

    async def call(on: Field, name: str, *, stream: bool, fallback: bool) -> None:
        nonlocal slowest_s
        body: dict[str, Any] = {"model": f"own/{name}", "messages": HELLO, "deadline_s": DEADLINE_S, "stream": stream}
        body |= {"fallback_models": ["simulated/chat"]} if fallback else {}
        began_at = asyncio.get_running_loop().time()
        status, code = await outcome_of(on, body)
        slowest_s = max(slowest_s, asyncio.get_running_loop().time() - began_at)
        told[str(status) if status == 200 else code] += 1
        if fallback:
            ends[name].append(str(status) if status == 200 else code)

    async with field(tmp_path, dice, BURNISH_FIRST_TOKEN_S="2", BURNISH_CHUNK_IDLE_S="2") as on:
        for name, fault in SPOILED.items():
            await on.model(f"own/{name}", fault)
        for _ in range(2):
            calls = [(name, stream, fallback) for name in SPOILED for stream in (False, True) for fallback in (False, True)]
            dice.shuffle(calls)
            async with asyncio.TaskGroup() as group:
                for name, stream, fallback in calls:
                    group.create_task(call(on, name, stream=stream, fallback=fallback))
                    await asyncio.sleep(0.03)
    assert {name: ends[name] for name in EARLY} == {name: ["200"] * 4 for name in EARLY}, "a fallback did not answer"
    assert told["200"] > len(SPOILED) * 2, told
    assert slowest_s < DEADLINE_S + LATE_S, f"a call with a deadline of {DEADLINE_S} s took {slowest_s:.1f} s"
    assert not {"lost", "internal_error", "provider_refused"} & set(told), told
    tell(f"{len(SPOILED)} kinds of misbehaviour, {told.total()} calls: {dict(told.most_common(6))}, the slowest {slowest_s:.1f} s")


async def outcome_of(on: Field, body: dict[str, Any]) -> tuple[int, str]:
    """Status and code of the error, of a stream by its terminal event."""
    try:
        async with on.http.post(f"{on.place.url}/v1/executions", json=body) as response:
            if response.status != 200:
                return response.status, (await response.json())["error"]["code"]
            if not body["stream"]:
                return 200, ""
            told = await on.load.follow(response, response.headers.get("x-execution-id"), [])
    except (aiohttp.ClientError, TimeoutError, OSError):
        return 0, "lost"
    if told is None:
        on.load.violations.append(f"a stream of {body['model']} ended without a terminal event")
        return 0, "lost"
    return (200, "") if told.status == "ok" else (502, told.code or "open")
