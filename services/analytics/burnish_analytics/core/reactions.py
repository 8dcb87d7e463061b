"""Feedback as a set that only grows, and the one reaction of it that counts.

What was ever accepted for one key (workspace, target, end user, kind) is a set of entries. An entry is one content under one feedback id;
sent again unchanged it is the same entry and keeps its earliest acceptance. The entry accepted last is the current one. To take a reaction
back adds an entry too, which says nothing and stands in the place of what its feedback id said until then; what others said, before or
after, it leaves alone. A set and a maximum know no order, so any order and any number of deliveries of the same items end in the same
state (PROMISES A-03).
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from burnish_shared.contracts.feedback import FeedbackItem

MICRO: Final = 1_000_000
"""Scores are added up as whole millionths, so that what was added can be taken back exactly."""


@dataclass(frozen=True, slots=True, order=True)
class ReactionKey:
    """Whose reaction to what. `end_user` is empty where the caller named nobody. The order is the order in which rows are locked."""

    workspace_id: UUID
    target_kind: str
    target_id: str
    end_user: str
    kind: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One content under one feedback id. `accepted_at` is the earliest acceptance of just this content.

    `is_taken_back`: it says nothing, and takes back what the same id said until then; `api_key_id` is who took it back.
    """

    feedback_id: UUID
    digest: bytes
    accepted_at: datetime
    value: float | None = None
    comment: str | None = None
    correction: str | None = None
    context: Mapping[str, Any] | None = None
    api_key_id: str | None = None
    is_taken_back: bool = False

    def rank(self) -> tuple[datetime, UUID, bytes]:
        """The entry with the highest rank is current. Id and digest only break ties, the same way everywhere."""
        return (self.accepted_at, self.feedback_id, self.digest)


@dataclass(frozen=True, slots=True)
class Standing:
    """What one current reaction adds to the figures. All whole numbers; differences of two standings are standings too."""

    reactions: int = 0
    thumbs_up: int = 0
    thumbs_down: int = 0
    scores: int = 0
    score_sum_micro: int = 0

    @property
    def samples(self) -> int:
        """Reactions that say how satisfied somebody was: thumbs and scores."""
        return self.thumbs_up + self.thumbs_down + self.scores

    @property
    def satisfied_micro(self) -> int:
        """Satisfied samples in millionths: a thumb up is one, a score is that part of one."""
        return self.thumbs_up * MICRO + self.score_sum_micro

    def __add__(self, other: "Standing") -> "Standing":
        return Standing(
            reactions=self.reactions + other.reactions,
            thumbs_up=self.thumbs_up + other.thumbs_up,
            thumbs_down=self.thumbs_down + other.thumbs_down,
            scores=self.scores + other.scores,
            score_sum_micro=self.score_sum_micro + other.score_sum_micro,
        )

    def __neg__(self) -> "Standing":
        return Standing(-self.reactions, -self.thumbs_up, -self.thumbs_down, -self.scores, -self.score_sum_micro)

    def __sub__(self, other: "Standing") -> "Standing":
        return self + -other


NOTHING: Final = Standing()


def key_of(item: FeedbackItem) -> ReactionKey:
    return ReactionKey(item.workspace_id, item.target_kind, item.target_id, item.user_id or "", item.kind)


def entry_of(item: FeedbackItem) -> Entry:
    said: list[Any] = [item.value, item.comment, item.correction, item.context]
    content = json.dumps(
        ["taken back", item.accepted_at.isoformat()] if item.is_taken_back else said,  # Each time that it is taken back is one of its own.
        sort_keys=True,
        separators=(",", ":"),
        ensure_ascii=False,
        allow_nan=False,
    )
    return Entry(
        feedback_id=item.feedback_id,
        digest=hashlib.sha256(content.encode()).digest()[:16],
        accepted_at=item.accepted_at,
        value=item.value,
        comment=item.comment,
        correction=item.correction,
        context=item.context,
        api_key_id=item.api_key_id,
        is_taken_back=item.is_taken_back,
    )


def refusal(item: FeedbackItem) -> str | None:
    """Why this item can never count, or None. The gateway has checked the same before; this guards the sums against any other sender."""
    if _holds_nul(item):
        return "nul"
    if item.target_kind == "execution" and not _is_canonical_uuid(item.target_id):
        return "target_id"
    if item.is_taken_back:
        return None if item.value is None and not item.comment and not item.correction else "taken_back_with_content"
    if item.kind == "thumb":
        return None if item.value in (0, 1) else "thumb_value"
    if item.kind == "score":
        return None if item.value is not None and 0 <= item.value <= 1 else "score_range"
    if item.kind.startswith("metric:"):
        return None if item.value is not None and len(item.kind) > len("metric:") else "metric_value"
    if item.kind == "comment":
        return None if item.comment else "comment_empty"
    if item.kind == "correction":
        return None if item.correction is not None else "correction_empty"
    return "kind_unknown"


def _holds_nul(item: FeedbackItem) -> bool:
    """U+0000, which PostgreSQL cannot store: it would cost the whole batch."""
    texts = (item.target_id, item.kind, item.user_id, item.comment, item.correction)
    return any("\x00" in text for text in texts if text) or "\\u0000" in json.dumps(item.context)


def _is_canonical_uuid(text: str) -> bool:
    """One execution must have one spelling, or one end user could react to it twice."""
    try:
        return str(UUID(text)) == text
    except ValueError:
        return False


def entries_with(entries: Iterable[Entry], added: Entry) -> list[Entry]:
    """The set with one more entry; an entry that is there already keeps the earlier of the two acceptances."""
    kept = {(one.feedback_id, one.digest): one for one in entries}
    known = kept.get((added.feedback_id, added.digest))
    if known is None or added.accepted_at < known.accepted_at:
        kept[(added.feedback_id, added.digest)] = added
    return list(kept.values())


def current_of(entries: Iterable[Entry]) -> Entry:
    """The entry that counts: the one accepted last, or what took just that one back. Raises ValueError for an empty set."""
    held = list(entries)
    said = [one for one in held if not one.is_taken_back]
    if not said:
        return max(held, key=Entry.rank)
    last = max(said, key=Entry.rank)
    takes_back = [one for one in held if one.is_taken_back and one.feedback_id == last.feedback_id and one.accepted_at >= last.accepted_at]
    return max(takes_back, key=Entry.rank, default=last)


def standing_of_entry(kind: str, entry: Entry) -> Standing:
    """What a current entry adds; one that takes back adds nothing."""
    return NOTHING if entry.is_taken_back else standing_of(kind, entry.value)


def standing_of(kind: str, value: float | None) -> Standing:
    """What a current reaction of this kind and value adds."""
    if kind == "thumb":
        return Standing(reactions=1, thumbs_up=int(value == 1), thumbs_down=int(value != 1))
    if kind == "score":
        return Standing(reactions=1, scores=1, score_sum_micro=round((value or 0.0) * MICRO))
    return Standing(reactions=1)
