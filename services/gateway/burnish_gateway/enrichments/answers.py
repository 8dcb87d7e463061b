"""What callers are told about enrichments."""

from datetime import datetime
from typing import Any
from uuid import UUID

from asyncpg import Record
from pydantic import BaseModel, Field


class EnrichmentError(BaseModel):
    code: str
    message: str
    retryable: bool


class EnrichmentItem(BaseModel):
    """`progress`: calls that are done of those it takes; merging adds to them."""

    id: UUID
    group_id: UUID | None
    source_type: str = Field(description="conversation | youtube | document")
    processing_status: str = Field(description="pending | processing | completed | failed | cancelled")
    external_id: str | None
    session_id: str | None
    url: str | None
    metadata: dict[str, Any]
    result: dict[str, Any] | None = Field(description="As the schema of its prompt says.")
    error: EnrichmentError | None
    progress: dict[str, int]
    model: str | None
    prompt: str | None = Field(description="The workspace's own; null: the one that ships.")
    version: int | None
    usage: dict[str, int]
    simulated: bool
    created_at: datetime
    updated_at: datetime
    computed_at: datetime | None


class EnrichmentAnswer(EnrichmentItem):
    content: dict[str, Any] | None = Field(description="{text} or {messages}.")


class EnrichmentPage(BaseModel):
    data: list[EnrichmentItem]
    next_cursor: str | None


class GroupAnswer(BaseModel):
    """Contents that one call sent: `GET /v1/enrichments?group_id=` lists them."""

    group_id: UUID
    source_type: str
    total: int
    pending: int
    processing: int
    completed: int
    failed: int
    cancelled: int
    cost_nusd: int
    simulated: bool
    created_at: datetime


class StartedGroup(BaseModel):
    group_id: UUID
    ids: list[UUID] = Field(description="In the order in which they were sent.")


class CancelledGroup(BaseModel):
    group_id: UUID
    cancelled: int


class DeletedEnrichment(BaseModel):
    id: UUID
    deleted: bool = True


class PromptChoice(BaseModel):
    source_type: str
    prompt: str | None = Field(description="Null: the one that ships.")
    label: str | None
    result_schema: dict[str, Any] | None = Field(description="Of the result; null: as the prompt's version says.")
    updated_by: str | None
    updated_at: datetime | None


class PromptChoices(BaseModel):
    data: list[PromptChoice]


def item_of(row: Record) -> EnrichmentItem:
    return EnrichmentItem(**_told(row))


def answer_of(row: Record) -> EnrichmentAnswer:
    return EnrichmentAnswer(**_told(row), content=row["content"])


def _told(row: Record) -> dict[str, Any]:
    names = (
        "group_id", "source_type", "processing_status", "external_id", "session_id", "url", "metadata", "result", "error", "model",
        "prompt", "version", "simulated", "created_at", "updated_at", "computed_at",
    )  # fmt: skip
    usage = {"input_tokens": row["input_tokens"], "output_tokens": row["output_tokens"], "cost_nusd": row["spent_nusd"]}
    progress = {"done": row["done"], "parts": row["parts"]}
    return {"id": row["enrichment_id"], "usage": usage, "progress": progress} | {name: row[name] for name in names}
