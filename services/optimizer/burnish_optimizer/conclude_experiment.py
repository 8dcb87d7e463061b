"""One look at a running experiment: read the sums, decide, write down what was seen, and leave an order where something is to happen.

Orders are carried out by a gateway (gateway/experiments/follow_orders.py), which owns experiments and labels. Safe to run twice: the look
is claimed, written under a fence, and an experiment has at most one order that waits.
"""

import random
from dataclasses import asdict

from burnish_optimizer.core.experiment_orders import Order, Told, decide
from burnish_optimizer.io import experiments_store as store
from burnish_optimizer.io.experiments_store import ExperimentClaim, Watched
from burnish_shared.clock import Clock
from burnish_shared.db.session import Database
from burnish_shared.experiments.analysis import Analysis, Memory, analyse, contrast_shares
from burnish_shared.experiments.conclude import as_result
from burnish_shared.experiments.contrast import contrast, influence

WIDEN_AGAIN = 1.1
"""Units that are in several epochs are asked for anew when there are 10 % more, when an epoch began, and before anything is decided."""


async def conclude_experiment(held: ExperimentClaim, *, db: Database, clock: Clock, next_look_s: float) -> Order | None:
    """Returns the order that was left, if any."""
    async with db.unit_of_work(workspace=held.workspace_id, read_only=True) as tx:
        watched = await store.load(tx, held)
    if watched is None or not watched.seen.rows:
        async with db.unit_of_work(workspace=held.workspace_id) as tx:
            await store.put_off(tx, held, next_look_s=next_look_s)
        return None

    now = clock.now()
    analysis = analyse(watched.seen.plan, watched.seen.epochs, watched.memory)
    told, widened_at = decide(watched.seen, analysis, now=now, dice=_dice(watched)), watched.widened_at
    if _is_to_widen(watched, analysis, told):
        memory = await _widened(held, watched, db)
        analysis = analyse(watched.seen.plan, watched.seen.epochs, memory)
        told, widened_at = decide(watched.seen, analysis, now=now, dice=_dice(watched)), (analysis.units, len(watched.seen.epochs))

    result = as_result(watched.seen.plan, analysis) | {
        "sentence": told.sentence, "outlook": [asdict(one) for one in told.outlook], "units": analysis.units,
        "observations": analysis.observations, "epoch": watched.seen.epoch,
    }  # fmt: skip
    async with db.unit_of_work(workspace=held.workspace_id) as tx:
        is_written = await store.write(
            tx, held, watched, analysis, result=result, widened_at=widened_at, order=told.order, at=now, next_look_s=next_look_s
        )
    return told.order if is_written else None


def _dice(watched: Watched) -> random.Random:
    """Of the experiment and its epoch: a look that is repeated says the same."""
    return random.Random(f"{watched.seen.experiment_id}:{watched.seen.epoch}")


def _is_to_widen(watched: Watched, analysis: Analysis, told: Told) -> bool:
    """Whether the same units may be in several epochs, and nobody has asked lately."""
    if watched.seen.plan.unit == "execution" or sum(bool(one.sums) for one in watched.seen.epochs) < 2:
        return False
    units, epochs = watched.widened_at
    if not watched.memory.different:  # the release before did not ask
        return True
    return told.order is not None or epochs != len(watched.seen.epochs) or analysis.units >= WIDEN_AGAIN * units


async def _widened(held: ExperimentClaim, watched: Watched, db: Database) -> Memory:
    """Memory with how much wider intervals are than if each epoch had units of its own, and how many different units there are."""
    plan, widening = watched.seen.plan, {}
    async with db.unit_of_work(workspace=held.workspace_id, read_only=True) as tx:
        different = await store.different_units(tx, held, metric=plan.metric)
    for arm in plan.treatments:
        shares = contrast_shares(plan, watched.seen.epochs, arm)
        one = contrast(shares)
        if one is None:
            continue
        names = {"control": plan.control, "treatment": arm}
        by = {(epoch, names[side]): move for (epoch, side), move in influence(shares).items()}
        async with db.unit_of_work(workspace=held.workspace_id, read_only=True) as tx:
            widening[arm] = max(1.0, await store.moved_by_units(tx, held, metric=plan.metric, by=by) / one.own_spread)
    return Memory(watched.memory.least_p, watched.memory.looks, widening, different)
