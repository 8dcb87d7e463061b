"""Recounts: of every rollup, at night and on demand, with what differs told and what is forgotten left out."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from burnish_analytics import keep_recounts
from burnish_analytics.forget_old import NUMBERS_DAYS
from burnish_analytics.io import recount_store, recounts_store
from burnish_analytics.keep_recounts import RecountKeeper
from burnish_analytics.recount import Recount, backfill, recount
from burnish_shared.clock import SetClock
from burnish_shared.db.session import Database
from burnish_shared.ids import new_uuid
from burnish_shared.measures import BORDERS
from tests.embedded.superuser import as_superuser
from tests.embedded.workspaces import Workspace
from tests.integration.analytics.test_experiment_sums import largest
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


async def test_figures_that_an_erasure_takes_along_are_missed_by_nobody(analytics: Analytics, workspace: Workspace) -> None:
    await some_traffic(analytics, workspace)
    for table in ("rollup_sets", "rollup_metrics", "rollup_end_users"):
        await analytics.rows(f"DELETE FROM {table} WHERE workspace_id = $1", workspace.workspace_id)
    assert (await recount(analytics.db, workspace.workspace_id, start=NOON, end=NOON + timedelta(hours=1))).differences
    await analytics.rows("INSERT INTO workspace_erasures (workspace_id, requested_by) VALUES ($1, 'test')", workspace.workspace_id)
    assert (await recount(analytics.db, workspace.workspace_id, start=NOON, end=NOON + timedelta(hours=1))).differences == []
    await analytics.rows("UPDATE rollups SET thumbs_up = 99 WHERE grain = 'hour' AND workspace_id = $1", workspace.workspace_id)
    found = await recount(analytics.db, workspace.workspace_id, start=NOON, end=NOON + timedelta(hours=1))
    assert {one.figure for one in found.differences} == {"thumbs_up"}, "counts by prompt name stay"


@pytest.mark.parametrize("apart_s", [480, 50], ids=["all day", "in one hour"])
async def test_a_day_with_many_executions_is_compared_in_pieces_and_gives_the_same(
    analytics: Analytics, workspace: Workspace, monkeypatch: pytest.MonkeyPatch, apart_s: int
) -> None:
    done = [
        execution(
            workspace.workspace_id,
            slug=f"prompt-{n}",
            app=f"app-{n}",
            end_user=f"user-{n}",
            finished_at=NOON + timedelta(seconds=apart_s * n),
        )
        for n in range(60)
    ]
    await analytics.count(*done, *(thumb(one, n % 2) for n, one in enumerate(done)))
    await analytics.rows("UPDATE rollups SET thumbs_up = 99 WHERE grain = 'minute' AND workspace_id = $1", workspace.workspace_id)
    await analytics.rows("DELETE FROM rollup_sets WHERE grain <> 'day' AND dimension = 'app' AND workspace_id = $1", workspace.workspace_id)
    whole = await recount(analytics.db, workspace.workspace_id, start=NOON, end=NOON + timedelta(hours=1))
    most = 0
    for name in ("read_sides", "read_set_sides"):
        read = getattr(recount_store, name)

        async def spied(*asked: Any, read: Any = read, **more: Any) -> Any:
            nonlocal most
            raw, rolled = await read(*asked, **more)
            most = max(most, len(raw))
            return raw, rolled

        monkeypatch.setattr(recount_store, name, spied)
    monkeypatch.setattr("burnish_analytics.recount.AT_ONCE", 10)
    pieces = await recount(analytics.db, workspace.workspace_id, start=NOON, end=NOON + timedelta(hours=1))
    assert len(pieces.differences) > 60 and sorted(map(repr, pieces.differences)) == sorted(map(repr, whole.differences))
    assert most <= 4 * 30, "what ten of them make, in hours or prompts that belong together, and not all 60"
    added = await backfill(analytics.db, workspace.workspace_id, start=NOON, end=NOON + timedelta(hours=1))
    assert added == 60 + 60 and await backfill(analytics.db, workspace.workspace_id, start=NOON, end=NOON + timedelta(hours=1)) == 0


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


async def test_one_recount_that_breaks_keeps_no_other_from_being_made_and_is_given_up_after_three_tries(
    analytics: Analytics, workspace: Workspace, new_workspace: Callable[..., Awaitable[Workspace]], monkeypatch: pytest.MonkeyPatch
) -> None:
    other = await new_workspace()
    for one in (workspace, other):  # The one that breaks waits longest.
        await ask(analytics, one)

    async def breaks(db: Database, workspace_id: UUID, **asked: Any) -> Recount:
        if workspace_id == workspace.workspace_id:
            raise OverflowError("a figure that no column holds")
        return await recount(db, workspace_id, **asked)

    monkeypatch.setattr(keep_recounts, "recount", breaks)
    for attempt in range(1, 4):
        await keeper(analytics).recount_due()
        assert (await states(analytics, other)) == ("completed", 1)
        assert (await states(analytics, workspace)) == ("failed" if attempt == 3 else "pending", attempt)
        await analytics.rows("UPDATE recounts SET claimed_until = now() - interval '1 s' WHERE workspace_id = $1", workspace.workspace_id)
    await keeper(analytics).recount_due()
    assert (await states(analytics, workspace)) == ("failed", 3)


async def test_two_replicas_make_a_recount_once_and_one_that_lost_its_claim_says_nothing(
    analytics: Analytics, workspace: Workspace
) -> None:
    await some_traffic(analytics, workspace)
    await analytics.rows("UPDATE rollups SET thumbs_up = 99 WHERE grain = 'hour' AND workspace_id = $1", workspace.workspace_id)
    await ask(analytics, workspace)
    found = await asyncio.gather(*(keeper(analytics).recount_due() for _ in range(2)))
    assert sorted(found) == [0, 1] and await states(analytics, workspace) == ("completed", 1)
    recount_id = await ask(analytics, workspace)
    async with analytics.db.unit_of_work(workspaces={workspace.workspace_id}) as tx:
        asked = await recounts_store.find(tx, workspace.workspace_id, recount_id)
    assert asked is not None
    [slow, fast] = [keeper(analytics), keeper(analytics)]
    assert [await fast._make(asked), await slow._make(asked)] == [1, 1]
    entries = await analytics.rows("SELECT FROM audit_log WHERE workspace_id = $1 AND action = 'rollups.differ'", workspace.workspace_id)
    assert len(entries) == 2, "one for each recount, not for each replica"


async def test_a_recount_whose_replica_was_killed_is_made_by_another_or_given_up(analytics: Analytics, workspace: Workspace) -> None:
    await ask(analytics, workspace)
    for attempts, status in ((1, "completed"), (3, "failed")):
        await analytics.rows(
            "UPDATE recounts SET status = 'pending', finished_at = NULL, attempts = $2, claimed_until = now() + interval '1 h' "
            "WHERE workspace_id = $1", workspace.workspace_id, attempts,
        )  # fmt: skip
        await keeper(analytics).recount_due()
        assert (await states(analytics, workspace))[0] == "pending", "somebody is at it"
        await analytics.rows("UPDATE recounts SET claimed_until = now() - interval '1 s' WHERE workspace_id = $1", workspace.workspace_id)
        await keeper(analytics).recount_due()
        assert (await states(analytics, workspace))[0] == status


async def test_a_recount_reads_reactions_to_its_days_alone_and_no_value_by_itself(analytics: Analytics, workspace: Workspace) -> None:
    old = [execution(workspace.workspace_id, finished_at=NOON - timedelta(days=9), session_id="long ago") for _ in range(300)]
    await analytics.count(*old, *(thumb(one, 1) for one in old))
    await some_traffic(analytics, workspace)
    arguments = (workspace.workspace_id, "hour", MIDNIGHT - timedelta(days=1), MIDNIGHT)
    async with analytics.db.unit_of_work(workspaces={workspace.workspace_id}) as tx:
        await tx.execute(
            "SELECT set_config(one, 'off', true) FROM unnest(ARRAY['enable_seqscan', 'enable_hashjoin', 'enable_mergejoin']) one"
        )
        for sql, more in (
            (recount_store.READ, (BORDERS, 1, 0)),
            (recount_store.READ_SETS, (BORDERS, 1, 0)),
            (recount_store.READ_METRICS, ()),
        ):
            [plan] = json.loads(json.dumps(await tx.fetchval(f"EXPLAIN (ANALYZE, FORMAT JSON) {sql}", *arguments, *more)))
            assert largest(plan, "Rows Removed by Filter") < 100, sql
            assert largest(plan, "Rows Removed by Join Filter") < 100, sql
        rows = await tx.fetch(recount_store.READ, *arguments, BORDERS, 1, 0)
    assert max(len(row["latency"] or ()) for row in rows if row["side"] != "rollup") < 30


async def ask(analytics: Analytics, workspace: Workspace) -> UUID:
    recount_id = new_uuid()
    await analytics.rows(
        "INSERT INTO recounts (recount_id, workspace_id, requested_by, range_start, range_end) VALUES ($1, $2, 'somebody', $3, $4)",
        recount_id, workspace.workspace_id, NOON - timedelta(hours=1), NOON + timedelta(hours=1),
    )  # fmt: skip
    return recount_id


async def states(analytics: Analytics, workspace: Workspace) -> tuple[str, int]:
    [row] = await analytics.rows(
        "SELECT status, attempts FROM recounts WHERE workspace_id = $1 ORDER BY requested_at LIMIT 1", workspace.workspace_id
    )
    return row["status"], row["attempts"]


COARSE_TABLES = ("rollup_sets", "rollup_metrics", "rollup_end_users")


async def rollups_of(analytics: Analytics, workspace: Workspace) -> dict[str, int]:
    return {
        table: (await analytics.rows(f"SELECT count(*) AS n FROM {table} WHERE workspace_id = $1", workspace.workspace_id))[0]["n"]
        for table in COARSE_TABLES
    }


OLD_SCORE = """
INSERT INTO scores (workspace_id, execution_id, evaluator_id, evaluator_version, kind, slug, version, label, model, finished_at, score,
                    passed, simulated)
