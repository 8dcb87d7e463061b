"""Rows of the whole workspace: read instead of each prompt's once all of them are there, and added up where none were."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio

from burnish_analytics.core.rollup import WORKSPACE, Deltas
from burnish_analytics.fill_whole import fill_whole
from burnish_analytics.io import rollup_store, whole_store
from burnish_analytics.keep_recounts import RecountKeeper
from burnish_analytics.recount import recount
from burnish_gateway.insights import store
from burnish_gateway.insights.cost_days_store import costs_by_day
from burnish_gateway.insights.ranges import Range
from burnish_gateway.insights.store import Filters
from burnish_shared.clock import SetClock
from burnish_shared.contracts.executions import Lane
from burnish_shared.db.session import Database, Tx
from burnish_shared.errors import Busy
from tests.embedded.databases import DatabaseUrls
from tests.embedded.superuser import as_superuser
from tests.embedded.workspaces import Workspace
from tests.integration.analytics.test_experiment_sums import largest
from tests.integration.analytics.traffic import NOON, Analytics, execution, thumb

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.capability("A2")]

HOUR = NOON.replace(minute=0, second=0)
HOURS = Range(HOUR, HOUR + timedelta(hours=24), "hour")
MINUTES = Range(HOUR, HOUR + timedelta(hours=2), "minute")
SPANS = [Range(HOUR.replace(hour=0), HOUR.replace(hour=0) + timedelta(days=2), "day"), HOURS, MINUTES]
LIVE = Filters(traffic="live")
PROMPTS = 40


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def gateway_db(module_database_urls: DatabaseUrls) -> AsyncIterator[Database]:
    db = await Database.open(module_database_urls["gateway"], application_name="test-gateway", max_size=2)
    yield db
    await db.close()


async def some_traffic(analytics: Analytics, workspace: Workspace, *, hour: int = 0) -> None:
    done = [
        execution(
            workspace.workspace_id,
            slug=f"p{n}",
            latency_ms=100 + 37 * n,
            lane=Lane.BATCH if n % 10 == 9 else Lane.INTERACTIVE,
            finished_at=NOON + timedelta(hours=hour, minutes=n % 3),
        )
        for n in range(PROMPTS)
    ]
    await analytics.count(*done, *(thumb(one, n % 2) for n, one in enumerate(done[:10])))
    later = [thumb(one, 1, accepted_at=NOON + timedelta(days=3)) for one in done[:4]]
    await analytics.count(*later)


async def told(tx: Tx, *, traffic: str | None) -> list[Any]:
    """All that can be asked of a whole workspace."""
    which = Filters(traffic=traffic)
    found: list[Any] = []
    for wanted in SPANS:
        for by_step in (True, False):
            for group in store.OF_ALL:
                found.append(await store.totals(tx, wanted, which, by_step=by_step, group_by=group))
        found.append(await store.total_cost(tx, wanted, which))
        found.append(await store.costs(tx, wanted, which, group_by="traffic", at_most=9))
    found.append(await costs_by_day(tx, SPANS[0], which, group_by=None))
    return found


async def as_told(db: Database, workspace: Workspace) -> list[Any]:
    async with db.unit_of_work(workspace=workspace.workspace_id, read_only=True) as tx:
        return [await told(tx, traffic=one) for one in (None, "live", "batch")]


@contextmanager
def the_release_before() -> Iterator[None]:
    """Counts as it did: `rollups`, apps, keys and providers, without a word on rows of whole workspaces."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rollup_store, "ADD", rollup_store.ADD.replace(", set_config('app.writes_whole', 'on', true) says_so", ""))
        settle = Deltas.settle

        def settled(deltas: Deltas) -> Deltas:
            settle(deltas)
            for key in [one for one in deltas.sets if one.dimension == WORKSPACE]:
                del deltas.sets[key]
            return deltas

        patch.setattr(Deltas, "settle", settled)
        yield


