"""Workspaces take turns: what one of them breaks, or has in masses, keeps no other waiting."""

import asyncio
from collections.abc import Awaitable, Callable, Collection
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from burnish_analytics import adopt_executions, count_scores, housework, ingest_batch, metrics, tell_reactions, watch_labels
from burnish_analytics import watch_end_users as end_users
from burnish_analytics.consumers import Intake
from burnish_analytics.core.rollup import EXACTLY, MetricSums
from burnish_analytics.io import facts_store, feedback_store, joinable_store, label_store
from burnish_analytics.take_turns import each
from burnish_shared.errors import Busy, Unavailable
from burnish_shared.ids import new_uuid
from tests.embedded.workspaces import Workspace
from tests.integration.analytics.test_experiment_sums import largest
from tests.integration.analytics.traffic import NOON, Analytics, execution, records, settings, thumb

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.promise("A-01", "A-06"), pytest.mark.capability("A2", "A4")]

NewWorkspace = Callable[..., Awaitable[Workspace]]


class Broken:
    """Stands in for what is done for a workspace, and breaks for one of them."""

    def __init__(self, inner: Callable[..., Awaitable[Any]], workspace_id: UUID) -> None:
        self.inner, self.workspace_id, self.done = inner, workspace_id, set[UUID]()

    async def __call__(self, first: Any, second: Any, *rest: Any, **named: Any) -> Any:
        theirs = {one[0] for one in second} if isinstance(second, Collection) else {second}
        if self.workspace_id in theirs:
            raise OverflowError("a figure that no column holds")
        self.done |= theirs
        return await self.inner(first, second, *rest, **named)


def failures(task: str) -> float:
    return float(metrics.housework_failures_total.labels(task)._value.get())


