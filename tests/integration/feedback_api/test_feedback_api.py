"""Feedback, alerts and figures over HTTP, from the execution to the alert (F1, F3, A1, A2, A4)."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from burnish_analytics.io import news_store
from burnish_shared.ids import derived_uuid, new_uuid
from tests.embedded.stack import Caller, Stack
from tests.embedded.superuser import as_superuser

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def until(condition: Callable[[], Awaitable[Any]], *, within_s: float = 60) -> Any:
    """What the condition returned, once it is true."""
    async with asyncio.timeout(within_s):
        while not (found := await condition()):
            await asyncio.sleep(0.03)
        return found


async def execute(caller: Caller, text: str = "hello") -> str:
    answer = await caller("POST", "/v1/executions", {"prompt": "route", "variables": {"text": text}})
    assert answer.status == 200, answer.body
    return str(answer.body["id"])


async def feedback_shown(caller: Caller, execution_id: str) -> list[dict[str, Any]]:
    return list((await caller("GET", f"/v1/executions/{execution_id}")).body["feedback"])


@pytest.mark.capability("F1", "F3")
async def test_feedback_is_shown_with_its_execution_and_counted_in_the_summary(caller: Caller) -> None:
    execution_id = await execute(caller)
    body = {
        "execution_id": execution_id,
        "thumb": "down",
        "score": 0.25,
        "comment": "wrong queue",
        "user_id": "ann",
        "context": {"page": "inbox"},
    }
    answer = await caller("POST", "/v1/feedback", body)
    assert answer.status == 202
    shown = await until(lambda: feedback_shown(caller, execution_id))
    assert {one["kind"]: (one["feedback_id"], one.get("thumb"), one.get("score"), one.get("comment")) for one in shown} == {
        "thumb": (answer.body["feedback_id"], "down", None, "wrong queue"),
        "score": (answer.body["feedback_id"], None, 0.25, None),
    }
    assert shown[0]["context"] == {"page": "inbox"}

    async def counted() -> dict[str, Any] | None:
        found = (await caller("GET", "/v1/analytics/summary?prompt=route&label=production")).body
        return dict(found) if found["reactions"] == 2 and found["executions"] == 1 else None

    summary = await until(counted)
    assert (summary["thumbs_down"], summary["mean_score"], summary["success_rate"], summary["simulated"]) == (1, 0.25, 1.0, True)
    assert summary["satisfaction"]["samples"] == 2 and summary["satisfaction"]["value"] == 0.125
    assert summary["latency"]["p95_ms"] is not None and summary["cost_nusd"] > 0
    assert summary["effectiveness_version"] == 1 and summary["effectiveness_without"] == ["speed", "thrift"]


@pytest.mark.capability("F1")
@pytest.mark.promise("A-03")
async def test_a_repeat_with_the_same_idempotency_key_is_the_same_feedback(caller: Caller) -> None:
    execution_id = await execute(caller)
    key = {"idempotency-key": "vote-7"}
    answers = [await caller("POST", "/v1/feedback", {"execution_id": execution_id, "thumb": "up"}, headers=key) for _ in range(3)]
    expected = str(derived_uuid(caller.workspace.workspace_id, "vote-7"))
    assert [one.body["feedback_id"] for one in answers] == [expected] * 3
    given = str(new_uuid())
    named = await caller("POST", "/v1/feedback", {"execution_id": execution_id, "score": 1, "feedback_id": given}, headers=key)
    assert named.body["feedback_id"] == given
    await until(lambda: _shown_kinds(caller, execution_id, {"thumb", "score"}))


async def _shown_kinds(caller: Caller, execution_id: str, kinds: set[str]) -> bool:
    return {one["kind"] for one in await feedback_shown(caller, execution_id)} == kinds


@pytest.mark.capability("F1")
async def test_the_later_reaction_of_the_same_user_replaces_the_earlier(caller: Caller) -> None:
    execution_id = await execute(caller)
    for thumb in ("up", "down"):
        assert (await caller("POST", "/v1/feedback", {"execution_id": execution_id, "thumb": thumb, "user_id": "ann"})).status == 202

    async def replaced() -> bool:
        return [one.get("thumb") for one in await feedback_shown(caller, execution_id)] == ["down"]

    await until(replaced)
    [shown] = await feedback_shown(caller, execution_id)
    assert [(one["thumb"], one["user_id"]) for one in shown["replaced"]] == [("up", "ann")], "what it took the place of is kept and shown"


@pytest.mark.capability("F1")
async def test_a_session_a_metric_and_a_correction_are_accepted_and_an_unknown_execution_too(caller: Caller) -> None:
    for body in (
        {"session_id": "chat-1", "score": 0.5},
        {"execution_id": str(new_uuid()), "metric": {"name": "converted", "value": 1}},
        {"execution_id": str(new_uuid()), "correction": "billing"},
        {"execution_id": str(new_uuid()), "comment": "fine"},
    ):
        assert (await caller("POST", "/v1/feedback", body)).status == 202


ID = str(UUID(int=7))


@pytest.mark.promise("A-07", "G-20")
@pytest.mark.parametrize(
    ("raw", "status", "param"),
    [
        ('{"thumb": "up"}', 422, "execution_id"),
        (f'{{"execution_id": "{ID}", "session_id": "s", "thumb": "up"}}', 422, "session_id"),
        (f'{{"execution_id": "{ID}"}}', 422, "thumb"),
        (f'{{"execution_id": "{ID}", "user_id": "ann"}}', 422, "thumb"),
        (f'{{"execution_id": "{ID}", "score": NaN}}', 400, None),
        (f'{{"execution_id": "{ID}", "score": 1e999}}', 400, None),
        (f'{{"execution_id": "{ID}", "score": 1.01}}', 422, "score"),
        (f'{{"execution_id": "{ID}", "score": -0.01}}', 422, "score"),
        (f'{{"execution_id": "{ID}", "score": "0.5"}}', 422, "score"),
        (f'{{"execution_id": "{ID}", "score": true}}', 422, "score"),
        (f'{{"execution_id": "{ID}", "thumb": "sideways"}}', 422, "thumb"),
        (f'{{"execution_id": "{ID}", "metric": {{"name": "a b", "value": 1}}}}', 422, "metric.name"),
        (f'{{"execution_id": "{ID}", "metric": {{"name": "a"}}}}', 422, "metric.value"),
        (f'{{"execution_id": "{ID}", "metric": {{"name": "a", "value": Infinity}}}}', 400, None),
        ('{"execution_id": "not-an-id", "thumb": "up"}', 422, "execution_id"),
        ('{"session_id": "", "thumb": "up"}', 422, "session_id"),
        (f'{{"execution_id": "{ID}", "comment": ""}}', 422, "comment"),
        (f'{{"execution_id": "{ID}", "comment": "\\u0000"}}', 400, "comment"),
        (f'{{"execution_id": "{ID}", "thumb": "up", "workspace_id": "{ID}"}}', 422, "workspace_id"),
        (f'{{"execution_id": "{ID}", "thumb": "up", "context": {{"a": "{"x" * 20_000}"}}}}', 422, "context"),
        (f'{{"execution_id": "{ID}", "thumb": "up", "context": []}}', 422, "context"),
        ("null", 400, None),
        ("[]", 400, None),
        ("{", 400, None),
    ],
)
async def test_bad_feedback_is_refused_with_the_name_of_the_field(caller: Caller, raw: str, status: int, param: str | None) -> None:
    answer = await caller("POST", "/v1/feedback", raw=raw.encode())
    assert (answer.status, answer.body["error"]["param"]) == (status, param), answer.body


async def test_a_viewer_may_not_send_feedback_and_nobody_without_a_key(stack: Stack, caller: Caller) -> None:
    viewer = await stack.caller(role="viewer", workspace=caller.workspace)
    assert (await viewer("POST", "/v1/feedback", {"execution_id": ID, "thumb": "up"})).status == 403
    assert (await caller("POST", "/v1/feedback", {"execution_id": ID, "thumb": "up"}, headers={"authorization": "none"})).status == 401


@pytest.mark.capability("A4")
async def test_a_threshold_alert_is_raised_listed_acknowledged_once_and_belongs_to_its_workspace(stack: Stack, caller: Caller) -> None:
    assert (await caller("PUT", "/v1/alert-rules/route", {"min_samples": 10, "target": 0.7})).status == 200
    for text in range(12):
        execution_id = await execute(caller, str(text))
        await caller("POST", "/v1/feedback", {"execution_id": execution_id, "thumb": "down"})

    async def alerts() -> list[dict[str, Any]]:
        return list((await caller("GET", "/v1/alerts?status=open")).body["data"])

    [alert] = await until(alerts)
    assert (alert["kind"], alert["prompt"], alert["label"], alert["version"], alert["simulated"]) == (
        "feedback_threshold",
        "route",
        "production",
        1,
        True,
    )
    for wanted, found in (
        ("kind=feedback_threshold&severity=warning&label=production&prompt=route", 1),
        ("kind=degradation", 0),
        ("severity=critical", 0),
        ("label=staging", 0),
    ):
        assert len((await caller("GET", f"/v1/alerts?{wanted}")).body["data"]) == found, wanted
    assert (await caller("GET", "/v1/alerts?label=a%00b")).status == 422
    seen = [await caller("POST", f"/v1/alerts/{alert['id']}/acknowledge") for _ in range(2)]
    assert [(one.status, one.body["status"]) for one in seen] == [(200, "acknowledged")] * 2
    assert seen[0].body["acknowledged_at"] == seen[1].body["acknowledged_at"]
    detail = (await caller("GET", f"/v1/alerts/{alert['id']}")).body
    assert (detail["status"], detail["severity"]) == ("acknowledged", "warning")
    assert [one["what"] for one in detail["timeline"]] == ["raised", "acknowledged"]
    chart = detail["chart"]  # A point for each hour, of which the test may see two.
    assert {(one["version"], one["value"]) for one in chart} == {(1, 0.0)} and 10 <= sum(one["samples"] for one in chart) <= 12
    assert (await caller("GET", detail["links"]["figures"])).status == 200
    assert await alerts() == []
    stranger = await stack.caller()
    assert (await stranger("GET", f"/v1/alerts/{alert['id']}")).status == 404
    assert (await stranger("POST", f"/v1/alerts/{alert['id']}/acknowledge")).status == 404
    assert (await stranger("GET", "/v1/alerts")).body["data"] == []
    events = await _events(stack, caller)
    assert [one["type"] for one in events].count("alert.raised") == 1
    [told] = [one["data"] for one in events if one["type"] == "alert.acknowledged"]
    keys = {f"api_key:{one['id']}": one["name"] for one in (await caller("GET", "/v1/api-keys")).body["data"]}
    assert told["acknowledged_by_name"] == keys[told["acknowledged_by"]]


async def _events(stack: Stack, caller: Caller) -> list[dict[str, Any]]:

    async with as_superuser(stack.urls["superuser"]) as connection:
        rows = await connection.fetch("SELECT convert_from(body, 'UTF8') AS body FROM outbox WHERE subject LIKE '%.alert.%'")
    events = [json.loads(row["body"]) for row in rows]
    return [one for one in events if one["workspace_id"] == str(caller.workspace.workspace_id)]


@pytest.mark.capability("A4")
async def test_the_alert_of_a_budget_says_which_and_no_number_of_ours(stack: Stack, caller: Caller) -> None:
    told = [
        ("budget", {"name": "Night runs", "target": "api_key", "target_name": "ci", "budget_id": str(new_uuid())}, "Night runs"),
        ("budget", {"target": "prompt", "target_name": "route", "budget_id": str(new_uuid())}, "prompt route"),
        ("budget", {"target": "end_user", "budget_id": str(new_uuid())}, "end user"),
        ("credits", {}, None),
        ("provider_key", {}, "4711"),
    ]
    async with as_superuser(stack.urls["superuser"]) as connection:
        for kind, changed, _ in told:
            await connection.execute(
                """INSERT INTO alerts (alert_id, workspace_id, incident_key, kind, metric, summary, before, after, changed, simulated,
                                       muted, raised_at, severity, subject)
                   VALUES ($1, $2, $5, $3, 'exhausted', 'S.', '{}', '{}', $4, false, false, now(), 'error', '4711')""",
                new_uuid(), caller.workspace.workspace_id, kind, json.dumps(changed), str(new_uuid()),
            )  # fmt: skip
    shown = (await caller("GET", "/v1/alerts")).body["data"]
    assert sorted((one["kind"], str(one["subject"])) for one in shown) == sorted((kind, str(subject)) for kind, _, subject in told)


@pytest.mark.capability("A4")
async def test_mutes_are_set_shown_and_ended_and_those_without_sense_are_refused(stack: Stack, caller: Caller) -> None:
    later = (datetime.now(UTC) + timedelta(days=2)).isoformat()
    typo = await caller("PUT", "/v1/alert-mutes", {"kind": "usage", "prompt": "ruote", "until": later})
    assert (typo.status, typo.body["error"]["param"]) == (422, "prompt"), "it would mute nothing"
    elsewhere = {"kind": "email", "name": "x", "recipients": ["a@example.com"], "filters": {"prompts": ["route", "ruote"]}}
    refused = await caller("POST", "/v1/alert-channels", elsewhere)
    assert (refused.status, refused.body["error"]["param"]) == (422, "filters.prompts"), "it would tell nobody"
    nothing = await caller("PUT", "/v1/alert-mutes", {"kind": "usage", "prompt": "route", "until": later})
    assert (nothing.status, nothing.body["error"]["param"]) == (422, "prompt"), "unusual use is about no prompt: it would mute nothing"
    set_ = await caller("PUT", "/v1/alert-mutes", {"kind": "degradation", "prompt": "route", "until": later, "reason": "load test"})
    assert (set_.status, set_.body["muted_by"].partition(":")[0]) == (200, "api_key")
    assert [one["prompt"] for one in (await caller("GET", "/v1/alert-mutes")).body["data"]] == ["route"]
    assert (await (await stack.caller())("GET", "/v1/alert-mutes")).body["data"] == []
    assert (await caller("DELETE", "/v1/alert-mutes?kind=degradation")).status == 404
    assert (await caller("DELETE", "/v1/alert-mutes?kind=degradation&prompt=route")).status == 200
    for until_ in ((datetime.now(UTC) - timedelta(days=1)), (datetime.now(UTC) + timedelta(days=91))):
        assert (await caller("PUT", "/v1/alert-mutes", {"until": until_.isoformat()})).status == 422


@pytest.mark.capability("A4")
async def test_rules_are_set_listed_and_taken_back(caller: Caller) -> None:
    assert (await caller("PUT", "/v1/alert-rules", {"min_samples": 50})).body["prompt"] is None
    assert (await caller("PUT", "/v1/alert-rules/route", {"target": 0.9, "enabled": False})).status == 200
    listed = (await caller("GET", "/v1/alert-rules")).body["data"]
    assert [(one["prompt"], one["min_samples"], one["target"], one["enabled"]) for one in listed] == [
        (None, 50, None, True),
        ("route", None, 0.9, False),
    ]
    first = (await caller("GET", "/v1/alert-rules?limit=1")).body
    assert (await caller("GET", f"/v1/alert-rules?limit=1&cursor={first['next_cursor']}")).body["data"] == listed[1:]
    assert (await caller("DELETE", "/v1/alert-rules/route")).status == 200
    assert (await caller("DELETE", "/v1/alert-rules/route")).status == 404
    assert (await caller("PUT", "/v1/alert-rules/nosuch", {})).status == 404
    for wrong in ("min_drop", "min_error_rise", "min_latency_rise", "min_cost_rise"):
        refused = await caller("PUT", "/v1/alert-rules/route", {wrong: 1})
        assert (refused.status, refused.body["error"]["param"]) == (422, wrong)
    put = await caller("PUT", "/v1/alert-rules/route", {"min_error_rise": 0.5, "min_latency_rise": 0.3})
    assert (put.body["min_error_rise"], put.body["min_latency_rise"], put.body["min_cost_rise"]) == (0.5, 0.3, None)


@pytest.mark.promise("A-05")
@pytest.mark.parametrize(
    ("body", "param"), [({"min_samples": 9}, "min_samples"), ({"target": 1.0}, "target"), ({"targets": 0.5}, "targets")]
)
async def test_a_rule_that_makes_no_sense_is_refused(caller: Caller, body: dict[str, Any], param: str) -> None:
    answer = await caller("PUT", "/v1/alert-rules/route", body)
    assert (answer.status, answer.body["error"]["param"]) == (422, param)


@pytest.mark.capability("A1", "A2")
async def test_timeseries_and_costs_add_up_to_the_summary(stack: Stack, caller: Caller) -> None:
    for text in range(3):
        await execute(caller, str(text))

    async def counted() -> dict[str, Any] | None:
        found = (await caller("GET", "/v1/analytics/summary")).body
        return dict(found) if found["executions"] == 3 else None

    summary = await until(counted)
    for grain in ("minute", "hour", "day"):
        start = (datetime.now(UTC) - timedelta(hours=2)).strftime("%Y-%m-%dT%H:%M:%SZ")
        series = (await caller("GET", f"/v1/analytics/timeseries?grain={grain}&from={start}&group_by=version")).body
        assert sum(one["executions"] for one in series["data"]) == 3
        assert sum(one["cost_nusd"] for one in series["data"]) == summary["cost_nusd"]
        assert {one["group"] for one in series["data"]} == {"route@1"}
    for group in ("prompt", "version", "label", "model", "traffic", "day"):
        costs = (await caller("GET", f"/v1/analytics/costs?group_by={group}")).body
        assert costs["total_nusd"] == sum(one["cost_nusd"] for one in costs["data"]) == summary["cost_nusd"]
        assert costs["data"][0]["simulated"] is True
    stranger = await stack.caller()
    assert (await stranger("GET", "/v1/analytics/summary")).body["executions"] == 0
    assert (await stranger("GET", "/v1/analytics/costs")).body["data"] == []


@pytest.mark.promise("G-20")
@pytest.mark.parametrize(
    "query",
    [
        "from=2026-01-01T00:00:00Z&to=2026-01-01T00:00:00Z",
        "from=yesterday",
        "from=2026-01-01T00:00:00",
        "from=2020-01-01T00:00:00Z&grain=minute",
        "to=9999-12-31T23:59:59Z",
        "from=0001-01-01T00:00:00%2B14:00",
        "version=0",
        "version=99999999999999999999",
        "prompt=No%20Slug",
        "label=7",
        "group_by=user",
        "model=%00",
        "grain=week",
    ],
)
async def test_a_range_or_filter_that_makes_no_sense_is_refused(caller: Caller, query: str) -> None:
    for path in ("summary", "timeseries", "costs"):
        answer = await caller("GET", f"/v1/analytics/{path}?{query}")
        assert answer.status == 422 or (path == "summary" and "group_by" in query), (path, answer.body)


@pytest.mark.promise("W-13")
async def test_what_a_webhook_caused_carries_its_rounds_on_however_late_it_is_told(
    stack: Stack, caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(news_store, "WAITS_S", 3600.0)  # A reaction waits for its execution, however slow the machine is.
    endpoint = {"url": "https://93.184.216.34/hook", "events": ["feedback.created", "execution.completed"]}
    assert (await caller("POST", "/v1/webhooks/endpoints", endpoint)).status == 201
    body = {"prompt": "route", "variables": {"text": "hello"}, "mode": "background"}
    started = await caller("POST", "/v1/executions", body, headers={"burnish-hops": "0"})
    assert started.status == 202, started.body
    reaction = {"execution_id": started.body["id"], "thumb": "up"}
    assert (await caller("POST", "/v1/feedback", reaction, headers={"burnish-hops": "1"})).status == 202

    async def told() -> dict[str, Any] | None:
        rows = await outbox_of(stack, caller, "execution.completed", "feedback.created")
        return {one["type"]: (one["hops"], one["data"]["label"]) for one in rows} if len(rows) == 2 else None

    assert await until(told) == {"execution.completed": (1, "production"), "feedback.created": (2, "production")}


async def outbox_of(stack: Stack, caller: Caller, *types: str) -> list[dict[str, Any]]:
    async with as_superuser(stack.urls["superuser"]) as connection:
        subjects = [f"burnish.v1.{one}.{caller.workspace.workspace_id}" for one in types]
        return [json.loads(row["body"]) for row in await connection.fetch("SELECT body FROM outbox WHERE subject = ANY ($1)", subjects)]
