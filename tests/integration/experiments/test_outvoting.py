"""What one API key says of answers that it neither ran nor was named for promotes nothing (PROMISES O-08)."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Final

import pytest

from burnish_analytics.core.rollup import SATISFACTION, Deltas, Experiment
from burnish_analytics.io.rollup_store import add_deltas
from tests.embedded.stack import Caller, Stack
from tests.embedded.superuser import as_superuser
from tests.integration.experiments.crowd import Crowd, crowd
from tests.integration.experiments.lives import started, two_versions
from tests.integration.experiments.test_deciding import rollout, satisfaction

pytestmark = [
    pytest.mark.asyncio(loop_scope="session"), pytest.mark.promise("O-08"), pytest.mark.capability("X2"), pytest.mark.capability("X4"),
]  # fmt: skip

AS_GOOD: Final = {"control": 0.7, "candidate": 0.7}

# One answer of the key `app` for each user that has none yet, with the thumb that was counted of it.
ANSWERED: Final = """WITH made AS (
  INSERT INTO execution_facts (execution_id, workspace_id, prompt_id, slug, version, label, model, provider, traffic, status, input_tokens,
                               output_tokens, cached_input_tokens, cost_nusd, latency_ms, cached, simulated, finished_at, experiment_id,
                               arm, allocation_epoch, unit, api_key_id, end_user)
  SELECT gen_random_uuid(), u.workspace_id, e.prompt_id, 'routing', 1, '', 'simulated/chat', 'simulated', 'live', 'success', 1, 1, 0, 1, 1,
         false, true, now(), u.experiment_id, u.arm, u.allocation_epoch, u.unit, 'app', u.unit
    FROM experiment_units u JOIN experiments e USING (experiment_id)
   WHERE u.experiment_id = $1 AND u.metric = 'satisfaction'
     AND NOT EXISTS (SELECT FROM execution_facts f WHERE f.experiment_id = $1 AND f.unit = u.unit)
  RETURNING *)
INSERT INTO feedback (workspace_id, target_kind, target_id, end_user, kind, execution_id, feedback_id, value, api_key_id, accepted_at,
                      joined_at)
SELECT m.workspace_id, 'execution', m.execution_id::text, '', 'thumb', m.execution_id, gen_random_uuid(), 2 * u.y - 1, 'app', now(), now()
  FROM made m JOIN experiment_units u ON u.experiment_id = m.experiment_id AND u.unit = m.unit AND u.metric = 'satisfaction'"""

# `$2` says of every answer of the candidate that it was good, in the name of `$3`; 'them': of whom it was for.
PRAISED: Final = """
INSERT INTO feedback (workspace_id, target_kind, target_id, end_user, kind, execution_id, feedback_id, value, api_key_id, accepted_at,
                      joined_at)
