"""Recounts: of every rollup, at night and on demand, with what differs told and what is forgotten left out."""

from datetime import timedelta

import pytest

from burnish_analytics.forget_old import NUMBERS_DAYS
from burnish_analytics.keep_recounts import RecountKeeper
from burnish_analytics.recount import recount
from burnish_shared.clock import SetClock
from burnish_shared.ids import new_uuid
from tests.embedded.workspaces import Workspace
from tests.integration.analytics.traffic import NOON, Analytics, execution, thumb

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.promise("A-01", "A-02"), pytest.mark.capability("A2")]

MIDNIGHT = NOON.replace(hour=0, minute=0, second=0) + timedelta(days=1)


async def some_traffic(analytics: Analytics, workspace: Workspace) -> None:
    done = [
        execution(workspace.workspace_id, app=f"app-{n % 2}", end_user=f"user-{n % 7}", finished_at=NOON + timedelta(minutes=n))
        for n in range(30)
    ]
    await analytics.count(*done, *(thumb(one, n % 2) for n, one in enumerate(done)))
    await analytics.count(*(thumb(one, 1, kind="metric:sold", value=n / 3) for n, one in enumerate(done)))
    await analytics.count(*(thumb(one, 1, kind="metric:sold", value=0.1, accepted_at=NOON + timedelta(days=20)) for one in done[:3]))


def keeper(analytics: Analytics, *, at: timedelta = timedelta(hours=2)) -> RecountKeeper:
    return RecountKeeper(analytics.db, SetClock(MIDNIGHT + at), 1.0)


async def test_every_rollup_is_what_its_raw_rows_add_up_to_and_each_that_is_not_is_named(
    analytics: Analytics, workspace: Workspace
) -> None:
    await some_traffic(analytics, workspace)
    assert (await recount(analytics.db, workspace.workspace_id, start=NOON, end=NOON + timedelta(hours=1))).differences == []
    for change, figure in (
        ("UPDATE rollup_sets SET cost_nusd = cost_nusd + 1 WHERE workspace_id = $1 AND grain = 'day' AND value = 'app-1'", "cost_nusd"),
        ("UPDATE rollup_metrics SET total = total - 0.5 WHERE workspace_id = $1 AND grain = 'day'", "total"),
        ("UPDATE rollup_end_users SET sketch = decode(repeat('00', 4096), 'hex') WHERE workspace_id = $1 AND grain = 'day'", "end_users"),
    ):
        await analytics.rows(change, workspace.workspace_id)
        found = await recount(analytics.db, workspace.workspace_id, start=NOON, end=NOON + timedelta(hours=1))
        assert figure in {one.figure for one in found.differences}


async def test_the_night_recounts_yesterday_once_and_tells_of_differences(analytics: Analytics, workspace: Workspace) -> None:
    await some_traffic(analytics, workspace)
    await analytics.rows("UPDATE rollups SET thumbs_up = 99 WHERE grain = 'hour' AND workspace_id = $1", workspace.workspace_id)
    assert await keeper(analytics, at=timedelta(minutes=10)).ask_for_the_night() == 0
    assert await keeper(analytics).ask_for_the_night() >= 1
    assert await keeper(analytics).ask_for_the_night() == 0
    assert await keeper(analytics).recount_due() >= 1
    assert await keeper(analytics).recount_due() == 0
    [row] = await analytics.rows("SELECT * FROM recounts WHERE workspace_id = $1", workspace.workspace_id)
    assert (row["requested_by"], row["status"], row["range_end"], row["difference_count"]) == ("nightly", "completed", MIDNIGHT, 1)
    [difference] = row["differences"]
    expected = {"grain": "hour", "slug": "route", "label": "production", "figure": "thumbs_up", "rollup": 99.0, "recounted": 15.0}
    assert difference | expected == difference
    [entry] = await analytics.rows("SELECT * FROM audit_log WHERE workspace_id = $1 AND action = 'rollups.differ'", workspace.workspace_id)
    assert entry["object_id"] == str(row["recount_id"])


async def test_days_whose_raw_rows_are_forgotten_are_left_out_and_said_to_be(analytics: Analytics, workspace: Workspace) -> None:
    await some_traffic(analytics, workspace)
    await analytics.rows(
        """INSERT INTO recounts (recount_id, workspace_id, requested_by, range_start, range_end) VALUES ($1, $2, 'somebody', $3, $4)""",
        new_uuid(), workspace.workspace_id, NOON - timedelta(days=3), NOON + timedelta(days=2),
    )  # fmt: skip
    await analytics.rows("DELETE FROM feedback WHERE workspace_id = $1", workspace.workspace_id)
    await analytics.rows("DELETE FROM execution_facts WHERE workspace_id = $1", workspace.workspace_id)
    assert await keeper(analytics, at=timedelta(days=NUMBERS_DAYS)).recount_due() == 0
    [row] = await analytics.rows("SELECT * FROM recounts WHERE workspace_id = $1", workspace.workspace_id)
    assert row["difference_count"] == 0 and row["counted_from"] == MIDNIGHT + timedelta(days=1) > row["range_start"]
