"""Sums by experiment, epoch, arm and unit; feedback on sessions; apps by the minute: counted once, moved by what comes late."""

import json
from collections.abc import Awaitable, Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from burnish_analytics.io import facts_store, feedback_store, label_store
from burnish_analytics.recount import Recount, backfill, recount
from burnish_shared.contracts.executions import CompletedItem, Status
from burnish_shared.ids import new_uuid
from tests.embedded.workspaces import Workspace
from tests.integration.analytics.traffic import NOON, Analytics, execution, thumb

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.promise("A-01", "A-02"), pytest.mark.capability("A2")]


async def recounted(analytics: Analytics, workspace: Workspace) -> Recount:
    return await recount(analytics.db, workspace.workspace_id, start=NOON, end=NOON + timedelta(hours=1))


def in_session(workspace: Workspace, name: str | None, **changed: Any) -> CompletedItem:
    return execution(workspace.workspace_id, session_id=name, **changed)


def on_session(one: CompletedItem, verdict: int, **changed: Any) -> Any:
    return thumb(one, verdict, target_kind="session", target_id=one.session_id, user_id="ada", **changed)


def part(workspace: Workspace, experiment_id: UUID, unit: str, *, arm: str, epoch: int = 1, **changed: Any) -> CompletedItem:
    return execution(
        workspace.workspace_id, experiment_id=experiment_id, arm=arm, allocation_epoch=epoch, unit=f"user:{unit}", end_user=unit, **changed
    )


async def arms(analytics: Analytics, experiment_id: UUID) -> dict[tuple[int, str, str], tuple[Any, ...]]:
    rows = await analytics.rows("SELECT * FROM experiment_sums WHERE experiment_id = $1", experiment_id)
    return {
        (row["allocation_epoch"], row["arm"], row["metric"]): tuple(
            row[name] for name in ("units", "sum_x", "sum_y", "sum_xx", "sum_yy", "sum_xy")
        )
        for row in rows
    }


async def test_an_arm_is_the_sum_over_its_units_whatever_comes_late_or_twice(analytics: Analytics, workspace: Workspace) -> None:
    one = new_uuid()
    done = [
        part(workspace, one, "ada", arm="a"), part(workspace, one, "ada", arm="a", status=Status.ERROR),
        part(workspace, one, "bob", arm="a"), part(workspace, one, "cyd", arm="b", cost_nusd=10),
        part(workspace, one, "ada", arm="a", epoch=2), part(workspace, one, "dan", arm="b", status=Status.CANCELLED),
    ]  # fmt: skip
    up = thumb(done[0], 1)
    await analytics.count(up)
    await analytics.count(*done[:3])
    await analytics.count(
        *done, thumb(done[1], 0), thumb(done[2], 1, kind="score", value=0.25), thumb(done[2], 1, kind="metric:sold", value=0.1)
    )
    found = await arms(analytics, one)
    assert found[(1, "a", "success")] == (2, 3, 2, 5, 2, 3)
    assert found[(1, "a", "satisfaction")] == (2, 3, Decimal("1.25"), 5, Decimal("1.0625"), Decimal("2.25"))
    assert found[(1, "a", "metric:sold")] == (1, 1, Decimal("0.1"), 1, Decimal("0.01"), Decimal("0.1"))
    assert found[(1, "b", "cost_nusd")] == (1, 1, 10, 1, 100, 10) and found[(2, "a", "success")] == (1, 1, 1, 1, 1, 1)
    assert (await recounted(analytics, workspace)).differences == []
    await analytics.count(up.model_copy(update={"value": 0.0, "accepted_at": NOON + timedelta(days=9)}))
    assert (await arms(analytics, one))[(1, "a", "satisfaction")] == (2, 3, Decimal("0.25"), 5, Decimal("0.0625"), Decimal("0.25"))
    assert (await recounted(analytics, workspace)).differences == []
    await analytics.rows("UPDATE experiment_units SET y = y + 1 WHERE experiment_id = $1 AND unit = 'user:bob' AND metric = 'success'", one)
    assert {one.figure for one in (await recounted(analytics, workspace)).differences} == {"sum_yy", "sum_xy"}


@pytest.mark.capability("X3")
async def test_answers_slower_than_the_limit_are_counted_where_there_is_one(analytics: Analytics, workspace: Workspace) -> None:
    one = new_uuid()
    done = [
        part(workspace, one, "ada", arm="a", slow=True), part(workspace, one, "ada", arm="a", slow=False),
        part(workspace, one, "bob", arm="a", slow=False), part(workspace, one, "cyd", arm="a"),
        part(workspace, one, "bob", arm="a", slow=True, status=Status.TIMEOUT),
        part(workspace, one, "bob", arm="a", slow=True, cached=True),
    ]  # fmt: skip
    await analytics.count(*done)
    assert (await arms(analytics, one))[(1, "a", "slow")] == (2, 3, 1, 5, 1, 2)
    assert (await arms(analytics, one))[(1, "a", "cost_nusd")][:2] == (3, 5)  # without the one from the cache
    assert (await recounted(analytics, workspace)).differences == []


async def test_an_experiment_of_which_a_part_is_missing_is_none(analytics: Analytics, workspace: Workspace) -> None:
    await analytics.count(execution(workspace.workspace_id, experiment_id=new_uuid(), arm="a"), execution(workspace.workspace_id))
    assert (await analytics.rollup(workspace.workspace_id))["executions"] == 2


