"""What was said beforehand of an experiment: everything that the analysis may know besides the data."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from burnish_shared.contracts.experiments import Guardrail, Kind, Method, Settings, Unit
from burnish_shared.experiments.contrast import Weighting
from burnish_shared.experiments.quantiles import COUNTED, QUANTILES
from burnish_shared.experiments.sample_size import horizon_of

SHARES = ("success", "satisfaction", "slow")
"""Metrics that are shares by nature."""


@dataclass(frozen=True, slots=True)
class Plan:
    """`arms`: those that are compared, the control first. `metric`: the name in `experiment_sums`, or of a percentile (quantiles.py)."""

    arms: tuple[str, ...]
    metric: str
    direction: Literal["higher", "lower"]
    method: Method
    settings: Settings
    unit: Unit = "end_user"
    kind: Kind = "ab"
    guardrails: tuple[Guardrail, ...] = ()
    limit_ms: int | None = None
    is_adaptive: bool = False

    @property
    def control(self) -> str:
        return self.arms[0]

    @property
    def treatments(self) -> Sequence[str]:
        return self.arms[1:]

    @property
    def alpha(self) -> float:
        """Of one comparison: what may go wrong is divided among the treatments (Bonferroni), so that the intervals that are shown are the
        ones that decide."""
        return (1 - self.settings.confidence) / max(1, len(self.arms) - 1)

    @property
    def horizon(self) -> float:
        return self.settings.horizon or horizon_of(min_samples=self.settings.min_samples, arms=len(self.arms))

    @property
    def is_of_quantile(self) -> bool:
        return self.metric in QUANTILES

    @property
    def counted(self) -> str:
        """The name in `experiment_sums` whose units and observations are those of the metric."""
        return COUNTED if self.is_of_quantile else self.metric

    @property
    def weighting(self) -> Weighting:
        """Of epochs: see `contrast.shares_of`."""
        return "population" if self.is_adaptive else "precision"

    @property
    def sign(self) -> int:
        """+1 where more is better."""
        return 1 if self.direction == "higher" else -1
