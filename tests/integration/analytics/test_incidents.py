"""Alerts about budgets, credit, provider keys and unusual use: one for each incident, which ends by itself."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from burnish_analytics.core.incidents import incident_of
from burnish_analytics.raise_incidents import IncidentWatch
from burnish_shared.bus.batch import Delivered
from burnish_shared.contracts.events import Event
from burnish_shared.ids import new_uuid
from tests.embedded.workspaces import Workspace
from tests.integration.analytics.traffic import NOON, Analytics, execution

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.capability("A4")]


def crossing(workspace_id: UUID, type_: str, account: dict[str, Any]) -> Event:
    data = {
        "account_id": account["account_id"],
        "budget_id": str(account["reference"]) if account["kind"] == 2 else None,
        "limit_nusd": account["limit_nusd"],
        "spent_nusd": account["spent_nusd"],
        "available_nusd": account["limit_nusd"] - account["spent_nusd"],
        "period": account["period"],
        "resets_at": account["resets_at"].isoformat() if account["resets_at"] else None,
    }
    return Event.model_validate(
        {"id": new_uuid(), "type": type_, "workspace_id": workspace_id, "occurred_at": NOON, "object_id": "a", "data": data}
    )


def watch(analytics: Analytics) -> IncidentWatch:
    return IncidentWatch(analytics.db, analytics.clock, lambda: None)


async def tell(analytics: Analytics, *events: Event) -> None:
    await watch(analytics).handle([Delivered(one.to_bytes(), "subject", 1, 1, {}, str(one.id)) for one in events])


async def account(analytics: Analytics, workspace_id: UUID, *, kind: int, crossed: int) -> dict[str, Any]:
    await analytics.rows("UPDATE accounts SET crossed = $2 WHERE workspace_id = $1 AND kind = $3", workspace_id, crossed, kind)
    [row] = await analytics.rows("SELECT * FROM accounts WHERE workspace_id = $1 AND kind = $2", workspace_id, kind)
    return row


async def standing(analytics: Analytics, workspace_id: UUID) -> list[tuple[str, str, str | None]]:
    return [(one["metric"], one["severity"], one["resolution"]) for one in await analytics.alerts(workspace_id)]


@pytest.mark.promise("A-05", "A-06")
async def test_a_budget_has_one_alert_a_period_the_worse_takes_the_place_of_the_milder(analytics: Analytics, workspace: Workspace) -> None:
    where = workspace.workspace_id
    await analytics.rows("SELECT make_budget_account($1, $2, 1000, 800, 'day', true)", where, new_uuid())
    warned = crossing(where, "budget.threshold_crossed", await account(analytics, where, kind=2, crossed=1))
    await tell(analytics, warned, warned)
    await tell(analytics, warned)
    [alert] = await analytics.alerts(where)
    assert alert["changed"]["resets_at"].endswith("Z"), "as all moments do"
    assert await standing(analytics, where) == [("threshold", "warning", None)]
    await tell(analytics, crossing(where, "budget.exhausted", await account(analytics, where, kind=2, crossed=2)))
    assert await standing(analytics, where) == [("threshold", "warning", "superseded"), ("exhausted", "error", None)]
    assert await watch(analytics).end_what_is_over() == 0
    await analytics.rows("UPDATE accounts SET resets_at = now() - interval '1 second' WHERE workspace_id = $1 AND kind = 2", where)
    assert await watch(analytics).end_what_is_over() == 1
    assert (await standing(analytics, where))[1] == ("exhausted", "error", "recovered")
    types = [one["type"] for one in await analytics.events(where)]
    assert types == ["alert.raised", "alert.resolved", "alert.raised", "alert.resolved"]


@pytest.mark.promise("A-05")
@pytest.mark.parametrize("order", [("budget.threshold_crossed", "budget.exhausted"), ("budget.exhausted", "budget.threshold_crossed")])
async def test_a_budget_that_passed_both_marks_by_then_has_one_alert_in_whatever_order_it_is_heard(
    analytics: Analytics, workspace: Workspace, order: tuple[str, str]
) -> None:
    """One dear call passes both at once; and a relay, or a message that is given again, may turn two events round."""
    where = workspace.workspace_id
    await analytics.rows("SELECT make_budget_account($1, $2, 1000, 800, 'day', true)", where, new_uuid())
    spent = await account(analytics, where, kind=2, crossed=2)
    for one in order:
        await tell(analytics, crossing(where, one, spent))
    assert await standing(analytics, where) == [("exhausted", "error", None)]
    assert [one["type"] for one in await analytics.events(where)] == ["alert.raised"]


@pytest.mark.promise("A-05")
@pytest.mark.parametrize("has_users", [False, True])
async def test_a_budget_that_is_closed_ends_its_alert_and_raises_none(analytics: Analytics, workspace: Workspace, has_users: bool) -> None:
    """That of a budget for each end user keeps its mark for those who called: they tell nothing any more."""
    where, budget_id = workspace.workspace_id, new_uuid()
    await analytics.rows("SELECT make_budget_account($1, $2, 1000, 800, 'day', true)", where, budget_id)
    spent = await account(analytics, where, kind=2, crossed=2)
    if has_users:
        user = """INSERT INTO accounts (account_id, workspace_id, kind, parent_account_id, limit_nusd, period, resets_at, crossed)
                  SELECT 1::bigint << 62 | account_id, workspace_id, 2, account_id, limit_nusd, period, resets_at, 2
                    FROM accounts WHERE reference = $1"""
        await analytics.rows(user, budget_id)
    await tell(analytics, crossing(where, "budget.exhausted", spent))
    assert await standing(analytics, where) == [("exhausted", "error", None)]
    await analytics.rows("SELECT close_budget_account($1, $2)", where, budget_id)
    assert await watch(analytics).end_what_is_over() == 1
    assert await standing(analytics, where) == [("exhausted", "error", "recovered")]
    await tell(analytics, crossing(where, "budget.exhausted", spent))
    assert await watch(analytics).end_what_is_over() == 0 and len(await standing(analytics, where)) == 1


async def test_credit_that_came_in_before_its_event_was_read_raises_nothing(analytics: Analytics, workspace: Workspace) -> None:
    where = workspace.workspace_id
    low = await account(analytics, where, kind=3, crossed=1)
    await account(analytics, where, kind=3, crossed=0)
    await tell(analytics, crossing(where, "credits.low", low))
    assert await standing(analytics, where) == []
    await tell(analytics, crossing(where, "credits.exhausted", await account(analytics, where, kind=3, crossed=2)))
    assert await standing(analytics, where) == [("exhausted", "critical", None)]
    await account(analytics, where, kind=3, crossed=1)
    assert await watch(analytics).end_what_is_over() == 1


async def test_an_event_of_another_workspaces_account_raises_nothing(
    analytics: Analytics, workspace: Workspace, new_workspace: Any
) -> None:
    other = await new_workspace()
    theirs = await account(analytics, other.workspace_id, kind=3, crossed=2)
    await tell(analytics, crossing(workspace.workspace_id, "credits.exhausted", theirs))
    assert await standing(analytics, workspace.workspace_id) == []


async def test_one_end_user_who_does_far_more_than_is_usual_raises_one_alert_that_ends(analytics: Analytics, workspace: Workspace) -> None:
    where = workspace.workspace_id
    hour = NOON.replace(minute=0, second=0)
    for back in range(1, 31):
        await analytics.rows("INSERT INTO end_user_hours VALUES ($1, $2, 3, 20, 1000000)", where, hour - timedelta(hours=back))
    analytics.clock.at = hour + timedelta(minutes=66)
    busy = [execution(where, end_user="mallory", cost_nusd=10, finished_at=NOON) for _ in range(150)]
    await analytics.count(*busy, *[execution(where, end_user="ann", cost_nusd=10, finished_at=NOON) for _ in range(10)])
    assert await analytics.housework.watch_end_users() == 1
    assert await analytics.housework.watch_end_users() == 0
    [alert] = await analytics.alerts(where)
    assert (alert["kind"], alert["metric"], alert["before"]["calls"], alert["after"]["calls"]) == ("usage", "calls", 20, 150)
    assert alert["changed"]["example_execution_id"] in {str(one.execution_id) for one in busy}
    events = await analytics.events(where)
    assert [one["type"] for one in events] == ["alert.raised", "usage.anomaly_detected"]
    assert "mallory" not in str([alert, events])
    analytics.clock.advance(seconds=3600)
    await analytics.housework.watch_end_users()
    assert [one["resolution"] for one in await analytics.alerts(where)] == ["recovered"]


async def test_what_an_end_user_cost_is_told_as_money_the_bound_too(analytics: Analytics, workspace: Workspace) -> None:
    """Seen in notices and on the page: "limit 500,000,000"."""
    where, hour = workspace.workspace_id, NOON.replace(minute=0, second=0)
    for back in range(1, 31):
        await analytics.rows("INSERT INTO end_user_hours VALUES ($1, $2, 3, 20, 1000000)", where, hour - timedelta(hours=back))
    analytics.clock.at = hour + timedelta(minutes=66)
    await analytics.count(*(execution(where, end_user="mallory", cost_nusd=400_000_000, finished_at=NOON) for _ in range(5)))
    assert await analytics.housework.watch_end_users() == 1
    [alert] = await analytics.alerts(where)
    assert (alert["metric"], set(alert["before"])) == ("cost", {"cost_nusd", "limit_nusd"})


BUDGET = {
    "account_id": 7, "budget_id": str(new_uuid()), "limit_nusd": 20_000_000, "spent_nusd": 20_000_000, "available_nusd": 0, "period": "day",
    "resets_at": "2026-11-21T00:00:00Z", "name": "Support", "target": "prompt", "target_name": "answers", "prompt": "answers", "hard": True,
}  # fmt: skip


def told(**data: Any) -> Any:
    body = {"id": new_uuid(), "type": "budget.exhausted", "workspace_id": new_uuid(), "occurred_at": NOON, "object_id": "a"}
    return incident_of(Event.model_validate(body | {"data": BUDGET | data}))


async def test_an_alert_of_a_budget_says_which_one_and_whether_it_refuses() -> None:
    hard, soft = told(), told(hard=False)
    assert hard.summary == (
        "The budget “Support” of the prompt answers (2.0000 credits a day) is used up; calls that it would pay for are refused until"
        " it begins anew."
    )
    assert (hard.prompt, hard.severity, hard.changed["target"], hard.changed["name"]) == ("answers", "error", "prompt", "Support")
    assert soft.summary.endswith("is used up; it warns alone, no call is refused.") and soft.severity == "warning"
    person = told(target="end_user", target_name=None, prompt=None, spent_nusd=0)
    assert "of an end user (2.0000 credits a day) has too little left for another call: 0.0000 credits are spent" in person.summary


async def test_an_alert_of_a_cap_tells_of_the_live_evaluation() -> None:
    live_id = str(new_uuid())
    cap = told(budget_id=None, live_evaluation_id=live_id, target="live_evaluation", target_name="polite", name=None, prompt=None)
    assert cap.summary.startswith("The cap of the live evaluation by polite (2.0000 credits a day) is used up; answers that are drawn")
    assert (cap.severity, cap.changed["live_evaluation_id"]) == ("warning", live_id) and "budget_id" not in cap.changed
