"""From single executions and reactions to what is added to which rollup row.

Rollups hold only sums and histograms, so rows of any range, and deltas of any batch, can be added in any order.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from decimal import MAX_EMAX, MIN_EMIN, Context, Decimal
from typing import Final, Literal, NamedTuple
from uuid import UUID

from burnish_analytics.core.reactions import MICRO, Standing
from burnish_shared.contracts.executions import Status
from burnish_shared.measures import merged

Grain = Literal["minute", "hour", "day"]

GRAINS: Final[tuple[Grain, ...]] = ("minute", "hour", "day")

SET_GRAINS: Final[Mapping[str, tuple[Grain, ...]]] = {
    "app": GRAINS,
    "api_key": GRAINS,
    "provider": ("hour", "day"),
    "provider_key": ("hour", "day"),
    "arm": ("hour", "day"),
}
"""What `rollup_sets` tells apart, and in which grains."""

SPARSE: Final = frozenset({"arm"})
"""Of these no row is kept of what named none: nearly all traffic takes part in no experiment, and the whole workspace has its own rows."""

WORKSPACE: Final = "workspace"
"""The dimension of rows of `rollup_sets` that hold all of a workspace's traffic of one kind; in every grain, without a value or prompt."""

COARSE: Final[tuple[Grain, ...]] = ("hour", "day")
"""Grains of end users: by the minute it would be most of all writing."""

WHOLE_WORKSPACE: Final = "*"

Mark = tuple[int, int]
"""An end user in a sketch (burnish_shared/distinct.py)."""

METRIC: Final = "metric:"
"""What the kind of a named metric's reaction begins with."""

Traffic = Literal["live", "batch"]
"""`batch` is the optimizer's own work (test runs, evaluations): it costs money and is shown, but alerts look at `live` only."""


@dataclass(frozen=True, slots=True)
class Fact:
    """What is kept of a finished execution: dimensions and numbers. Texts of absent dimensions are empty, an absent version is 0."""

    execution_id: UUID
    workspace_id: UUID
    slug: str
    version: int
    label: str
    model: str
    traffic: Traffic
    status: str
    finished_at: datetime
    latency_ms: int
    first_token_ms: int | None
    input_tokens: int
    output_tokens: int
    cached_input_tokens: int
    cost_nusd: int
    cached: bool
    simulated: bool
    api_key_id: str | None = None
    end_user: str | None = None
    app: str | None = None
    provider: str = ""
    provider_key_id: UUID | None = None
    experiment_id: UUID | None = None
    arm: str | None = None
    allocation_epoch: int | None = None
    unit: str | None = None
    slow: bool | None = None

    @property
    def is_watched(self) -> bool:
        """Whether thresholds and detectors look at it: live traffic of a version that a label of a prompt served.

        What was made elsewhere may say no version: it is in the figures, and nobody can say what it stands for under a label.
        """
        return self.traffic == "live" and bool(self.slug) and bool(self.label) and self.version > 0


@dataclass(frozen=True, slots=True, order=True)
class RollupKey:
    """One rollup row. The order is the order in which rows are locked."""

    workspace_id: UUID
    grain: str
    bucket: datetime
    slug: str
    version: int
    label: str
    model: str
    traffic: str


@dataclass(frozen=True, slots=True, order=True)
class SetKey:
    """One row of `rollup_sets`: figures by one more dimension."""

    workspace_id: UUID
    grain: str
    bucket: datetime
    dimension: str
    value: str
    slug: str
    traffic: str


@dataclass(frozen=True, slots=True, order=True)
class MetricKey:
    """One row of `rollup_metrics`: reactions with one named metric."""

    workspace_id: UUID
    grain: str
    bucket: datetime
    metric: str
    slug: str
    version: int
    label: str
    model: str
    traffic: str


@dataclass(frozen=True, slots=True, order=True)
class EndUserKey:
    """One row of `rollup_end_users`: the sketch of a prompt, or of a workspace (WHOLE_WORKSPACE)."""

    workspace_id: UUID
    grain: str
    bucket: datetime
    slug: str


EXACTLY: Final = Context(prec=1_000, Emax=MAX_EMAX, Emin=MIN_EMIN)
"""Sums of as many digits as floating-point numbers have between the largest and the smallest: 1e308 and 0.1 make both."""


@dataclass(slots=True)
class MetricSums:
    """What reactions with a named metric add up to. `total` is exact."""

    reactions: int = 0
    positives: int = 0
    total: Decimal = Decimal(0)

    def add(self, value: float | None, *, times: int) -> None:
        """None adds nothing: there was no reaction."""
        if value is not None:
            self.reactions += times
            self.positives += times * (value > 0)
            self.total = EXACTLY.fma(times, exactly(value), self.total)


