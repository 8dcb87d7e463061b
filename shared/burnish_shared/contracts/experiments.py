"""What is kept of an experiment as JSON, and what an execution carries of the one that it takes part in (PRODUCT X1-X4).

Gateway and optimizer read and write the same forms. Fields may be added, with defaults; none changes or goes.
"""

from datetime import datetime
from typing import Any, Final, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

Unit = Literal["end_user", "session", "execution"]
Method = Literal["sequential", "group_sequential", "fixed", "hybrid"]
Kind = Literal["ab", "rollout"]
ExperimentStatus = Literal["draft", "running", "paused", "completed"]
RolloutState = Literal["ramping", "holding", "rolled_back", "finished"]
OnWinner = Literal["automatic", "offered", "none"]

BUCKETS: Final = 10_000
"""All traffic. A share is counted in them, so that shares add up exactly."""

RAMP: Final = (0.01, 0.05, 0.25, 0.5, 1.0)
"""PRODUCT X3."""


class _Kept(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True, allow_inf_nan=False)


class Guardrail(_Kept):
    """What the candidate may not harm by more than `margin`, one-sided. `relative`: the margin is a part of the incumbent's figure.

    `metric`: error_rate | latency_p95_ms | latency_ms | cost_nusd | satisfaction | metric:<name> |
    evaluator:<id>@<version>. Of latency_p95_ms the share of answers
    that are slower than the limit frozen at the start is compared (SCIENCE section 5).
    """

    metric: str
    margin: float = Field(ge=0)
    relative: bool = False
    direction: Literal["higher", "lower"] = Field(default="lower", description="Which is better.")
    alpha: float = Field(default=0.05, gt=0, lt=0.5)
    least: float | None = Field(
        default=None,
        ge=0,
        le=1,
        description="Of the score of an evaluator: what no arm may fall below, whatever the control has; `margin` is 1.",
    )


class Rollout(_Kept):
    """The ramp of a guarded rollout. At the last step of 1 there is no control: guardrails then look at the frozen baseline."""

    steps: list[float] = Field(default=list(RAMP), description="Shares of the candidate, growing.")
    bake_s: int = Field(default=3600, ge=0, description="How long a step lasts at least.")
    min_units: int = Field(default=0, ge=0, description="So many units of the candidate must have been seen before the next step.")
    advances: bool = Field(default=True, description="False: somebody has to say when the next step comes.")


class PastCost(_Kept):
    """How much cost varied between units of the label in the days before the start. `part`: the variance, of the squared mean. `size`:
    calls of a unit."""

    part: float
    units: int
    size: float = 1.0


class Settings(_Kept):
    """How it is decided; frozen from the start on. `horizon`: S of the confidence sequence, in units of all arms.

    `baseline`: the incumbent's figures of the days before the start, by metric: {"value", "samples", "from", "to"}.
    """

    confidence: float = Field(default=0.95, ge=0.8, le=0.999)
    min_samples: int = Field(default=100, ge=10, description="Units in each arm before anything is decided.")
    planned_units: int | None = Field(
        default=None, description="In all arms together: the end of a fixed, hybrid or group-sequential rule."
    )
    looks: int | None = Field(default=None, description="Of a group-sequential rule.")
    equivalence_margin: float | None = Field(default=None, description="A difference that is surely smaller is none.")
    smallest_effect: float | None = Field(default=None, description="Worth finding: what the sample needed is counted for.")
    horizon: int | None = None
    floor: float = Field(default=0.1, description="The least share of an arm where allocation is adaptive.")
    namespace_share: float = Field(default=0.5, description="The part of its namespace that it gets at the start.")
    max_days: int | None = Field(default=None, description="After so many days it ends with what it has.")
    baseline: dict[str, Any] = Field(default_factory=dict)
    past_cost: PastCost | None = Field(
        default=None, description="Where cost decides or is guarded; None where nothing was known or nothing varied."
    )


class Verdict(_Kept):
    """What was decided, frozen when it was: of what data, by which rule, by whom."""

    outcome: Literal["better", "worse", "no_difference", "not_enough_data", "refused", "rolled_back", "rolled_out", "stopped"]
    winner: str | None = Field(default=None, description="The arm.")
    sentence: str = Field(description="For people.")
    decided_by: str = Field(description="user:… | api_key:… | system:optimizer")
    reason: str = Field(default="", description="In the words of who decided by hand.")
    at: datetime
    epoch: int
    data: dict[str, Any] = Field(default_factory=dict, description="The sums that were read.")
    rule: dict[str, Any] = Field(default_factory=dict, description="Method, α, horizon, margins.")
    result: dict[str, Any] = Field(default_factory=dict, description="Differences with intervals, guardrails, sample ratio.")


class Promotion(_Kept):
    """What became of the label when it was decided."""

    state: Literal["moved", "stood_there", "refused", "offered", "not_wanted"]
    label: str
    from_version: int | None = None
    version: int | None = None
    model: str | None = Field(default=None, description="Of a winner with a model of its own: what `version` was given for it.")
    branch: str | None = Field(
        default=None,
        description="Where a version for a model that won was saved, because the main line had gone on; null on the main line.",
    )
    why: str = ""
    at: datetime


class RolloutPolicy(_Kept):
    """How a workspace rolls out a suggestion that was proven, without being asked."""

    label: str = "production"
    metric: str = Field(default="satisfaction", description="What a candidate may not be surely worse by.")
    unit: Unit | None = Field(default=None, description="None: end users where calls name them, else sessions, else executions.")
    rollout: Rollout = Field(default_factory=Rollout)
    guardrails: list[Guardrail] = Field(default_factory=list, description="Empty: the usual ones.")
    by: str = Field(default="", description="Who set it.")

    def says_other_than(self, before: "RolloutPolicy | None") -> bool:
        """Whoever set it."""
        return before is None or self.model_copy(update={"by": before.by}) != before


class ExperimentPart(_Kept):
    """What an execution takes part in. `unit` names who was assigned: `user:…`, `session:…` or `execution:…`."""

    experiment_id: UUID
    arm: str
    epoch: int
    unit: str
    shadow_of: UUID | None = Field(default=None, description="The execution of which it is the unseen copy; it counts for no unit.")
    latency_limit_ms: int | None = Field(default=None, description="An answer that takes longer is slow.")
