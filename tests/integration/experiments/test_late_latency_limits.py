"""What is slow for a rollout, where nobody knew it at the start: the control's own answers say it later (PRODUCT X3)."""

from math import ceil

import pytest

from burnish_gateway.experiments.traffic import LEAST_LATENCIES
from tests.embedded.stack import Caller, Stack
from tests.integration.execution.test_executions import books
from tests.integration.experiments.lives import SLUG, ramp, read, started, two_versions

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.capability("X1")]


@pytest.mark.capability("X3")
async def test_of_a_prompt_without_a_past_the_first_steps_say_what_is_slow(stack: Stack, caller: Caller) -> None:
    """A new prompt has no days before. What the control does at the first step tells, so the next one is watched for latency too."""
    await two_versions(caller)
    experiment = await started(caller, ramp())
    assert (await read(caller, experiment))["latency_limit_ms"] is None
    unknown = await _without_control(caller)
    await _counted(stack, caller, LEAST_LATENCIES - 1)
    stepped = await caller("POST", f"/v1/experiments/{experiment}/advance")
    assert (stepped.body["step"], stepped.body["latency_limit_ms"]) == (1, None), "of so few answers nobody knows it yet"
    await _counted(stack, caller, 1)
    for path in ("pause", "resume"):
        assert (await caller("POST", f"/v1/experiments/{experiment}/{path}")).status == 200
    limit_ms = (await read(caller, experiment))["latency_limit_ms"]
    checked = (await caller("GET", f"/v1/experiments/{experiment}/checklist")).body
    assert limit_ms == ceil(1.2 * checked["baseline"]["latency_p95_ms"]["value"])
    alone = await caller("POST", f"/v1/experiments/{unknown}/advance")
    assert (alone.body["step"], alone.body["latency_limit_ms"]) == (1, None), "of a control that nobody counted it proves nothing"
    await _counted(stack, caller, 500, bucket=160)
    stepped = await caller("POST", f"/v1/experiments/{experiment}/advance")
    assert (stepped.body["step"], stepped.body["latency_limit_ms"]) == (2, limit_ms), "what is known stays: it was counted by"


@pytest.mark.capability("X3")
async def test_what_is_slow_is_told_by_the_controls_own_answers_where_the_arms_differ_by_their_model(stack: Stack, caller: Caller) -> None:
    """Both answer with the label's version, so both count for the label: a slow candidate must not say itself what is slow."""
    await two_versions(caller)
    arms = [{"name": "control", "label": "production"}, {"name": "candidate", "model": "simulated/writer"}]
    experiment = await started(caller, ramp() | {"arms": arms})
    await _counted(stack, caller, LEAST_LATENCIES - 1, model="simulated/chat")
    await _counted(stack, caller, 500, bucket=400, model="simulated/writer")
    stepped = await caller("POST", f"/v1/experiments/{experiment}/advance")
    assert (stepped.body["step"], stepped.body["latency_limit_ms"]) == (1, None), "of the control too few are known"
    both = (await caller("GET", f"/v1/experiments/{experiment}/checklist")).body["baseline"]["latency_p95_ms"]["value"]
    await caller("PUT", f"/v1/prompts/{SLUG}/labels/production", {"version": 2})
    await _counted(stack, caller, 1, model="simulated/chat")
    await _counted(stack, caller, 500, bucket=400, model="simulated/chat", version=2)
    for path in ("pause", "resume"):
        assert (await caller("POST", f"/v1/experiments/{experiment}/{path}")).status == 200
    assert 0 < (await read(caller, experiment))["latency_limit_ms"] < both / 2


async def _without_control(caller: Caller) -> str:
    """A rollout on another label whose next step is everybody."""
    assert (await caller("PUT", f"/v1/prompts/{SLUG}/labels/staging", {"version": 1})).status == 200
    arms = [{"name": "control", "label": "staging"}, {"name": "candidate", "version": 2}]
    return await started(caller, ramp() | {"label": "staging", "arms": arms, "rollout": {"steps": [0.5, 1.0], "bake_s": 0}})


async def _counted(stack: Stack, caller: Caller, answers: int, *, bucket: int = 100, model: str | None = None, version: int = 1) -> None:
    """Answers of `production` and of `staging`, all of about one latency, in the rollups of an hour ago and of its day.

    `model` None: one of its own.
    """
    zero = ("errors", "timeouts", "rate_limited", "cancelled", "blocked", "cached", "input_tokens", "output_tokens", "cached_input_tokens",
            "cost_nusd", "thumbs_up", "thumbs_down", "simulated", "latency_sum_ms", "reactions", "scores", "score_sum_micro")  # fmt: skip
    await books(
        stack,
        f"""INSERT INTO rollups (workspace_id, grain, bucket, slug, version, label, model, traffic, latency, first_token, executions,
                                 successes, {", ".join(zero)})
            SELECT $1, grain, date_trunc(grain, date_trunc('hour', now(), 'UTC') - interval '1 hour' * $6, 'UTC'), $2, $7, label,
                   $3, 'live', $4, '{{}}', $5, $5,
                   {", ".join("0" for _ in zero)}
              FROM unnest('{{production,staging}}'::text[]) label, unnest('{{hour,day}}'::text[]) grain
                ON CONFLICT (workspace_id, grain, bucket, slug, version, label, model, traffic) DO UPDATE SET
                   executions = rollups.executions + excluded.executions, successes = rollups.successes + excluded.successes,
                   latency = (SELECT array_agg(a + b ORDER BY place)
                                FROM unnest(rollups.latency, excluded.latency) WITH ORDINALITY both_of (a, b, place))""",
        caller.workspace.workspace_id, SLUG, model or f"m{answers}", [0] * bucket + [answers], answers, 2 if answers == 1 else 1, version,
    )  # fmt: skip
