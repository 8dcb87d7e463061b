"""Figures by app, key and provider, named metrics and end users: counted once, moved by late and changed reactions, read from rollups."""

import json
from bisect import bisect_left
from collections.abc import AsyncIterator
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio

from burnish_analytics.core.rollup import SPARSE, SetKey
from burnish_analytics.recount import recount
from burnish_gateway.insights import store
from burnish_gateway.insights.figures import end_users_of, figures_of, named_metric
from burnish_gateway.insights.group_store import group_totals
from burnish_gateway.insights.ranges import Range
from burnish_gateway.insights.routes import filters_of, source_range
from burnish_gateway.insights.store import DIMENSIONS, GROUPS, WHOLE_WORKSPACE, Filters
from burnish_shared.contracts.executions import Lane, Status
from burnish_shared.db.session import Database, Tx
from burnish_shared.errors import InvalidField
from burnish_shared.ids import new_uuid
from burnish_shared.measures import BORDERS, count_into
from tests.embedded.databases import DatabaseUrls
from tests.embedded.workspaces import Workspace
from tests.integration.analytics.test_experiment_sums import largest
from tests.integration.analytics.traffic import NOON, Analytics, execution, thumb

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.capability("A1")]

HOUR = NOON.replace(minute=0, second=0)
DAY = Range(HOUR, HOUR + timedelta(hours=24), "hour")


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def gateway_db(module_database_urls: DatabaseUrls) -> AsyncIterator[Database]:
    db = await Database.open(module_database_urls["gateway"], application_name="test-gateway", max_size=2)
    yield db
    await db.close()


