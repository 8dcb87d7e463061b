"""`make bench-pipeline`: events a second from JetStream into facts and rollups, beside plain COPY and one insert an event.

Starts servers of its own; a tenth of all messages come twice. `--rows` executions; a reaction to every tenth.
"""

import argparse
import asyncio
import random
import resource
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import asyncpg

from benchmarks.pipeline.servers import Servers, servers
from burnish_analytics.consumers import Intake
from burnish_analytics.housework import Housework
from burnish_analytics.io import facts_store
from burnish_analytics.recount import recount
from burnish_analytics.settings import AnalyticsSettings
from burnish_gateway.insights import store
from burnish_gateway.insights.ranges import Range
from burnish_gateway.insights.store import Filters
from burnish_shared import subjects
from burnish_shared.bus import batch
from burnish_shared.bus.connect import connect
from burnish_shared.clock import SystemClock
from burnish_shared.contracts.executions import CompletedBatch, CompletedItem, Lane, Status
from burnish_shared.contracts.feedback import FeedbackBatch, FeedbackItem
from burnish_shared.contracts.finished_columns import FinishedColumns
from burnish_shared.db.session import Database
from burnish_shared.ids import new_uuid
from burnish_shared.streams import ANALYTICS_FEEDBACK, ANALYTICS_RECORDS

BATCH = 500
LEAST_READ = 10_000
DAYS = 3
PER_SECOND = 50
"""Arrivals, as the bursts of the Azure traces. They decide how many rollup rows a batch touches."""

MIDNIGHT = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def executions(workspace_id: UUID, count: int, *, span_s: float) -> list[CompletedItem]:
    """One after the other over `span_s` before midnight; eight prompts, two models, three apps, a thousand end users."""
    dice = random.Random(count)
    return [
        CompletedItem(
            execution_id=new_uuid(), workspace_id=workspace_id, lane=Lane.INTERACTIVE, status=Status.SUCCESS, slug=f"p{n % 8}", version=1,
            label="production", model=f"m{n % 2}", provider="simulated", app=f"app-{n % 3}", end_user=f"user-{dice.randrange(1000)}",
            input_tokens=dice.randrange(2000), output_tokens=dice.randrange(400), cost_nusd=dice.randrange(10**6),
            latency_ms=dice.randrange(50, 5000), first_token_ms=40, finished_at=MIDNIGHT - timedelta(seconds=span_s * (1 - n / count)),
        )
        for n in range(count)
    ]  # fmt: skip


def reactions(done: list[CompletedItem]) -> list[FeedbackItem]:
    return [
        FeedbackItem(
            feedback_id=new_uuid(), workspace_id=one.workspace_id, target_kind="execution", target_id=str(one.execution_id), kind="thumb",
            value=float(n % 3 > 0), user_id=one.end_user, accepted_at=datetime.now(UTC),
        )
        for n, one in enumerate(done[::10])
    ]  # fmt: skip


async def pipeline(at: Servers, workspace_id: UUID, count: int, *, span_s: float) -> float:
    """Seconds from the first message that is read to the last that is acknowledged."""
    done = executions(workspace_id, count, span_s=span_s)
    said = reactions(done)
    parts = [
        (subjects.EXECUTIONS_COMPLETED_BATCH, CompletedBatch(event_id=str(new_uuid()), items=done[n : n + BATCH]))
        for n in range(0, len(done), BATCH)
    ]
    marks = [
        (subjects.FEEDBACK_RECORDED_BATCH, FeedbackBatch(event_id=str(new_uuid()), items=said[n : n + BATCH]))
        for n in range(0, len(said), BATCH)
    ]
    for user, messages in (("executor", parts), ("gateway", marks)):
        async with await connect(at.nats.url(user), service=user, replica="bench") as bus:
            for n, (subject, body) in enumerate(messages):
                for _ in range(2 if n % 10 == 0 else 1):
                    await bus.publish(subject, body.model_dump_json().encode(), message_id=str(new_uuid()))
    db = await Database.open(at.dsn("analytics"), application_name="bench", max_size=4, statement_timeout_ms=60_000)
    settings = AnalyticsSettings.model_validate({"DATABASE_URL": at.dsn("analytics"), "NATS_URL": "unused", "kek": "unused"})
    housework = Housework(db, settings, SystemClock(), wake_relay=lambda: None)
    intake = Intake(db, settings, SystemClock(), wake_relay=lambda: None, join_soon=housework.join_soon)
    stop, began_at = asyncio.Event(), time.monotonic()
    async with await connect(at.nats.url("analytics"), service="analytics", replica="bench") as bus, asyncio.TaskGroup() as group:
        group.create_task(batch.consume(bus, ANALYTICS_RECORDS, intake.handle_records, db=db, stop=stop))
        group.create_task(batch.consume(bus, ANALYTICS_FEEDBACK, intake.handle_feedback, db=db, stop=stop))
        group.create_task(housework.run(stop))
        while not await _counted(at, workspace_id, len(done), len(said)):
            await asyncio.sleep(0.02)
        took_s = time.monotonic() - began_at
        stop.set()
    await db.close()
    return took_s