@dataclass(slots=True)
class Measures:
    """The sums of one rollup row, or what is to be added to them. Money in nano-dollars, times in milliseconds."""

    executions: int = 0
    successes: int = 0
    errors: int = 0
    timeouts: int = 0
    rate_limited: int = 0
    cancelled: int = 0
    blocked: int = 0
    cached: int = 0
    simulated: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cached_input_tokens: int = 0
    cost_nusd: int = 0
    latency_sum_ms: int = 0
    reactions: int = 0
    thumbs_up: int = 0
    thumbs_down: int = 0
    scores: int = 0
    score_sum_micro: int = 0
    latency: list[int] = field(default_factory=list)
    first_token: list[int] = field(default_factory=list)

    def add(self, other: "Measures") -> None:
        for name in SUMS:
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.latency = merged(self.latency, other.latency)
        self.first_token = merged(self.first_token, other.first_token)

    def add_standing(self, standing: Standing) -> None:
        for name in STANDING_SUMS:
            setattr(self, name, getattr(self, name) + getattr(standing, name))


SUMS: Final = tuple(one.name for one in fields(Measures) if one.name not in ("latency", "first_token"))
"""Names of the columns that are plain sums."""

STANDING_SUMS: Final = ("reactions", "thumbs_up", "thumbs_down", "scores", "score_sum_micro")

COUNTED_SUMS: Final = SUMS[: SUMS.index("reactions")]
"""Those that executions add to; the rest are STANDING_SUMS."""

STATUS_SUMS: Final[Mapping[str, str]] = {
    Status.SUCCESS: "successes",
    Status.ERROR: "errors",
    Status.TIMEOUT: "timeouts",
    Status.RATE_LIMITED: "rate_limited",
    Status.CANCELLED: "cancelled",
    Status.BLOCKED: "blocked",
}


def bucket_start(at: datetime, grain: Grain) -> datetime:
    """The start of the bucket that holds this moment, in UTC."""
    at = at.astimezone(UTC).replace(second=0, microsecond=0)
    if grain == "minute":
        return at
    return at.replace(minute=0) if grain == "hour" else at.replace(minute=0, hour=0)


def keys_of(fact: Fact) -> Iterable[RollupKey]:
    """The rows that an execution, and every reaction to it, is counted in: one per grain, by the time the execution finished."""
    for grain in GRAINS:
        yield RollupKey(
            fact.workspace_id, grain, bucket_start(fact.finished_at, grain), fact.slug, fact.version, fact.label, fact.model, fact.traffic
        )


def set_keys_of(fact: Fact) -> Iterable[SetKey]:
    values = {
        "app": fact.app or "",
        "api_key": fact.api_key_id or "",
        "provider": fact.provider,
        "provider_key": str(fact.provider_key_id or ""),
        "arm": arm_value(fact.experiment_id, fact.arm, fact.allocation_epoch, fact.unit),
    }
    for dimension, value in values.items():
        if dimension in SPARSE and not value:
            continue
        for grain in SET_GRAINS[dimension]:
            yield SetKey(fact.workspace_id, grain, bucket_start(fact.finished_at, grain), dimension, value, fact.slug, fact.traffic)
    for grain in GRAINS:
        yield whole_key(fact.workspace_id, grain, bucket_start(fact.finished_at, grain), fact.traffic)


def arm_value(*parts: object) -> str:
    """What an arm is called in `rollup_sets`, where arms of all experiments are: `<experiment id>/<arm>`. `parts`: the experiment, the arm,
    the epoch and the unit. Empty: it took part in none, or one of them is missing, as in `execution_facts`."""
    return "" if None in parts else f"{parts[0]}/{parts[1]}"


def whole_key(workspace_id: UUID, grain: str, bucket: datetime, traffic: str) -> SetKey:
    """The row of `rollup_sets` that holds the whole workspace."""
    return SetKey(workspace_id, grain, bucket, WORKSPACE, "", "", traffic)


class Experiment(NamedTuple):
    """What an execution took part in."""

    workspace_id: UUID
    experiment_id: UUID
    allocation_epoch: int
    arm: str
    unit: str


@dataclass(frozen=True, slots=True, order=True)
class ArmKey:
    """One row of `experiment_sums`."""

    workspace_id: UUID
    experiment_id: UUID
    allocation_epoch: int
    arm: str
    metric: str


