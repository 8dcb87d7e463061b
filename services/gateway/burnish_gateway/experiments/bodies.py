"""What callers say of experiments."""

import re
from itertools import pairwise
from typing import Annotated, Any, Final, Literal, Self

from pydantic import AfterValidator, Field, field_validator, model_validator

from burnish_gateway.experiments.running import WORDS
from burnish_gateway.feedback.bodies import METRIC_NAME
from burnish_gateway.wire import ApiModel, Name, Text
from burnish_shared.contracts.experiments import BUCKETS
from burnish_shared.experiments.scored import is_scored, scored_of
from burnish_shared.expressions import ExpressionError, can_hold, parse
from burnish_shared.money import MAX_AMOUNT_NUSD

ARM_PATTERN: Final = r"^[a-z0-9][a-z0-9_-]{0,62}$"
METRICS: Final = ("success", "latency_ms", "latency_p95_ms", "cost_nusd", "satisfaction")
GUARDED: Final = ("error_rate", "latency_p95_ms", "latency_ms", "cost_nusd", "satisfaction")
NAMED_METRIC: Final = re.compile(f"metric:{METRIC_NAME.strip('^$')}")
SHARES: Final = frozenset({"success", "error_rate", "satisfaction"})
"""Metrics between 0 and 1."""

MORE_IS_BETTER: Final = frozenset({"success", "satisfaction"})
"""Of the usual metrics; of cost, latency and errors less is."""
ARMS_MOST: Final = 10

WHATEVER: Final = 1.0
"""A score never falls by more, so that a margin of this asks for nothing."""

Unit = Literal["end_user", "session", "execution"]
Share = Annotated[float, Field(ge=0, le=1)]
Metric = Annotated[Text, Field(min_length=1, max_length=80)]
Label = Annotated[Text, Field(min_length=1, max_length=63)]
Revision = Annotated[int, Field(ge=1, le=2**31 - 1, description="As you read it; 409 where somebody changed the experiment since.")]
Reason = Annotated[Text, Field(max_length=2_000)]


def known_metric(metric: str, *, among: tuple[str, ...]) -> str:
    if is_scored(metric):
        if scored_of(metric) is None:
            raise ValueError("must be evaluator:<id> or evaluator:<id>@<version>")
    elif metric not in among and not NAMED_METRIC.fullmatch(metric):
        raise ValueError(f"is none of {', '.join(among)}, no metric:<name> and no evaluator:<id>")
    return metric


def known_direction(metric: str) -> Literal["higher", "lower"] | None:
    """Of a usual metric; None of one that only its workspace can say it of."""
    return None if metric.startswith("metric:") else "higher" if metric in MORE_IS_BETTER or is_scored(metric) else "lower"


def check_direction(metric: str, direction: str | None) -> None:
    """Raises ValueError for one that would name the worse arm the winner."""
    known = known_direction(metric)
    if None not in (known, direction) and direction != known:
        raise ValueError(f"direction: of {metric} {known} is better, which is known; leave it out")


def check_size(field: str, metric: str, size: float | None) -> None:
    """Raises ValueError for points that were meant and given as a share: between shares nothing is so far apart."""
    if (metric in SHARES or is_scored(metric)) and size is not None and size >= 1:
        raise ValueError(f"{field}: {metric} lies between 0 and 1, so this must be below 1; five points are 0.05")


class ArmBody(ApiModel):
    """A `version`, a `label` (frozen to its version at the start), or a `model` (with the version that the label names at the start).

    A version or a label may be given together with a model. A `shadow` arm answers a copy of `share` of the calls, unseen.
    """

    name: Annotated[str, Field(pattern=ARM_PATTERN)]
    version: Annotated[int, Field(ge=1, le=2**31 - 1)] | None = None
    label: Label | None = None
    model: Annotated[Text, Field(min_length=1, max_length=200, pattern=r"^[^\s]+$")] | None = None
    share: Share | None = Field(default=None, description="Of the calls; where no arm says one, live arms share evenly.")
    mode: Literal["live", "shadow"] = "live"
    control: bool = Field(default=False, description="What the others are compared with; the first live arm where none says so.")

    @model_validator(mode="after")
    def _names_something(self) -> Self:
        if self.version is None and self.label is None and self.model is None:
            raise ValueError("version: give a version, a label or a model")
        if self.version is not None and self.label is not None:
            raise ValueError("label: give a version or a label")
        if self.model == "auto":
            raise ValueError("model: name one; what `auto` chooses is not one thing")
        if self.mode == "shadow" and self.control:
            raise ValueError("control: nobody sees a shadow arm, so nothing is compared with it")
        return self


