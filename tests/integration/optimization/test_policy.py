"""A degradation starts an optimization where the prompt's rule says so."""

from typing import Any
from uuid import UUID

import asyncpg
import pytest

from burnish_gateway.alerts.start_by_policy import PolicyStarter
from burnish_shared.clock import SystemClock
from burnish_shared.db.session import Database, Tx
from burnish_shared.ids import new_uuid
from tests.embedded.stack import Stack
from tests.integration.optimization.conftest import Desk

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.capability("A4")]

RULE = "/v1/alert-rules/tickets"


async def raise_alert(stack: Stack, desk: Desk, *, metric: str = "satisfaction", slug: str = "tickets", muted: bool = False) -> str:
    alert_id = new_uuid()
    connection = await asyncpg.connect(stack.urls["superuser"], server_settings={"search_path": "burnish"})
    await connection.execute(
        """INSERT INTO alerts (alert_id, workspace_id, incident_key, kind, metric, slug, label, version, summary, before, after, changed,
                               simulated, muted, raised_at)
           VALUES ($1, $2, $3, 'degradation', $4, $6, 'production', 1, 's', '{}', '{}', '{}', true, $5, now())""",
        alert_id, desk.caller.workspace.workspace_id, str(alert_id), metric, muted, slug,
    )  # fmt: skip
    await connection.close()
    return str(alert_id)


async def rounds(stack: Stack, times: int = 1) -> int:
    db = await Database.open(stack.urls["gateway"], application_name="test-policy", max_size=2)
    try:
        return sum([await PolicyStarter(db, SystemClock(), lambda: None).round() for _ in range(times)])
    finally:
        await db.close()


def policy(desk: Desk, **changed: Any) -> dict[str, Any]:
    return {"start_optimization": {"dataset_id": desk.dataset_id, "budget": {"evaluations": 800, "credits": 50.0}, **changed}}


async def test_one_incident_starts_one_optimization_within_its_budget_and_the_next_waits(stack: Stack, desk: Desk) -> None:
    assert (await desk.caller("PUT", RULE, policy(desk))).status == 200
    await raise_alert(stack, desk, metric="latency")
    await raise_alert(stack, desk, muted=True)
    assert await rounds(stack) == 0
    first = await raise_alert(stack, desk)
    assert await rounds(stack, 3) <= 1
    await raise_alert(stack, desk, metric="error_rate")
    assert await rounds(stack) == 0
    jobs = (await desk.caller("GET", "/v1/optimizations")).body["data"]
    assert len(jobs) == 1
    steps = (await desk.caller("GET", f"/v1/alerts/{first}")).body["timeline"]
    assert ("optimization_started", f"/v1/optimizations/{jobs[0]['id']}") in [(one["what"], one["detail"]) for one in steps]
    entries = (await desk.caller("GET", "/v1/audit?action=optimization.started")).body["data"]
    [entry] = [one for one in entries if one["actor"] == "system:alert_policy"]
    assert entry["after"]["set_aside_nusd"] <= 50 * 10_000_000
    assert UUID(entry["after"]["alert_id"]) == UUID(first)


@pytest.mark.parametrize(("is_told", "detail"), [(True, None), (False, "open for too long to be told as news")])
async def test_an_alert_says_when_its_mute_was_over_and_where_nobody_was_told_then(
    stack: Stack, desk: Desk, *, is_told: bool, detail: str | None
) -> None:
    alert = await raise_alert(stack, desk, muted=not is_told)
    connection = await asyncpg.connect(stack.urls["superuser"], server_settings={"search_path": "burnish"})
    await connection.execute("UPDATE alerts SET unmuted_at = raised_at + interval '1 hour' WHERE alert_id = $1", UUID(alert))
    await connection.close()
    steps = (await desk.caller("GET", f"/v1/alerts/{alert}")).body["timeline"]
    assert [(one["what"], one["detail"]) for one in steps][1:] == [("muted", "kept, and nobody was told"), ("unmuted", detail)]


