"""What stands against an experiment before it starts: drafts, checklists, namespaces, approvals (PRODUCT X1)."""

import asyncio
import json
import random
from typing import Any
from uuid import UUID

import pytest

from burnish_gateway.experiments import traffic_store
from burnish_shared.experiments.sample_size import fixed_units
from burnish_shared.ids import new_uuid
from tests.embedded.stack import Caller, Stack
from tests.integration.execution.test_executions import books
from tests.integration.experiments.lives import SLUG, USERS, ask, body, drafted, read, started, two_versions, until_known

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.capability("X1")]


async def test_the_checklist_says_what_stands_against_a_start(caller: Caller) -> None:
    await two_versions(caller)
    running = await started(caller, body())
    second = await drafted(caller, body(name="Second"))
    found = await caller("GET", f"/v1/experiments/{second}/checklist")
    assert found.status == 200 and found.body["can_start"] is False, found.body
    assert {"conflicts": "blocks"}.items() <= {one["name"]: one["state"] for one in found.body["checks"]}.items()
    refused = await caller("POST", f"/v1/experiments/{second}/start")
    assert refused.status == 409 and refused.body["error"]["param"] == "namespace" and running in refused.body["error"]["message"]
    archived = await caller("POST", f"/v1/prompts/{SLUG}/archive")
    assert archived.status == 409 and running in archived.body["error"]["message"]
    for status in ("running", "paused"):
        removed = await caller("DELETE", f"/v1/prompts/{SLUG}/labels/production")
        assert (removed.status, removed.body["error"]["param"]) == (409, "label") and running in removed.body["error"]["message"], status
        await caller("POST", f"/v1/experiments/{running}/pause")
    assert (await caller("PUT", f"/v1/prompts/{SLUG}/labels/other", {"version": 2})).status == 200
    assert (await caller("DELETE", f"/v1/prompts/{SLUG}/labels/other")).status == 200, "nothing runs on this one"
    await caller("POST", f"/v1/experiments/{running}/decide", {"winner": None, "reason": "enough"})
    assert (await caller("DELETE", f"/v1/prompts/{SLUG}/labels/production")).status == 200


async def test_two_experiments_share_a_prompt_through_a_namespace(caller: Caller) -> None:
    await two_versions(caller)
    one = await started(caller, body(namespace="texts", namespace_share=0.5))
    two = await started(caller, body(name="Second", namespace="texts", namespace_share=0.5))
    full = await drafted(caller, body(name="Third", namespace="texts", namespace_share=0.1))
    refused = await caller("POST", f"/v1/experiments/{full}/start")
    assert refused.status == 409 and refused.body["error"]["param"] == "namespace_share"
    assert (await caller("GET", f"/v1/experiments/{full}")).body["namespace_share"] == 0.1
    alone = await drafted(caller, body(name="Alone"))
    assert (await caller("GET", f"/v1/experiments/{alone}")).body["namespace_share"] is None
    await until_known(caller, {"control", "candidate"})
    async with asyncio.timeout(40):
        while {(await ask(caller, user)).body["experiment_id"] for user in USERS} != {one, two}:
            await asyncio.sleep(0.1)
    spaces = await caller("GET", "/v1/experiments/namespaces")
    assert [(space["name"], space["taken"]) for space in spaces.body["data"]] == [("texts", 1.0)]


async def test_a_namespace_that_two_drafts_make_at_once_is_about_one_unit(caller: Caller) -> None:
    """Else one person could be in two of its experiments: by their session in one, by their id in the other."""
    await two_versions(caller)
    for n in range(3):
        units = ("end_user", "session", "execution") * 2
        answers = await asyncio.gather(*(caller("POST", "/v1/experiments", body(namespace=f"n{n}", unit=unit)) for unit in units))
        assert len({one.body["unit"] for one in answers if one.status == 201}) == 1, [one.body for one in answers]
        assert {one.body["error"]["param"] for one in answers if one.status != 201} == {"unit"}


