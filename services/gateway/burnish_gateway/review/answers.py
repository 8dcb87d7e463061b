"""What callers are told about the review queue."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field

from burnish_gateway.datasets.content import Content
from burnish_gateway.review.review_item import ReviewItem, Status
from burnish_shared.contracts.review import Reason, Verdict


class ReviewAnswer(BaseModel):
    """One answer in the queue, without its text."""

    id: UUID
    status: Status
    execution_id: UUID
    prompt: str | None
    version: int | None
    label: str | None
    model: str
    simulated: bool
    reasons: list[Reason]
    note: str | None
    assigned_to: UUID | None = Field(description="The member who is asked to look at it; null: whoever comes.")
    added_by: str | None = Field(description="Who picked it; null: the rules of the queue.")
    added_at: datetime
    claimed_by: str | None
    claimed_until: datetime | None
    skipped_by: list[str]
    verdict: Verdict | None
    expected: str | None = Field(description="What would have been right, where somebody wrote it.")
    decided_by: str | None
    decided_by_name: str | None = Field(
        description="Of the person, or their e-mail, or of the API key; null where nobody has decided, or who did is no member any more."
    )
    decided_at: datetime | None
    dataset_id: UUID | None
    dataset_item_id: UUID | None


class ReviewDetail(ReviewAnswer):
    """With all that a reviewer looks at. Texts are null where they are not kept any more."""

    messages: list[dict[str, Any]] | None
    variables: dict[str, Any] | None
    output: str | None
    feedback: list[dict[str, Any]]
    scores: list[dict[str, Any]] = Field(description="What evaluators said of it.")
    suggested: str | None = Field(description="What somebody wrote in feedback as the right answer.")


class ListedReview(ReviewAnswer):
    """With the beginning of what it answers."""

    question: str | None = Field(
        description="What the user asked last, 300 characters of it; null where nobody did, where the text is not kept any more, "
        "and of a conversation of some 64 kB and more."
    )


class ReviewPage(BaseModel):
    data: list[ListedReview]
    next_cursor: str | None


class ClaimedAnswer(BaseModel):
    data: list[ReviewDetail] = Field(description="Yours until their `claimed_until`; empty: nothing waits.")
    waiting: int = Field(description="How many wait besides, for anybody.")


class KeptAnswer(BaseModel):
    """The dataset item of a decision."""

    dataset_id: UUID
    item_id: UUID
    split: str
    expected: str | None = Field(description="null: the dataset held this input before, without a right answer.")
    added: bool = Field(description="False: the dataset held this input already, and its item stays as it was.")


class DecidedAnswer(BaseModel):
    item: ReviewAnswer
    dataset_item: KeptAnswer | None
    not_kept: str | None = Field(description="Why no dataset item came of it.")
    next: ReviewDetail | None = Field(description="Claimed for you, where the call asked for it; null: nothing waits.")


class UndoneAnswer(BaseModel):
    item: ReviewAnswer
    item_removed: bool = Field(
        description="Whether the dataset item of the decision was taken out again. It stays once it was measured on."
    )


class PromptProgress(BaseModel):
    prompt: str | None
    waiting: int
    decided: int


class ReasonProgress(BaseModel):
    reason: Reason
    waiting: int
    decided: int


class ReviewerProgress(BaseModel):
    reviewer: str
    decided: int
    good: int
    bad: int
    last_decided_at: datetime


class ProgressAnswer(BaseModel):
    waiting: int
    claimed: int = Field(description="Of those that wait: somebody is at them now.")
    skipped: int = Field(description="Of those that wait: somebody did not want to decide.")
    set_aside: int
    decided: int
    good: int
    bad: int
    corrected: int = Field(description="Of the bad ones: somebody wrote what would have been right.")
    by_prompt: list[PromptProgress]
    by_reason: list[ReasonProgress] = Field(description="An answer with two reasons counts in both.")
    by_reviewer: list[ReviewerProgress]


class SettingsAnswer(BaseModel):
    prompt: str | None = Field(description="Null: the workspace's own.")
    low_rated: bool | None
    uncertain: bool | None
    sample: float | None
    most_waiting: int | None
    dataset_id: UUID | None
    updated_at: datetime


class SettingsList(BaseModel):
    data: list[SettingsAnswer]


def review_answer(item: ReviewItem) -> ReviewAnswer:
    return ReviewAnswer(**_fields(item))


def listed_review(item: ReviewItem, question: str | None) -> ListedReview:
    return ListedReview(**_fields(item), question=question)


def review_detail(
    item: ReviewItem, content: Content | None, *, feedback: list[dict[str, Any]], scores: list[dict[str, Any]]
) -> ReviewDetail:
    corrections = [one["correction"] for one in feedback if one.get("correction")]
    return ReviewDetail(
        **_fields(item),
        messages=content.messages if content else None,
        variables=content.variables if content else None,
        output=content.output if content else None,
        feedback=feedback,
        scores=scores,
        suggested=corrections[-1] if corrections else None,
    )


def _fields(item: ReviewItem) -> dict[str, Any]:
    return {
        "id": item.review_id,
        "status": item.status,
        "execution_id": item.execution_id,
        "prompt": item.slug or None,
        "version": item.version or None,
        "label": item.label or None,
        "model": item.model,
        "simulated": item.simulated,
        "reasons": item.reasons,
        "note": item.note,
        "assigned_to": item.assigned_to,
        "added_by": item.added_by or None,
        "added_at": item.added_at,
        "claimed_by": item.claimed_by if item.status == "claimed" else None,
        "claimed_until": item.claimed_until if item.status == "claimed" else None,
        "skipped_by": item.skipped_by,
        "verdict": item.verdict,
        "expected": item.expected,
        "decided_by": item.decided_by,
        "decided_by_name": item.decided_by_name,
        "decided_at": item.decided_at,
        "dataset_id": item.dataset_id,
        "dataset_item_id": item.item_id,
    }
