"""Bodies and answers of `/v1/evaluators`."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from asyncpg import Record
from pydantic import BaseModel, Field

from burnish_gateway.scores.bodies import VoteAnswer
from burnish_gateway.wire import ApiModel, Name, Text
from burnish_shared.contracts.evaluators import EvaluatorSettings
from burnish_shared.evaluators import NoScore, Score, Verdict, Vote

ANSWER_MOST = 500_000


class NewEvaluator(ApiModel):
    """`settings` become version 1. Those of a version never change."""

    name: Name
    settings: EvaluatorSettings


class NewVersion(ApiModel):
    """Other settings of the same kind."""

    settings: EvaluatorSettings
    base_version: Annotated[int, Field(ge=1)] | None = Field(
        default=None, description="The newest version that you know; 409 where there is a newer one. None: over whatever is there."
    )
    message: Annotated[Text, Field(max_length=500)] = Field(default="", description="Why it is changed.")


class Answered(ApiModel):
    """An answer to look at, with what is known around it."""

    output: Annotated[Text, Field(max_length=ANSWER_MOST)]
    expected: Annotated[Text, Field(max_length=ANSWER_MOST)] | None = None
    input: Any = None
    variables: Annotated[dict[str, Any], Field(max_length=200)] = Field(default_factory=dict)
    metadata: Annotated[dict[str, Any], Field(max_length=200)] = Field(default_factory=dict)
    other: Annotated[Text, Field(max_length=ANSWER_MOST)] | None = Field(
        default=None, description="The answer that a `pairwise` evaluator compares with; `expected` where absent."
    )


class TriedSettings(Answered):
    """The same, with settings that are not saved yet."""

    settings: EvaluatorSettings


class EvaluatorAnswer(BaseModel):
    """`version`: the newest, whose settings these are."""

    id: UUID
    name: str
    kind: str
    version: int
    settings: dict[str, Any]
    created_by: str
    created_at: datetime
    archived_at: datetime | None


class EvaluatorPage(BaseModel):
    data: list[EvaluatorAnswer]
    next_cursor: str | None


class VersionAnswer(BaseModel):
    evaluator_id: UUID
    version: int
    settings: dict[str, Any]
    message: str
    created_by: str
    created_at: datetime


class VersionPage(BaseModel):
    data: list[VersionAnswer]
    next_cursor: str | None


class VerdictAnswer(BaseModel):
    """`score` None: there is none, and `unavailable` says whether its means were missing (`unavailable`) or its code or judge failed
    (`failed`). `disagreement`: between jurors or orders, highest less lowest score; `uncertain`: a person should look."""

    score: float | None
    passed: bool | None
    reason: str
    unavailable: str | None
    disagreement: float | None = None
    uncertain: bool = False
    votes: list[VoteAnswer] = Field(default_factory=list)
    took_ms: float


def evaluator_answer(row: Record) -> EvaluatorAnswer:
    return EvaluatorAnswer(
        id=row["evaluator_id"], name=row["name"], kind=row["kind"], version=row["version"], settings=row["settings"],
        created_by=row["created_by"], created_at=row["created_at"], archived_at=row["archived_at"],
    )  # fmt: skip


def version_answer(row: Record) -> VersionAnswer:
    return VersionAnswer(**dict(row))


def verdict_answer(verdict: Verdict, *, took_s: float) -> VerdictAnswer:
    took_ms, votes = round(took_s * 1000, 3), _votes(verdict.votes)
    match verdict:
        case Score(score, passed, reason, _, disagreement, uncertain):
            return VerdictAnswer(
                score=score, passed=passed, reason=reason, unavailable=None, disagreement=disagreement, uncertain=uncertain, votes=votes,
                took_ms=took_ms,
            )  # fmt: skip
        case NoScore(kind, reason):
            return VerdictAnswer(score=None, passed=None, reason=reason, unavailable=kind, votes=votes, took_ms=took_ms)


def _votes(votes: Sequence[Vote]) -> list[VoteAnswer]:
    return [
        VoteAnswer(
            model=one.model, score=one.score, reason=one.reason, execution_ids=list(one.execution_ids), cost_nusd=one.cost_nusd,
            simulated=one.simulated,
        )
        for one in votes
    ]  # fmt: skip