async def test_a_protected_label_asks_for_approval_before_anybody_gets_the_candidate(stack: Stack, caller: Caller) -> None:
    await two_versions(caller)
    rules = await caller("PUT", "/v1/workspace/label-rules", {"protected_labels": ["production"]})
    if rules.status == 404:
        await books(stack, "UPDATE workspaces SET protected_labels = '{production}' WHERE workspace_id = $1", caller.workspace.workspace_id)
    experiment = await drafted(caller, body())
    refused = await caller("POST", f"/v1/experiments/{experiment}/start")
    assert refused.status == 409 and "approved" in refused.body["error"]["message"], refused.body


async def test_drafts_are_changed_as_a_whole_and_thrown_away(caller: Caller) -> None:
    await two_versions(caller)
    experiment = await drafted(caller, body())
    endings = [(await read(caller, await drafted(caller, body(kind=kind))))["on_winner"] for kind in ("ab", "rollout")]
    assert endings == ["offered", "automatic"]
    changed = await caller("PUT", f"/v1/experiments/{experiment}", {"revision": 1, "experiment": body(name="Other", unit="session")})
    assert changed.status == 200 and (changed.body["name"], changed.body["unit"], changed.body["revision"]) == ("Other", "session", 2)
    stale = await caller("PUT", f"/v1/experiments/{experiment}", {"revision": 1, "experiment": body()})
    assert stale.status == 409
    page = await caller("GET", f"/v1/experiments?prompt={SLUG}&status=draft")
    assert [one["id"] for one in page.body["data"]][-1] == experiment
    assert (await caller("DELETE", f"/v1/experiments/{experiment}")).status == 200
    assert (await caller("GET", f"/v1/experiments/{experiment}")).status == 404


@pytest.mark.parametrize(
    ("changed", "param"),
    [
        ({"arms": [{"name": "a", "version": 1}, {"name": "a", "version": 2}]}, "arms"),
        ({"arms": [{"name": "a", "version": 1}, {"name": "b", "version": 9}]}, "arms[1].version"),
        ({"arms": [{"name": "a", "version": 1}]}, "arms"),
        ({"metric": "clicks"}, "metric"),
        ({"metric": "metric:clicks"}, "direction"),
        ({"targeting": "metadata.tier =="}, "targeting"),
        ({"deciding": {"method": "fixed"}}, "deciding.planned_units"),
        ({"arms": [{"name": "a", "version": 1, "share": 0.7}, {"name": "b", "version": 2, "share": 0.7}]}, "arms"),
        ({"arms": [{"name": "a", "version": 1}, {"name": "b", "model": "no/such"}]}, "arms[1].model"),
        ({"prompt": "nothing"}, "prompt"),
        ({"kind": "rollout", "rollout": {"steps": [0.00001, 1]}}, "rollout.steps"),
        ({"kind": "rollout", "deciding": {"max_days": 3}}, "deciding.max_days"),
        ({"metric": "success", "direction": "lower"}, "direction"),
        ({"metric": "success", "deciding": {"smallest_effect": 5}}, "deciding.smallest_effect"),
        ({"metric": "satisfaction", "deciding": {"equivalence_margin": 2}}, "deciding.equivalence_margin"),
        ({"metric": "latency_p95_ms", "deciding": {"method": "fixed", "planned_units": 900}}, "deciding.method"),
        ({"guardrails": [{"metric": "error_rate", "margin": 2}]}, "guardrails[0].margin"),
        ({"guardrails": [{"metric": "satisfaction", "margin": 3, "relative": True}]}, "guardrails[0].margin"),
        ({"guardrails": [{"metric": "error_rate", "margin": 0.1, "direction": "higher"}]}, "guardrails[0].direction"),
        ({"guardrails": [{"metric": "latency_p95_ms", "margin": 5}, {"metric": "latency_p95_ms", "margin": 0.2}]}, "guardrails"),
        ({"shadow_budget_nusd": 5}, "shadow_budget_nusd"),
    ],
)
async def test_a_draft_that_makes_no_sense_names_the_field(caller: Caller, changed: dict[str, Any], param: str) -> None:
    await two_versions(caller)
    answer = await caller("POST", "/v1/experiments", body(**changed))
    assert answer.status in (404, 422) and str(answer.body["error"]["param"]).startswith(param), answer.body


