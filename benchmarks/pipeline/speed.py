"""Events a second into facts and rollups, beside COPY of the same rows and one insert a row, in turns and in one run."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

import asyncpg

from benchmarks.gateway.processes import cpu_s, family
from benchmarks.pipeline.servers import Servers
from benchmarks.pipeline.traffic import BATCH, MIDNIGHT, PER_SECOND, executions, reactions
from burnish_analytics.app import BATCHES_AT_ONCE
from burnish_analytics.consumers import Intake
from burnish_analytics.housework import Housework
from burnish_analytics.io import facts_store
from burnish_analytics.recount import recount
from burnish_analytics.settings import AnalyticsSettings
from burnish_shared import subjects
from burnish_shared.bus import batch
from burnish_shared.bus.batch import Delivered
from burnish_shared.bus.connect import connect
from burnish_shared.clock import SystemClock
from burnish_shared.contracts.executions import CompletedBatch
from burnish_shared.contracts.feedback import FeedbackBatch
from burnish_shared.contracts.finished_columns import FinishedColumns
from burnish_shared.db.session import Database
from burnish_shared.ids import new_uuid
from burnish_shared.streams import ANALYTICS_FEEDBACK, ANALYTICS_RECORDS

INSERTED_MOST = 2_000

LOOKS_EVERY_S = 0.05
"""How often is looked whether all is counted. Each look reads all rollup rows of the day, on the server that is measured."""


@dataclass(slots=True)
class Peer:
    """One way to get the rows in. `cpu_us`: of all processes, for each event."""

    name: str
    events: int
    run: Callable[[], Awaitable[float]]
    per_second: list[float] = field(default_factory=list)
    cpu_us: list[float] = field(default_factory=list)


async def measure(at: Servers, rows: int, rounds: int) -> tuple[list[Peer], int]:
    """All peers in turns. Returns them, and how many figures of the pipeline's rollups a recount finds wrong."""
    workspaces: list[UUID] = []
    meter = Meter(at)

    async def pipeline(share: int) -> float:
        workspaces.append(await at.make_workspace())
        return await _pipeline(at, meter, workspaces[-1], rows, reacted=share)

    peers = [
        Peer("pipeline, executions alone", rows, lambda: pipeline(0)),
        Peer("pipeline, and a reaction to every tenth", rows + rows // 10, lambda: pipeline(10)),
        Peer("JetStream, decoded, COPY; nothing counted", rows, lambda: _copied_from_jetstream(at, meter, rows)),
        Peer("plain COPY of rows that are ready", rows, lambda: _copied(at, meter, rows)),
        Peer("one insert a row", min(rows, INSERTED_MOST), lambda: _inserted(at, meter, min(rows, INSERTED_MOST))),
    ]
    for number in range(rounds):
        for peer in peers[number % len(peers) :] + peers[: number % len(peers)]:
            took_s = await peer.run()
            peer.per_second.append(peer.events / took_s)
            peer.cpu_us.append(meter.used_s / peer.events * 1e6)
    db = await Database.open(at.dsn("analytics"), application_name="bench-recount", statement_timeout_ms=600_000)
    wrong = 0
    for workspace_id in workspaces:
        wrong += len((await recount(db, workspace_id, start=MIDNIGHT - timedelta(days=2), end=MIDNIGHT)).differences)
    await db.close()
    return peers, wrong


@dataclass(slots=True)
class Meter:
    """CPU seconds of this process, PostgreSQL and NATS between `begin` and `end`."""

    at: Servers
    began: float = 0.0
    used_s: float = 0.0

    def begin(self) -> float:
        self.began = self._now()
        return time.monotonic()

    def end(self, began_at: float) -> float:
        took_s = time.monotonic() - began_at
        self.used_s = self._now() - self.began
        return took_s

    def _now(self) -> float:
        return time.process_time() + cpu_s(family(self.at.pids))


async def _publish(at: Servers, user: str, subject: str, bodies: list[bytes], *, twice: bool) -> None:
    async with await connect(at.nats.url(user), service=user, replica="bench") as bus:
        for n, body in enumerate(bodies):
            for _ in range(2 if twice and n % 10 == 0 else 1):
                await bus.publish(subject, body, message_id=str(new_uuid()))


def _bodies(workspace_id: UUID, rows: int, *, reacted: int) -> tuple[list[bytes], list[bytes]]:
    done = executions(workspace_id, rows, span_s=rows / PER_SECOND)
    said = reactions(done) if reacted else []
    parts = [CompletedBatch(event_id=str(new_uuid()), items=done[n : n + BATCH]).model_dump_json().encode() for n in range(0, rows, BATCH)]
    marks = [
        FeedbackBatch(event_id=str(new_uuid()), items=said[n : n + BATCH]).model_dump_json().encode() for n in range(0, len(said), BATCH)
    ]
    return parts, marks


async def _pipeline(at: Servers, meter: Meter, workspace_id: UUID, rows: int, *, reacted: int) -> float:
    """Seconds from the first message that is read to the last that is counted. A tenth of all messages come twice."""
    parts, marks = _bodies(workspace_id, rows, reacted=reacted)
    await _publish(at, "executor", subjects.EXECUTIONS_COMPLETED_BATCH, parts, twice=True)
    await _publish(at, "gateway", subjects.FEEDBACK_RECORDED_BATCH, marks, twice=True)
    settings = AnalyticsSettings.model_validate({"DATABASE_URL": at.dsn("analytics"), "NATS_URL": "unused", "kek": "unused"})
    size = settings.database_connections
    db = await Database.open(at.dsn("analytics"), application_name="bench", max_size=size, statement_timeout_ms=60_000)
    housework = Housework(db, settings, SystemClock(), wake_relay=lambda: None)
    intake = Intake(db, settings, SystemClock(), wake_relay=lambda: None, join_soon=housework.join_soon)
    looker = await asyncpg.connect(at.dsn(), server_settings={"search_path": "burnish"})
    stop, began_at = asyncio.Event(), meter.begin()
    async with await connect(at.nats.url("analytics"), service="analytics", replica="bench") as bus, asyncio.TaskGroup() as group:
        group.create_task(batch.consume(bus, ANALYTICS_RECORDS, intake.handle_records, db=db, stop=stop, concurrency=BATCHES_AT_ONCE))
        group.create_task(batch.consume(bus, ANALYTICS_FEEDBACK, intake.handle_feedback, db=db, stop=stop))
        group.create_task(housework.run(stop))
        while not await _counted(looker, workspace_id, rows, rows // 10 if reacted else 0):
            await asyncio.sleep(LOOKS_EVERY_S)
        took_s = meter.end(began_at)
        stop.set()
    await looker.close()
    await db.close()
    return took_s


async def _counted(looker: asyncpg.Connection, workspace_id: UUID, done: int, said: int) -> bool:
    row = await looker.fetchrow(
        "SELECT coalesce(sum(executions), 0) AS e, coalesce(sum(reactions), 0) AS r FROM rollups WHERE workspace_id = $1 AND grain = 'day'",
        workspace_id,
    )
    return row is not None and row["e"] >= done and row["r"] >= said


async def _copied_from_jetstream(at: Servers, meter: Meter, rows: int) -> float:
    """What reading, decoding and COPY alone cost: no row is looked up, none is counted, a repeat would fail."""
    workspace_id = await at.make_workspace()
    parts, _ = _bodies(workspace_id, rows, reacted=0)
    await _publish(at, "executor", subjects.EXECUTIONS_COMPLETED_BATCH, parts, twice=False)
    db = await Database.open(at.dsn("analytics"), application_name="bench", max_size=2, statement_timeout_ms=60_000)
    connection = await asyncpg.connect(at.dsn(), server_settings={"search_path": "burnish"})
    stop, seen = asyncio.Event(), 0

    async def handle(messages: list[Delivered]) -> None:
        nonlocal seen
        found = FinishedColumns.joined([FinishedColumns.read(one.data) for one in messages])
        await connection.copy_records_to_table("execution_facts", records=facts_store.records(found), columns=list(facts_store.COLUMNS))
        seen += len(found)
        if seen >= rows:
            stop.set()

    began_at = meter.begin()
    async with await connect(at.nats.url("analytics"), service="analytics", replica="bench") as bus:
        await batch.consume(bus, ANALYTICS_RECORDS, handle, db=db, stop=stop)  # type: ignore[arg-type]
    took_s = meter.end(began_at)
    await connection.close()
    await db.close()
    return took_s


async def _copied(at: Servers, meter: Meter, rows: int) -> float:
    """COPY in parts of BATCH, each its own transaction."""
    connection = await asyncpg.connect(at.dsn(), server_settings={"search_path": "burnish"})
    workspace_id = await at.make_workspace()
    ready = list(facts_store.records(FinishedColumns.of(executions(workspace_id, rows, span_s=rows / PER_SECOND))))
    began_at = meter.begin()
    for n in range(0, rows, BATCH):
        await connection.copy_records_to_table("execution_facts", records=ready[n : n + BATCH], columns=list(facts_store.COLUMNS))
    took_s = meter.end(began_at)
    await connection.close()
    return took_s


async def _inserted(at: Servers, meter: Meter, rows: int) -> float:
    connection = await asyncpg.connect(at.dsn(), server_settings={"search_path": "burnish"})
    workspace_id = await at.make_workspace()
    ready = list(facts_store.records(FinishedColumns.of(executions(workspace_id, rows, span_s=rows / PER_SECOND))))
    names = ", ".join(facts_store.COLUMNS)
    statement = f"INSERT INTO execution_facts ({names}) VALUES ({', '.join(f'${n + 1}' for n in range(len(facts_store.COLUMNS)))})"
    began_at = meter.begin()
    for row in ready:
        await connection.execute(statement, *row)
    took_s = meter.end(began_at)
    await connection.close()
    return took_s