async def is_whole(analytics: Analytics, workspace: Workspace) -> bool:
    rows = await analytics.rows("SELECT is_whole FROM whole_rollups WHERE workspace_id = $1", workspace.workspace_id)
    return bool(rows and rows[0]["is_whole"])


async def filled(analytics: Analytics, *workspaces: Workspace) -> None:
    await fill_whole(analytics.db, most_s=600)
    assert all([await is_whole(analytics, one) for one in workspaces])


async def test_figures_of_a_workspace_read_a_row_a_step_however_many_prompts_it_has(
    analytics: Analytics, gateway_db: Database, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    await some_traffic(analytics, workspace)
    await filled(analytics, workspace)
    async with gateway_db.unit_of_work(workspace=workspace.workspace_id, read_only=True) as tx:
        asked: list[Any] = []
        for name in ("fetch", "fetchval"):
            read = getattr(tx, name)

            async def spied(*statement: Any, read: Any = read) -> Any:
                asked.append(statement)
                return await read(*statement)

            monkeypatch.setattr(type(tx), name, lambda _, *statement, spied=spied: spied(*statement))
        await told(tx, traffic="live")
        monkeypatch.undo()
        assert len(asked) > 40
        for sql, *arguments in asked:
            plan = await tx.fetchval(f"EXPLAIN (ANALYZE, FORMAT JSON) {sql}", *arguments)
            read_rows = sum(one["Actual Rows"] * one["Actual Loops"] for one in scans(plan[0]["Plan"]))
            assert 0 < read_rows <= 3, (read_rows, sql)
            assert largest(plan, "Rows Removed by Filter") < 200


def scans(plan: dict[str, Any]) -> list[dict[str, Any]]:
    own = [plan] if plan.get("Relation Name", "").startswith("rollup") else []
    return own + [one for part in plan.get("Plans", ()) for one in scans(part)]


async def test_rows_of_the_workspace_are_the_sums_of_its_prompts_and_follow_late_and_changed_reactions(
    analytics: Analytics, gateway_db: Database, workspace: Workspace
) -> None:
    await some_traffic(analytics, workspace)
    await some_traffic(analytics, workspace, hour=1)
    from_prompts = await as_told(gateway_db, workspace)
    await filled(analytics, workspace)
    await some_traffic(analytics, workspace, hour=2)
    from_whole = await as_told(gateway_db, workspace)
    await analytics.rows("UPDATE whole_rollups SET is_whole = false")
    assert from_whole == await as_told(gateway_db, workspace) != from_prompts
    await analytics.rows("UPDATE whole_rollups SET is_whole = true")
    hours = next(iter(from_whole[1][11].values()))
    assert hours.sums["executions"] == 36 * 3 and hours.sums["thumbs_up"] > hours.sums["thumbs_down"] and sum(hours.latency) == 108
    assert (await recount(analytics.db, workspace.workspace_id, start=NOON, end=NOON + timedelta(hours=2))).differences == []
    await analytics.rows(
        "UPDATE rollup_sets SET cost_nusd = cost_nusd + 1 WHERE dimension = 'workspace' AND workspace_id = $1", workspace.workspace_id
    )
    found = (await recount(analytics.db, workspace.workspace_id, start=NOON, end=NOON + timedelta(hours=2))).differences
    assert {getattr(one.key, "dimension", None) for one in found} == {WORKSPACE} and {one.figure for one in found} == {"cost_nusd"}


async def test_what_an_earlier_release_counted_is_added_up_in_steps_and_read_from_its_prompts_until_then(
    analytics: Analytics, gateway_db: Database, workspace: Workspace, new_workspace: Callable[..., Awaitable[Workspace]]
) -> None:
    other = await new_workspace()
    with the_release_before():
        await some_traffic(analytics, workspace)
        await some_traffic(analytics, workspace, hour=24)
        await some_traffic(analytics, other)
    right = await as_told(gateway_db, workspace)
    await some_traffic(analytics, workspace, hour=1)  # By this release, before anything is added up.
    assert (await recount(analytics.db, workspace.workspace_id, start=NOON, end=NOON + timedelta(hours=2))).differences == []
    now = await as_told(gateway_db, workspace)
    rounds = 0
    while not await is_whole(analytics, workspace):
        assert await as_told(gateway_db, workspace) == now != right and rounds < 50
        await fill_whole(analytics.db, most_s=0)  # A day at the most: a service that stops after any of them goes on with the next.
        rounds += 1
        if rounds == 2:
            await some_traffic(analytics, workspace, hour=3)
            now = await as_told(gateway_db, workspace)
    assert await as_told(gateway_db, workspace) == now and rounds >= 2
    await filled(analytics, other)
    for one in (workspace, other):
        assert (await recount(analytics.db, one.workspace_id, start=NOON, end=NOON + timedelta(hours=4))).differences == []


async def test_an_earlier_release_that_counts_once_more_is_seen_at_once(
    analytics: Analytics, gateway_db: Database, workspace: Workspace, new_workspace: Callable[..., Awaitable[Workspace]]
) -> None:
    """Beside this one in an update, or after a return to it. Others stay whole."""
    other = await new_workspace()
    for one in (workspace, other):
        await some_traffic(analytics, one)
    await filled(analytics, workspace, other)
    before = await as_told(gateway_db, workspace)
    with the_release_before():
        await some_traffic(analytics, workspace, hour=1)
    assert not await is_whole(analytics, workspace) and await is_whole(analytics, other)
    right = await as_told(gateway_db, workspace)
    assert right != before
    await filled(analytics, workspace)
    assert await as_told(gateway_db, workspace) == right
    await fill_whole(analytics.db, most_s=600)
    assert await as_told(gateway_db, workspace) == right, "a second time there is nothing to add"


async def test_one_that_had_not_committed_while_rows_were_added_up_is_waited_for(
    analytics: Analytics, gateway_db: Database, workspace: Workspace
) -> None:
    await some_traffic(analytics, workspace)
    [row] = await analytics.rows("SELECT * FROM rollups WHERE workspace_id = $1 AND grain = 'day' LIMIT 1", workspace.workspace_id)
    async with as_superuser(analytics.superuser_url) as connection:
        transaction = connection.transaction()
        await transaction.start()
        await connection.execute(
            "UPDATE rollups SET executions = executions + 1 WHERE workspace_id = $1 AND grain = 'day' AND slug = $2",
            row["workspace_id"], row["slug"],
        )  # fmt: skip
        filling = asyncio.create_task(fill_whole(analytics.db, most_s=600))
        await asyncio.wait([filling], timeout=0.5)
        await transaction.commit()
    await filling
    right = await as_told(gateway_db, workspace)
    await filled(analytics, workspace)
    assert await as_told(gateway_db, workspace) == right


async def test_a_workspace_that_fails_keeps_no_other_waiting(
    analytics: Analytics, workspace: Workspace, new_workspace: Callable[..., Awaitable[Workspace]], monkeypatch: pytest.MonkeyPatch
) -> None:
    other = await new_workspace()
    first, second = sorted((workspace, other), key=lambda one: one.workspace_id)
    with the_release_before():
        for one in (first, second):
            await some_traffic(analytics, one)
    lacking = whole_store.lacking

    async def failing(tx: Tx, workspace_id: UUID, **span: Any) -> Deltas:
        if workspace_id == first.workspace_id:
            raise Busy("too long")
        return await lacking(tx, workspace_id, **span)

    monkeypatch.setattr(whole_store, "lacking", failing)
    await fill_whole(analytics.db, most_s=600)
    assert (await is_whole(analytics, first), await is_whole(analytics, second)) == (False, True)
    monkeypatch.undo()
    await filled(analytics, first)


async def test_of_an_erased_workspace_nothing_is_added_up(analytics: Analytics, workspace: Workspace) -> None:
    with the_release_before():
        await some_traffic(analytics, workspace)
    await analytics.rows("INSERT INTO workspace_erasures (workspace_id, requested_by) VALUES ($1, 'test')", workspace.workspace_id)
    await fill_whole(analytics.db, most_s=600)
    rows = "SELECT FROM rollup_sets WHERE dimension = 'workspace' AND workspace_id = $1"
    assert await analytics.rows(rows, workspace.workspace_id) == []


async def test_a_night_that_finds_a_workspaces_row_wanting_tells_it_and_has_it_added_up_anew(
    analytics: Analytics, gateway_db: Database, workspace: Workspace, new_workspace: Callable[..., Awaitable[Workspace]]
) -> None:
    other = await new_workspace()
    await some_traffic(analytics, workspace)
    await filled(analytics, workspace, other)
    right = await as_told(gateway_db, workspace)
    await analytics.rows(
        "UPDATE rollup_sets SET executions = executions - 1 WHERE dimension = 'workspace' AND grain = 'day' AND workspace_id = $1",
        workspace.workspace_id,
    )
    assert await as_told(gateway_db, workspace) != right
    midnight = NOON.replace(hour=0, minute=0, second=0) + timedelta(days=1)
    keeper = RecountKeeper(analytics.db, SetClock(midnight + timedelta(hours=2)), 1.0)
    await keeper.ask_for_the_night()
    assert await keeper.recount_due() >= 1
    assert not await is_whole(analytics, workspace) and await is_whole(analytics, other)
    assert await as_told(gateway_db, workspace) == right
    await filled(analytics, workspace)
    assert await as_told(gateway_db, workspace) == right


@pytest.mark.parametrize("histogram", ["latency", "first_token"])
async def test_a_row_whose_histogram_is_not_that_of_its_prompts_is_told_and_added_up_anew(
    analytics: Analytics, gateway_db: Database, workspace: Workspace, histogram: str
) -> None:
    """All its sums may be right, and percentiles wrong."""
    done = [execution(workspace.workspace_id, slug=f"p{n}", latency_ms=100 + 37 * n, first_token_ms=9 + n) for n in range(PROMPTS)]
    await analytics.count(*done)
    await filled(analytics, workspace)
    right = await as_told(gateway_db, workspace)
    await analytics.rows(
        f"""UPDATE rollup_sets SET {histogram} = add_histograms({histogram}, '{{2,3}}')
             WHERE dimension = 'workspace' AND grain = 'hour' AND workspace_id = $1""",
        workspace.workspace_id,
    )
    assert await as_told(gateway_db, workspace) != right
    result = await recount(analytics.db, workspace.workspace_id, start=NOON, end=NOON + timedelta(hours=1))
    [one] = result.differences
    assert (getattr(one.key, "dimension", None), one.figure, one.rollup, one.recounted) == (WORKSPACE, histogram, PROMPTS + 5, PROMPTS)
    async with analytics.db.unit_of_work() as tx:
        await whole_store.mark(tx, workspace.workspace_id)
    await filled(analytics, workspace)
    assert await as_told(gateway_db, workspace) == right
    assert (await recount(analytics.db, workspace.workspace_id, start=NOON, end=NOON + timedelta(hours=1))).differences == []


async def test_one_with_many_days_keeps_no_other_waiting_for_more_than_a_round(
    analytics: Analytics, workspace: Workspace, new_workspace: Callable[..., Awaitable[Workspace]]
) -> None:
    other = await new_workspace()
    await fill_whole(analytics.db, most_s=600)  # What tests before have left.
    with the_release_before():
        for one in (workspace, other):
            for day in range(3):
                await some_traffic(analytics, one, hour=24 * day)
    for _ in range(2):
        await fill_whole(analytics.db, most_s=0)
    begun = await analytics.rows("SELECT workspace_id FROM whole_rollups WHERE after_day IS NOT NULL AND NOT is_whole")
    assert {row["workspace_id"] for row in begun} == {workspace.workspace_id, other.workspace_id}
    await filled(analytics, workspace, other)