class GuardrailBody(ApiModel):
    """What no arm may harm by more than `margin`, one-sided and at any time. `relative`: the margin is a part of the control's figure."""

    metric: Metric = Field(
        description="error_rate, latency_p95_ms, latency_ms, cost_nusd, satisfaction, metric:<name>, or evaluator:<id>: the mean score that"
        " live evaluations and scorings give, of its newest version, or of evaluator:<id>@<version>."
    )
    margin: Annotated[float, Field(ge=0, le=1e15)] = Field(default=WHATEVER, description="Needed, unless `least` is given in its place.")
    least: Annotated[float, Field(ge=0, le=1)] | None = Field(
        default=None,
        description="In the place of `margin`, of the score of an evaluator: what no arm may fall below, whatever the control has.",
    )
    relative: bool = False
    direction: Literal["higher", "lower"] | None = Field(default=None, description="Which is better; known of the usual metrics.")
    alpha: Annotated[float, Field(gt=0, lt=0.5)] = 0.05

    @field_validator("metric")
    @classmethod
    def _known(cls, metric: str) -> str:
        return known_metric(metric, among=GUARDED)

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        check_direction(self.metric, self.direction)
        if self.least is not None:
            self._check_least()
        elif "margin" not in self.model_fields_set:
            raise ValueError("margin: say by how much it may get worse; 0 is not at all")
        elif not (self.relative and known_direction(self.metric) == "lower"):
            check_size("margin", self.metric, self.margin)
        return self

    def _check_least(self) -> None:
        if not is_scored(self.metric):
            raise ValueError("least: belongs to the score of an evaluator; of other metrics say a margin")
        if self.margin != WHATEVER or self.relative:
            raise ValueError("least: stands in the place of margin; give one of both")


def each_metric_once(guardrails: list[GuardrailBody]) -> list[GuardrailBody]:
    """Of two margins of one metric it could not be said which holds."""
    metrics = [one.metric for one in guardrails]
    if twice := next((metric for metric in metrics if metrics.count(metric) > 1), None):
        raise ValueError(f"{twice} stands there twice; give each metric one margin")
    return guardrails


Guardrails = Annotated[list[GuardrailBody], Field(max_length=20), AfterValidator(each_metric_once)]


class RolloutBody(ApiModel):
    """The ramp of a guarded rollout."""

    steps: Annotated[list[Annotated[float, Field(ge=1 / BUCKETS, le=1)]], Field(min_length=1, max_length=20)] = Field(
        default_factory=lambda: [0.01, 0.05, 0.25, 0.5, 1.0], description="Shares of the candidate, growing."
    )
    bake_s: Annotated[int, Field(ge=0, le=31 * 86_400, description="How long a step lasts at least.")] = 3600
    min_units: Annotated[int, Field(ge=0, le=10**9, description="Units of the candidate that a step must have seen.")] = 0
    advances: bool = Field(default=True, description="False: each next step waits for `POST …/advance`.")

    @field_validator("steps")
    @classmethod
    def _grow(cls, steps: list[float]) -> list[float]:
        if any(later <= earlier for earlier, later in pairwise(steps)):
            raise ValueError("must grow from step to step")
        return steps


def without_direction(metric: str) -> str:
    """Of a metric of a name nobody has said which way is better."""
    if metric.startswith("metric:"):
        raise ValueError(
            f"is none of {', '.join(METRICS)} and no evaluator:<id>; draft a rollout by a metric of your own (POST /v1/experiments)"
        )
    return known_metric(metric, among=METRICS)


RolledOutBy = Annotated[
    Metric,
    AfterValidator(without_direction),
    Field(
        description=f"What the candidate may not be surely worse by: {', '.join(METRICS)}, or evaluator:<id>, where scores of it come live."
    ),
]


class RolloutAsked(RolloutBody):
    """How an accepted suggestion is rolled out; what is not said is as usual."""

    metric: RolledOutBy = "satisfaction"
    unit: Unit | None = Field(default=None, description="End users where calls name them, else sessions, else executions.")
    guardrails: Guardrails | None = Field(default=None, description="The usual ones where none.")