async def test_what_looks_odd_and_makes_sense_is_drafted(caller: Caller) -> None:
    await two_versions(caller)
    for changed in (
        {"metric": "metric:NPS", "direction": "higher"},  # as feedback may name it
        {"metric": "latency_ms", "direction": "lower", "deciding": {"smallest_effect": 50}},
        {"guardrails": [{"metric": "error_rate", "margin": 2, "relative": True}, {"metric": "latency_ms", "margin": 400}]},
    ):
        answer = await caller("POST", "/v1/experiments", body(**changed))
        assert answer.status == 201, (changed, answer.body)


async def test_a_plan_that_ends_before_anything_may_be_decided_is_not_started(caller: Caller) -> None:
    await two_versions(caller)
    experiment = await drafted(caller, body(min_samples=100, deciding={"method": "fixed", "planned_units": 150}))
    refused = await caller("POST", f"/v1/experiments/{experiment}/start")
    assert refused.status == 409 and refused.body["error"]["param"] == "deciding.planned_units", refused.body
    assert "plan 200 or more" in refused.body["error"]["message"]


async def test_a_budget_that_no_copy_fits_into_is_told_before_the_start(caller: Caller) -> None:
    await two_versions(caller)
    arms = [
        {"name": "control", "version": 1},
        {"name": "candidate", "version": 2},
        {"name": "quiet", "version": 2, "mode": "shadow", "share": 1.0},
    ]
    most = (await caller("GET", f"/v1/prompts/{SLUG}/versions/2/estimate")).body["models"][0]["cost_nusd_most"]
    for budget_nusd, expected in ((most - 1, [("warning", "shadow_budget_nusd")]), (most, [])):
        experiment = await drafted(caller, body(name=str(budget_nusd), arms=arms, shadow_budget_nusd=budget_nusd))
        checks = (await caller("GET", f"/v1/experiments/{experiment}/checklist")).body["checks"]
        assert [(one["state"], one["param"]) for one in checks if one["name"] == "shadow_budget"] == expected
        assert [one["state"] for one in checks if one["name"] == "arms"] == ["ok"]
    assert (await caller("POST", f"/v1/experiments/{experiment}/start")).status == 200


@pytest.mark.parametrize(
    ("settings", "times"), [({"max_tokens": 50}, 1), ({"max_completion_tokens": 50}, 1), ({"max_tokens": 25, "n": 2}, 1), ({}, 4096 / 50)]
)
async def test_an_estimate_knows_every_cap_and_how_many_answers(caller: Caller, settings: dict[str, Any], times: float) -> None:
    asked = {"slug": "capped", "messages": [{"role": "user", "content": "Hi."}], "model": "simulated/chat"}
    assert (await caller("POST", "/v1/prompts", asked | settings)).status == 201
    [told] = (await caller("GET", "/v1/prompts/capped/versions/1/estimate")).body["models"]
    assert told["output_tokens_most"] == 50 * times


