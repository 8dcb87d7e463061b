"""One answer in the review queue, and what was said when it was asked for."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal
from uuid import UUID

from burnish_shared.contracts.review import Verdict
from burnish_shared.errors import Conflict, NotFound

Status = Literal["waiting", "claimed", "decided", "set_aside"]

REVIEWERS: Final = ("editor", "admin")
"""Roles of members who review."""


@dataclass(frozen=True, slots=True)
class ReviewItem:
    """`assigned_to`: the member who is asked to look at it; None: whoever comes. `claimed_by` holds it until `claimed_until`;
    `is_claimed` says whether that is still so. `item_id`: what a dataset got of it."""

    review_id: UUID
    execution_id: UUID
    slug: str
    version: int
    label: str
    model: str
    simulated: bool
    reasons: list[str]
    added_by: str
    added_at: datetime
    note: str | None
    assigned_to: UUID | None
    claimed_by: str | None
    claimed_until: datetime | None
    is_claimed: bool
    skipped_by: list[str]
    set_aside: bool
    verdict: Verdict | None
    expected: str | None
    decided_by: str | None
    decided_by_name: str | None
    decided_at: datetime | None
    dataset_id: UUID | None
    item_id: UUID | None
    item_added: bool

    @property
    def status(self) -> Status:
        if self.verdict is not None:
            return "decided"
        if self.set_aside:
            return "set_aside"
        return "claimed" if self.is_claimed else "waiting"

    def check_open_to(self, actor: str) -> None:
        """Raises Conflict when somebody else has decided it, or is at it now."""
        if self.decided_by is not None and self.decided_by != actor:
            raise Conflict(f"{self.decided_by} has decided on this answer; they, or an admin, can undo it.")
        if self.is_claimed and self.claimed_by != actor:
            raise Conflict(f"{self.claimed_by} is at this answer until {self.claimed_until:%H:%M:%S} UTC; claim the next one.")


def no_such_review() -> NotFound:
    """The same words whether it never was or belongs to somebody else (PROMISES G-17)."""
    return NotFound("There is no such answer in the review queue.", param="review_id")