VALUES ($1, moment_bound(now() - interval '401 days'), gen_random_uuid(), 1, 'regex', '', 0, '', 'm', now(), 1, true, true)"""


async def test_rollups_of_25_months_ago_go_save_those_of_a_workspace_under_a_legal_hold(
    analytics: Analytics, workspace: Workspace, new_workspace: Callable[..., Awaitable[Workspace]]
) -> None:
    """Its rows of prompts stay, so those of the whole workspace have to: a summary reads these."""
    held, recent = await new_workspace(), await new_workspace()
    for one in (workspace, held, recent):
        await some_traffic(analytics, one)
    for table in COARSE_TABLES:
        await analytics.rows(
            f"UPDATE {table} SET bucket = bucket - interval '30 months' WHERE workspace_id <> $1",
            recent.workspace_id,
        )
    for one in (workspace, held):
        await analytics.rows(OLD_SCORE, one.workspace_id)
    await analytics.rows("UPDATE workspaces SET legal_hold = true WHERE workspace_id = $1", held.workspace_id)
    before = await rollups_of(analytics, held)
    assert all(before.values())
    await keeper(analytics).forget()
    assert not any((await rollups_of(analytics, workspace)).values())
    assert await rollups_of(analytics, held) == before == await rollups_of(analytics, recent)
    scores = "SELECT workspace_id FROM scores WHERE workspace_id = ANY ($1)"
    there = [workspace.workspace_id, held.workspace_id]
    assert [row["workspace_id"] for row in await analytics.rows(scores, there)] == [held.workspace_id]
    await analytics.rows("UPDATE workspaces SET legal_hold = false WHERE workspace_id = $1", held.workspace_id)
    await keeper(analytics).forget()
    assert not any((await rollups_of(analytics, held)).values()) and not await analytics.rows(scores, there)


async def test_what_is_not_old_is_not_read_to_find_what_is(analytics: Analytics, workspace: Workspace) -> None:
    await some_traffic(analytics, workspace)
    await analytics.rows(
        """INSERT INTO rollup_sets
           SELECT (jsonb_populate_record(one, jsonb_build_object('bucket', date_trunc('hour', now()) - n * interval '1 hour',
                                                                 'value', 'old'))).*
             FROM (SELECT s AS one FROM rollup_sets s WHERE workspace_id = $1 AND grain = 'hour' AND dimension = 'app' LIMIT 1) o,
                  generate_series(1, 5000) n""",
        workspace.workspace_id,
    )
    await analytics.rows("ANALYZE rollup_sets")
    async with as_superuser(analytics.superuser_url) as connection, connection.transaction():
        await connection.fetch("SELECT forget_rollups(100)")
        read = "SELECT sum(seq_tup_read + idx_tup_fetch) FROM pg_stat_xact_user_tables WHERE relname = 'rollup_sets'"
        assert await connection.fetchval(read) < 100