class Deciding(ApiModel):
    """By which rule it is decided."""

    method: Literal["sequential", "group_sequential", "fixed", "hybrid"] = Field(
        default="sequential", description="`sequential` may be looked at any time. The others need `planned_units`, said before the start."
    )
    planned_units: Annotated[int, Field(ge=20, le=10**9, description="In all arms together.")] | None = None
    looks: Annotated[int, Field(ge=2, le=20)] | None = Field(default=None, description="Of `group_sequential`; five where none are given.")
    smallest_effect: Annotated[float, Field(gt=0, le=1e15, description="Worth finding: what the sample is counted for.")] | None = None
    equivalence_margin: Annotated[float, Field(gt=0, le=1e15, description="A difference that is surely smaller is none.")] | None = None
    max_days: Annotated[int, Field(ge=1, le=365, description="After so many days it ends with what it has.")] | None = None

    @model_validator(mode="after")
    def _preregistered(self) -> Self:
        if self.method != "sequential" and self.planned_units is None:
            raise ValueError(f"planned_units: {self.method} ends at a number of units that is said before the start")
        if self.looks is not None and self.method != "group_sequential":
            raise ValueError("looks: belong to group_sequential")
        return self


class NewExperiment(ApiModel):
    """A draft: nobody gets anything of it before it is started."""

    name: Name
    prompt: Annotated[Text, Field(min_length=1, max_length=63)]
    arms: Annotated[list[ArmBody], Field(min_length=2, max_length=ARMS_MOST)]
    description: Annotated[Text, Field(max_length=10_000)] = ""
    kind: Literal["ab", "rollout"] = "ab"
    label: Label = Field(default="production", description="Whose calls take part: those that name neither a version nor a label.")
    unit: Unit = "end_user"
    metric: Metric = Field(
        default="satisfaction",
        description="success, satisfaction, latency_ms, latency_p95_ms, cost_nusd, metric:<name>, or evaluator:<id>: the mean score of the "
        "evaluator's newest version (or of evaluator:<id>@<version>), where a live evaluation in use scores all arms of the prompt alike.",
    )
    direction: Literal["higher", "lower"] | None = Field(default=None, description="Which is better; known of the usual metrics.")
    guardrails: Guardrails | None = Field(
        default=None, description="The usual ones of a guarded rollout where none are given; of an experiment none."
    )
    targeting: Annotated[Text, Field(max_length=2_000)] = Field(
        default="", description=f"A condition over {', '.join(WORDS)}; empty: every call."
    )
    namespace: Annotated[str, Field(pattern=ARM_PATTERN)] | None = Field(
        default=None, description="Experiments of one namespace never meet in one unit."
    )
    namespace_share: Annotated[float, Field(gt=0, le=1)] | None = Field(default=None, description="Its part of the namespace; a half.")
    allocation: Literal["fixed", "adaptive"] = Field(default="fixed", description="`adaptive`: arms that do better get more.")
    rollout: RolloutBody | None = None
    on_winner: Literal["automatic", "offered", "none"] | None = Field(
        default=None,
        description="`automatic`: the label moves when it is decided; `offered`: when somebody says so. Where nothing is said a guarded "
        "rollout is automatic, and an experiment offers.",
    )
    deciding: Deciding = Field(default_factory=Deciding)
    shadow_budget_nusd: Annotated[int, Field(gt=0, le=MAX_AMOUNT_NUSD)] | None = Field(
        default=None, description="What shadow arms may cost altogether; set aside at the start."
    )

    min_samples: Annotated[int, Field(ge=10, le=1_000_000)] | None = Field(
        default=None, description="Units in each arm before anything is decided; the workspace's where none are given."
    )
    confidence: Annotated[float, Field(ge=0.8, le=0.999)] | None = Field(default=None, description="The workspace's where none is given.")

    @field_validator("metric")
    @classmethod
    def _known(cls, metric: str) -> str:
        return known_metric(metric, among=METRICS)

    @field_validator("targeting")
    @classmethod
    def _can_hold(cls, targeting: str) -> str:
        if targeting.strip():
            try:
                tree = parse(targeting, names=WORDS)
            except ExpressionError as error:
                raise ValueError(str(error)) from error
            if not can_hold(tree, never=("variables", "metadata")):
                raise ValueError("is neither true nor false, whatever the call is")
        return targeting.strip()

    @model_validator(mode="after")
    def _arms_fit(self) -> Self:
        names = [one.name for one in self.arms]
        twice = next((name for name in names if names.count(name) > 1), None)
        live = [one for one in self.arms if one.mode == "live"]
        if twice is not None:
            raise ValueError(f"arms: the name {twice!r} stands twice")
        if sum(one.control for one in self.arms) > 1:
            raise ValueError("arms: only one is the control")
        if not live or (self.kind == "rollout" and len(live) != 2) or (len(live) < 2 and len(live) == len(self.arms)):
            raise ValueError(
                "arms: a guarded rollout has a control and a candidate" if self.kind == "rollout" else "arms: give two live ones"
            )
        shares = [one.share for one in live]
        if any(one is None for one in shares) and not all(one is None for one in shares):
            raise ValueError("arms: give a share to each live arm, or to none")
        if sum(one or 0 for one in shares) > 1 + 1e-9:
            raise ValueError("arms: shares are more than 1 together")
        if self.kind == "rollout" and any(one is not None for one in shares):
            raise ValueError("arms: the ramp says the shares of a guarded rollout; leave them out")
        if any(one.share is None for one in self.arms if one.mode == "shadow"):
            raise ValueError("arms: say of what share of the calls a shadow arm sees a copy")
        if len(live) < len(self.arms) and self.shadow_budget_nusd is None:
            raise ValueError("shadow_budget_nusd: shadow arms cost money; say how much they may")
        if len(live) == len(self.arms) and self.shadow_budget_nusd is not None:
            raise ValueError("shadow_budget_nusd: no arm is a shadow; leave it out")
        return self

    @model_validator(mode="after")
    def _rest_fits(self) -> Self:
        if self.rollout is not None and self.kind != "rollout":
            raise ValueError("rollout: belongs to kind rollout")
        if self.kind == "rollout" and self.allocation == "adaptive":
            raise ValueError("allocation: a guarded rollout has a ramp")
        if self.kind == "rollout" and self.deciding.max_days is not None:
            raise ValueError("deciding.max_days: a guarded rollout ends with its ramp; its steps and bake_s say how long that takes")
        if self.namespace_share is not None and self.namespace is None:
            raise ValueError("namespace_share: needs a namespace")
        if self.metric == "latency_p95_ms" and self.deciding.method != "sequential":
            raise ValueError(
                "deciding.method: a 95th percentile is decided by sequential alone, which may be looked at any time; set sequential, or "
                "take latency_ms, the mean, which every rule decides"
            )
        if self.metric.startswith("metric:") and self.direction is None:
            raise ValueError("direction: say whether more or less of your own metric is better")
        check_direction(self.metric, self.direction)
        check_size("deciding.smallest_effect", self.metric, self.deciding.smallest_effect)
        check_size("deciding.equivalence_margin", self.metric, self.deciding.equivalence_margin)
        if any(one.metric.startswith("metric:") and one.direction is None for one in self.guardrails or ()):
            raise ValueError("guardrails: say the direction of your own metrics")
        return self


