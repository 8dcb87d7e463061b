"""One look at a running experiment: read the sums, decide, write down what was seen, and leave an order where something is to happen.

Orders are carried out by a gateway (gateway/experiments/follow_orders.py), which owns experiments and labels. Safe to run twice: the look
is claimed, written under a fence, and an experiment has at most one order that waits.
"""

import random
from dataclasses import asdict, replace

from burnish_optimizer.core.experiment_orders import Order, Told, decide
from burnish_optimizer.io import experiments_store as store
from burnish_optimizer.io import latencies_store
from burnish_optimizer.io.experiments_store import ExperimentClaim, Watched
from burnish_shared.clock import Clock
from burnish_shared.db.session import Database
from burnish_shared.experiments.analysis import Analysis, Memory, analyse, contrast_shares
from burnish_shared.experiments.conclude import as_result
from burnish_shared.experiments.contrast import contrast, influence
from burnish_shared.experiments.quantiles import COUNTED, QUANTILES, reach_of, stretches
from burnish_shared.experiments.sums import NOTHING

WIDEN_AGAIN = 1.1
"""Units that are in several epochs are asked for anew when there are 10 % more, when an epoch began, and before anything is decided."""

READ_AGAIN = 1.1
"""Percentiles are read anew when there are 10 % more answers, when an epoch began, and before anything is decided: each time every answer
is read, so over an experiment's life about eleven times as many rows as it has in the end (decision 63)."""


async def conclude_experiment(held: ExperimentClaim, *, db: Database, clock: Clock, next_look_s: float) -> Order | None:
    """Returns the order that was left, if any."""
    async with db.unit_of_work(workspace=held.workspace_id, read_only=True) as tx:
        watched = await store.load(tx, held)
    if watched is None or not watched.seen.rows:
        async with db.unit_of_work(workspace=held.workspace_id) as tx:
            await store.put_off(tx, held, next_look_s=next_look_s)
        return None

    now, plan, epochs = clock.now(), watched.seen.plan, watched.seen.epochs
    memory, read_at = watched.memory, watched.read_at
    if _is_to_read(watched):
        memory, read_at = await _read(held, watched, memory, db), (_answers(watched), len(epochs))
    analysis = analyse(plan, epochs, memory)
    told, widened_at = decide(watched.seen, analysis, now=now, dice=_dice(watched)), watched.widened_at
    is_to_widen = _is_to_widen(watched, analysis, told)
    if told.order is not None and read_at[0] != _answers(watched):  # what is kept of it says how it was then
        memory, read_at = await _read(held, watched, memory, db), (_answers(watched), len(epochs))
        analysis = analyse(plan, epochs, memory)
        told = decide(watched.seen, analysis, now=now, dice=_dice(watched))
    if is_to_widen:
        memory = await _widened(held, watched, memory, db)
        analysis = analyse(plan, epochs, memory)
        told, widened_at = decide(watched.seen, analysis, now=now, dice=_dice(watched)), (analysis.units, len(epochs))

    result = as_result(plan, analysis, epochs) | {
        "sentence": told.sentence, "outlook": [asdict(one) for one in told.outlook], "units": analysis.units,
        "observations": analysis.observations, "epoch": watched.seen.epoch,
    }  # fmt: skip
    async with db.unit_of_work(workspace=held.workspace_id) as tx:
        is_written = await store.write(
            tx, held, watched, analysis, result=result, widened_at=widened_at, read_at=read_at, order=told.order, at=now,
            next_look_s=next_look_s,
        )  # fmt: skip
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


def _answers(watched: Watched) -> int:
    """Of all arms, those that have a latency."""
    return round(sum(sums[COUNTED].x for epoch in watched.seen.epochs for sums in epoch.sums.values() if COUNTED in sums))


def _is_to_read(watched: Watched) -> bool:
    """Whether an epoch began, or a tenth more answers came, since percentiles were read."""
    answers, (read, epochs) = _answers(watched), watched.read_at
    return answers > 0 and (epochs != len(watched.seen.epochs) or answers >= READ_AGAIN * read)


async def _read(held: ExperimentClaim, watched: Watched, memory: Memory, db: Database) -> Memory:
    """Memory with percentiles of latency as they are now."""
    plan = watched.seen.plan
    units = {arm: sum(one.sums.get(arm, {}).get(COUNTED, NOTHING).units for one in watched.seen.epochs) for arm in plan.arms}
    reach = reach_of([(units[plan.control], units[arm]) for arm in plan.treatments], alpha=plan.alpha, horizon=plan.horizon)
    async with db.unit_of_work(workspace=held.workspace_id, read_only=True) as tx:
        return replace(memory, percentiles=await latencies_store.read_percentiles(tx, held, reach=reach))


async def _widened(held: ExperimentClaim, watched: Watched, memory: Memory, db: Database) -> Memory:
    """Memory with how much wider intervals are than if each epoch had units of its own, and how many different units there are."""
    plan, widening = watched.seen.plan, {}
    async with db.unit_of_work(workspace=held.workspace_id, read_only=True) as tx:
        different = await store.different_units(tx, held, metric=plan.counted)
    for arm in plan.treatments:
        shares = contrast_shares(plan, watched.seen.epochs, arm, memory)
        one = contrast(shares)
        if one is None:
            continue
        names = {"control": plan.control, "treatment": arm}
        async with db.unit_of_work(workspace=held.workspace_id, read_only=True) as tx:
            if plan.is_of_quantile:
                stretch = stretches(memory.percentiles, plan.metric, shares, names=names)
                by = {(epoch, names[side]): (c * stretch[epoch, side], at) for (epoch, side), (c, at) in influence(shares).items()}
                moved = await latencies_store.moved_by_answers(tx, held, share=QUANTILES[plan.metric], by=by)
            else:
                by = {(epoch, names[side]): move for (epoch, side), move in influence(shares).items()}
                moved = await store.moved_by_units(tx, held, metric=plan.metric, by=by)
        widening[arm] = max(1.0, moved / one.own_spread)
    return replace(memory, widening=widening, different=different)
