"""Bodies and answers of `/v1/evaluators`."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from asyncpg import Record
from pydantic import BaseModel, Field

from burnish_gateway.wire import ApiModel, Name, Text
from burnish_shared.contracts.evaluators import EvaluatorSettings
from burnish_shared.evaluators import NoScore, Score, Verdict

ANSWER_MOST = 500_000


class NewEvaluator(ApiModel):
    """`settings` never change; make another evaluator instead."""

    name: Name
    settings: EvaluatorSettings


class Answered(ApiModel):
    """An answer to look at, with what is known around it."""

    output: Annotated[Text, Field(max_length=ANSWER_MOST)]
    expected: Annotated[Text, Field(max_length=ANSWER_MOST)] | None = None
    input: Any = None
    variables: Annotated[dict[str, Any], Field(max_length=200)] = Field(default_factory=dict)
    metadata: Annotated[dict[str, Any], Field(max_length=200)] = Field(default_factory=dict)


class TriedSettings(Answered):
    """The same, with settings that are not saved yet."""

    settings: EvaluatorSettings


class EvaluatorAnswer(BaseModel):
    id: UUID
    name: str
    kind: str
    settings: dict[str, Any]
    created_by: str
    created_at: datetime
    archived_at: datetime | None


class EvaluatorPage(BaseModel):
    data: list[EvaluatorAnswer]
    next_cursor: str | None


class VerdictAnswer(BaseModel):
    """`score` None: there is none, and `unavailable` says whether its means were missing (`unavailable`) or its code failed (`failed`)."""

    score: float | None
    passed: bool | None
    reason: str
    unavailable: str | None
    took_ms: float


def evaluator_answer(row: Record) -> EvaluatorAnswer:
    return EvaluatorAnswer(
        id=row["evaluator_id"], name=row["name"], kind=row["kind"], settings=row["settings"], created_by=row["created_by"],
        created_at=row["created_at"], archived_at=row["archived_at"],
    )  # fmt: skip


def verdict_answer(verdict: Verdict, *, took_s: float) -> VerdictAnswer:
    took_ms = round(took_s * 1000, 3)
    match verdict:
        case Score(score, passed, reason):
            return VerdictAnswer(score=score, passed=passed, reason=reason, unavailable=None, took_ms=took_ms)
        case NoScore(kind, reason):
            return VerdictAnswer(score=None, passed=None, reason=reason, unavailable=kind, took_ms=took_ms)