async def _answered(stack: Stack, caller: Caller, latencies: list[int], *, users: int, said: dict[str, float] | None = None) -> None:
    """Answers of `production`, one after the other for each of so many users; `said`: a metric and its value on every fifth, 0 on the
    rest. One more for each user came from the cache and one failed, which have no latency."""
    await books(
        stack,
        """INSERT INTO executions (execution_id, workspace_id, fence, lane, status, model, provider, input_tokens, output_tokens,
             cached_input_tokens, usage_source, cost_nusd, latency_ms, attempts, finished_at, details, slug, version, label, end_user,
             cached)
           SELECT id, $1, 1, 'interactive', CASE WHEN n % 3 = 2 THEN 'error' ELSE 'success' END, 'm', 'p', 1, 1, 0, 'provider',
                  CASE WHEN n % 3 = 2 THEN 0 ELSE 1000::bigint * ms END, ms, '[]', clock_timestamp(), '{}', $2, 1, 'production',
                  'u' || (n / 3) % $5, n % 3 = 1
             FROM unnest($3::uuid[], $4::integer[]) WITH ORDINALITY AS u(id, ms, at), LATERAL (SELECT at::integer - 1 AS n) o""",
        caller.workspace.workspace_id, SLUG, [new_uuid() for _ in range(3 * len(latencies))],
        [ms for one in latencies for ms in (one, 9_000_000, 9_000_000)], users,
    )  # fmt: skip
    for metric, value in (said or {}).items():
        await books(
            stack,
            """INSERT INTO feedback (workspace_id, target_kind, target_id, end_user, kind, execution_id, value, accepted_at, joined_at)
               SELECT workspace_id, 'execution', execution_id::text, '', $3, execution_id,
                      CASE WHEN (row_number() OVER (ORDER BY execution_id)) % 5 = 0 THEN $4::float8 ELSE 0 END, now(), now()
                 FROM executions WHERE workspace_id = $1 AND slug = $2 AND status = 'success' AND NOT cached""",
            caller.workspace.workspace_id, SLUG, metric, value,
        )  # fmt: skip


async def test_a_sample_is_counted_for_means_percentiles_and_own_metrics_from_the_days_before(stack: Stack, caller: Caller) -> None:
    """What varied between users then: latency and cost of answers that were made, and what was said of a metric of one's own."""
    await two_versions(caller)

    async def needed_by(metric: str, **more: Any) -> Any:
        found = await caller("GET", f"/v1/experiments/{await drafted(caller, body(name=metric, metric=metric, **more))}/checklist")
        [sample] = [one for one in found.body["checks"] if one["name"] == "sample"]
        return found.body["needed"], sample, found.body["baseline"].get(metric)

    nothing, sample, _ = await needed_by("latency_ms")
    assert nothing is None and "0 units with a figure are known of 7 days, and 30 are needed" in sample["message"], sample
    nothing, sample, _ = await needed_by("latency_p95_ms")
    assert nothing is None and "95th percentile is told from 220 or more" in sample["message"], sample

    dice = random.Random(4)
    latencies = [round(dice.lognormvariate(6.5, 0.6)) for _ in range(1_200)]
    await _answered(stack, caller, latencies, users=400, said={"metric:stars": 5.0})
    mean = sum(latencies) / len(latencies)
    varied = [[latencies[user + 400 * n] for n in range(3)] for user in range(400)]
    between = sum((sum(one) / 3 - mean) ** 2 for one in varied) / 399
    usual, sample, baseline = await needed_by("latency_ms", deciding={"method": "fixed", "planned_units": 2_000})
    assert usual["effect"] == pytest.approx(0.05 * mean) and baseline["samples"] >= 1_200
    assert baseline["from"].endswith("Z") and baseline["to"].endswith("Z")
    assert usual["units"] == pytest.approx(fixed_units(effect=0.05 * mean, variance=between, alpha=0.05), rel=0.01)
    cost, sample, _ = await needed_by("cost_nusd", deciding={"method": "fixed", "planned_units": 1_000, "smallest_effect": 25 * mean})
    assert cost["units"] == usual["units"] and "1,000 units are planned" in sample["message"], "half of what is paid for cost nothing"
    assert "to find $0.0000" in (await needed_by("cost_nusd"))[1]["message"]
    p95 = sorted(latencies)[round(0.95 * 1_200)]
    slow, sample, _ = await needed_by("latency_p95_ms", deciding={"smallest_effect": 0.2 * p95})
    wide, _, _ = await needed_by("latency_p95_ms", deciding={"smallest_effect": 0.4 * p95})
    assert slow["units"] > 1.5 * wide["units"] and slow["days"] > wide["days"] > 0 and "units are needed to find" in sample["message"]
    stars, _, baseline = await needed_by("metric:stars", direction="higher")
    assert stars["effect"] == pytest.approx(0.05) and baseline["value"] == pytest.approx(1.0) and baseline["samples"] == 1_200
    nothing, sample, _ = await needed_by("metric:clicks", direction="higher")
    assert nothing is None and "how much 'clicks' varies" in sample["message"], sample

    held = await caller("PUT", "/v1/experiments/settings", {"holdout_share": 0.5})
    assert held.status == 200, held.body
    fewer, _, _ = await needed_by("latency_p95_ms", deciding={"smallest_effect": 0.2 * p95})
    assert fewer["units"] == slow["units"] and fewer["days"] == pytest.approx(2 * slow["days"], rel=0.01)


