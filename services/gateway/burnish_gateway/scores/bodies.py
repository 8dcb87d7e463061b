"""Answers of `/v1/scores`, and scores as they stand beside an execution."""

import math
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from asyncpg import Record
from pydantic import BaseModel, Field

from burnish_gateway.insights.ranges import Grain
from burnish_shared.measures import Z_95, wilson

MICRO: Final = 1_000_000


class VoteAnswer(BaseModel):
    """What one judge said; each call is an execution of its own. A pair is judged in both orders, so by two votes."""

    model: str
    score: float | None
    reason: str
    execution_ids: list[UUID]
    cost_nusd: int
    simulated: bool


class ScoreAnswer(BaseModel):
    """What one version of an evaluator said of one execution. `score` null: there is none, and `unavailable` says why: its means were
    missing (`unavailable`), its code or judge failed (`failed`), the cap was reached (`capped`), or the workspace could not pay
    (`unfunded`)."""

    execution_id: UUID
    evaluator_id: UUID
    evaluator: str
    evaluator_version: int
    live_evaluation_id: UUID | None
    kind: str
    prompt: str | None
    version: int | None
    label: str | None
    model: str
    score: float | None
    passed: bool | None
    unavailable: str | None
    reason: str
    disagreement: float | None
    uncertain: bool
    votes: list[VoteAnswer]
    cost_nusd: int
    took_ms: int
    simulated: bool
    scored_at: datetime


class ScorePage(BaseModel):
    data: list[ScoreAnswer]
    next_cursor: str | None


class Shown(BaseModel):
    """A figure with its 95 % interval."""

    value: float
    low: float
    high: float


class ScoreFigures(BaseModel):
    """`group`: what `group_by` names. `mean` with the interval of a mean, `pass_rate` with Wilson's; none without a score."""

    at: datetime | None
    group: str
    scores: int
    no_scores: int
    passed: int
    uncertain: int
    mean: Shown | None
    pass_rate: Shown | None
    cost_nusd: int
    simulated: bool


class ScoreSummary(BaseModel):
    start: datetime = Field(serialization_alias="from")
    end: datetime = Field(serialization_alias="to")
    grain: Grain
    group_by: str
    data: list[ScoreFigures]


def score_answer(row: Record) -> ScoreAnswer:
    facts = {name: value for name, value in row.items() if name not in ("slug", "version", "label", "votes")}
    return ScoreAnswer(
        prompt=row["slug"] or None, version=row["version"] or None, label=row["label"] or None,
        votes=[VoteAnswer.model_validate(one) for one in row["votes"]], **facts,
    )  # fmt: skip


def score_shown(row: Record) -> dict[str, Any]:
    """As it stands in `GET /v1/executions/{id}`: what the execution says itself is not said again."""
    repeated = {"execution_id", "prompt", "version", "label", "model"}
    return score_answer(row).model_dump(mode="json", exclude=repeated)


def figures_of(row: Record) -> ScoreFigures:
    n, share = row["scores"], wilson(row["passed"], row["scores"])
    return ScoreFigures(
        at=row["at"], group=row["key"], scores=n, no_scores=row["no_scores"], passed=row["passed"], uncertain=row["uncertain"],
        mean=_mean(n, row["score_sum_micro"] / MICRO, row["score_squares_micro"] / MICRO),
        pass_rate=Shown(value=share.value, low=share.low, high=share.high) if share else None,
        cost_nusd=row["cost_nusd"], simulated=row["simulated"] > 0,
    )  # fmt: skip


def _mean(n: int, total: float, squares: float) -> Shown | None:
    """A mean of n scores from 0 to 1. Its interval is the normal one as if a 0 and a 1 more had been seen, widened to hold the mean: so a
    few equal scores are not told as certain (the idea of Agresti and Coull 1998; for many scores it makes no difference)."""
    if n == 0:
        return None
    mean, m = total / n, n + 2
    middle = (total + 1) / m
    half = Z_95 * math.sqrt(max(0.0, squares + 1 - m * middle * middle) / (m - 1) / m)
    return Shown(value=mean, low=max(0.0, min(mean, middle - half)), high=min(1.0, max(mean, middle + half)))
