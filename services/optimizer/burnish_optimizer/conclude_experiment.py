"""One look at a running experiment: read the sums, decide, write down what was seen, and leave an order where something is to happen.

Orders are carried out by a gateway (gateway/experiments/follow_orders.py), which owns experiments and labels. Safe to run twice: the look
is claimed, written under a fence, and an experiment has at most one order that waits.
"""

import random
from dataclasses import asdict, replace

from burnish_optimizer.core.experiment_orders import Order, Told, decide
from burnish_optimizer.core.percentiles_due import answers_of, is_due, is_due_before_deciding
from burnish_optimizer.hear_voices import hear_voices
from burnish_optimizer.io import experiments_store as store
from burnish_optimizer.io import latencies_store
from burnish_optimizer.io.experiments_store import ExperimentClaim, Watched
from burnish_optimizer.refresh_percentiles import read_percentiles
from burnish_shared.clock import Clock
from burnish_shared.db.session import Database
from burnish_shared.experiments.analysis import Analysis, Memory, analyse, contrast_shares
from burnish_shared.experiments.conclude import as_result
from burnish_shared.experiments.contrast import contrast, influence
from burnish_shared.experiments.quantiles import QUANTILES, stretches

WIDEN_AGAIN = 1.1
"""Units that are in several epochs are asked for anew when there are 10 % more, when an epoch began, and before anything is decided."""

STATEMENT_MOST_S = 20.0
"""Of reads that a look waits for, of every answer or every unit: within the lease, and others who are due wait too."""

SHOWN_MOST_S = 2.0
"""Of percentiles that only stand beside what is decided: a rollback waits no longer for them."""


async def conclude_experiment(held: ExperimentClaim, *, db: Database, clock: Clock, next_look_s: float) -> Order | None:
    """Returns the order that was left, if any. Raises Busy where users who came back could not be read: nothing is decided without them.

    Percentiles never stop it: where they cannot be read it decides with the last ones. Those that are only shown are read beside the looks
    (`refresh_percentiles`), and here for a verdict alone, while that takes no time.
    """
    async with db.unit_of_work(workspace=held.workspace_id, read_only=True) as tx:
        watched = await store.load(tx, held)
    if watched is None or not watched.seen.rows:
        async with db.unit_of_work(workspace=held.workspace_id) as tx:
            await store.put_off(tx, held, next_look_s=next_look_s)
        return None

    now, plan, epochs = clock.now(), watched.seen.plan, watched.seen.epochs
    memory, read_at = watched.memory, None
    if plan.is_of_quantile and is_due(watched.seen, watched.read_at):
        memory, read_at = await _read(held, watched, memory, db)
    analysis = analyse(plan, epochs, memory)
    told, widened_at = decide(watched.seen, analysis, now=now, dice=_dice(watched)), watched.widened_at
    is_to_widen = _is_to_widen(watched, analysis, told)
    if told.order is not None and is_due_before_deciding(watched.seen, read_at or watched.read_at):  # what is kept says how it was then
        memory, read_at = await _read(held, watched, memory, db)
        analysis = analyse(plan, epochs, memory)
        told = decide(watched.seen, analysis, now=now, dice=_dice(watched))
    if is_to_widen:
        memory = await _widened(held, watched, memory, db)
        analysis = analyse(plan, epochs, memory)
        told, widened_at = decide(watched.seen, analysis, now=now, dice=_dice(watched)), (analysis.units, len(epochs))
    told, outvoted = await hear_voices(held, watched, memory, analysis, told, db=db, now=now, dice=_dice(watched))

    result = as_result(plan, analysis, epochs) | {
        "sentence": told.sentence, "outlook": [asdict(one) for one in told.outlook], "units": analysis.units,
        "observations": analysis.observations, "epoch": watched.seen.epoch,
    }  # fmt: skip
    async with db.unit_of_work(workspace=held.workspace_id) as tx:
        is_written = await store.write(
            tx, held, watched, analysis, result=result, widened_at=widened_at, read_at=read_at, order=told.order, at=now,
            next_look_s=next_look_s, outvoted=outvoted,
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


async def _read(held: ExperimentClaim, watched: Watched, memory: Memory, db: Database) -> tuple[Memory, tuple[int, int]]:
    """Memory with percentiles of latency as they are now, or the last ones where they could not be read; and at what that was tried."""
    most_s = STATEMENT_MOST_S if watched.seen.plan.is_of_quantile else SHOWN_MOST_S
    found = await read_percentiles(held, watched, db=db, statement_most_s=most_s)
    kept = memory if found is None else replace(memory, percentiles=found)
    return kept, (answers_of(watched.seen), len(watched.seen.epochs))


async def _widened(held: ExperimentClaim, watched: Watched, memory: Memory, db: Database) -> Memory:
    """Memory with how much wider intervals are than if each epoch had units of its own, and how many different units there are."""
    plan, widening = watched.seen.plan, {}
    async with db.unit_of_work(workspace=held.workspace_id, read_only=True, statement_most_s=STATEMENT_MOST_S) as tx:
        different = await store.different_units(tx, held, metric=plan.counted)
    for arm in plan.treatments:
        shares = contrast_shares(plan, watched.seen.epochs, arm, memory)
        one = contrast(shares)
        if one is None:
            continue
        names = {"control": plan.control, "treatment": arm}
        async with db.unit_of_work(workspace=held.workspace_id, read_only=True, statement_most_s=STATEMENT_MOST_S) as tx:
            if plan.is_of_quantile:
                stretch = stretches(memory.percentiles, plan.metric, shares, names=names)
                by = {(epoch, names[side]): (c * stretch[epoch, side], at) for (epoch, side), (c, at) in influence(shares).items()}
                moved = await latencies_store.moved_by_answers(tx, held, share=QUANTILES[plan.metric], by=by)
            else:
                by = {(epoch, names[side]): move for (epoch, side), move in influence(shares).items()}
                moved = await store.moved_by_units(tx, held, metric=plan.metric, by=by)
        widening[arm] = max(1.0, moved / one.own_spread)
    return replace(memory, widening=widening, different=different)
