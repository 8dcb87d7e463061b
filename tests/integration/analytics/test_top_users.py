"""The heaviest end users of hours and days that are over: exact as of then, and what is left out is bounded (A1)."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from burnish_analytics import watch_end_users as end_users
from burnish_analytics.io import top_user_store
from burnish_gateway.insights.group_store import TopUsers, top_users
from burnish_gateway.insights.ranges import Range
from burnish_shared.measures import quantile
from tests.embedded.workspaces import Workspace
from tests.integration.analytics.traffic import NOON, Analytics, execution, thumb

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.capability("A1", "A2")]

HOUR = NOON.replace(minute=0, second=0)
MIDNIGHT = HOUR.replace(hour=0)


async def told(analytics: Analytics, workspace_id: UUID, grain: Any, *, hours: int = 24) -> TopUsers:
    async with analytics.db.unit_of_work(workspace=workspace_id) as tx:
        return await top_users(tx, Range(MIDNIGHT, MIDNIGHT + timedelta(hours=hours), grain), at_most=10)


async def test_the_heaviest_by_calls_and_by_cost_are_told_exactly_and_the_others_are_bounded(
    analytics: Analytics, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    where = workspace.workspace_id
    monkeypatch.setattr(top_user_store, "KEPT_MOST", 2)
    calls = {"ann": (5, 10), "bob": (4, 20), "cy": (3, 30), "dear": (1, 9_000), "eve": (2, 40)}
    done = [
        execution(where, end_user=name, cost_nusd=cost, latency_ms=100 * (n + 1), status="error" if n == 1 else "success")
        for name, (times, cost) in calls.items()
        for n in range(times)
    ]
    nobody, batch = execution(where), execution(where, end_user="ann", lane="batch")
    ann = [one for one in done if one.end_user == "ann"]
    await analytics.count(*done, nobody, batch, *[thumb(one, int(n > 0), user_id="ann") for n, one in enumerate(ann)])
    analytics.clock.at = HOUR + timedelta(minutes=66)
    await analytics.housework.watch_end_users()
    found = await told(analytics, where, "hour")
    shown = {name: (one.sums["executions"], one.sums["cost_nusd"]) for name, one in found.found.items()}
    assert list(shown.items()) == [("ann", (5, 50)), ("bob", (4, 80)), ("cy", (3, 90)), ("dear", (1, 9_000))]
    assert (found.others_executions, found.others_cost_nusd, found.through) == (2, 80, HOUR + timedelta(hours=1))
    sums = found.found["ann"].sums
    assert (sums["successes"], sums["errors"], sums["reactions"], sums["thumbs_up"], sums["thumbs_down"]) == (4, 1, 5, 4, 1)
    assert sum(found.found["ann"].latency) == 5 and quantile(found.found["ann"].latency, 1.0) == pytest.approx(500, rel=0.05)
    late = execution(where, end_user="ann")
    await analytics.count(late)
    await analytics.housework.watch_end_users()
    assert (await told(analytics, where, "hour")).found["ann"].sums["executions"] == 5, "an hour is counted once"


async def test_a_day_that_is_over_is_counted_as_one_and_open_days_by_their_hours(analytics: Analytics, workspace: Workspace) -> None:
    where = workspace.workspace_id
    for hour in (9, 23):
        await analytics.count(*(execution(where, end_user=f"user-{n}", finished_at=MIDNIGHT.replace(hour=hour)) for n in (1, 1, 2)))
    await analytics.count(execution(where, end_user="user-2", finished_at=MIDNIGHT + timedelta(hours=25)))
    for hours in (10, 24, 26):
        analytics.clock.at = MIDNIGHT + timedelta(hours=hours, minutes=6)
        await analytics.housework.watch_end_users()
    kept = await analytics.rows(
        "SELECT grain, count(*) AS n FROM rollup_top_users WHERE workspace_id = $1 GROUP BY 1 ORDER BY 1", where
    )  # fmt: skip
    assert {row["grain"]: row["n"] for row in kept} == {"day": 2, "hour": 5}
    by_day = await told(analytics, where, "day", hours=48)
    assert {name: one.sums["executions"] for name, one in by_day.found.items()} == {"user-1": 4, "user-2": 3}
    assert {name: one.sums["executions"] for name, one in (await told(analytics, where, "hour", hours=24)).found.items()} == {
        "user-1": 4, "user-2": 2,
    }  # fmt: skip


@pytest.mark.parametrize("looked_at", [(10, 24, 34, 48), (50,)], ids=["as it goes", "after a stop"])
async def test_a_day_is_counted_whatever_its_last_hour_had(analytics: Analytics, workspace: Workspace, looked_at: tuple[int, ...]) -> None:
    """Nobody is there before midnight; on the next day somebody is, or analytics was away for longer than hours are made up for."""
    where = workspace.workspace_id
    used = [("user-1", 9)] * 5 + [("user-2", 33), ("user-2", 47)]
    for name, hour in used:
        await analytics.count(execution(where, end_user=name, finished_at=MIDNIGHT + timedelta(hours=hour)))
    for hours in looked_at:
        analytics.clock.at = MIDNIGHT + timedelta(hours=hours, minutes=6)
        await analytics.housework.watch_end_users()
    found = await told(analytics, where, "day", hours=48)
    assert {name: one.sums["executions"] for name, one in found.found.items()} == {"user-1": 5, "user-2": 2}
    assert (found.others_executions, found.through) == (0, MIDNIGHT + timedelta(hours=48))
    days = await analytics.rows("SELECT bucket FROM rollup_top_users WHERE workspace_id = $1 AND grain = 'day' ORDER BY 1", where)
    assert [row["bucket"] for row in days] == [MIDNIGHT, MIDNIGHT + timedelta(days=1)]
    async with analytics.db.unit_of_work(workspaces={where}) as tx:
        assert not await end_users.keep_day(tx, where, day=MIDNIGHT), "a day is counted once"


async def test_hours_of_a_day_that_was_not_counted_are_told_beside_later_days(analytics: Analytics, workspace: Workspace) -> None:
    where = workspace.workspace_id
    for hour in (9, 33):
        await analytics.count(execution(where, end_user=f"user-{hour}", finished_at=MIDNIGHT + timedelta(hours=hour)))
        analytics.clock.at = MIDNIGHT + timedelta(hours=hour + 1, minutes=6)
        await analytics.housework.watch_end_users()
    async with analytics.db.unit_of_work(workspaces={where}) as tx:
        await tx.execute("DELETE FROM rollup_top_users WHERE workspace_id = $1 AND grain = 'day'", where)
        await end_users.keep_day(tx, where, day=MIDNIGHT + timedelta(days=1))
    found = await told(analytics, where, "day", hours=48)
    assert {name: one.sums["executions"] for name, one in found.found.items()} == {"user-9": 1, "user-33": 1}