class UnitKey(NamedTuple):
    """One row of `experiment_units`. The order is the order in which rows are locked."""

    workspace_id: UUID
    experiment_id: UUID
    allocation_epoch: int
    arm: str
    metric: str
    unit: str


@dataclass(slots=True)
class UnitSums:
    """`x` observations of one unit add up to `y`, exactly."""

    x: int = 0
    y: Decimal = Decimal(0)


SUCCESSES: Final = "success"
LATENCY: Final = "latency_ms"
SLOW: Final = "slow"
COST: Final = "cost_nusd"
SATISFACTION: Final = "satisfaction"


def experiment_of(fact: Fact) -> Experiment | None:
    """None for work of the optimizer too: an experiment is about live traffic. One of which a part is missing is none."""
    parts = (fact.experiment_id, fact.allocation_epoch, fact.arm, fact.unit)
    return Experiment(fact.workspace_id, *parts) if None not in parts and fact.traffic == "live" else None  # type: ignore[arg-type]


def exactly(value: float | None) -> Decimal:
    """A number as it was written, so that what was added can be taken back; 0 for none."""
    return Decimal(0) if value is None else Decimal(repr(value))


@dataclass(slots=True)
class Deltas:
    """What one transaction adds to the rollups, by row."""

    rows: dict[RollupKey, Measures] = field(default_factory=dict)
    sets: dict[SetKey, Measures] = field(default_factory=dict)
    metrics: dict[MetricKey, MetricSums] = field(default_factory=dict)
    end_users: dict[EndUserKey, set[Mark]] = field(default_factory=dict)
    units: dict[UnitKey, UnitSums] = field(default_factory=dict)
    unsettled: dict[tuple[object, ...], tuple[Fact, Standing]] = field(default_factory=dict)

    def add_observation(self, experiment: Experiment | None, metric: str, observations: int, total: Decimal) -> None:
        """Adds to what is known of one unit of an experiment; None: the execution took part in none."""
        if experiment is not None and (observations or total):
            sums = self.units.setdefault(UnitKey(*experiment[:4], metric, experiment.unit), UnitSums())
            sums.x += observations
            sums.y = EXACTLY.add(sums.y, total)

    def put(self, key: RollupKey, measures: Measures) -> None:
        """Adds what is counted for a row; `measures` belongs to the deltas from then on."""
        if (held := self.rows.setdefault(key, measures)) is not measures:
            held.add(measures)

    def put_set(self, key: SetKey, measures: Measures) -> None:
        """The same for a row of `rollup_sets`."""
        if (held := self.sets.setdefault(key, measures)) is not measures:
            held.add(measures)

    def mark(self, key: EndUserKey, marks: set[Mark]) -> None:
        """Adds end users to a sketch."""
        self.end_users.setdefault(key, set()).update(marks)

    def add_metric(self, fact: Fact, kind: str, *, before: float | None, after: float | None) -> None:
        """Moves a named metric from one value to another; None: there was none. Other kinds of reactions are left alone."""
        if not kind.startswith(METRIC) or before == after:
            return
        observed = (after is not None) - (before is not None)
        self.add_observation(experiment_of(fact), kind, observed, EXACTLY.subtract(exactly(after), exactly(before)))
        for key in keys_of(fact):
            named = MetricKey(
                key.workspace_id, key.grain, key.bucket, kind.removeprefix(METRIC), key.slug, key.version, key.label, key.model, key.traffic
            )
            sums = self.metrics.setdefault(named, MetricSums())
            sums.add(before, times=-1)
            sums.add(after, times=1)

    def add_standing(self, fact: Fact, standing: Standing) -> None:
        """Moves the figures of the execution's own buckets by a difference of standings, however late it comes."""
        self.add_observation(experiment_of(fact), SATISFACTION, standing.samples, Decimal(standing.satisfied_micro) / MICRO)
        group = (
            fact.workspace_id, bucket_start(fact.finished_at, "minute"), fact.slug, fact.version, fact.label, fact.model, fact.traffic,
            fact.app, fact.api_key_id, fact.provider, fact.provider_key_id, fact.experiment_id, fact.arm,
        )  # fmt: skip
        held = self.unsettled.get(group)
        self.unsettled[group] = (fact, standing if held is None else held[1] + standing)

    def settle(self) -> "Deltas":
        """Adds the standings to the rows they belong to. They wait until now, since many are of one minute and alike in all else."""
        for fact, standing in self.unsettled.values():
            for key in keys_of(fact):
                self.rows.setdefault(key, Measures()).add_standing(standing)
            for one in set_keys_of(fact):
                self.sets.setdefault(one, Measures()).add_standing(standing)
        self.unsettled.clear()
        return self
