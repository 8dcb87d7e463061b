"""An experiment as the rest of the feature sees it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, Self
from uuid import UUID

from burnish_shared.contracts.experiments import (
    ExperimentStatus,
    Guardrail,
    Kind,
    Method,
    OnWinner,
    Promotion,
    Rollout,
    RolloutState,
    Settings,
    Unit,
    Verdict,
)
from burnish_shared.errors import NotFound
from burnish_shared.experiments.assign import share_of

Mode = Literal["live", "shadow"]


@dataclass(frozen=True, slots=True)
class PlannedArm:
    """`label`: as it was given, frozen to `version` at the start. `buckets`: as planned; what is served says the epoch."""

    arm: str
    mode: Mode
    is_control: bool
    label: str | None
    version: int | None
    model: str | None
    buckets: int


@dataclass(frozen=True, slots=True)
class Experiment:
    """One row with its arms. `epoch` 0: it never started. `revision` grows with every change."""

    experiment_id: UUID
    workspace_id: UUID
    name: str
    description: str
    prompt_id: UUID
    slug: str
    label: str
    kind: Kind
    status: ExperimentStatus
    rollout_state: RolloutState | None
    unit: Unit
    targeting: str
    namespace: str | None
    namespace_from: int | None
    namespace_to: int | None
    hash_key: UUID
    metric: str
    direction: Literal["higher", "lower"]
    method: Method
    allocation: Literal["fixed", "adaptive"]
    on_winner: OnWinner
    guardrails: tuple[Guardrail, ...]
    rollout: Rollout | None
    settings: Settings
    latency_limit_ms: int | None
    epoch: int
    step: int | None
    step_started_at: datetime | None
    verdict: Verdict | None
    winner: str | None
    decided_by: str | None
    promotion: Promotion | None
    suggestion_id: UUID | None
    shadow_account_id: int | None
    shadow_budget_nusd: int | None
    hops: int
    simulated: bool
    revision: int
    created_by: str
    created_at: datetime
    updated_at: datetime
    started_at: datetime | None
    paused_at: datetime | None
    completed_at: datetime | None
    arms: tuple[PlannedArm, ...]

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Self:
        fields = dict(row)
        return cls(
            **fields
            | {
                "guardrails": tuple(Guardrail.model_validate(one) for one in fields["guardrails"]),
                "rollout": None if fields["rollout"] is None else Rollout.model_validate(fields["rollout"]),
                "settings": Settings.model_validate(fields["settings"]),
                "verdict": None if fields["verdict"] is None else Verdict.model_validate(fields["verdict"]),
                "promotion": None if fields["promotion"] is None else Promotion.model_validate(fields["promotion"]),
                "arms": tuple(PlannedArm(**one) for one in fields["arms"]),
            }
        )

    @property
    def live_arms(self) -> tuple[PlannedArm, ...]:
        return tuple(one for one in self.arms if one.mode == "live")

    @property
    def control(self) -> PlannedArm:
        return next(one for one in self.live_arms if one.is_control)

    @property
    def candidate(self) -> PlannedArm:
        """Of a guarded rollout: what is rolled out."""
        return next(one for one in self.live_arms if not one.is_control)

    def arm(self, name: str | None) -> PlannedArm | None:
        return next((one for one in self.live_arms if one.arm == name), None)

    @property
    def is_open(self) -> bool:
        return self.status in ("running", "paused")


def shown_shares(shares: Mapping[str, int]) -> dict[str, float]:
    return {arm: share_of(buckets) for arm, buckets in shares.items()}


def no_such_experiment() -> NotFound:
    return NotFound("There is no such experiment in this workspace.", param="experiment_id")
