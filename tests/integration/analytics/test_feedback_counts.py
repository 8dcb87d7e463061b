"""Feedback and executions, counted once whatever the order, the repeats and the changes (F1, F3)."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from burnish_analytics.consumers import Intake
from burnish_analytics.housework import Housework
from burnish_analytics.ingest_batch import ingest_executions, ingest_feedback
from burnish_analytics.io import detector_store
from burnish_analytics.recount import recount
from burnish_shared.bus.batch import Poison
from burnish_shared.contracts.finished_columns import FinishedColumns
from burnish_shared.ids import new_uuid
from tests.embedded.workspaces import Workspace
from tests.integration.analytics.traffic import NOON, Analytics, execution, feedback, records, thumb

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.capability("F1", "F3")]


@pytest.mark.promise("A-02")
async def test_late_feedback_moves_the_bucket_of_its_execution(analytics: Analytics, workspace: Workspace) -> None:
    done = execution(workspace.workspace_id, finished_at=NOON - timedelta(days=29))
    await analytics.count(done, thumb(done, 1))
    rows = await analytics.rows(
        "SELECT grain, bucket, executions, thumbs_up FROM rollups WHERE workspace_id = $1 ORDER BY grain", workspace.workspace_id
    )
    assert [(row["grain"], row["executions"], row["thumbs_up"]) for row in rows] == [("day", 1, 1), ("hour", 1, 1), ("minute", 1, 1)]
    assert rows[2]["bucket"] == (NOON - timedelta(days=29)).replace(second=0)


@pytest.mark.promise("A-04")
async def test_early_feedback_is_counted_when_its_execution_arrives(analytics: Analytics, workspace: Workspace) -> None:
    done = execution(workspace.workspace_id)
    await analytics.count(thumb(done, 0))
    assert await analytics.rollup(workspace.workspace_id) == dict.fromkeys(
        ("executions", "up", "down", "scores", "score_sum", "reactions"), 0
    )
    await analytics.count(done)
    counted = await analytics.rollup(workspace.workspace_id)
    assert (counted["executions"], counted["down"], counted["reactions"]) == (1, 1, 1)


@pytest.mark.promise("A-03")
async def test_the_same_feedback_id_counts_once_and_a_changed_one_moves_the_figures(analytics: Analytics, workspace: Workspace) -> None:
    done = execution(workspace.workspace_id)
    first = thumb(done, 1)
    await analytics.count(done, first, first)
    await analytics.count(first)
    assert (await analytics.rollup(workspace.workspace_id))["up"] == 1
    await analytics.count(first.model_copy(update={"value": 0.0, "accepted_at": first.accepted_at + timedelta(seconds=1)}))
    counted = await analytics.rollup(workspace.workspace_id)
    assert (counted["up"], counted["down"], counted["reactions"]) == (0, 1, 1)
    [kept] = await analytics.rows("SELECT value, feedback_id FROM feedback_history WHERE workspace_id = $1", workspace.workspace_id)
    assert (kept["value"], kept["feedback_id"]) == (1.0, first.feedback_id)


@pytest.mark.promise("A-01", "A-03")
@pytest.mark.capability("A2")
async def test_what_is_taken_back_leaves_every_figure_whatever_the_order_of_arrival(analytics: Analytics, workspace: Workspace) -> None:
    test = {"experiment_id": new_uuid(), "allocation_epoch": 1, "arm": "control", "unit": "u1"}
    early, late = execution(workspace.workspace_id, **test), execution(workspace.workspace_id, **test)
    said = [thumb(early, 1), thumb(early, 0, kind="score", value=0.5), thumb(early, 0, kind="metric:paid", value=3.5), thumb(late, 0)]
    taken_back = [
        one.model_copy(update={"value": None, "is_taken_back": True, "accepted_at": one.accepted_at + timedelta(seconds=1)}) for one in said
    ]
    await analytics.count(early, *said[:3])
    await analytics.count(*taken_back)
    await analytics.count(*taken_back, said[3])
    await analytics.count(late)
    counted = await analytics.rollup(workspace.workspace_id)
    assert counted == {"executions": 2, "up": 0, "down": 0, "scores": 0, "score_sum": 0, "reactions": 0}
    [metric] = await analytics.rows(
        "SELECT reactions, total FROM rollup_metrics WHERE workspace_id = $1 AND grain = 'day'", workspace.workspace_id
    )
    assert (metric["reactions"], metric["total"]) == (0, 0)
    standing = await analytics.rows("SELECT samples FROM label_feedback WHERE workspace_id = $1", workspace.workspace_id)
    assert {row["samples"] for row in standing} == {0}
    found = await recount(analytics.db, workspace.workspace_id, start=NOON, end=NOON + timedelta(hours=1))
    assert (found.differences, found.uncounted) == ([], 0)
    assert len(await analytics.rows("SELECT 1 FROM feedback_history WHERE workspace_id = $1", workspace.workspace_id)) == 4
    await analytics.count(thumb(early, 1, accepted_at=NOON + timedelta(minutes=5)))
    assert (await analytics.rollup(workspace.workspace_id))["up"] == 1
    found = await recount(analytics.db, workspace.workspace_id, start=NOON, end=NOON + timedelta(hours=1))
    assert found.differences == []


async def test_of_replaced_feedback_the_one_accepted_last_counts_whatever_the_order_of_arrival(
    analytics: Analytics, workspace: Workspace
) -> None:
    done = execution(workspace.workspace_id)
    votes = [thumb(done, value, accepted_at=NOON + timedelta(seconds=second)) for second, value in enumerate((1, 0, 1, 0))]
    await analytics.count(votes[3], votes[0])
    await analytics.count(done)
    await analytics.count(votes[2])
    await analytics.count(votes[1])
    counted = await analytics.rollup(workspace.workspace_id)
    assert (counted["up"], counted["down"], counted["reactions"]) == (0, 1, 1)
    assert len(await analytics.rows("SELECT 1 FROM feedback_history WHERE workspace_id = $1", workspace.workspace_id)) == 3


@pytest.mark.promise("A-03")
async def test_a_reaction_to_a_session_stays_with_its_execution_when_it_is_changed(analytics: Analytics, workspace: Workspace) -> None:
    """Else the execution that came since would lose what it never had."""
    talk: dict[str, Any] = {"target_kind": "session", "target_id": "talk", "user_id": "ann"}
    first = execution(workspace.workspace_id, session_id="talk", version=1)
    second = execution(workspace.workspace_id, session_id="talk", version=2, finished_at=NOON + timedelta(minutes=2))
    up = thumb(first, 1, **talk)
    await analytics.count(first, up)
    await analytics.count(second)
    await analytics.count(up.model_copy(update={"value": 0, "accepted_at": NOON + timedelta(minutes=3)}))
    sql = """SELECT version, sum(thumbs_up)::bigint AS up, sum(thumbs_down)::bigint AS down FROM rollups
              WHERE workspace_id = $1 AND grain = 'day' GROUP BY version ORDER BY version"""
    rows = await analytics.rows(sql, workspace.workspace_id)
    assert rows == [{"version": 1, "up": 0, "down": 1}, {"version": 2, "up": 0, "down": 0}]


@pytest.mark.promise("A-04")
async def test_a_session_of_the_same_name_elsewhere_takes_no_reaction(
    analytics: Analytics, workspace: Workspace, new_workspace: Callable[..., Awaitable[Workspace]]
) -> None:
    """Counted together, whichever of the two comes last."""
    other = await new_workspace()
    calls = [execution(one.workspace_id, session_id="chat-1") for one in (workspace, other, workspace, other)]
    await analytics.count(*calls, *(thumb(one, 1, target_kind="session", target_id="chat-1") for one in calls[:2]))
    for one in (workspace, other):
        counted = await analytics.rollup(one.workspace_id)
        assert (counted["executions"], counted["up"], counted["reactions"]) == (2, 1, 1)


async def test_a_thumb_and_a_score_of_one_user_are_two_reactions_and_another_user_is_a_third(
    analytics: Analytics, workspace: Workspace
) -> None:
    done = execution(workspace.workspace_id)
    score = thumb(done, 0, kind="score", value=0.25)
    await analytics.count(done, thumb(done, 1), score, thumb(done, 1, user_id="bob"))
    counted = await analytics.rollup(workspace.workspace_id)
    assert counted == {"executions": 1, "up": 2, "down": 0, "scores": 1, "score_sum": 250_000, "reactions": 3}


async def _fail(*_: object, **__: object) -> None:
    raise RuntimeError("a chore that fails")


@pytest.mark.promise("A-04")
async def test_the_id_of_another_tenants_execution_stays_an_orphan(
    analytics: Analytics, workspace: Workspace, new_workspace: Callable[..., Awaitable[Workspace]], monkeypatch: pytest.MonkeyPatch
) -> None:
    other = await new_workspace()
    theirs = execution(other.workspace_id)
    ours = thumb(theirs, 0, workspace_id=workspace.workspace_id)
    await analytics.count(ours, theirs)
    await analytics.count(ours)
    await analytics.rows(
        "UPDATE feedback SET received_at = received_at - interval '6 days' WHERE workspace_id = $1", workspace.workspace_id
    )
    assert await analytics.housework.join_missed() == 0
    assert (await analytics.rollup(other.workspace_id))["reactions"] == 0
    assert (await analytics.rollup(workspace.workspace_id))["reactions"] == 0
    await analytics.rows(
        "UPDATE feedback SET received_at = received_at - interval '2 days' WHERE workspace_id = $1", workspace.workspace_id
    )
    with monkeypatch.context() as patch:  # One chore that fails does not keep the others from being done.
        patch.setattr(detector_store, "ensure_partitions", _fail)
        await analytics.housework.tidy()
    counted = await analytics.rows("SELECT waiting, orphans FROM feedback_orphans WHERE workspace_id = $1", workspace.workspace_id)
    assert counted == [{"waiting": 1, "orphans": 1}]


@pytest.mark.promise("A-04")
async def test_what_both_sides_of_the_join_missed_is_joined_by_housework(analytics: Analytics, workspace: Workspace) -> None:
    done = execution(workspace.workspace_id)
    reaction = thumb(done, 1)
    one = analytics.db.unit_of_work(workspaces={workspace.workspace_id})
    two = analytics.db.unit_of_work(workspaces={workspace.workspace_id})
    async with one as records_tx, two as feedback_tx:
        await ingest_executions(records_tx, FinishedColumns.of([done]), period_ms=50)
        await ingest_feedback(feedback_tx, [reaction], period_ms=50)
    assert (await analytics.rollup(workspace.workspace_id))["up"] == 0
    assert await analytics.housework.join_missed() == 1
    assert await analytics.housework.join_missed() == 0
    assert (await analytics.rollup(workspace.workspace_id))["up"] == 1


@pytest.mark.promise("A-04")
async def test_what_both_sides_missed_is_looked_for_again_by_its_id_a_moment_later(analytics: Analytics, workspace: Workspace) -> None:
    done = execution(workspace.workspace_id)
    one = analytics.db.unit_of_work(workspaces={workspace.workspace_id})
    patient = Housework(
        analytics.db,
        analytics.housework.settings.model_copy(update={"join_interval_s": 60.0}),
        analytics.housework.clock,
        wake_relay=analytics.housework.wake_relay,
    )
    missed: set[Any] = set()
    intake = Intake(analytics.db, patient.settings, patient.clock, wake_relay=patient.wake_relay, join_soon=missed.update)
    stop = asyncio.Event()
    running = asyncio.create_task(patient.run(stop))
    async with one as records_tx:
        await ingest_executions(records_tx, FinishedColumns.of([done]), period_ms=50)
        await intake.handle_feedback([feedback([thumb(done, 1)])])
    patient.join_soon(missed)  # Only now: the second look comes a quarter of a second later, and the commit above may take longer.
    async with asyncio.timeout(60):
        while (await analytics.rollup(workspace.workspace_id))["up"] == 0:
            await asyncio.sleep(0.05)
    stop.set()
    await running


@pytest.mark.promise("A-08")
async def test_items_that_can_never_count_cost_their_neighbours_nothing(analytics: Analytics, workspace: Workspace) -> None:
    done = execution(workspace.workspace_id)
    first = thumb(done, 1)
    bad = [
        thumb(done, 1, kind="score", value=1.5),
        thumb(done, 1, kind="applause"),
        thumb(done, 1, target_id="not-an-id"),
        first.model_copy(update={"target_id": str(new_uuid())}),
    ]
    await analytics.count(done)
    async with analytics.db.unit_of_work(workspaces={workspace.workspace_id}) as tx:
        ingested = await ingest_feedback(tx, [first, first, *bad], period_ms=50)
    assert ingested.outcomes == {
        "new": 1,
        "repeated": 1,
        "refused_score_range": 1,
        "refused_kind_unknown": 1,
        "refused_target_id": 1,
        "refused_id_reused": 1,
    }
    assert (await analytics.rollup(workspace.workspace_id))["reactions"] == 1


@pytest.mark.promise("A-01", "M-02")
async def test_five_thousand_events_in_eight_thousand_shuffled_deliveries_count_five_thousand(
    analytics: Analytics, workspace: Workspace
) -> None:
    dice = random.Random(5)
    done = [
        execution(
            workspace.workspace_id,
            finished_at=NOON + timedelta(seconds=dice.randrange(7200)),
            version=dice.choice([1, 2]),
            label=dice.choice(["production", "staging", None]),
            latency_ms=dice.randrange(1, 9000),
        )
        for _ in range(4000)
    ]
    votes = [thumb(dice.choice(done), dice.randrange(2), user_id=f"user-{n}") for n in range(1000)]
    deliveries = [records([one]) for one in done] + [feedback([one]) for one in votes]
    deliveries += dice.choices(deliveries, k=3000)
    dice.shuffle(deliveries)
    await asyncio.gather(_replica(analytics, deliveries[::2]), _replica(analytics, deliveries[1::2]))
    await analytics.housework.join_missed()
    for grain in ("minute", "hour", "day"):
        counted = await analytics.rollup(workspace.workspace_id, grain=grain)
        assert (counted["executions"], counted["up"] + counted["down"]) == (4000, 1000)
        assert counted["up"] == sum(int(one.value or 0) for one in votes)
    recounted = await recount(analytics.db, workspace.workspace_id, start=NOON, end=NOON + timedelta(hours=2))
    assert (recounted.differences, recounted.uncounted) == ([], 0)
    assert (
        await analytics.rows("SELECT sum(x)::int AS n FROM rollups_day, unnest(latency) x WHERE workspace_id = $1", workspace.workspace_id)
    )[0]["n"] == 4000


@pytest.mark.promise("M-06")
async def test_a_message_that_is_no_batch_is_named_as_poison_before_anything_is_counted(analytics: Analytics, workspace: Workspace) -> None:
    good = records([execution(workspace.workspace_id)])
    for body in (b"{", b"{}", b'{"v":2,"event_id":"x","items":[]}', b'{"event_id":"x","items":[{"status":"fine"}]}', b"\xff"):
        with pytest.raises(Poison) as raised:
            await analytics.intake.handle_records([good, replace(good, data=body, stream_seq=77)])
        assert raised.value.stream_seq == 77
    assert (await analytics.rollup(workspace.workspace_id))["executions"] == 0


async def test_a_recount_finds_a_rollup_that_is_wrong(analytics: Analytics, workspace: Workspace) -> None:
    done = execution(workspace.workspace_id)
    await analytics.count(done, thumb(done, 1), thumb(done, 0, kind="score", value=0.333333, user_id="bob"))
    assert (await recount(analytics.db, workspace.workspace_id, start=NOON, end=NOON + timedelta(hours=1))).differences == []
    await analytics.rows("UPDATE rollups SET thumbs_up = 2 WHERE grain = 'hour' AND workspace_id = $1", workspace.workspace_id)
    found = (await recount(analytics.db, workspace.workspace_id, start=NOON, end=NOON + timedelta(hours=1))).differences
    assert [(one.key.grain, one.figure, one.rollup, one.recounted) for one in found] == [("hour", "thumbs_up", 2, 1)]


async def _replica(analytics: Analytics, deliveries: list) -> None:  # type: ignore[type-arg]
    """Reads its share in batches of about 250, as the pull loop would."""
    for start in range(0, len(deliveries), 250):
        part = deliveries[start : start + 250]
        await asyncio.gather(
            analytics.intake.handle_records([one for one in part if b'"execution_id"' in one.data]),
            analytics.intake.handle_feedback([one for one in part if b'"feedback_id"' in one.data]),
        )
