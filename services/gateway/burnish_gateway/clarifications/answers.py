"""What callers are told about sessions."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from asyncpg import Record
from pydantic import BaseModel, Field

from burnish_gateway.clarifications.memory import WorkingMemory
from burnish_gateway.clarifications.state import ROUNDS_MOST, Status, Task


class QuestionAnswer(BaseModel):
    id: str
    round: int
    text: str
    type: str = Field(description="text | choice | multiple_choice. A choice may also be answered in words of one's own.")
    options: list[str]
    suggestions: list[str] = Field(description="Answers to a text question that can be taken as they are.")
    status: str = Field(description="open | answered | skipped")
    answer: str | list[str] | None


class MemoryAnswer(BaseModel):
    facts: list[str]
    constraints: list[str]
    gaps: list[str]
    rationale: str


class TestCase(BaseModel):
    __test__ = False  # pytest takes the name for a test

    name: str
    variables: dict[str, str]
    criteria: str


class UsageAnswer(BaseModel):
    input_tokens: int
    output_tokens: int
    cost_nusd: int
    latency_ms: int


class ClarificationError(BaseModel):
    code: str
    message: str
    retryable: bool
    task: str | None = Field(description="What failed: ask | write.")


class ClarificationItem(BaseModel):
    """`task`: what a model is doing now, `ask` or `write`; null: the session waits for you."""

    id: UUID
    status: Status
    task: Task | None
    round: int
    rounds_most: int = ROUNDS_MOST
    initial_prompt: str
    saved: dict[str, Any] | None = Field(default=None, description="The version that it was saved as: {prompt, version}.")
    simulated: bool
    created_at: datetime
    updated_at: datetime
    expires_at: datetime


class ClarificationAnswer(ClarificationItem):
    """`questions`: those of the round that are open; `answered`: all others. `final_prompt` once it is finalized."""

    selections: dict[str, Any]
    questions: list[QuestionAnswer]
    answered: list[QuestionAnswer]
    working_memory: MemoryAnswer
    final_prompt: str | None
    name: str | None
    description: str | None
    test_cases: list[TestCase] = Field(description="Made up by the model.")
    model_name: str | None = Field(description="The model that wrote the prompt.")
    models: dict[str, str]
    usage: UsageAnswer
    error: ClarificationError | None = Field(description="Of the last call that failed; null once one has succeeded.")
    metadata: dict[str, Any]
    revision: int
    finished_at: datetime | None


class MessageAnswer(BaseModel):
    id: UUID
    role: str = Field(description="system | agent | user")
    kind: str = Field(description="question | answer | note")
    content: str
    question_id: str | None
    model_name: str | None
    execution_id: UUID | None
    input_tokens: int | None
    output_tokens: int | None
    latency_ms: int | None
    created_at: datetime


class RatingAnswer(BaseModel):
    id: UUID
    rating: int
    comments: str
    created_at: datetime


class ClarificationDetail(ClarificationAnswer):
    """With everything that was said, and how it was rated."""

    messages: list[MessageAnswer]
    feedback: list[RatingAnswer]


class ClarificationPage(BaseModel):
    data: list[ClarificationItem]
    next_cursor: str | None


class SavedAnswer(BaseModel):
    prompt: str
    version: int
    label: str | None
    is_new: bool = Field(description="False: a version that says exactly this stood already.")
    test_cases: int


class RatedAnswer(BaseModel):
    id: UUID


class DeletedClarification(BaseModel):
    id: UUID
    deleted: bool = True


class ImportedSessions(BaseModel):
    """How many of each were not here yet. `notes`: what of the file was left out, and why."""

    dry_run: bool
    sessions: int
    messages: int
    feedback: int
    notes: list[str]


class ModelsAnswer(BaseModel):
    """`ask_model`, `write_model`: what the workspace chose, null: nothing. `in_use`: what sessions that start now are given."""

    ask_model: str | None
    write_model: str | None
    in_use: dict[str, str]
    updated_by: str | None
    updated_at: datetime | None


def item_of(row: Record) -> ClarificationItem:
    return ClarificationItem(**_item(row))


def answer_of(row: Record) -> ClarificationAnswer:
    return ClarificationAnswer(**_answer(row))


def detail_of(row: Record, messages: Sequence[Record], feedback: Sequence[Record]) -> ClarificationDetail:
    said = [MessageAnswer(**(dict(one) | {"id": one["message_id"]})) for one in messages]
    return ClarificationDetail(**_answer(row), messages=said, feedback=[RatingAnswer(**dict(one)) for one in feedback])


def _item(row: Record) -> dict[str, Any]:
    saved = None if row["saved_slug"] is None else {"prompt": row["saved_slug"], "version": row["saved_version"]}
    names = ("status", "round", "initial_prompt", "simulated", "created_at", "updated_at", "expires_at")
    return {"id": row["session_id"], "task": None if row["status"] == "expired" else row["task"], "saved": saved} | {
        name: row[name] for name in names
    }


def _answer(row: Record) -> dict[str, Any]:
    result: dict[str, Any] = row["result"] or {}
    is_open = row["status"] == "clarifying"
    told = [QuestionAnswer(**one) for one in row["questions"]]
    waiting = [one for one in told if is_open and one.status == "open" and one.round == row["round"]]
    return _item(row) | {
        "selections": row["selections"], "questions": waiting, "answered": [one for one in told if one not in waiting],
        "working_memory": WorkingMemory.of(row["working_memory"]).as_dict(),
        "final_prompt": result.get("prompt"), "name": result.get("name") or None, "description": result.get("description") or None,
        "test_cases": result.get("test_cases", []), "model_name": row["write_model"] if result else None,
        "models": {"ask": row["ask_model"], "write": row["write_model"]},
        "usage": {
            "input_tokens": row["input_tokens"], "output_tokens": row["output_tokens"], "cost_nusd": row["spent_nusd"],
            "latency_ms": row["latency_ms"],
        },
        "error": row["error"], "metadata": row["metadata"], "revision": row["revision"], "finished_at": row["finished_at"],
    }  # fmt: skip