async def test_feedback_on_a_session_counts_for_its_newest_execution_and_stays_there(analytics: Analytics, workspace: Workspace) -> None:
    done = [in_session(workspace, "talk", version=n + 1) for n in range(3)]
    said = on_session(done[0], 1)
    await analytics.count(said, said)
    assert (await analytics.rollup(workspace.workspace_id))["up"] == 0
    await analytics.count(*done[:2])
    await analytics.count(done[2], said, said.model_copy(update={"value": 0.0, "accepted_at": NOON + timedelta(hours=2)}))
    rows = await analytics.rows(
        "SELECT version, thumbs_up, thumbs_down FROM rollups WHERE workspace_id = $1 AND grain = 'day'", workspace.workspace_id
    )
    assert {(row["version"], row["thumbs_up"], row["thumbs_down"]) for row in rows} == {(1, 0, 0), (2, 0, 1), (3, 0, 0)}
    other = on_session(done[0], 1).model_copy(update={"user_id": "bob"})
    await analytics.count(other)
    rows = await analytics.rows(
        "SELECT version FROM rollups WHERE workspace_id = $1 AND grain = 'day' AND thumbs_up = 1", workspace.workspace_id
    )
    assert [row["version"] for row in rows] == [3]
    assert (await recounted(analytics, workspace)).differences == []


async def test_a_session_of_another_workspace_never_joins_and_what_was_missed_is_found(
    analytics: Analytics, workspace: Workspace, new_workspace: Callable[..., Awaitable[Workspace]]
) -> None:
    other_workspace = await new_workspace()
    mine = in_session(workspace, "same-name")
    await analytics.count(in_session(other_workspace, "same-name"), on_session(mine, 1))
    assert await analytics.housework.join_missed() == 0
    assert (await analytics.rollup(other_workspace.workspace_id))["up"] == 0
    await analytics.count(mine)
    await analytics.rows(
        "UPDATE feedback SET joined_at = NULL, session_execution_id = NULL WHERE workspace_id = $1 RETURNING 1", workspace.workspace_id
    )
    assert await analytics.housework.join_missed() == 1
    assert (await analytics.rollup(workspace.workspace_id))["up"] == 2  # Counted when it came, and made to look uncounted.


async def test_apps_are_told_by_the_minute(analytics: Analytics, workspace: Workspace) -> None:
    await analytics.count(*(execution(workspace.workspace_id, app="shop", finished_at=NOON + timedelta(minutes=n)) for n in (0, 0, 5)))
    rows = await analytics.rows(
        "SELECT bucket, executions FROM rollup_sets WHERE workspace_id = $1 AND grain = 'minute' AND dimension = 'app' ORDER BY 1",
        workspace.workspace_id,
    )
    assert [row["executions"] for row in rows] == [2, 1]
    assert (await recounted(analytics, workspace)).differences == []


async def test_what_an_earlier_release_did_not_roll_up_is_made_from_raw_rows_once(analytics: Analytics, workspace: Workspace) -> None:
    done = [execution(workspace.workspace_id, app="shop", finished_at=NOON + timedelta(minutes=n)) for n in range(3)]
    await analytics.count(*done, thumb(done[0], 1))
    await analytics.rows("DELETE FROM rollup_sets WHERE workspace_id = $1 AND grain = 'minute'", workspace.workspace_id)
    assert (await recounted(analytics, workspace)).differences != []
    hour = {"start": NOON, "end": NOON + timedelta(hours=1)}
    assert [await backfill(analytics.db, workspace.workspace_id, **hour) for _ in range(2)] == [6, 0]
    await analytics.count(execution(workspace.workspace_id, app="shop"), thumb(done[1], 0))
    assert (await recounted(analytics, workspace)).differences == []


async def test_a_key_is_looked_up_by_itself_while_a_table_looks_empty_to_the_planner(analytics: Analytics, workspace: Workspace) -> None:
    """A partition that was never analyzed: joined freely, each key was compared with every row (docs/decisions/0016)."""
    done = [execution(workspace.workspace_id) for _ in range(600)]
    await analytics.count(*done)
    said = [thumb(one, 1) for one in done[:300]]
    await analytics.count(*said)
    ids = [one.execution_id for one in done[:300]]
    own = [workspace.workspace_id] * len(ids)
    keys = [
        own, ["execution"] * len(ids), [one.target_id for one in said], [one.user_id for one in said], ["thumb"] * len(ids),
    ]  # fmt: skip
    asked: list[tuple[str, tuple[Any, ...]]] = [
        (facts_store.SELECT, (own, ids, min(ids), max(ids))), (feedback_store.LOCK, tuple(keys)), (feedback_store.HISTORY, tuple(keys)),
        (feedback_store.LOCK_WAITING, (own, ids)),
    ]  # fmt: skip
    async with analytics.db.unit_of_work(workspaces={workspace.workspace_id}) as tx:
        await label_store.enter_period(tx, length_ms=50)
        for sql, arguments in asked:
            plan = json.dumps(await tx.fetchval(f"EXPLAIN (ANALYZE, FORMAT JSON) {sql}", *arguments))
            assert largest(json.loads(plan), "Rows Removed by Filter") <= 1, sql
            assert largest(json.loads(plan), "Rows Removed by Join Filter") <= len(ids), sql


def largest(plan: Any, name: str) -> float:
    """The largest value of this name anywhere in a plan."""
    if isinstance(plan, list):
        return max((largest(one, name) for one in plan), default=0)
    if not isinstance(plan, dict):
        return 0
    return max([float(plan.get(name, 0)), *(largest(one, name) for one in plan.values())])
