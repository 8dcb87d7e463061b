"""What callers are told about suggestions: what would change, what speaks for it, and what became of it (PRODUCT, core payloads)."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from asyncpg import Record
from pydantic import BaseModel, Field

from burnish_gateway.optimization.proposals import evidence_told
from burnish_gateway.optimization.rollout_warning import rollout_warning


class CaseAnswer(BaseModel):
    """A test item on which the two texts differ. `before` and `after` are null where no text is kept (any more)."""

    item_id: UUID
    change: str = Field(description="fixed | broken")
    input: str | dict[str, Any] | None
    expected: str | None
    before: str | None
    after: str | None
    before_execution_id: UUID | None
    after_execution_id: UUID | None


class CasesAnswer(BaseModel):
    data: list[CaseAnswer]


class RolloutRefused(BaseModel):
    """Why the workspace's policy, which tries each suggestion once, did not begin its rollout."""

    code: str = Field(description="Of the error that a request to accept it would have had, such as `conflict`.")
    message: str
    at: datetime


class SuggestionAnswer(BaseModel):
    id: UUID
    status: str = Field(description="open | accepted | rejected")
    prompt: str
    base_version: int
    job_id: UUID
    content: dict[str, Any] = Field(description="The fields that change over the base version.")
    evidence: dict[str, Any]
    simulated: bool
    accepted_version: int | None
    label: str | None = Field(description="The label that moved when it was accepted; null: none did.")
    experiment_id: UUID | None = Field(description="The guarded rollout that its acceptance, or a policy, began.")
    rollout_refused: RolloutRefused | None = Field(
        default=None,
        description="Why the policy that should have begun one by itself did not. Null: it did, has not tried, or there is none.",
    )
    rollout_warning: str | None = Field(
        default=None,
        description="Of an open one: why a guarded rollout behind the usual guardrails will be taken back: it costs more than they allow.",
    )
    reason: str | None
    decided_by: str | None
    decided_at: datetime | None
    created_at: datetime


class AcceptedAnswer(BaseModel):
    id: UUID
    status: str = "accepted"
    prompt: str
    version: int
    label: str | None
    experiment_id: UUID | None = Field(default=None, description="The guarded rollout that began, where one was asked for.")
    rollout_warning: str | None = Field(
        default=None, description="Why that rollout will be taken back, where what was measured costs more than its guardrails allow."
    )


class SuggestionPage(BaseModel):
    data: list[SuggestionAnswer]
    next_cursor: str | None


def cases_answer(rows: Iterable[Record], evidence: dict[str, Any]) -> CasesAnswer:
    """Broken ones first: they are what a reviewer must weigh."""
    fixed = set(evidence.get("fixed", []))
    found = [CaseAnswer(change="fixed" if str(row["item_id"]) in fixed else "broken", **dict(row)) for row in rows]
    return CasesAnswer(data=sorted(found, key=lambda one: one.change))


def suggestion_answer(row: Record) -> SuggestionAnswer:
    return SuggestionAnswer(
        id=row["suggestion_id"], prompt=row["slug"], rollout_refused=_refused(row), evidence=evidence_told(row["evidence"]),
        rollout_warning=rollout_warning(row["evidence"]) if row["status"] == "open" else None,
        **{name: row[name] for name in _SUGGESTION_COLUMNS},
    )  # fmt: skip


def _refused(row: Record) -> RolloutRefused | None:
    if row["policy_refused"] is None:
        return None
    code, _, message = row["policy_refused"].partition(": ")
    return RolloutRefused(code=code, message=message, at=row["policy_tried_at"])


_SUGGESTION_COLUMNS = (
    "status", "base_version", "job_id", "content", "simulated", "accepted_version", "label", "experiment_id", "reason",
    "decided_by", "decided_at", "created_at",
)  # fmt: skip
