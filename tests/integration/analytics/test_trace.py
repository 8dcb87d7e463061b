"""Minutes of the Azure traces in seconds, with real ratings as feedback, at two replicas of which five are killed on the way."""

import asyncio
import json
import random
import re
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import aiohttp
import pytest
import pytest_asyncio

from burnish_analytics.recount import recount
from burnish_shared import subjects
from burnish_shared.bus.connect import Bus
from burnish_shared.contracts.executions import CompletedItem
from burnish_shared.contracts.feedback import FeedbackItem
from burnish_shared.ids import new_uuid
from tests.embedded.databases import DatabaseUrls
from tests.embedded.ports import own_port
from tests.embedded.workspaces import Workspace
from tests.integration.analytics.replica import start_replica
from tests.integration.analytics.test_service import until
from tests.integration.analytics.traffic import NOON, Analytics, execution, feedback, records, thumb
from tests.integration.bus_parts import OwnNats, bus_of, own_nats

DATA = Path("/work/shared/data")
TRACES = ("trace_azure_conv.jsonl", "trace_azure_code.jsonl")

pytestmark = [
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.promise("A-01", "A-08"),
    pytest.mark.skipif(not all((DATA / one).exists() for one in TRACES), reason="the traces are not in this checkout"),
]

MINUTES = 4
KILLS = 5
SECONDS = 3.0
"""So long the minutes are squeezed into: sixty times as fast."""


@pytest_asyncio.fixture(loop_scope="session")
async def nats(tmp_path: Path) -> AsyncIterator[OwnNats]:
    async with own_nats(tmp_path) as server:
        await server.provision(ack_wait_s=0.5)
        yield server


def traced(workspace_id: UUID) -> list[CompletedItem]:
    """Executions of the first minutes of both traces, in order of time. Output tokens make the latency."""
    found = []
    for trace in TRACES:
        for line in (DATA / trace).read_text().splitlines():
            row = json.loads(line)
            if row["t"] >= MINUTES * 60:
                break
            found.append((row["t"], trace, row))
    return [
        execution(
            workspace_id, slug=trace.split("_")[2].split(".")[0], app=trace, end_user=f"user-{n % 300}",
            finished_at=NOON + timedelta(seconds=t),
            input_tokens=row["prompt_tokens"], output_tokens=row["completion_tokens"], latency_ms=200 + 20 * row["completion_tokens"],
        )
        for n, (t, trace, row) in enumerate(sorted(found, key=lambda one: one[0]))
    ]  # fmt: skip


def rated(done: list[CompletedItem]) -> list[FeedbackItem]:
    """A real rating for every other execution: thumbs where people gave a clear one, scores else."""
    ratings = [json.loads(line) for line in (DATA / "feedback_ratings.jsonl").read_text().splitlines()]
    reactions = []
    for one, rating in zip(done[::2], ratings, strict=False):
        if rating.get("thumb") in ("up", "down"):
            reactions.append(thumb(one, int(rating["thumb"] == "up")))
        else:
            reactions.append(thumb(one, 1, kind="score", value=(rating["rating"] - 1) / 4))
    return reactions


async def send(bus: Bus, subject: str, batches: list[bytes]) -> None:
    """Each batch in its time; one in five is sent again later, under another id."""
    loop = asyncio.get_running_loop()
    began_at = loop.time()
    for n, body in enumerate(batches):
        await asyncio.sleep(max(0.0, began_at + SECONDS * n / len(batches) - loop.time()))
        await bus.publish(subject, body, message_id=str(new_uuid()))
        if n % 5 == 0:
            await bus.publish(subject, batches[n // 2], message_id=str(new_uuid()))


async def test_minutes_of_a_real_trace_count_exactly_once_while_replicas_are_killed(
    nats: OwnNats, module_database_urls: DatabaseUrls, analytics: Analytics, workspace: Workspace
) -> None:
    done = traced(workspace.workspace_id)
    reactions = rated(done)
    random.Random(7).shuffle(reactions)
    ports = [own_port(), own_port()]
    where = {"database_url": module_database_urls["analytics"], "nats_url": nats.url("analytics")}
    replicas = [start_replica(metrics_port=port, **where) for port in ports]

    async def kill_some() -> None:
        for n in range(KILLS):
            await asyncio.sleep(SECONDS / (KILLS + 1))
            replicas[n % 2].kill()
            await asyncio.to_thread(replicas[n % 2].join)
            replicas[n % 2] = start_replica(metrics_port=ports[n % 2], **where)

    try:
        async with bus_of(nats, "executor") as executor, bus_of(nats, "gateway") as gateway:
            await asyncio.gather(
                send(executor, subjects.EXECUTIONS_COMPLETED_BATCH, [records(done[n : n + 25]).data for n in range(0, len(done), 25)]),
                send(
                    gateway, subjects.FEEDBACK_RECORDED_BATCH, [feedback(reactions[n : n + 10]).data for n in range(0, len(reactions), 10)]
                ),
                kill_some(),
            )
            wrong = [thumb(done[n], 1, value=0.5) for n in range(7)]
            await gateway.publish(subjects.FEEDBACK_RECORDED_BATCH, feedback(wrong).data, message_id=str(new_uuid()))

        async def all_counted() -> bool:
            counted = await analytics.rollup(workspace.workspace_id)
            return (counted["executions"], counted["reactions"]) == (len(done), len(reactions))

        await until(all_counted)
        await until(lambda: _dropped(ports, "thumb_value", 7))
    finally:
        for one in replicas:
            one.terminate()
    found = await recount(analytics.db, workspace.workspace_id, start=NOON, end=NOON + timedelta(minutes=MINUTES))
    assert (found.differences, len(done) > 1_000, len(reactions) > 400) == ([], True, True)
    [sums] = await analytics.rows(
        "SELECT sum(input_tokens)::bigint AS i, sum(output_tokens)::bigint AS o FROM rollups_minute WHERE workspace_id = $1",
        workspace.workspace_id,
    )
    assert (sums["i"], sums["o"]) == (sum(one.input_tokens for one in done), sum(one.output_tokens for one in done))
    counted = await analytics.rollup(workspace.workspace_id)
    assert counted["up"] == sum(1 for one in reactions if one.kind == "thumb" and one.value == 1)


async def _dropped(ports: list[int], reason: str, count: int) -> bool:
    """Whether the replicas that live have counted at least so many dropped items for this reason, together."""
    total = 0.0
    async with aiohttp.ClientSession() as session:
        for port in ports:
            try:
                async with session.get(f"http://127.0.0.1:{port}/metrics") as answer:
                    text = await answer.text()
            except aiohttp.ClientError:
                return False
            total += sum(float(one) for one in re.findall(rf'burnish_events_dropped_total{{[^}}]*reason="{reason}"[^}}]*}} (\S+)', text))
    return total >= count  # a batch that comes a second time is dropped, and counted, once more
