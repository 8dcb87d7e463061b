"""The Azure traces looped to an hour of events, pushed at fifty times their speed at two replicas that are killed on the way."""

import asyncio
import base64
import json
import os
import random
import sys
import time
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import asyncpg

from benchmarks.gateway.processes import pss_mib
from benchmarks.pipeline.servers import Servers
from benchmarks.pipeline.traffic import MIDNIGHT
from burnish_analytics.recount import recount
from burnish_shared import subjects
from burnish_shared.bus.connect import connect
from burnish_shared.contracts.executions import CompletedBatch, CompletedItem, Lane, Status
from burnish_shared.contracts.feedback import FeedbackBatch, FeedbackItem
from burnish_shared.db.session import Database
from burnish_shared.ids import new_uuid

DATA = Path("/work/shared/data")
TRACES = ("trace_azure_conv.jsonl", "trace_azure_code.jsonl")
HOUR_S = 3600.0
SPEED = 50.0
KILLS = 5
TICK_S = 0.25
BEGIN = MIDNIGHT - timedelta(hours=2)


@dataclass(slots=True)
class Hour:
    """What came of it. `memory_mib`: of the replica that lives longest, every five seconds of its life."""

    executions: int
    reactions: int
    pushed_s: float
    counted_s: float
    differences: int
    uncounted: int
    memory_mib: list[float] = field(default_factory=list)


async def run_hour(at: Servers) -> Hour:
    workspace_id = await at.make_workspace()
    done = _traced(workspace_id)
    said = _rated(done)
    replicas = [await _replica(at, n) for n in range(2)]
    memory: list[list[float]] = [[], []]
    stop = asyncio.Event()
    try:
        watcher = asyncio.create_task(_watch(replicas, memory, stop))
        began_at = time.monotonic()
        await asyncio.gather(_push(at, done, said), _kill(at, replicas, memory))
        pushed_s = time.monotonic() - began_at
        await _until_counted(at, workspace_id, len(done), len(said))
        counted_s = time.monotonic() - began_at
        stop.set()
        await watcher
    finally:
        for one in replicas:
            one.terminate()
            await one.wait()
    db = await Database.open(at.dsn("analytics"), application_name="bench-recount", statement_timeout_ms=600_000)
    found = await recount(db, workspace_id, start=BEGIN, end=BEGIN + timedelta(hours=2))
    await db.close()
    return Hour(len(done), len(said), pushed_s, counted_s, len(found.differences), found.uncounted, max(memory, key=len))


def _traced(workspace_id: UUID) -> list[CompletedItem]:
    """Both traces, again and again until an hour is full."""
    rows = sorted(
        ((json.loads(line) | {"trace": trace} for trace in TRACES for line in (DATA / trace).read_text().splitlines())),
        key=lambda row: row["t"],
    )
    length_s = rows[-1]["t"] + 1.0
    looped = ((row["t"] + turn * length_s, row) for turn in range(int(HOUR_S / length_s) + 1) for row in rows)
    return [
        CompletedItem(
            execution_id=new_uuid(), workspace_id=workspace_id, lane=Lane.INTERACTIVE, status=Status.SUCCESS, slug=row["trace"].split("_")[2].split(".")[0],
            version=1, label="production", model="m", provider="simulated", app=row["trace"], end_user=f"user-{n % 300}",
            input_tokens=row["prompt_tokens"], output_tokens=row["completion_tokens"], cost_nusd=row["completion_tokens"] * 1000,
            latency_ms=200 + 20 * row["completion_tokens"], first_token_ms=120, finished_at=BEGIN + timedelta(seconds=t),
        )
        for n, (t, row) in enumerate(looped) if t < HOUR_S
    ]  # fmt: skip


