"""What an experiment shows: what was seen at the newest look of the one who decides, or else what it would say now."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from asyncpg import Record

from burnish_gateway.experiments import orders_store, store
from burnish_gateway.experiments.experiment import Experiment
from burnish_gateway.experiments.orders_store import Look
from burnish_shared.db.session import Tx
from burnish_shared.experiments.analysis import FRESH, Epoch, Memory, analyse
from burnish_shared.experiments.assign import share_of
from burnish_shared.experiments.conclude import GoOn, as_result, as_rule, conclude
from burnish_shared.experiments.plan import Plan
from burnish_shared.experiments.sentences import of_the_end
from burnish_shared.experiments.sums import ArmSums
from burnish_shared.moments import in_utc_us


def plan_of(experiment: Experiment) -> Plan:
    """What the analysis may know besides the data. The control comes first."""
    control = experiment.control.arm
    return Plan(
        arms=(control, *(one.arm for one in experiment.live_arms if one.arm != control)), metric=experiment.metric,
        direction=experiment.direction, method=experiment.method, settings=experiment.settings, unit=experiment.unit,
        kind=experiment.kind, guardrails=experiment.guardrails, limit_ms=experiment.latency_limit_ms,
        is_adaptive=experiment.allocation == "adaptive",
    )  # fmt: skip


def epochs_of(epochs: Sequence[Mapping[str, Any]], sums: Sequence[Record]) -> list[Epoch]:
    """`epochs`: number and shares in buckets; `sums`: rows of `store.sums_of`."""
    by_epoch: dict[int, dict[str, dict[str, ArmSums]]] = {}
    for row in sums:
        own = by_epoch.setdefault(row["epoch"], {}).setdefault(row["arm"], {})
        own[row["metric"]] = ArmSums(row["units"], row["x"], row["y"], row["xx"], row["yy"], row["xy"])
    return [
        Epoch(one["epoch"], {arm: share_of(buckets) for arm, buckets in one["shares"].items()}, by_epoch.get(one["epoch"], {}))
        for one in epochs
    ]


def memory_of(look: Look | None) -> Memory:
    """What was kept at the newest look; nothing before the first."""
    return Memory.of(look.memory) if look is not None else FRESH


async def results_of(tx: Tx, workspace_id: UUID, experiment: Experiment, *, days: float) -> dict[str, Any] | None:
    """None: it never started. `standing`: what the rule says, in one sentence. `over_time`: intervals look by look.

    While it runs the newest look is shown, a few seconds old: looks that were announced are those of the one who decides, and nobody
    sees more than he did.
    """
    epochs = await store.list_epochs(tx, workspace_id, experiment.experiment_id)
    if not epochs:
        return None
    plan = plan_of(experiment)
    look = await orders_store.last_look(tx, workspace_id, experiment.experiment_id)
    if look is not None and experiment.is_open and look.result["epoch"] == experiment.epoch:
        told = look.result | {"looked_at": in_utc_us(look.looked_at)}
        outcome, sentence = "undecided", told["sentence"]
    else:
        told, outcome, sentence = await _told_now(tx, workspace_id, experiment, plan, epochs, look=look, days=days)
    has_shadows = len(experiment.live_arms) < len(experiment.arms)
    shadows = [dict(row) for row in await store.shadow_figures(tx, workspace_id, experiment.experiment_id)] if has_shadows else []
    points = await orders_store.looks_over_time(tx, workspace_id, experiment.experiment_id)
    return told | {
        "shadows": shadows, "rule": as_rule(plan), "standing": {"outcome": outcome, "sentence": sentence},
        "over_time": [dict(one) | {"looked_at": in_utc_us(one["looked_at"])} for one in points],
    }  # fmt: skip


async def _told_now(
    tx: Tx, workspace_id: UUID, experiment: Experiment, plan: Plan, epochs: Sequence[Record], *, look: Look | None, days: float
) -> tuple[dict[str, Any], str, str]:
    """(result, outcome, sentence) from the sums as they are."""
    sums = await store.sums_of(tx, workspace_id, experiment.experiment_id)
    found = epochs_of([dict(one) for one in epochs], sums)
    analysis = analyse(plan, found, memory_of(look))
    standing = conclude(plan, analysis, days=days)
    told = as_result(plan, analysis, found, is_over=not experiment.is_open)
    ramps = experiment.rollout is not None and experiment.is_open  # its ramp decides, and says so at the next look
    outcome = "undecided" if ramps or isinstance(standing, GoOn) else standing.outcome
    return told, outcome, standing.sentence if experiment.is_open and not ramps else of_the_end(standing.sentence)