async def test_a_decision_by_cost_keeps_how_much_it_varied_before_and_says_where_little_is_known(stack: Stack, caller: Caller) -> None:
    """Rare dear calls of an arm may be missing by chance: what the days before knew of them is frozen (decision 85)."""
    await two_versions(caller)
    deciding = {"method": "sequential"}
    dice = random.Random(5)
    dear = [1_000 if dice.random() < 0.02 else 10 for _ in range(1_100)]
    # Half of what is paid for in `_answered` costs nothing: each unit is a user with one answer that costs and one that failed.
    await _answered(stack, caller, dear[:300], users=300)
    experiment = await drafted(caller, body(name="few", metric="cost_nusd", deciding=deciding))
    checks = (await caller("GET", f"/v1/experiments/{experiment}/checklist")).body["checks"]
    [said] = [one for one in checks if one["name"] == "dear_calls"]
    assert said["state"] == "warning" and "known of 300 units in the last 7 days, and 1,000 would tell" in said["message"]
    await _answered(stack, caller, dear, users=1_100)
    checks = (await caller("GET", f"/v1/experiments/{experiment}/checklist")).body["checks"]
    assert [one for one in checks if one["name"] == "dear_calls"] == []
    assert (await caller("POST", f"/v1/experiments/{experiment}/start")).status == 200
    [row] = await books(stack, "SELECT settings -> 'past_cost' AS kept FROM experiments WHERE experiment_id = $1", UUID(experiment))
    kept = row["kept"] if isinstance(row["kept"], dict) else json.loads(row["kept"])
    assert (kept["units"], kept["size"]) == (1_100, pytest.approx(2_800 / 1_100)) and kept["part"] > 5


async def test_a_guardrail_of_cost_keeps_how_much_it_varied_before_whatever_decides(stack: Stack, caller: Caller) -> None:
    await two_versions(caller)
    await _answered(stack, caller, [1_000 if number % 50 == 0 else 10 for number in range(300)], users=300)
    for name, guardrails, is_kept in (("guarded", [{"metric": "cost_nusd", "margin": 0.2, "relative": True}], True), ("open", [], False)):
        experiment = await drafted(caller, body(name=name, guardrails=guardrails, deciding={"method": "sequential"}))
        assert (await caller("POST", f"/v1/experiments/{experiment}/start")).status == 200
        query = "SELECT settings -> 'past_cost' ->> 'units' AS kept FROM experiments WHERE experiment_id = $1"
        [row] = await books(stack, query, UUID(experiment))
        assert row["kept"] == ("300" if is_kept else None), name
        ended = await caller("POST", f"/v1/experiments/{experiment}/decide", {"winner": None, "reason": "enough"})
        assert ended.status == 200, ended.body