async def test_what_cannot_be_started_any_more_is_said_once(stack: Stack, desk: Desk) -> None:
    assert (await desk.caller("PUT", RULE, policy(desk))).status == 200
    connection = await asyncpg.connect(stack.urls["superuser"], server_settings={"search_path": "burnish"})
    await connection.execute(  # as if the dataset had grown
        "UPDATE alert_rules SET start_optimization = jsonb_set(start_optimization, '{budget,evaluations}', '50') WHERE workspace_id = $1",
        desk.caller.workspace.workspace_id,
    )
    await connection.close()
    alert = await raise_alert(stack, desk)
    assert await rounds(stack, 2) == 0
    [step] = [one for one in (await desk.caller("GET", f"/v1/alerts/{alert}")).body["timeline"] if one["what"].startswith("optim")]
    assert step["what"] == "optimization_refused" and "too few" in step["detail"]


async def test_a_policy_needs_a_prompt_a_dataset_that_is_there_and_a_budget_to_begin_with(desk: Desk) -> None:
    assert (await desk.caller("PUT", RULE, policy(desk, budget={"evaluations": 300}))).status == 422
    assert (await desk.caller("PUT", "/v1/alert-rules", policy(desk))).status == 422
    assert (await desk.caller("PUT", RULE, policy(desk, dataset_id=str(new_uuid())))).status == 404
    other = {"name": "other", "items": [{"input": {"other": "x"}, "expected": "y"}]}
    misfit = (await desk.caller("POST", "/v1/datasets", other)).body["id"]
    filled = {"slug": "filled", "template": "{{one}} {{two}}", "model": "simulated/reader"}
    assert (await desk.caller("POST", "/v1/prompts", filled)).status == 201
    for path, changed, param in (
        (RULE, {"budget": {"evaluations": 50, "credits": 50.0}}, "budget.evaluations"),
        (RULE, {"budget": {"evaluations": 800, "credits": 0.0001}}, "budget.credits"),
        ("/v1/alert-rules/filled", {"dataset_id": misfit}, "dataset_id"),
    ):
        refused = await desk.caller("PUT", path, policy(desk, **changed))
        assert (refused.status, refused.body["error"]["param"]) == (422, f"start_optimization.{param}"), refused.body
    for both_or_none in (policy(desk, source="feedback"), policy(desk, dataset_id=None)):
        refused = await desk.caller("PUT", RULE, both_or_none)
        assert refused.status == 422 and 'source: "feedback"' in refused.body["error"]["message"], refused.body


@pytest.mark.capability("O1", "O2")
async def test_an_alert_searches_by_the_method_that_its_rule_names(stack: Stack, desk: Desk) -> None:
    items = (await desk.caller("GET", f"/v1/datasets/{desk.dataset_id}/items?split=train&limit=2")).body["data"]
    search = {
        "method": "evolutionary",
        "evolutionary": {"population": 6, "generations": 3, "selection": "pareto"},
        "models": {"task": "simulated/reader", "reflect": "simulated/chat"},
        "metrics": [{"metric": "accuracy", "weight": 2}, {"metric": "length", "at_most": 400}],
        "constraints": {"changed_lines_most": 3, "anchors": [one["id"] for one in items]},
        "seed": 7,
    }
    kept = await desk.caller("PUT", RULE, policy(desk, search=search))
    assert kept.status == 200 and kept.body["start_optimization"]["search"] == search, kept.body
    await raise_alert(stack, desk)
    assert await rounds(stack) == 1
    [started] = (await desk.caller("GET", "/v1/optimizations")).body["data"]
    job = (await desk.caller("GET", f"/v1/optimizations/{started['id']}")).body
    assert (job["method"], job["seed"], job["created_by"]) == ("evolutionary", 7, "system:alert_policy")
    assert job["models"] == {"task": "simulated/reader", "reflect": "simulated/chat"}
    assert job["search"]["evolutionary"]["selection"] == "pareto" and job["search"]["metrics"][1]["at_most"] == 400
    assert job["search"]["constraints"]["anchors"] == search["constraints"]["anchors"]  # type: ignore[index]


