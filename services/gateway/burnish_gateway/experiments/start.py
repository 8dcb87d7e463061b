"""Starts an experiment: freezes what it compares and by which rule, and begins its first epoch. One transaction."""

from collections.abc import Sequence
from typing import Any

from burnish_gateway.access.audit import Actor
from burnish_gateway.batches import store as batches_store
from burnish_gateway.experiments import lifecycle, settings_store, store
from burnish_gateway.experiments.checklist import Check, checklist, refuse
from burnish_gateway.experiments.experiment import Experiment
from burnish_gateway.experiments.past_spread import past_cost
from burnish_gateway.experiments.traffic import latency_limit_ms
from burnish_gateway.registry import store as prompts_store
from burnish_gateway.registry.prompt import Prompt, no_such_prompt
from burnish_shared.clock import Clock
from burnish_shared.contracts.experiments import BUCKETS
from burnish_shared.db import model_store
from burnish_shared.db.session import Tx
from burnish_shared.errors import Conflict, OutOfCredit
from burnish_shared.experiments.assign import buckets_of
from burnish_shared.experiments.sample_size import horizon_of
from burnish_shared.money import credits_text
from burnish_shared.slug import Slug


async def start(tx: Tx, experiment: Experiment, by: Actor, before: Sequence[Check], *, credit_account_id: int, clock: Clock) -> Experiment:
    """`experiment` is locked. `before`: `checklist.arm_problems`, asked before the transaction. Returns it as it started.

    Raises Conflict naming what stands against it, OutOfCredit where shadow arms cannot be paid for. One that runs stays as it is.
    Call `announce.experiment_changed` last.
    """
    if experiment.status == "running":
        return experiment
    if experiment.status != "draft":
        raise Conflict(f"This experiment is {experiment.status}; only a draft can be started.", param="experiment_id")
    varied = await past_cost(tx, experiment, now=clock.now())  # Before others wait for the prompt: it reads calls one by one.
    head = await prompts_store.lock_head(tx, experiment.workspace_id, Slug(experiment.slug))
    if head is None:
        raise no_such_prompt(experiment.slug)
    experiment, found = await checklist(tx, experiment, head, before, clock=clock, forecasts=False)
    refuse(found)
    changes = await _slice(tx, experiment) | await _shadow_account(tx, experiment, credit_account_id=credit_account_id)
    settings = experiment.settings
    horizon = settings.horizon or horizon_of(min_samples=settings.min_samples, arms=len(experiment.live_arms))
    frozen = settings.model_copy(update={"baseline": found.baseline.stored(), "horizon": int(horizon), "past_cost": varied})
    await store.put_arms(tx, experiment.workspace_id, experiment.experiment_id, experiment.arms)
    await lifecycle.begin(
        tx, experiment, by, clock=clock, changes=changes | {
            "settings": frozen.model_dump(mode="json"), "latency_limit_ms": latency_limit_ms(experiment, found.baseline),
            "simulated": found.baseline.simulated or await _asks_a_toy(tx, experiment, head.prompt),
        },
    )  # fmt: skip
    return experiment


async def _asks_a_toy(tx: Tx, experiment: Experiment, prompt: Prompt) -> bool:
    """Whether an arm's model is simulated as things stand: a prompt that nobody called yet has no figures that could tell."""
    wanted = [arm.version for arm in experiment.arms if arm.version is not None]
    own = {one.version: one.content.model for one in await prompts_store.find_versions(tx, prompt, wanted)}
    for model in {arm.model or own.get(arm.version or 0) for arm in experiment.arms} - {None}:
        facts = await model_store.find_model(tx, str(model))
        if facts is not None and facts.simulated:
            return True
    return False


async def _slice(tx: Tx, experiment: Experiment) -> dict[str, Any]:
    """Its range of the namespace. Raises Conflict where there is no room."""
    if experiment.namespace is None:
        return {}
    wanted = max(1, min(BUCKETS, buckets_of(experiment.settings.namespace_share)))
    free = await settings_store.free_range(tx, experiment.workspace_id, experiment.namespace, buckets=wanted)
    if free is None:
        raise Conflict(
            f"The namespace '{experiment.namespace}' has no {wanted / BUCKETS:.0%} of its units left: end another of its experiments, "
            "or take a smaller namespace_share.",
            param="namespace_share",
        )
    return {"namespace_from": free[0], "namespace_to": free[1]}


async def _shadow_account(tx: Tx, experiment: Experiment, *, credit_account_id: int) -> dict[str, Any]:
    """Sets aside what shadow arms may cost; the books refuse what comes beyond it."""
    if experiment.shadow_budget_nusd is None or len(experiment.live_arms) == len(experiment.arms):
        return {}
    account_id = await batches_store.fund(
        tx, experiment.workspace_id, credit_account_id=credit_account_id, amount_nusd=experiment.shadow_budget_nusd,
        batch_id=experiment.experiment_id,
    )  # fmt: skip
    if account_id is None:
        raise OutOfCredit(
            f"Shadow arms may cost {credits_text(experiment.shadow_budget_nusd)} credits, which are set aside at the start, and the "
            "workspace has less. Add credit, or lower shadow_budget_nusd.",
            param="shadow_budget_nusd",
        )
    return {"shadow_account_id": account_id}