def _rated(done: list[CompletedItem]) -> list[FeedbackItem]:
    """A real rating for every fifth execution, the ratings again and again."""
    ratings = [json.loads(line) for line in (DATA / "feedback_ratings.jsonl").read_text().splitlines()]
    found = []
    for n, one in enumerate(done[::5]):
        rating = ratings[n % len(ratings)]
        is_thumb = rating.get("thumb") in ("up", "down")
        value = float(rating["thumb"] == "up") if is_thumb else (rating["rating"] - 1) / 4
        found.append(
            FeedbackItem(
                feedback_id=new_uuid(), workspace_id=one.workspace_id, target_kind="execution", target_id=str(one.execution_id),
                kind="thumb" if is_thumb else "score", value=value, user_id=one.end_user, accepted_at=one.finished_at + timedelta(seconds=30),
            )
        )  # fmt: skip
    return found


async def _push(at: Servers, done: list[CompletedItem], said: list[FeedbackItem]) -> None:
    """What each quarter of a second brings is one message; one in ten comes again."""
    random.Random(7).shuffle(said)
    async with (
        await connect(at.nats.url("executor"), service="executor", replica="bench") as executor,
        await connect(at.nats.url("gateway"), service="gateway", replica="bench") as gateway,
    ):
        ticks = int(HOUR_S / SPEED / TICK_S)
        began_at, sent, told = time.monotonic(), 0, 0
        for tick in range(1, ticks + 1):
            until = BEGIN + timedelta(seconds=tick * TICK_S * SPEED)
            upto = sent
            while upto < len(done) and done[upto].finished_at < until:
                upto += 1
            if tick == ticks:
                upto = len(done)
            heard = len(said) * upto // len(done)
            for n in range(2 if tick % 10 == 0 else 1):
                if upto > sent:
                    body = CompletedBatch(event_id=str(new_uuid()), items=done[sent:upto]).model_dump_json().encode()
                    await executor.publish(subjects.EXECUTIONS_COMPLETED_BATCH, body, message_id=f"e{tick}-{n}-{new_uuid()}")
                if heard > told:
                    body = FeedbackBatch(event_id=str(new_uuid()), items=said[told:heard]).model_dump_json().encode()
                    await gateway.publish(subjects.FEEDBACK_RECORDED_BATCH, body, message_id=f"f{tick}-{n}-{new_uuid()}")
            sent, told = upto, heard
            await asyncio.sleep(max(0.0, began_at + tick * TICK_S - time.monotonic()))


async def _replica(at: Servers, number: int) -> asyncio.subprocess.Process:
    environment = os.environ | {
        "DATABASE_URL": at.dsn("analytics"), "NATS_URL": at.nats.url("analytics"), "BURNISH_KEK": base64.b64encode(bytes(32)).decode(),
        "BURNISH_METRICS_PORT": str(27_900 + number), "BURNISH_REPLICA": f"bench-{number}",
    }  # fmt: skip
    code = "from burnish_analytics.app import main; from burnish_shared.process import run_service; run_service(main, service='analytics')"
    return await asyncio.create_subprocess_exec(
        sys.executable, "-c", code, env=environment, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL
    )


async def _kill(at: Servers, replicas: list[asyncio.subprocess.Process], memory: list[list[float]]) -> None:
    """The first replica three times and the second twice, the last time in the middle of the hour."""
    for n in range(KILLS):
        await asyncio.sleep(HOUR_S / SPEED / 2 / KILLS)
        replicas[n % 2].kill()
        await replicas[n % 2].wait()
        replicas[n % 2] = await _replica(at, n % 2)
        memory[n % 2] = []


async def _watch(replicas: list[asyncio.subprocess.Process], memory: list[list[float]], stop: asyncio.Event) -> None:
    while not stop.is_set():
        await asyncio.sleep(5)
        for n, one in enumerate(replicas):
            if (used := pss_mib([one.pid])) > 0:
                memory[n].append(used)


async def _until_counted(at: Servers, workspace_id: UUID, done: int, said: int) -> None:
    connection = await asyncpg.connect(at.dsn(), server_settings={"search_path": "burnish"})
    async with asyncio.timeout(300):
        while True:
            row = await connection.fetchrow(
                "SELECT coalesce(sum(executions), 0) AS e, coalesce(sum(reactions), 0) AS r FROM rollups WHERE workspace_id = $1 AND grain = 'day'",
                workspace_id,
            )
            if row is not None and (row["e"], row["r"]) == (done, said):
                break
            await asyncio.sleep(0.2)
    await connection.close()
