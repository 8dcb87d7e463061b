"""Targets of speed and cost, against which effectiveness is told (A1)."""

from typing import Any

import pytest

from burnish_shared.measures import effectiveness
from tests.embedded.stack import Caller
from tests.integration.feedback_api.test_feedback_api import execute, feedback_shown, until

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.capability("A1")]


def expected(of: dict[str, Any], *, target_ms: int | None = None, target_nusd: int | None = None) -> Any:
    value = effectiveness(
        satisfaction=of["satisfaction"]["value"] if of["satisfaction"] else None,
        success_rate=of["success_rate"],
        p95_ms=of["latency"]["p95_ms"],
        cost_nusd=of["mean_cost_nusd"],
        target_ms=target_ms,
        target_nusd=target_nusd,
    )
    return pytest.approx(value)


async def counted(caller: Caller) -> None:
    """One answer to `route` that somebody liked, in the rollups."""
    execution_id = await execute(caller)
    assert (await caller("POST", "/v1/feedback", {"execution_id": execution_id, "thumb": "up"})).status == 202
    await until(lambda: feedback_shown(caller, execution_id))

    async def whole() -> bool:
        return bool((await summary(caller))["reactions"] == 1)

    await until(whole)


async def summary(caller: Caller, narrowed: str = "") -> dict[str, Any]:
    answer = await caller("GET", f"/v1/analytics/summary{narrowed}")
    assert answer.status == 200, answer.body
    return dict(answer.body)


async def rule(caller: Caller, slug: str, **said: Any) -> None:
    put = await caller("PUT", f"/v1/alert-rules{slug}", said)
    assert put.status == 200 and {name: put.body[name] for name in said} == said, put.body


async def test_speed_and_thrift_count_against_the_targets_of_the_prompt_else_of_the_workspace(caller: Caller) -> None:
    await counted(caller)
    bare = await summary(caller)
    assert bare["effectiveness"] == expected(bare) == 100 and bare["effectiveness_targets"] == {"p95_ms": None, "cost_nusd": None}

    await rule(caller, "", target_p95_ms=60_000)
    fast = await summary(caller)
    assert fast["effectiveness"] == expected(fast, target_ms=60_000) and 90 < fast["effectiveness"] < 100
    assert (fast["effectiveness_targets"], fast["effectiveness_without"]) == ({"p95_ms": 60_000, "cost_nusd": None}, ["thrift"])

    dear = round(bare["mean_cost_nusd"]) * 2
    await rule(caller, "/route", target_cost_nusd=dear)
    assert (await summary(caller))["effectiveness_without"] == ["thrift"], "that of one prompt is none of the workspace"
    both = {"p95_ms": 60_000, "cost_nusd": dear}
    own = await summary(caller, "?prompt=route")
    assert (own["effectiveness_targets"], own["effectiveness_without"]) == (both, []), "what a prompt does not say is the workspace's"
    wanted = expected(own, target_ms=60_000, target_nusd=dear)
    assert own["effectiveness"] == wanted and own["effectiveness"] < fast["effectiveness"]

    for path in (
        "/v1/analytics/groups?group_by=prompt", "/v1/analytics/groups?group_by=version", "/v1/analytics/groups?group_by=label",
        "/v1/analytics/groups?group_by=model&prompt=route", "/v1/analytics/timeseries?group_by=prompt_model",
        "/v1/analytics/timeseries?prompt=route",
    ):  # fmt: skip
        [one] = (await caller("GET", path)).body["data"]
        assert one["effectiveness"] == wanted, path
    for path in ("/v1/analytics/groups?group_by=model", "/v1/analytics/timeseries?group_by=app"):
        [one] = (await caller("GET", path)).body["data"]
        assert one["effectiveness"] == pytest.approx(fast["effectiveness"]), path
    [column] = (await caller("GET", "/v1/prompts/route/compare")).body["data"]
    assert column["figures"]["effectiveness"] == wanted == column["models"][0]["effectiveness"]
    report = (await caller("POST", "/v1/reports", {"kind": "workspace"})).body["content"]
    assert report["figures"]["effectiveness"] == pytest.approx(fast["effectiveness"])
    assert [one["effectiveness"] for one in report["breakdowns"]["prompt"]] == [wanted]


@pytest.mark.parametrize("wrong", [{"target_p95_ms": 0}, {"target_cost_nusd": 0}, {"target_p95_ms": 1.5}, {"target_cost_nusd": -1}])
async def test_a_target_of_nothing_is_refused(caller: Caller, wrong: dict[str, Any]) -> None:
    refused = await caller("PUT", "/v1/alert-rules", wrong)
    assert (refused.status, refused.body["error"]["param"]) == (422, next(iter(wrong)))


@pytest.mark.capability("A4")
async def test_fixed_limits_of_a_rule_are_kept_as_they_were_said_and_checked(caller: Caller) -> None:
    whole = {"metric": "latency", "limit": 2_500.0, "label": "production", "evaluator_id": None, "window_minutes": 30, "min_samples": 5}
    put = await caller("PUT", "/v1/alert-rules/route", {"targets": [whole, {"metric": "error_rate", "limit": 0.05}]})
    usual = {"metric": "error_rate", "limit": 0.05, "label": None, "evaluator_id": None, "window_minutes": 60, "min_samples": 20}
    assert put.status == 200 and put.body["targets"] == [whole, usual]
    await rule(caller, "", targets=[])
    listed = (await caller("GET", "/v1/alert-rules")).body["data"]
    assert [(one["prompt"], one["targets"]) for one in listed] == [(None, []), ("route", [whole, usual])]
    for wrong, param in (
        ([{"metric": "satisfaction", "limit": 1.0}], "targets[0]"), ([usual, usual], None),
        ([{"metric": "quality", "limit": 0.5}], "targets[0]"), ([{"metric": "cost", "limit": 0}], "targets[0].limit"),
        ([usual | {"window_minutes": 5}], "targets[0].window_minutes"),
    ):  # fmt: skip
        refused = await caller("PUT", "/v1/alert-rules/route", {"targets": wrong})
        assert refused.status == 422 and (param is None or refused.body["error"]["param"].startswith(param)), refused.body
    unknown = [usual, {"metric": "quality", "limit": 0.5, "evaluator_id": "01a1f8c2-0000-7000-8000-000000000000"}]
    refused = await caller("PUT", "/v1/alert-rules/route", {"targets": unknown})
    assert (refused.status, refused.body["error"]["param"]) == (404, "targets[1].evaluator_id")
