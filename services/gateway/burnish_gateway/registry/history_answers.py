"""What callers are told about lines, merges, reviews, comments, and versions beside each other."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, Field

from burnish_gateway.comments.answers import Said, said
from burnish_gateway.comments.comment import Comment, OfVersion
from burnish_gateway.inbox.kinds import ReviewStatus
from burnish_gateway.insights.answers import Figures
from burnish_gateway.registry.answers import VersionAnswer, version_answer
from burnish_gateway.registry.combine import Brought, Sides
from burnish_gateway.registry.line_store import Branch
from burnish_gateway.registry.lines import MAIN
from burnish_gateway.registry.prompt import Prompt
from burnish_gateway.registry.review_store import Review, VersionStatus
from burnish_gateway.registry.three_way import Merged


class BranchAnswer(BaseModel):
    """`version`: where it stands; `from_version`: where it left. `main` has neither `from_version` nor dates: it is where `latest` is."""

    branch: str
    version: int
    from_version: int | None
    created_by: str | None
    created_at: datetime | None
    moved_at: datetime | None


class BranchPage(BaseModel):
    data: list[BranchAnswer]
    next_cursor: str | None


class ConflictAnswer(BaseModel):
    """What both sides changed differently; null: a side has nothing there. Name `part` in a resolution."""

    part: str
    base: Any
    ours: Any
    theirs: Any


class MergePreview(BaseModel):
    """`content`: what the merge would save; what is open stands in it as `ours` has it. Nothing was saved."""

    slug: str
    ours: int
    theirs: int
    ancestor_version: int
    clean: bool
    content: dict[str, Any]
    conflicts: list[ConflictAnswer]


class MergeAnswer(VersionAnswer):
    """The version that stands for the merge. `outcome`: `merged`: a new one; `moved`: the line had nothing of its own, and stands at
    the other version now; `nothing_to_do`: it had everything already; `identical`: an older version says just this.
    """

    outcome: Literal["merged", "moved", "nothing_to_do", "identical"]
    into: str
    ancestor_version: int


class VersionReviewAnswer(BaseModel):
    """A version that was handed in for review. `author` wrote the version; `comment` is what was said when it was decided.

    `approved_by`, `approved_at` and `approval_comment` stay when the approval is taken back: then `status` is `sent_back`, and `decided_by`
    and `decided_at` say who took it back, and when. `approved_by` null: it was never approved.
    """

    id: UUID
    slug: str
    version: int
    status: ReviewStatus
    note: str
    reviewers: list[UUID] = Field(description="Who was asked, by user id; empty: whoever may decide.")
    requested_by: str
    requested_at: datetime
    comment: str
    decided_by: str | None
    decided_at: datetime | None
    approved_by: str | None
    approved_at: datetime | None
    approval_comment: str
    author: str
    message: str


class VersionReviewPage(BaseModel):
    data: list[VersionReviewAnswer]
    next_cursor: str | None


class VersionReview(BaseModel):
    """How a version stands, the labels that name it, and its reviews, the newest first."""

    slug: str
    version: int
    status: VersionStatus
    labels: list[str]
    approval_refused: str | None = Field(
        default=None,
        description="Of a version in review, why it is not for you to approve though your role may: it holds text of your own, and the "
        "workspace asks for four eyes. Null: nothing speaks against it.",
    )
    reviews: list[VersionReviewAnswer]


class CommentAnswer(Said):
    """On `version`, or, where `against` is given, on how it differs from that one."""

    slug: str
    version: int
    against: int | None
    part: str | None


class CommentPage(BaseModel):
    data: list[CommentAnswer]
    next_cursor: str | None


class ModelFigures(Figures):
    model: str


class RunOfVersion(BaseModel):
    """The newest completed test run of a version over a whole split."""

    id: UUID
    model: str
    dataset_id: UUID
    split: str
    accuracy: float | None
    total: int
    simulated: bool
    finished_at: datetime | None


class VersionColumn(BaseModel):
    """One version. `figures` null: it was not executed in the range. `models`: the same, model by model."""

    version: int
    labels: list[str]
    status: VersionStatus
    model: str
    quality_threshold: float = Field(description="0.8 where the version says nothing.")
    figures: Figures | None
    models: list[ModelFigures]
    test_runs: list[RunOfVersion] = Field(description="The newest over each dataset, split and model, at most 20.")


class VersionComparison(BaseModel):
    """Versions of a prompt beside each other, in the order that was asked for. Figures are of live traffic."""

    slug: str
    start: datetime = Field(serialization_alias="from")
    end: datetime = Field(serialization_alias="to")
    data: list[VersionColumn]


def branch_answer(branch: Branch) -> BranchAnswer:
    return BranchAnswer(
        branch=branch.branch, version=branch.version, from_version=branch.from_version, created_by=branch.created_by,
        created_at=branch.created_at, moved_at=branch.moved_at,
    )  # fmt: skip


def main_line(prompt: Prompt) -> BranchAnswer:
    return BranchAnswer(branch=MAIN, version=prompt.latest_version, from_version=None, created_by=None, created_at=None, moved_at=None)


def merge_preview(prompt: Prompt, sides: Sides, merge: Merged) -> MergePreview:
    return MergePreview(
        slug=prompt.slug,
        ours=sides.ours.version,
        theirs=sides.theirs.version,
        ancestor_version=sides.ancestor.version if sides.ancestor is not None else 0,
        clean=not merge.conflicts,
        content=merge.fields,
        conflicts=[ConflictAnswer(part=one.part, base=one.base, ours=one.ours, theirs=one.theirs) for one in merge.conflicts],
    )


def merge_answer(brought: Brought, *, into: str | None, warnings: Sequence[str]) -> MergeAnswer:
    saved = brought.saved
    told = version_answer(saved.prompt.slug, saved.version, is_new=saved.is_new, warnings=warnings).model_dump(exclude_unset=True)
    return MergeAnswer(**told, outcome=brought.outcome, into=into or MAIN, ancestor_version=brought.ancestor_version)


def review_answer(review: Review) -> VersionReviewAnswer:
    return VersionReviewAnswer(
        id=review.review_id, slug=review.slug, version=review.version, status=review.status, note=review.note,
        reviewers=list(review.reviewers),
        requested_by=review.requested_by, requested_at=review.requested_at, comment=review.decision, decided_by=review.decided_by,
        decided_at=review.decided_at, approved_by=review.approved_by, approved_at=review.approved_at,
        approval_comment=review.approval, author=review.author, message=review.change_message,
    )  # fmt: skip


def comment_answer(comment: Comment[OfVersion], names: Mapping[UUID, str]) -> CommentAnswer:
    of = comment.about
    return CommentAnswer(slug=of.slug, version=of.version, against=of.against, part=of.part, **said(comment, names))
