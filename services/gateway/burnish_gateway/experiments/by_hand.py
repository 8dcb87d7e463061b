"""What people decide while an experiment runs: shares, steps, the end. The functions of `lifecycle.py` in their words."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from burnish_gateway.access.audit import Actor
from burnish_gateway.experiments import lifecycle, orders_store, store
from burnish_gateway.experiments.bodies import Decide
from burnish_gateway.experiments.experiment import Experiment
from burnish_gateway.experiments.results import epochs_of, memory_of, plan_of
from burnish_shared.clock import Clock
from burnish_shared.contracts.experiments import BUCKETS, Promotion, Verdict
from burnish_shared.db.session import Tx
from burnish_shared.errors import Conflict, InvalidField
from burnish_shared.experiments.analysis import analyse
from burnish_shared.experiments.assign import buckets_of
from burnish_shared.experiments.conclude import as_result, as_rule

A_MOMENT: Final = timedelta(seconds=1)
"""Whoever says neither `revision` nor `step` takes no step within so long after another one: calls at once, and clicks twice, mean the same
step. Clocks of gateways differ by less."""

STOPPED: Final = "Stopped by hand, without a winner"


async def give_shares(tx: Tx, experiment: Experiment, shares: Mapping[str, float], *, by: Actor, clock: Clock) -> None:
    """Raises InvalidField where an arm is missing, unknown, or all are more than 1. The same shares as before change nothing."""
    if experiment.rollout is not None:
        raise Conflict("The ramp says the shares of a guarded rollout; POST …/advance takes another step.", param="shares")
    known = {one.arm for one in experiment.live_arms}
    if (unknown := sorted(set(shares) - known)) or (missing := sorted(known - set(shares))):
        name = unknown[0] if unknown else missing[0]
        words = f"shares.{name}: there is no such live arm" if unknown else f"shares.{name}: is missing; give each live arm a share"
        raise InvalidField(f"{words}.", param=f"shares.{name}")
    buckets = {name: buckets_of(share) for name, share in shares.items()}
    if sum(buckets.values()) > BUCKETS:
        raise InvalidField("shares: are more than 1 together.", param="shares")
    epochs = await store.list_epochs(tx, experiment.workspace_id, experiment.experiment_id)
    if experiment.status == "running" and epochs[-1]["shares"] == buckets:
        return
    await lifecycle.change_shares(tx, experiment, buckets, by=by, reason="allocation", clock=clock)


async def advance(
    tx: Tx, experiment: Experiment, step: int | None, *, by: Actor, clock: Clock, asked_at: datetime, has_revision: bool
) -> None:
    """Raises Conflict beyond the ramp: then it is decided; and where a step was taken since `asked_at` or a moment before, which this call
    does not know of."""
    if experiment.rollout is None or experiment.step is None:
        raise Conflict("Only a guarded rollout that was started has steps.", param="experiment_id")
    if step is None and not has_revision:
        await _check_not_raced(tx, experiment, asked_at=asked_at)
    wanted = experiment.step + 1 if step is None else step
    if wanted >= len(experiment.rollout.steps):
        steps, at = len(experiment.rollout.steps), experiment.step
        raise Conflict(
            f"The ramp has {steps} steps, counted from 0, and this one is at {at}; the last is left with POST …/decide.", param="step"
        )
    if wanted == experiment.step and experiment.rollout_state == "ramping":
        return
    shares = lifecycle.shares_at(experiment, wanted)
    await lifecycle.change_shares(tx, experiment, shares, by=by, reason="step", step=wanted, clock=clock)


async def _check_not_raced(tx: Tx, experiment: Experiment, *, asked_at: datetime) -> None:
    last = (await store.list_epochs(tx, experiment.workspace_id, experiment.experiment_id))[-1]
    if last["reason"] == "step" and last["started_at"] > asked_at - A_MOMENT:
        raise Conflict(
            f"This rollout took a step in this moment, and is at step {experiment.step}. To take another one, say the `revision` that you "
            "saw, or the `step` that you want.",
            param="revision",
            details={"revision": experiment.revision, "step": experiment.step},
        )


async def decide(tx: Tx, experiment: Experiment, body: Decide, *, by: Actor, clock: Clock) -> Promotion:
    """The verdict of a person: what was known then stands beside it. Raises Conflict, InvalidField for a winner that is no live arm."""
    if body.winner is not None and experiment.arm(body.winner) is None:
        raise InvalidField(f"winner: there is no live arm '{body.winner}'.", param="winner")
    verdict = await verdict_by_hand(tx, experiment, winner=body.winner, reason=body.reason, by=by, clock=clock)
    return await lifecycle.complete(tx, experiment, verdict, by=by, clock=clock, moves_label=body.move_label)


async def roll_back(tx: Tx, experiment: Experiment, *, reason: str, by: Actor, clock: Clock) -> None:
    """By hand; what was known then stands beside it."""
    verdict = await verdict_by_hand(tx, experiment, winner=None, reason=reason, by=by, clock=clock)
    sentence = verdict.sentence.replace(STOPPED, "Taken back by hand")
    verdict = verdict.model_copy(update={"outcome": "rolled_back", "sentence": sentence})
    await lifecycle.roll_back(tx, experiment, verdict, by=by, clock=clock)


async def verdict_by_hand(tx: Tx, experiment: Experiment, *, winner: str | None, reason: str, by: Actor, clock: Clock) -> Verdict:
    """`outcome` says what the person chose, `result` what the data said."""
    plan, rows = plan_of(experiment), await store.sums_of(tx, experiment.workspace_id, experiment.experiment_id)
    epochs = [dict(one) for one in await store.list_epochs(tx, experiment.workspace_id, experiment.experiment_id)]
    look = await orders_store.last_look(tx, experiment.workspace_id, experiment.experiment_id)
    found = epochs_of(epochs, rows)
    analysis = analyse(plan, found, memory_of(look))
    answers = round(sum(row["x"] for row in rows if row["metric"] == "success"))
    control = experiment.control.arm
    outcome = "stopped" if winner is None else "worse" if winner == control else "better"
    chosen = STOPPED if winner is None else f"'{winner}' was chosen by hand"
    return Verdict.model_validate({
        "outcome": outcome, "winner": winner, "sentence": f"{chosen}; answers seen: {answers:,}.", "decided_by": by.actor,
        "reason": reason, "at": clock.now(), "epoch": experiment.epoch,
        "data": {"epochs": [{"epoch": one["epoch"], "shares": one["shares"]} for one in epochs], "sums": [dict(row) for row in rows]},
        "rule": as_rule(plan), "result": as_result(plan, analysis, found, is_over=True),
    })  # fmt: skip
