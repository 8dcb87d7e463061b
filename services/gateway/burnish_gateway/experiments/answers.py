"""What callers read of experiments."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from asyncpg import Record
from pydantic import BaseModel, Field

from burnish_gateway.experiments.checklist import Checklist
from burnish_gateway.experiments.experiment import Experiment, PlannedArm
from burnish_gateway.experiments.settings_store import WorkspaceSettings
from burnish_shared.contracts.experiments import Guardrail, Promotion, Rollout, RolloutPolicy, Verdict
from burnish_shared.experiments.assign import share_of


class ArmAnswer(BaseModel):
    """`version`: what is served, once it was started. `share`: of the calls at present; null where it is not running."""

    name: str
    mode: Literal["live", "shadow"]
    control: bool
    version: int | None
    label: str | None
    model: str | None
    share: float | None


class EpochAnswer(BaseModel):
    """Between two changes of shares. `reason`: started | allocation | step | adaptive | resumed."""

    epoch: int
    shares: dict[str, float]
    step: int | None
    reason: str
    by: str
    started_at: datetime
    ended_at: datetime | None


class DecidingAnswer(BaseModel):
    method: str
    confidence: float
    min_samples: int
    planned_units: int | None
    looks: int | None
    smallest_effect: float | None
    equivalence_margin: float | None
    max_days: int | None
    horizon: int | None = Field(description="Of the confidence sequence, in units; frozen at the start.")


class ExperimentAnswer(BaseModel):
    """One experiment. `outside`: calls that could have taken part and did not, by reason."""

    id: UUID
    name: str
    description: str
    prompt: str
    label: str
    kind: Literal["ab", "rollout"]
    status: Literal["draft", "running", "paused", "completed"]
    rollout_state: str | None = Field(description="ramping | holding | rolled_back | finished")
    arms: list[ArmAnswer]
    unit: str
    targeting: str
    namespace: str | None
    namespace_share: float | None = Field(description="Its part of the namespace; null without one.")
    metric: str
    direction: str
    deciding: DecidingAnswer
    allocation: str
    guardrails: list[Guardrail]
    rollout: Rollout | None
    step: int | None
    step_started_at: datetime | None
    on_winner: str
    epoch: int
    baseline: dict[str, Any] = Field(description="The incumbent's figures of the days before the start.")
    latency_limit_ms: int | None = Field(
        description="An answer that takes longer is slow. Frozen at the start or, where too few answers were known then, at the next change"
        " of shares; null: not known yet, or not watched."
    )
    verdict: Verdict | None
    winner: str | None
    promotion: Promotion | None = Field(description="What became of the label.")
    suggestion_id: UUID | None
    shadow_budget_nusd: int | None
    simulated: bool
    revision: int
    created_by: str
    created_at: datetime
    updated_at: datetime
    started_at: datetime | None
    paused_at: datetime | None
    completed_at: datetime | None
    epochs: list[EpochAnswer] | None = None
    outside: dict[str, int] | None = None
    problems: list[str] | None = Field(
        default=None,
        description="Of one that goes on: why arms cannot answer, so that their share gets what the label names; arms with a share of 0 are"
        " left out. null in lists.",
    )
    unscored: list[str] | None = Field(
        default=None,
        description="Of one that goes on and is decided or guarded by scores: why none come any more, or not of all arms alike. null in"
        " lists.",
    )
    results: dict[str, Any] | None = Field(
        default=None, description="Arms, differences with intervals, figures of each arm, guardrails, sample ratio."
    )


class ExperimentPage(BaseModel):
    data: list[ExperimentAnswer]
    next_cursor: str | None


class CheckAnswer(BaseModel):
    """`state`: ok | warning | blocks."""

    name: str
    state: str
    message: str
    param: str | None


class TrafficAnswer(BaseModel):
    calls: int
    units: int = Field(description="Different ones in `days`.")
    with_unit: float = Field(description="Share of the calls that say their unit.")
    days: float
    units_a_day: float | None = Field(
        description="Users or sessions that came for the first time, a day, in the second half of `days`: who comes back is counted once. "
        "Of executions all that came, a day. null: nobody came."
    )


class NeededAnswer(BaseModel):
    """To find `effect` in four cases of five. `days` null: nobody knows how many units come, or lately only known ones came, so that
    there are never so many."""

    effect: float
    units: int
    smallest_arm: int
    days: float | None


class ChecklistAnswer(BaseModel):
    can_start: bool
    checks: list[CheckAnswer]
    traffic: TrafficAnswer
    baseline: dict[str, Any]
    needed: NeededAnswer | None


class SettingsAnswer(BaseModel):
    min_samples: int
    confidence: float
    holdout_share: float
    rollout_policy: RolloutPolicy | None


class NamespaceAnswer(BaseModel):
    """`taken`: of its units, by experiments that run or rest."""

    name: str
    unit: str
    taken: float
    created_at: datetime


class NamespacePage(BaseModel):
    data: list[NamespaceAnswer]
    next_cursor: str | None = None


def experiment_answer(
    experiment: Experiment, *, epochs: Sequence[Record] | None = None, outside: Mapping[str, int] | None = None,
    results: dict[str, Any] | None = None,
) -> ExperimentAnswer:  # fmt: skip
    """In full where epochs are given; `shares` of a page are those of the plan."""
    one, settings = experiment, experiment.settings
    shares = epochs[-1]["shares"] if epochs and experiment.status == "running" else None
    return ExperimentAnswer(
        id=one.experiment_id, name=one.name, description=one.description, prompt=one.slug, label=one.label, kind=one.kind,
        status=one.status, rollout_state=one.rollout_state, arms=[_arm(arm, one, shares) for arm in one.arms], unit=one.unit,
        targeting=one.targeting, namespace=one.namespace, namespace_share=settings.namespace_share if one.namespace is not None else None,
        metric=one.metric, direction=one.direction,
        deciding=DecidingAnswer(
            method=one.method, confidence=settings.confidence, min_samples=settings.min_samples, planned_units=settings.planned_units,
            looks=settings.looks, smallest_effect=settings.smallest_effect, equivalence_margin=settings.equivalence_margin,
            max_days=settings.max_days, horizon=settings.horizon,
        ),
        allocation=one.allocation, guardrails=list(one.guardrails), rollout=one.rollout, step=one.step,
        step_started_at=one.step_started_at, on_winner=one.on_winner, epoch=one.epoch, baseline=settings.baseline,
        latency_limit_ms=one.latency_limit_ms, verdict=one.verdict, winner=one.winner, promotion=one.promotion,
        suggestion_id=one.suggestion_id, shadow_budget_nusd=one.shadow_budget_nusd, simulated=one.simulated, revision=one.revision,
        created_by=one.created_by, created_at=one.created_at, updated_at=one.updated_at, started_at=one.started_at,
        paused_at=one.paused_at, completed_at=one.completed_at,
        epochs=None if epochs is None else [_epoch(row) for row in epochs], outside=None if outside is None else dict(outside),
        results=results,
    )  # fmt: skip


def _arm(arm: PlannedArm, of: Experiment, shares: Mapping[str, int] | None) -> ArmAnswer:
    planned = None if of.rollout is not None or of.status not in ("draft", "running") else arm.buckets
    held = arm.buckets if arm.mode == "shadow" else shares.get(arm.arm, 0) if shares is not None else planned
    return ArmAnswer(
        name=arm.arm, mode=arm.mode, control=arm.is_control, version=arm.version, label=arm.label, model=arm.model,
        share=None if held is None else share_of(held),
    )  # fmt: skip


def _epoch(row: Record) -> EpochAnswer:
    shares = {arm: share_of(buckets) for arm, buckets in row["shares"].items()}
    return EpochAnswer(
        epoch=row["epoch"], shares=shares, step=row["step"], reason=row["reason"], by=row["by"], started_at=row["started_at"],
        ended_at=row["ended_at"],
    )  # fmt: skip


def checklist_answer(found: Checklist) -> ChecklistAnswer:
    traffic, sample = found.traffic, found.needed
    return ChecklistAnswer(
        can_start=found.blocked is None,
        checks=[CheckAnswer(name=one.name, state=one.state, message=one.message, param=one.param) for one in found.checks],
        traffic=TrafficAnswer(
            calls=traffic.calls, units=traffic.units, with_unit=traffic.with_unit, days=traffic.days, units_a_day=traffic.units_a_day
        ),
        baseline=found.baseline.stored(),
        needed=None if sample is None or found.effect is None else NeededAnswer(
            effect=found.effect, units=sample.units, smallest_arm=sample.smallest_arm, days=sample.days
        ),
    )  # fmt: skip


def settings_answer(settings: WorkspaceSettings) -> SettingsAnswer:
    return SettingsAnswer(
        min_samples=settings.min_samples, confidence=settings.confidence, holdout_share=share_of(settings.holdout_buckets),
        rollout_policy=settings.rollout_policy,
    )  # fmt: skip


def namespace_answer(row: Record) -> NamespaceAnswer:
    return NamespaceAnswer(name=row["namespace"], unit=row["unit"], taken=share_of(row["taken"]), created_at=row["created_at"])