async def test_it_is_said_beforehand_how_many_calls_meet_the_condition(caller: Caller) -> None:
    await two_versions(caller)

    async def told(targeting: str) -> tuple[list[tuple[str, str]], Any]:
        experiment = await drafted(caller, body(targeting=targeting))
        found = (await caller("GET", f"/v1/experiments/{experiment}/checklist")).body
        return [(one["state"], one["message"]) for one in found["checks"] if one["name"] == "targeting"], found["needed"]

    assert (await told("metadata.tier == 'gold'"))[0] == [], "nobody called yet, which is said already"
    for n, user in enumerate(USERS[:8]):
        for tier in ("gold", "plain") if n < 2 else ("plain",):
            await ask(caller, user, metadata={"tier": tier}, app="shop" if n % 2 else "site")
    assert (await told(""))[0] == []
    checks, _ = await told("metadata.tier == 'gold'")
    assert checks == [("ok", "20% of the newest 10 calls meet the condition.")]
    assert (await told("app == 'shop' and variables.topic == 'tea'"))[0] == [("ok", "50% of the newest 10 calls meet the condition.")]
    checks, needed = await told("metadata.teir == 'gold'")
    assert checks == [("warning", "None of the newest 10 calls meets the condition: nobody would take part.")]
    assert needed is None or needed["days"] is None
    for untold in ("stream", "model == null", "language == 'en'"):  # A record has the model that answered, and no caller named one.
        checks, _ = await told(f"{untold} and metadata.tier == 'gold'")
        assert [state for state, _ in checks] == ["warning"] and "not known beforehand" in checks[0][1]


async def test_who_comes_back_is_forecast_once(stack: Stack, caller: Caller) -> None:
    """Four users of whom three come back after days, and one who is new: not five new ones in half the time."""
    await two_versions(caller)
    for user in USERS[:4]:
        await ask(caller, user)
    await books(
        stack, "UPDATE executions SET finished_at = finished_at - interval '4 days' WHERE workspace_id = $1", caller.workspace.workspace_id
    )
    for user in (*USERS[:3], *USERS[:3], USERS[4]):
        await ask(caller, user)
    users = (await caller("GET", f"/v1/experiments/{await drafted(caller, body())}/checklist")).body
    traffic = users["traffic"]
    assert (traffic["calls"], traffic["units"], traffic["with_unit"]) == (11, 5, 1.0)
    assert traffic["days"] == pytest.approx(4.0, abs=0.1) and traffic["units_a_day"] == pytest.approx(1 / 2, rel=0.05)
    [told] = [one["message"] for one in users["checks"] if one["name"] == "traffic"]
    assert told == "5 different units came in the last 4.0 days; lately about 0.5 new ones a day.", told
    calls = (await caller("GET", f"/v1/experiments/{await drafted(caller, body(unit='execution'))}/checklist")).body["traffic"]
    assert (calls["units"], calls["units_a_day"]) == (11, pytest.approx(11 / 4, rel=0.05)), "each call is a unit of its own, as before"


async def test_where_only_known_ones_come_back_it_is_said_that_there_are_never_so_many(stack: Stack, caller: Caller) -> None:
    await two_versions(caller)
    users = [f"known-{n}" for n in range(40)]
    for _ in range(2):
        for user in users:
            await ask(caller, user)
        await books(
            stack,
            "UPDATE executions SET finished_at = finished_at - interval '2 days' WHERE workspace_id = $1",
            caller.workspace.workspace_id,
        )
    for user in users:
        await ask(caller, user)
    latency = {"metric": "latency_ms", "direction": "lower", "deciding": {"smallest_effect": 0.01}}
    told = (await caller("GET", f"/v1/experiments/{await drafted(caller, body(**latency))}/checklist")).body
    assert told["traffic"]["units_a_day"] == 0 and told["needed"]["days"] is None
    [sample] = [one for one in told["checks"] if one["name"] == "sample"]
    assert sample["state"] == "warning" and sample["message"].endswith("at that pace there are never so many."), sample


async def test_of_a_busy_prompt_only_the_newest_calls_are_looked_through(caller: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    """A label that has few of them took a look at all that the prompt was called in a week, with the prompt held."""
    await two_versions(caller)
    await ask(caller, USERS[0])
    await ask(caller, USERS[0], version=2)
    experiment = await drafted(caller, body())
    for most, found in ((2, 1), (1, 0)):
        monkeypatch.setattr(traffic_store, "SEEN_MOST", most)
        assert (await caller("GET", f"/v1/experiments/{experiment}/checklist")).body["traffic"]["calls"] == found