class ChangedExperiment(ApiModel):
    """The draft as it is to be from now on, whole."""

    revision: Revision
    experiment: NewExperiment


class Changing(ApiModel):
    """Which revision is meant, where it matters."""

    revision: Revision | None = None
    reason: Reason = ""


class Shares(ApiModel):
    """New shares of live arms: all of them, at most 1 together."""

    shares: Annotated[dict[str, Share], Field(min_length=1, max_length=ARMS_MOST)]
    revision: Revision | None = None


class Advance(ApiModel):
    """To which step of the ramp, from 0; the next one where none is said. An earlier one takes the candidate back."""

    step: Annotated[int, Field(ge=0, le=19)] | None = None
    revision: Revision | None = None


class Decide(ApiModel):
    """Ends it by hand. `winner`: an arm, or null for none. `move_label`: whether the label moves to the winner's version."""

    winner: Annotated[str, Field(pattern=ARM_PATTERN)] | None = None
    reason: Annotated[Text, Field(min_length=1, max_length=2_000)]
    move_label: bool = True
    revision: Revision | None = None


class RolloutPolicyBody(ApiModel):
    """A suggestion that was proven becomes a version and is rolled out by itself, by this ramp and these guardrails."""

    label: Label = "production"
    unit: Unit | None = Field(default=None, description="End users where calls name them, else sessions, else executions.")
    rollout: RolloutBody = Field(default_factory=RolloutBody)
    metric: RolledOutBy = "satisfaction"
    guardrails: Guardrails = Field(
        default_factory=list,
        description="Empty: the usual ones. A prompt that no live evaluation scores by an evaluator named here is not rolled out so.",
    )


class SettingsBody(ApiModel):
    """The whole of it: what is left out is as a new workspace has it."""

    min_samples: Annotated[int, Field(ge=10, le=1_000_000)] = 100
    confidence: Annotated[float, Field(ge=0.8, le=0.999)] = 0.95
    holdout_share: Annotated[float, Field(ge=0, le=0.5, description="Of units that are in no experiment at all.")] = 0.0
    rollout_policy: RolloutPolicyBody | None = None


def stored(body: ApiModel) -> dict[str, Any]:
    return body.model_dump(exclude_none=True)