@pytest.mark.capability("O1", "O2")
@pytest.mark.parametrize(
    ("wrong", "param"),
    [
        ({"method": "evolution"}, "method"),
        ({"method": "manual"}, ""),
        ({"method": "racing", "evolutionary": {}}, ""),
        ({"method": "settings", "settings": {"space": {"temperature": [0.5, 99]}}}, "settings.space.temperature[1]"),
        ({"method": "few_shot"}, "method"),  # the workspace does not allow it
        ({"models": {"task": "no/such-model"}}, "models.task"),
        ({"models": {"judge": "no/such-model"}}, "models.judge"),
        ({"metrics": [{"metric": "relevance"}]}, "metrics[0].metric"),
        ({"metrics": [{"metric": "evaluator", "evaluator_id": str(new_uuid())}]}, "metrics"),
        ({"constraints": {"anchors": [str(new_uuid())]}}, "constraints.anchors[0]"),
        ({"chain": {"slug": "none", "step": "one"}}, "chain.slug"),
        ({"budget": {"evaluations": 900}}, "budget"),
        ({"version": 1}, "version"),
    ],
)
async def test_a_search_that_could_not_begin_is_refused_when_the_rule_is_set(desk: Desk, wrong: dict[str, Any], param: str) -> None:
    refused = await desk.caller("PUT", RULE, policy(desk, search=wrong))
    assert refused.status in (404, 409, 422), refused.body
    told = refused.body["error"]["param"]
    assert told == f"start_optimization.search.{param}" if param else told.startswith("start_optimization.search"), refused.body
    assert (await desk.caller("GET", "/v1/alert-rules")).body["data"] == []


async def test_what_people_said_is_no_dataset_of_a_chain(desk: Desk) -> None:
    search = {"chain": {"slug": "support", "step": "triage"}}
    refused = await desk.caller("PUT", RULE, policy(desk, dataset_id=None, source="feedback", search=search))
    assert refused.status == 422 and "search.chain" in refused.body["error"]["message"], refused.body
    waits = await desk.caller("PUT", RULE, policy(desk, dataset_id=None, source="feedback", search={"method": "semantic"}))
    assert waits.status == 200, "nobody has said anything yet"


async def test_a_gateway_that_looked_before_another_started_starts_nothing(
    stack: Stack, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was due is looked at again under the rule's lock: the same alert, and others of the prompt while the cooldown runs."""
    assert (await desk.caller("PUT", RULE, policy(desk))).status == 200
    workspace_id = desk.caller.workspace.workspace_id
    seen = [(workspace_id, UUID(await raise_alert(stack, desk, metric=metric))) for metric in ("satisfaction", "error_rate")]

    async def seen_before(tx: Tx, *, at_most: int) -> list[tuple[UUID, UUID]]:
        return seen

    monkeypatch.setattr("burnish_gateway.alerts.policy_store.due", seen_before)
    assert await rounds(stack, 2) == 1
    assert len((await desk.caller("GET", "/v1/optimizations")).body["data"]) == 1


@pytest.mark.parametrize("is_gone", [False, True])
async def test_one_workspaces_rule_that_cannot_be_followed_stops_no_other_and_is_not_offered_again(
    stack: Stack, desk: Desk, monkeypatch: pytest.MonkeyPatch, is_gone: bool
) -> None:
    assert (await desk.caller("PUT", RULE, policy(desk))).status == 200
    alert = await raise_alert(stack, desk)
    tried: list[UUID] = []

    async def breaks(tx: Tx, workspace_id: UUID) -> None:
        tried.append(workspace_id)
        if not is_gone:
            raise ZeroDivisionError

    monkeypatch.setattr("burnish_gateway.alerts.start_by_policy.find_workspace", breaks)
    assert await rounds(stack, 2) == 0
    assert tried == [desk.caller.workspace.workspace_id]
    [step] = [one for one in (await desk.caller("GET", f"/v1/alerts/{alert}")).body["timeline"] if one["what"].startswith("optim")]
    assert (step["what"], step["detail"].partition(":")[0]) == ("optimization_refused", "not_found" if is_gone else "internal_error")
