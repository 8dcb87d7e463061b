"""From single scores to what is added to which row of `rollup_scores`. Pure; sums can be added in any order."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from burnish_analytics.core.rollup import GRAINS, bucket_start

MICRO: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class NewScore:
    """One score that is in no rollup yet. `score` None: there is none. `is_past`: somebody had past executions scored."""

    execution_id: UUID
    evaluator_id: UUID
    evaluator_version: int
    slug: str
    version: int
    label: str
    model: str
    finished_at: datetime
    score: float | None
    passed: bool | None
    uncertain: bool
    cost_nusd: int
    simulated: bool
    is_past: bool = False


@dataclass(frozen=True, slots=True, order=True)
class ScoreKey:
    """One row of `rollup_scores`, without its workspace. The order is the order in which rows are locked."""

    grain: str
    bucket: datetime
    evaluator_id: UUID
    evaluator_version: int
    slug: str
    version: int
    label: str
    model: str


@dataclass(frozen=True, slots=True, order=True)
class ScoredKey(ScoreKey):
    """The same with its workspace, as a recount names it."""

    workspace_id: UUID


@dataclass(slots=True)
class ScoreSums:
    """Sums of scores and of their squares are kept in millionths, so that they are exact."""

    scores: int = 0
    passed: int = 0
    uncertain: int = 0
    no_scores: int = 0
    simulated: int = 0
    score_sum_micro: int = 0
    score_squares_micro: int = 0
    cost_nusd: int = 0

    def add(self, one: NewScore) -> None:
        self.simulated += one.simulated
        self.cost_nusd += one.cost_nusd
        if one.score is None:
            self.no_scores += 1
            return
        self.scores += 1
        self.passed += bool(one.passed)
        self.uncertain += one.uncertain
        self.score_sum_micro += round(one.score * MICRO)
        self.score_squares_micro += round(one.score * one.score * MICRO)


SUMS: Final = tuple(ScoreSums.__slots__)


def sums_of(scores: Iterable[NewScore]) -> dict[ScoreKey, ScoreSums]:
    """What these scores add, by row: by minute, hour and day in which their executions finished."""
    sums: dict[ScoreKey, ScoreSums] = {}
    for one in scores:
        for grain in GRAINS:
            key = ScoreKey(
                grain, bucket_start(one.finished_at, grain), one.evaluator_id, one.evaluator_version, one.slug, one.version, one.label,
                one.model,
            )  # fmt: skip
            sums.setdefault(key, ScoreSums()).add(one)
    return sums