async def test_the_histogram_of_a_prompt_with_few_executions_is_not_listed_place_by_place(
    analytics: Analytics, gateway_db: Database, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    def done(slug: str, times: int) -> list[Any]:
        took = [900 + 300 * n * (n // 2) for n in range(times)]  # the first two fall into one bucket
        return [execution(workspace.workspace_id, slug=slug, latency_ms=one, first_token_ms=one // 2) for one in took]

    few = [one for n in range(20) for one in done(f"few-{n}", 1 + n % 4)]
    await analytics.count(*few)
    async with gateway_db.unit_of_work(workspace=workspace.workspace_id, read_only=True) as tx:
        asked: list[Any] = []
        fetch = tx.fetch

        async def spied(*statement: Any) -> Any:
            asked.append(statement)
            return await fetch(*statement)

        monkeypatch.setattr(type(tx), "fetch", lambda _, *statement: spied(*statement))
        await store.totals(tx, DAY, Filters(model="simulated/reader"), by_step=False, group_by=None, histograms=("latency",))
        sql, *arguments = asked[-1]
        assert largest(await tx.fetchval(f"EXPLAIN (ANALYZE, FORMAT JSON) {sql}", *arguments), "Rows Removed by Filter") < 30
        monkeypatch.undo()
    many = done("many", 7)
    await analytics.count(*many)
    async with gateway_db.unit_of_work(workspace=workspace.workspace_id, read_only=True) as tx:
        told = (await store.totals(tx, DAY, Filters(model="simulated/reader"), by_step=False, group_by=None))[(None, "")]
    for name, held in (("latency_ms", told.latency), ("first_token_ms", told.first_token)):
        counted: list[int] = []
        for one in (*few, *many):
            count_into(counted, bisect_left(BORDERS, getattr(one, name)))
        assert held == counted


async def test_every_dimension_adds_up_to_the_whole_and_follows_reactions(
    analytics: Analytics, gateway_db: Database, workspace: Workspace
) -> None:
    key = new_uuid()
    done = [
        execution(workspace.workspace_id, app="shop" if n % 2 else None, api_key_id=f"key-{n % 3}", provider_key_id=key, cached=n == 0,
                  status=Status.ERROR if n == 5 else Status.SUCCESS, cached_input_tokens=5 if n == 1 else 0)
        for n in range(6)
    ]  # fmt: skip
    reaction = thumb(done[1], 1)
    await analytics.count(*done, reaction, *done)
    await analytics.count(reaction.model_copy(update={"value": 0.0, "accepted_at": NOON + timedelta(days=3)}))
    async with gateway_db.unit_of_work(workspace=workspace.workspace_id, read_only=True) as tx:
        whole = figures_of((await store.totals(tx, DAY, Filters(), by_step=False, group_by=None))[(None, "")])
        assert (whole.executions, whole.thumbs_down, whole.thumbs_up) == (6, 1, 0)
        assert whole.provider_cache_rate == pytest.approx(5 / 60) and whole.cache_hit_rate == pytest.approx(1 / 6)
        for dimension in set(DIMENSIONS) - SPARSE:
            found = await store.totals(tx, DAY, Filters(), by_step=False, group_by=dimension)
            assert {name: sum(one.sums[name] for one in found.values()) for name in whole.model_fields_set & set(store.SUMS)} == {
                name: getattr(whole, name) if name != "simulated" else 6 for name in whole.model_fields_set & set(store.SUMS)
            }
            told = await group_totals(
                tx, DAY, group_by=dimension, slugs=None, traffic=None, model=None, unnamed=False, at_most=10
            )  # fmt: skip
            assert {one: totals.sums for one, totals in told.items()} == {name: totals.sums for (_, name), totals in found.items()}
        apps = await store.totals(tx, DAY, Filters(), by_step=True, group_by="app")
        assert {key: one.sums["executions"] for key, one in apps.items()} == {(HOUR, ""): 3, (HOUR, "shop"): 3}
        assert apps[(HOUR, "shop")].sums["thumbs_down"] == 1
        by_key = await store.costs(tx, DAY, Filters(dimension="app", value="shop"), group_by="prompt", at_most=10)
        assert [(one["key"], one["executions"]) for one in by_key] == [("route", 3)]
        own = await store.totals(tx, DAY, Filters(dimension="provider_key", value=str(key)), by_step=False, group_by=None)
        assert own[(None, "")].sums["errors"] == 1


async def test_arms_of_experiments_have_figures_of_their_own_that_follow_reactions_and_a_recount(
    analytics: Analytics, gateway_db: Database, workspace: Workspace
) -> None:
    """Names of arms are those of one experiment: two experiments may have an arm `b`."""
    one, other = new_uuid(), new_uuid()

    def part(experiment_id: Any, arm: str, n: int, **changed: Any) -> Any:
        taking_part = {"experiment_id": experiment_id, "arm": arm, "allocation_epoch": 1, "unit": f"user:{n}", "end_user": f"{n}"}
        return execution(workspace.workspace_id, **taking_part, **changed)

    done = [part(one, "a", 0), part(one, "b", 1, cost_nusd=700), part(one, "b", 2, status=Status.ERROR), part(other, "b", 3)]
    up = [thumb(done[0], 1), thumb(done[1], 1), thumb(done[3], 0)]  # of one minute: alike in all but the arm
    await analytics.count(*done, execution(workspace.workspace_id), *up)
    await analytics.count(up[0].model_copy(update={"value": 0.0, "accepted_at": NOON + timedelta(days=3)}))
    a, b, others_b = f"{one}/a", f"{one}/b", f"{other}/b"
    async with gateway_db.unit_of_work(workspace=workspace.workspace_id, read_only=True) as tx:
        found = await store.totals(tx, DAY, Filters(), by_step=False, group_by="arm")
        told = {key: (held.sums["executions"], held.sums["errors"], held.sums["thumbs_up"], held.sums["thumbs_down"])
                for (_, key), held in found.items()}  # fmt: skip
        assert told == {a: (1, 0, 0, 1), b: (2, 1, 1, 0), others_b: (1, 0, 0, 1)}, "what took part in none is no arm"
        only = await store.totals(tx, DAY, Filters(dimension="arm", value=b), by_step=True, group_by=None)
        assert [(held.sums["executions"], sum(held.latency)) for held in only.values()] == [(2, 2)]
        [cost, *_] = await store.costs(tx, DAY, Filters(), group_by="arm", at_most=10)
        assert (cost["key"], cost["executions"]) == (b, 2)
        groups = await group_totals(tx, DAY, group_by="arm", slugs=["route"], traffic="live", model=None, unnamed=False, at_most=10)
        assert next(iter(groups)) == b and set(groups) == set(told)
    again = partial(recount, analytics.db, workspace.workspace_id, start=NOON, end=NOON + timedelta(hours=1))
    assert (await again()).differences == []
    await analytics.rows("UPDATE rollup_sets SET thumbs_up = thumbs_up + 1 WHERE dimension = 'arm' AND grain = 'day' AND value = $1", b)
    assert [(one.key.value, one.figure) for one in (await again()).differences if isinstance(one.key, SetKey)] == [(b, "thumbs_up")]


@pytest.mark.parametrize("arm", ["", "control", "nope/control", f"{UUID(int=7)}/", f"{UUID(int=7)}/Control", f"{UUID(int=7)}"])
async def test_what_names_no_arm_is_refused_and_not_told_as_nothing(arm: str) -> None:
    with pytest.raises(InvalidField, match="the id of an experiment, a slash and the name of the arm"):
        filters_of(arm=arm)
    assert filters_of(arm=f"{UUID(int=7)}/control").value == f"{UUID(int=7)}/control"


async def test_a_named_metric_gives_conversion_and_moves_when_it_is_changed(
    analytics: Analytics, gateway_db: Database, workspace: Workspace
) -> None:
    done = [execution(workspace.workspace_id, label=label) for label in ("production", "production", "canary", "canary")]
    sold = [thumb(one, 1, kind="metric:order_placed", value=value) for one, value in zip(done, (1.0, 0.0, 2.5), strict=False)]
    await analytics.count(*sold[:1])
    await analytics.count(*done, *sold, *sold)
    await analytics.count(sold[1].model_copy(update={"value": 0.1, "accepted_at": NOON + timedelta(hours=2)}))
    async with gateway_db.unit_of_work(workspace=workspace.workspace_id, read_only=True) as tx:
        found = await store.metric_sums(tx, DAY, Filters(), metric=None, by_step=False, group_by="label")
        assert found == {
            (None, "route@canary", "order_placed"): (1, 1, 2.5),
            (None, "route@production", "order_placed"): (2, 2, pytest.approx(1.1)),
        }
        minutes = Range(NOON.replace(second=0), NOON.replace(second=0) + timedelta(minutes=1), "minute")
        [sums] = (await store.metric_sums(tx, minutes, Filters(), metric="order_placed", by_step=True, group_by=None)).values()
    shown = named_metric("order_placed", sums=sums, executions=4)
    assert (shown.reactions, shown.positives, shown.mean) == (3, 3, pytest.approx(1.2))
    assert shown.conversion is not None and shown.conversion.value == 0.75 and 0.3 < shown.conversion.low < 0.75


async def test_end_users_are_estimated_over_any_hours_and_the_optimizer_and_the_nameless_are_nobody(
    analytics: Analytics, gateway_db: Database, workspace: Workspace
) -> None:
    named = [
        execution(workspace.workspace_id, end_user=f"user-{n % 150}", slug=f"p{n % 2}", finished_at=NOON + timedelta(hours=n % 3))
        for n in range(600)
    ]
    others = [execution(workspace.workspace_id), execution(workspace.workspace_id, end_user="robot", lane=Lane.BATCH)]
    await analytics.count(*named[:300], *others)
    await analytics.count(*named, *named[:10])
    async with gateway_db.unit_of_work(workspace=workspace.workspace_id, read_only=True) as tx:
        everybody = end_users_of(await store.end_user_sketches(tx, DAY, WHOLE_WORKSPACE))
        of_one = end_users_of(await store.end_user_sketches(tx, DAY, "p1"))
        assert await store.distinct_prompts(tx, DAY, Filters()) == 3
    assert abs(everybody.value - 150) <= 150 * 4 * everybody.relative_error
    assert abs(of_one.value - 75) <= 75 * 5 * of_one.relative_error + 1


class _Recording:
    """Notes the statements that a store sends."""

    def __init__(self, tx: Tx) -> None:
        self.tx, self.seen = tx, list[tuple[str, tuple[Any, ...]]]()

    async def fetch(self, sql: str, *args: Any) -> Any:
        self.seen.append((sql, args))
        return await self.tx.fetch(sql, *args)

    async def fetchval(self, sql: str, *args: Any) -> Any:
        self.seen.append((sql, args))
        return await self.tx.fetchval(sql, *args)


@pytest.mark.capability("A2")
async def test_whatever_is_asked_for_reads_rollups_and_no_raw_row(gateway_db: Database, workspace: Workspace) -> None:
    async with gateway_db.unit_of_work(workspace=workspace.workspace_id, read_only=True) as tx:
        recording: Any = _Recording(tx)
        for group in (*GROUPS, *DIMENSIONS):
            await store.totals(recording, DAY, Filters(), by_step=True, group_by=group)
            if group is not None:
                await store.costs(recording, DAY, Filters(), group_by=group, at_most=10)
        await store.total_cost(recording, DAY, Filters())
        await store.distinct_prompts(recording, DAY, Filters(dimension="app", value="x"))
        await store.end_user_sketches(recording, DAY, WHOLE_WORKSPACE)
        await store.metric_sums(recording, DAY, Filters(), metric=None, by_step=True, group_by="version")
        read: set[str] = set()
        for sql, args in recording.seen:
            plan = await tx.fetchval(f"EXPLAIN (FORMAT JSON) {sql}", *args)
            read |= set(_relations(json.loads(plan) if isinstance(plan, str) else plan))
    assert len(recording.seen) > 30
    assert read <= {"rollups_minute", "rollups_hour", "rollups_day", "rollup_sets", "rollup_metrics", "rollup_end_users"}, read
    assert {"rollups_hour", "rollup_sets", "rollup_metrics", "rollup_end_users"} <= read


def _relations(plan: Any) -> list[str]:
    if isinstance(plan, list):
        return [name for one in plan for name in _relations(one)]
    if not isinstance(plan, dict):
        return []
    return ([plan["Relation Name"]] if "Relation Name" in plan else []) + [name for one in plan.values() for name in _relations(one)]


@pytest.mark.parametrize(
    ("which", "group_by", "grain", "asked"),
    [
        (Filters(dimension="app", value="x"), "model", "hour", False),
        (Filters(dimension="app", value="x"), "api_key", "hour", False),
        (Filters(label="production"), "app", "hour", False),
        (Filters(), "provider", "minute", True),
    ],
)
async def test_what_is_not_kept_together_is_refused_and_told(which: Filters, group_by: str, grain: Any, asked: bool) -> None:
    with pytest.raises(InvalidField, match=r"together|by hour and day"):
        source_range(Range(HOUR, HOUR + timedelta(hours=1), grain, is_asked=asked), which, group_by)


async def test_minutes_that_nobody_asked_for_become_hours() -> None:
    found = source_range(Range(NOON.replace(second=0), NOON + timedelta(minutes=80), "minute"), Filters(), "provider")
    assert (found.start, found.end, found.grain) == (HOUR, HOUR + timedelta(hours=2), "hour")
    assert source_range(found, Filters(slug="route"), "api_key") == found