async def _counted(at: Servers, workspace_id: UUID, executions_: int, reactions_: int) -> bool:
    connection = await asyncpg.connect(at.dsn(), server_settings={"search_path": "burnish"})
    row = await connection.fetchrow(
        "SELECT coalesce(sum(executions), 0) AS e, coalesce(sum(reactions), 0) AS r FROM rollups WHERE workspace_id = $1 AND grain = 'day'",
        workspace_id,
    )
    await connection.close()
    return row is not None and row["e"] >= executions_ and row["r"] >= reactions_


async def plain(at: Servers, workspace_id: UUID, count: int) -> tuple[float, float]:
    """Seconds of COPY of as many rows into the same table, and of one insert each for at most 5,000 of them, scaled up."""
    rows = list(facts_store.records(FinishedColumns.of(executions(workspace_id, count, span_s=count / PER_SECOND))))
    connection = await asyncpg.connect(at.dsn(), server_settings={"search_path": "burnish"})
    began_at = time.monotonic()
    for n in range(0, len(rows), BATCH):
        await connection.copy_records_to_table("execution_facts", records=rows[n : n + BATCH], columns=list(facts_store.COLUMNS))
    copied_s = time.monotonic() - began_at
    some = list(facts_store.records(FinishedColumns.of(executions(workspace_id, min(count, 5_000), span_s=100))))
    statement = f"INSERT INTO execution_facts ({', '.join(facts_store.COLUMNS)}) VALUES ({', '.join(f'${n + 1}' for n in range(len(facts_store.COLUMNS)))})"
    began_at = time.monotonic()
    for row in some:
        await connection.execute(statement, *row)
    inserted_s = (time.monotonic() - began_at) * count / len(some)
    await connection.close()
    return copied_s, inserted_s


async def read_ms(at: Servers, workspace_id: UUID) -> float:
    """Median time of what a dashboard asks for: the range's sums, and hours by prompt."""
    db = await Database.open(at.dsn("gateway"), application_name="bench-read", max_size=2)
    wanted = Range(MIDNIGHT - timedelta(days=DAYS), MIDNIGHT, "hour")
    times = []
    for _ in range(15):
        began_at = time.monotonic()
        async with db.unit_of_work(workspace=workspace_id, read_only=True) as tx:
            await store.totals(tx, wanted, Filters(), by_step=False, group_by=None)
            await store.totals(tx, wanted, Filters(), by_step=True, group_by="prompt")
        times.append(time.monotonic() - began_at)
    await db.close()
    return sorted(times)[len(times) // 2] * 1000


async def main(rows: int) -> int:
    async with servers() as at:
        small, large, beside = [await at.make_workspace() for _ in range(3)]
        await pipeline(at, small, LEAST_READ, span_s=rows / PER_SECOND)
        took_s = await pipeline(at, large, rows, span_s=rows / PER_SECOND)
        copied_s, inserted_s = await plain(at, beside, rows)
        connection = await asyncpg.connect(at.dsn(), server_settings={"search_path": "burnish"})
        await connection.execute("VACUUM ANALYZE")
        await connection.close()
        few_ms, many_ms = await read_ms(at, small), await read_ms(at, large)
        db = await Database.open(at.dsn("analytics"), application_name="bench-recount", statement_timeout_ms=600_000)
        found = await recount(db, large, start=MIDNIGHT - timedelta(days=DAYS + 1), end=MIDNIGHT)
        await db.close()
    events = rows + rows // 10
    print(f"load average {Path('/proc/loadavg').read_text().split()[0]}, batch {BATCH}, a tenth of all messages twice")
    print(f"pipeline, one process:    {events / took_s:10.0f} events/s   ({rows} executions and {rows // 10} reactions in {took_s:.1f} s)")
    print(
        f"plain COPY of executions: {rows / copied_s:10.0f} rows/s     pipeline is {events / took_s / (rows / copied_s):.0%} of it (goal 60%)"
    )
    print(
        f"one insert an event:      {rows / inserted_s:10.0f} rows/s     pipeline is {events / took_s / (rows / inserted_s):.1f} times as fast"
    )
    print(f"dashboard: {few_ms:.1f} ms with {LEAST_READ} executions, {many_ms:.1f} ms with {rows}: {many_ms / few_ms:.2f} times (goal 1.2)")
    print(
        f"recount: {len(found.differences)} differences; largest memory of this process {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024} MiB"
    )
    return 1 if found.differences else 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=20_000, help="Executions (default 20000; BENCHMARKS section 2 asks for 10000000).")
    raise SystemExit(asyncio.run(main(parser.parse_args().rows)))