SELECT workspace_id, 'execution', execution_id::text, CASE $3 WHEN 'them' THEN end_user ELSE $3 END, 'thumb', execution_id,
       gen_random_uuid(), 1, $2, now(), now()
  FROM execution_facts WHERE experiment_id = $1 AND arm = 'candidate'"""


async def answered(stack: Stack, some: Crowd, n: int, satisfied: Mapping[str, float] = AS_GOOD) -> None:
    """By `n` users, who say so by the key that ran their answers."""
    await some.answer(n, satisfied)
    async with as_superuser(stack.urls["superuser"]) as connection:
        await connection.execute(ANSWERED, some.experiment_id)


async def praised(stack: Stack, some: Crowd, *, by: str, of: str = "x") -> None:
    """Every answer of the candidate, by a key and in the name of `of`; counted as analytics counts it."""
    async with as_superuser(stack.urls["superuser"]) as connection:
        await connection.execute(PRAISED, some.experiment_id, by, of)
        rows = await connection.fetch(
            "SELECT allocation_epoch AS epoch, unit FROM execution_facts WHERE experiment_id = $1 AND arm = 'candidate'", some.experiment_id
        )
    deltas = Deltas()
    for row in rows:
        part = Experiment(some.workspace_id, some.experiment_id, row["epoch"], "candidate", row["unit"])
        deltas.add_observation(part, SATISFACTION, 1, Decimal(1))
    async with some.analytics.unit_of_work(workspaces={some.workspace_id}) as tx:
        await add_deltas(tx, deltas)


async def test_thumbs_of_another_key_promote_nothing(stack: Stack, caller: Caller) -> None:
    await two_versions(caller)
    experiment = await started(caller, satisfaction())
    async with crowd(stack, caller, experiment, seed=8) as some:
        await answered(stack, some, 1500)
        await praised(stack, some, by="stolen")
        assert await some.look() is None
        assert (await some.row("status"))["status"] == "running" and await some.label() == 1
        assert some.said[-1].startswith("Not decided by itself: 32% of the reactions came by an API key that ran none of these answers")
        assert await some.look() is None and some.said[-1] == some.said[-2]
        await answered(stack, some, 400)
        assert await some.look() is None and some.said[-1] != some.said[-2]  # read anew
        assert await some.label() == 1


async def test_at_the_end_that_was_said_before_it_ends_without_a_winner(stack: Stack, caller: Caller) -> None:
    await two_versions(caller)
    experiment = await started(caller, satisfaction(deciding={"method": "fixed", "planned_units": 1400}))
    async with crowd(stack, caller, experiment, seed=8) as some:
        await answered(stack, some, 1500)
        await praised(stack, some, by="stolen")
        await some.look()
        row = await some.row("status, winner, verdict")
        assert (row["status"], row["winner"], row["verdict"]["outcome"]) == ("completed", None, "not_enough_data")
        assert row["verdict"]["sentence"].endswith("It ends here, as was said beforehand.") and await some.label() == 1


@pytest.mark.parametrize(("by", "of"), [("app", "x"), ("feedback", "them"), ("inbound:crm", "x")])
async def test_thumbs_that_speak_for_those_who_were_answered_count(stack: Stack, caller: Caller, by: str, of: str) -> None:
    await two_versions(caller)
    experiment = await started(caller, satisfaction())
    async with crowd(stack, caller, experiment, seed=8) as some:
        await answered(stack, some, 1500)
        await praised(stack, some, by=by, of=of)
        assert await some.look() is not None
        assert (await some.row("winner"))["winner"] == "candidate" and await some.label() == 2


async def test_a_better_one_is_promoted_whatever_another_key_says(stack: Stack, caller: Caller) -> None:
    """Without the other key it is better too."""
    await two_versions(caller)
    experiment = await started(caller, satisfaction())
    async with crowd(stack, caller, experiment, seed=8) as some:
        await answered(stack, some, 1500)
        await praised(stack, some, by="app")
        await praised(stack, some, by="stolen", of="y")
        assert await some.look() is not None and await some.label() == 2


async def test_what_another_key_took_back_outvotes_nobody(stack: Stack, caller: Caller) -> None:
    """The sums are without it already."""
    await two_versions(caller)
    experiment = await started(caller, satisfaction())
    async with crowd(stack, caller, experiment, seed=8) as some:
        await answered(stack, some, 1500, {"control": 0.6, "candidate": 0.8})
        async with as_superuser(stack.urls["superuser"]) as connection:
            await connection.execute(PRAISED, some.experiment_id, "stolen", "x")
            await connection.execute("UPDATE feedback SET is_taken_back = true, value = NULL WHERE api_key_id = 'stolen'")
        assert await some.look() is not None and await some.label() == 2


OF_A_GUARDRAIL: Final = {"metric": "success", "guardrails": [{"metric": "satisfaction", "margin": 0.05}]}


@pytest.mark.capability("X3")
@pytest.mark.parametrize("judged_by", [{}, OF_A_GUARDRAIL], ids=["its metric", "a guardrail"])
async def test_a_rollout_whose_harm_another_key_hides_is_held(stack: Stack, caller: Caller, judged_by: dict[str, object]) -> None:
    await two_versions(caller)
    experiment = await started(caller, rollout(steps=[0.5, 1.0], bake_s=0) | judged_by)
    async with crowd(stack, caller, experiment, seed=8) as some:
        await answered(stack, some, 1500, {"control": 0.8, "candidate": 0.6})
        await praised(stack, some, by="stolen")
        await some.look()
        row = await some.row("status, rollout_state, step")
        assert (row["status"], row["rollout_state"], row["step"]) == ("running", "holding", 0)
        assert some.said[-1].startswith("Not decided by itself: ") and "'candidate' does harm" in some.said[-1]
        await some.look()
        assert (await some.row("rollout_state, step"))["step"] == 0 and (await some.told())[1:] == ["experiment.held"]