async def test_detectors_of_one_workspace_that_break_leave_no_other_unwatched(
    analytics: Analytics, new_workspace: NewWorkspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    many = [(await new_workspace()).workspace_id for _ in range(3)]
    await analytics.count(*(execution(one) for one in many))
    broken = Broken(watch_labels.watch_workspace, sorted(many)[0])
    monkeypatch.setattr(housework, "watch_workspace", broken)
    before = failures("watch")
    await asyncio.sleep(0.06)  # The period of 50 ms ends.
    await analytics.housework.watch_labels()
    assert broken.done >= set(sorted(many)[1:]) and failures("watch") == before + 1


async def test_hours_scores_and_news_of_one_workspace_that_break_leave_the_others_theirs(
    analytics: Analytics, new_workspace: NewWorkspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    many = sorted([(await new_workspace()).workspace_id for _ in range(3)])

    async def of_them(*_: Any, **__: Any) -> list[UUID]:
        return many

    for module, work, listing, round_ in (
        (end_users, "watch_end_users", "end_user_store.due", analytics.housework.watch_end_users),
        (count_scores, "_count_some", "live_score_store.uncounted_workspaces", analytics.housework.count_scores),
        (tell_reactions, "_tell", "news_store.waiting", analytics.housework.tell_news),
    ):
        broken = Broken(getattr(module, work), many[0])
        with monkeypatch.context() as patch:
            patch.setattr(module, work, broken)
            patch.setattr(f"burnish_analytics.io.{listing}", of_them)
            await round_()
        assert broken.done == set(many[1:]), work


async def test_joins_of_one_workspace_that_break_are_not_those_of_another(
    analytics: Analytics, new_workspace: NewWorkspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = [(await new_workspace()).workspace_id for _ in range(2)]
    done = [execution(where) for where in (one, other)]
    await analytics.count(*done, *(thumb(each_, 1) for each_ in done))
    await missed(analytics, one, other)
    broken = Broken(ingest_batch.join_waiting, one)
    with monkeypatch.context() as patch:
        patch.setattr(housework, "join_waiting", broken)
        assert await analytics.housework.join_missed() == 1
    assert [len(await waiting(analytics, where)) for where in (one, other)] == [1, 0]
    assert await analytics.housework.join_missed() == 1


async def missed(analytics: Analytics, *workspaces: UUID) -> None:
    """As if both sides had looked at the same moment."""
    await analytics.rows("UPDATE feedback SET joined_at = NULL, session_execution_id = NULL WHERE workspace_id = ANY ($1)", workspaces)


async def waiting(analytics: Analytics, workspace_id: UUID) -> list[dict[str, Any]]:
    return await analytics.rows("SELECT * FROM feedback WHERE workspace_id = $1 AND joined_at IS NULL", workspace_id)


async def test_rows_that_others_hold_end_no_round_however_many_they_are() -> None:
    async def work(n: int) -> int:
        if n < 9:
            raise Busy("held")
        return n

    assert await each("watch", range(10), work) == 9


async def test_a_database_that_is_away_ends_the_round_and_one_busy_row_does_not() -> None:
    tried: list[int] = []

    async def work(n: int) -> int:
        tried.append(n)
        if n == 1 or n > 4:
            raise Unavailable("busy")
        return n

    assert await each("watch", range(5), work) == 0 + 2 + 3 + 4
    with pytest.raises(Unavailable):
        await each("watch", range(5, 20), work)
    assert tried == [0, 1, 2, 3, 4, 5, 6, 7]


async def test_what_waits_on_one_session_is_joined_in_pages_and_all_of_it(
    analytics: Analytics, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    where = workspace.workspace_id
    first = execution(where, session_id="crowded")
    said = [thumb(first, 1, target_kind="session", target_id="crowded", user_id=f"user-{n}") for n in range(7)]
    said += [thumb(first, 1, user_id=f"user-{n}") for n in range(5)]
    for sql in ("LOCK_WAITING", "LOCK_WAITING_SESSIONS"):
        monkeypatch.setattr(feedback_store, sql, getattr(feedback_store, sql).replace("LIMIT 1000", "LIMIT 3"))
    monkeypatch.setattr(feedback_store, "WAITING_AT_ONCE", 3)
    await analytics.count(*said)
    house = housework.Housework(analytics.db, settings(), analytics.clock, wake_relay=lambda: None)
    intake = Intake(analytics.db, settings(), analytics.clock, wake_relay=lambda: None, join_soon=house.join_soon)
    await intake.handle_records([records([first])])
    assert len(await waiting(analytics, where)) == 12 - 3 - 3
    assert house._unjoined == {(where, first.execution_id), (where, "crowded")}
    rounds = 0
    while targets := list(house._unjoined):
        house._unjoined.clear()
        await house._join_all("look_again", targets)
        rounds += 1
    assert rounds <= 3
    assert await waiting(analytics, where) == []
    assert (await analytics.rollup(where))["up"] == 12


async def test_the_joiner_goes_through_what_waits_for_ever_a_part_at_a_time(analytics: Analytics, workspace: Workspace) -> None:
    where = workspace.workspace_id
    here = [execution(where, session_id=f"session-{n}") for n in range(4)]
    said = [thumb(one, 1) for one in here] + [thumb(one, 1, target_kind="session", target_id=one.session_id) for one in here]
    never = [thumb(execution(where), 1) for _ in range(9)]
    never += [thumb(execution(where), 1, target_kind="session", target_id=f"never-{n}") for n in range(9)]
    await analytics.count(*here, *said, *never)
    await missed(analytics, where)
    found: list[Any] = []
    for page_of in (joinable_store.executions, joinable_store.sessions):
        after, pages = None, 0
        while True:
            async with analytics.db.unit_of_work() as tx:
                page: Any = await page_of(tx, after=after, days=7, at_most=4)
            found += [one for one in page.found if one[0] == where]
            after, pages = page.next, pages + 1
            if after is None:
                break
        assert pages >= 4
    assert sorted(map(str, found)) == sorted(str((where, one)) for one in [*(e.execution_id for e in here), *(e.session_id for e in here)])


async def test_the_newest_of_a_session_is_found_among_many_of_the_same_name_elsewhere(
    analytics: Analytics, new_workspace: NewWorkspace
) -> None:
    mine, theirs = [(await new_workspace()).workspace_id for _ in range(2)]
    own = execution(mine, session_id="default")
    await analytics.count(own, *(execution(theirs, session_id="default") for _ in range(400)))
    async with analytics.db.unit_of_work(workspaces={mine, theirs}) as tx:
        await label_store.enter_period(tx, length_ms=50)
        assert await facts_store.newest_of_sessions(tx, {(mine, "default")}) == {(mine, "default"): own.execution_id}
        plan = await tx.fetchval(f"EXPLAIN (ANALYZE, FORMAT JSON) {facts_store.NEWEST}", [theirs, mine], ["default", "default"])
    assert largest(plan, "Rows Removed by Filter") == 0 and "'Node Type': 'Sort'" not in str(plan)
    assert max(_rows(plan)) <= 4, "no session is read to its beginning"


def _rows(plan: Any) -> list[float]:
    if isinstance(plan, list):
        return [row for one in plan for row in _rows(one)]
    if not isinstance(plan, dict):
        return []
    own = [plan["Actual Rows"]] if "Index" in str(plan.get("Node Type")) else []
    return own + [row for one in plan.values() for row in _rows(one)] or [0]


async def test_batches_of_the_same_executions_in_another_order_do_not_wait_in_a_circle(analytics: Analytics, workspace: Workspace) -> None:
    for _ in range(4):
        done = [execution(workspace.workspace_id, execution_id=new_uuid()) for _ in range(150)]
        await asyncio.gather(*(analytics.intake.handle_records([records(one)]) for one in (done, done[::-1], done)))
    assert (await analytics.rollup(workspace.workspace_id))["executions"] == 600


async def test_sums_of_very_large_and_very_small_metrics_stay_exact() -> None:
    sums = MetricSums()
    for value, times in ((1.7e308, 1), (0.1, 1), (5e-324, 1), (1.7e308, 1), (1.7e308, -1), (1.7e308, -1), (5e-324, -1)):
        sums.add(value, times=times)
    assert str(sums.total.normalize(EXACTLY)) == "0.1" and sums.reactions == 1


async def test_an_hour_of_end_users_is_judged_once_however_many_ask(analytics: Analytics, workspace: Workspace) -> None:
    hour = await unusual(analytics, workspace)
    raised = []
    for _ in range(2):
        async with analytics.db.unit_of_work(workspaces={workspace.workspace_id}) as tx:
            raised.append(await end_users.watch_end_users(tx, workspace.workspace_id, hour=hour, now=analytics.clock.now()))
        await analytics.rows(
            "UPDATE alerts SET resolved_at = now(), resolution = 'recovered' WHERE workspace_id = $1", workspace.workspace_id
        )
    assert raised == [1, 0]


@pytest.mark.parametrize(("until", "is_muted"), [(timedelta(minutes=1), True), (timedelta(0), False), (timedelta(minutes=-1), False)])
async def test_a_mute_that_is_over_mutes_nothing(analytics: Analytics, workspace: Workspace, until: timedelta, is_muted: bool) -> None:
    await unusual(analytics, workspace)
    await analytics.rows(
        "INSERT INTO alert_mutes (workspace_id, kind, slug, muted_until, reason, muted_by) VALUES ($1, 'usage', '', $2, '', 'ann')",
        workspace.workspace_id, analytics.clock.now() + until,
    )  # fmt: skip
    await analytics.housework.watch_end_users()
    assert [one["muted"] for one in await analytics.alerts(workspace.workspace_id)] == [is_muted]


async def unusual(analytics: Analytics, workspace: Workspace) -> Any:
    """An hour in which one end user did far more than is usual, and that is over. Returns its start."""
    hour = NOON.replace(minute=0, second=0)
    for back in range(1, 31):
        await analytics.rows(
            "INSERT INTO end_user_hours VALUES ($1, $2, 3, 20, 1000000)", workspace.workspace_id, hour - timedelta(hours=back)
        )
    analytics.clock.at = hour + timedelta(minutes=66)
    await analytics.count(*(execution(workspace.workspace_id, end_user="mallory", cost_nusd=10) for _ in range(150)))
    return hour


async def test_groups_that_become_prompts_take_turns_within_one_bound(analytics: Analytics, monkeypatch: pytest.MonkeyPatch) -> None:
    left = {(new_uuid(), f"group-{n}"): 4 for n in range(3)}
    done: list[str] = []

    async def under_way(*_: Any, **__: Any) -> list[Any]:
        return [one for one, steps in left.items() if steps]

    async def step(_: Any, workspace_id: UUID, group_key: str) -> int:
        left[workspace_id, group_key] -= 1
        done.append(group_key[-1])
        return adopt_executions.STEP

    monkeypatch.setattr(adopt_executions, "STEPS_MOST", 2)
    monkeypatch.setattr(adopt_executions.store, "under_way", under_way)
    monkeypatch.setattr(adopt_executions.Adopter, "_step", step)
    adopter = adopt_executions.Adopter(analytics.db, 50)
    assert [await adopter.adopt_all() for _ in range(3)] == [2 * adopt_executions.STEP] * 3
    assert sorted(done[:3]) == ["0", "1", "2"] and max(done.count(one) for one in "012") <= 3


async def test_ingestion_has_its_time_between_steps(analytics: Analytics, monkeypatch: pytest.MonkeyPatch) -> None:
    loop, ends = asyncio.get_running_loop(), list[float]()

    async def step(*_: Any) -> int:
        began = loop.time()
        await asyncio.sleep(0.02)
        ends.append(loop.time() - began)
        return 1

    monkeypatch.setattr(adopt_executions.Adopter, "_step", step)
    began = loop.time()
    await adopt_executions.Adopter(analytics.db, 50)._adopt((new_uuid(), "group"))
    assert loop.time() - began >= ends[0] * (1 + adopt_executions.PAUSE_RATIO)


async def test_a_session_of_the_same_name_elsewhere_takes_none_of_what_waits(analytics: Analytics, new_workspace: NewWorkspace) -> None:
    mine, theirs, silent = [(await new_workspace()).workspace_id for _ in range(3)]
    done = {where: execution(where, session_id="same") for where in (mine, theirs)}
    for where, times in ((mine, 1), (theirs, 2), (silent, 3)):
        said = [thumb(execution(where), 1, target_kind="session", target_id="same", user_id=f"user-{n}") for n in range(times)]
        await analytics.count(*said)
    await analytics.intake.handle_records([records(list(done.values()))])
    assert [(await analytics.rollup(where))["up"] for where in (mine, theirs)] == [1, 2]
    assert len(await waiting(analytics, silent)) == 3
    await analytics.count(thumb(done[mine], 1, target_kind="session", target_id="another"))
    async with analytics.db.unit_of_work(workspaces={mine, theirs, silent}) as tx:
        assert set(await feedback_store.lock_waiting_sessions(tx, {(mine, "same"), (theirs, "same")})) == set()
