"""Whether a call takes part in an experiment, and with which arm: a pure function of the call and of what is in memory (PRODUCT X1)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from burnish_gateway.execution.order import Order
from burnish_gateway.experiments.running import Arm, Live, Running
from burnish_shared.contracts.experiments import ExperimentPart, Unit
from burnish_shared.experiments.assign import bucket_of
from burnish_shared.expressions import ExpressionError, Work, holds
from burnish_shared.sandbox.outcome import Plain
from burnish_shared.slug import PRODUCTION

Outside = Literal[
    "no_unit", "named", "targeting", "holdout", "namespace", "not_allocated", "unavailable", "shadow_dropped"
]  # fmt: skip
"""Why a call that could have taken part did not. `unavailable`: its arm could not be rendered or called, and the label answered instead."""


@dataclass(frozen=True, slots=True)
class Taken:
    """The call belongs to `arm`, whose version it is asked with."""

    live: Live
    arm: Arm
    part: ExperimentPart


def unit_of(kind: Unit, *, user_id: str | None, session_id: str | None, execution_id: UUID) -> str | None:
    """`user:…`, `session:…` or `execution:…`; None where the call does not say who it is for."""
    if kind == "execution":
        return f"execution:{execution_id}"
    named = user_id if kind == "end_user" else session_id
    return None if not named else f"{'user' if kind == 'end_user' else 'session'}:{named}"


def take_part(
    running: Running, slug: str, order: Order, *, execution_id: UUID, words: Mapping[str, Plain]
) -> tuple[Taken | None, list[tuple[UUID, Outside]]]:
    """The first of the prompt's experiments that has the call, and of those before it why it has not."""
    outside: list[tuple[UUID, Outside]] = []
    lives = running.by_slug.get(slug, ())
    for live in lives:
        found = _in_one(live, running, order, execution_id=execution_id, words=words, work=Work.share(len(lives)))
        if isinstance(found, Taken):
            return found, outside
        if found is not None:
            outside.append((live.experiment_id, found))
    return None, outside


def _in_one(
    live: Live, running: Running, order: Order, *, execution_id: UUID, words: Mapping[str, Plain], work: Work
) -> Taken | Outside | None:
    """None: the call is about something else, and is not counted."""
    if order.version is None and (order.label or PRODUCTION) != live.label:
        return None
    # Who names `production`, a number or a model has chosen. An experiment on another label is about those who name that label.
    chose = order.version is not None or (order.label is not None and live.label == PRODUCTION)
    if chose or (order.model is not None and live.names_model):
        return "named"
    unit = unit_of(live.unit, user_id=order.user_id, session_id=order.session_id, execution_id=execution_id)
    if unit is None:
        return "no_unit"
    if live.targeting is not None and not _targets(live, words, work):
        return "targeting"
    if running.holdout_key is not None and running.holdout_buckets:
        person = f"user:{order.user_id}" if order.user_id else unit
        if bucket_of(running.holdout_key, person) < running.holdout_buckets:
            return "holdout"
    if live.slice is not None and not live.slice.low <= bucket_of(live.slice.key, unit) < live.slice.high:
        return "namespace"
    name = live.allocation.arm_at(bucket_of(live.key, unit))
    arm = None if name is None else live.arms.get(name)
    if arm is None:
        return "not_allocated"
    part = ExperimentPart(
        experiment_id=live.experiment_id, arm=arm.name, epoch=live.epoch, unit=unit, latency_limit_ms=live.latency_limit_ms
    )
    return Taken(live, arm, part)


def _targets(live: Live, words: Mapping[str, Plain], work: Work) -> bool:
    """What cannot be told of this call does not hold."""
    try:
        return live.targeting is None or holds(live.targeting, words, work=work)
    except ExpressionError:
        return False


def shadows_of(taken: Taken, execution_id: UUID) -> list[Arm]:
    """Shadow arms that see a copy of this call: their share of the experiment's calls, each for itself."""
    key = taken.live.key
    return [one for one in taken.live.shadows if bucket_of(key, f"shadow:{one.name}:{execution_id}") < one.buckets]
