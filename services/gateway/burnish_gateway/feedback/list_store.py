"""Reactions of a whole workspace, the newest first, and those of one feedback id. Analytics writes them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal
from uuid import UUID

from asyncpg import Record

from burnish_gateway.feedback.store import COLUMNS, shown, with_history
from burnish_gateway.moments import LAST
from burnish_shared.db.session import Tx

SEARCHED_MOST: Final = 20_000
"""Reactions that one page looks through: no index knows whose they are, of which kind, or of which prompt."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which reactions. `metric`: the name of one; `kind` comment: also those that came along with a thumb or a score.

    `thumb`, `least_score` and `most_score` go with their `kind`. What was taken back has no value any more, and is found by its kind.
    `session_id`: to the session as a whole and to its executions. `has_history`: also those that were taken back.
    """

    prompt: str | None = None
    version: int | None = None
    execution_id: UUID | None = None
    session_id: str | None = None
    user_id: str | None = None
    kind: str | None = None
    metric: str | None = None
    start: datetime | None = None
    end: datetime | None = None
    thumb: Literal["up", "down"] | None = None
    least_score: float | None = None
    most_score: float | None = None
    has_history: bool = False


Position = tuple[datetime, UUID, str]
"""Acceptance, feedback id and kind of the last row that was seen."""


@dataclass(frozen=True, slots=True)
class Found:
    """`rows`: at most limit + 1. `searched_to`: where the search ended with rows left behind it; None: at the page's or the list's end."""

    rows: Sequence[Record]
    searched_to: Position | None = None


_OF: Final = f"""
SELECT target_kind, target_id, coalesce(execution_id, session_execution_id) AS counts_for, {COLUMNS} FROM feedback
 WHERE workspace_id = $1 AND feedback_id IS NOT NULL AND (accepted_at, feedback_id, kind) < ($2, $3, $4)
   AND ($5::timestamptz IS NULL OR accepted_at >= $5) AND ($6::timestamptz IS NULL OR accepted_at < $6)"""

_TO: Final = {
    "execution": " AND target_kind = 'execution' AND target_id = $7::text",
    "session": """ AND (target_kind = 'session' AND target_id = $7::text
        OR target_kind = 'execution' AND target_id IN (SELECT e.execution_id::text FROM executions e WHERE e.session_id = $7::text))""",
    "all": " AND $7::text IS NULL",
}

_NEWEST: Final = "ORDER BY accepted_at DESC, feedback_id DESC, kind DESC"

# The inner rows come by an index, in their order, and are read until the page is full. What is looked for stands outside: inside it would
# have as many rows read as it takes to find so many.
_LIST: Final = """
SELECT s.*, e.slug, e.version, e.label, e.model, e.simulated FROM ({of} {newest} LIMIT {most}) s
  LEFT JOIN LATERAL (SELECT x.slug, x.version, x.label, x.model, x.simulated FROM execution_facts x
                      WHERE x.execution_id = s.counts_for AND x.workspace_id = $1 OFFSET 0) e ON true
 WHERE ($8::text IS NULL OR s.end_user = $8) AND ($9::text IS NULL OR s.kind LIKE $9 OR $9 = 'comment' AND s.comment IS NOT NULL)
   AND ($10::boolean OR NOT s.is_taken_back) AND ($11::text IS NULL OR e.slug = $11) AND ($12::integer IS NULL OR e.version = $12)
   AND (s.is_taken_back OR ($13::float8 IS NULL OR s.value >= $13) AND ($14::float8 IS NULL OR s.value <= $14))
 {newest} LIMIT $15"""

_END: Final = "SELECT accepted_at, feedback_id, kind FROM ({of} {newest} OFFSET {most} - 1 LIMIT 1) last"

LISTS: Final = {to: _LIST.format(of=_OF + what, newest=_NEWEST, most=SEARCHED_MOST) for to, what in _TO.items()}

ENDS: Final = {to: _END.format(of=_OF + what, newest=_NEWEST, most=SEARCHED_MOST) for to, what in _TO.items()}

FIRST: Final[Position] = (LAST, UUID(int=2**128 - 1), "")


async def list_reactions(tx: Tx, workspace_id: UUID, wanted: Wanted, *, after: Position | None, limit: int) -> Found:
    """The newest first, at most limit + 1, from behind `after` on."""
    to, target = _target(wanted)
    arguments = (workspace_id, *(after or FIRST), wanted.start, wanted.end, target)
    filters = (wanted.user_id, _kind(wanted), wanted.has_history, wanted.prompt, wanted.version, *_values(wanted))
    rows = await tx.fetch(LISTS[to], *arguments, *filters, limit + 1)
    if len(rows) > limit:
        return Found(rows)
    last = await tx.fetchrow(ENDS[to], *arguments)
    return Found(rows, (last["accepted_at"], last["feedback_id"], last["kind"]) if last is not None else None)


def _target(wanted: Wanted) -> tuple[str, str | None]:
    if wanted.execution_id is not None:
        return "execution", str(wanted.execution_id)
    return ("session", wanted.session_id) if wanted.session_id is not None else ("all", None)


def _values(wanted: Wanted) -> tuple[float | None, float | None]:
    """From, and to. A thumb is 1 or 0."""
    if wanted.thumb is not None:
        return (1, None) if wanted.thumb == "up" else (None, 0)
    return wanted.least_score, wanted.most_score


def _kind(wanted: Wanted) -> str | None:
    """As a pattern."""
    if wanted.metric is not None:
        return "metric:" + wanted.metric.replace("_", r"\_")
    return "metric:%" if wanted.kind == "metric" else wanted.kind


async def listed(tx: Tx, rows: Sequence[Record], *, has_history: bool) -> list[dict[str, Any]]:
    """The rows as `FeedbackListed` has them."""
    told = await with_history(tx, rows) if has_history else [shown(row) | {"replaced": []} for row in rows]
    return [one | _about(row) for one, row in zip(told, rows, strict=True)]


def _about(row: Record) -> dict[str, Any]:
    return {
        "execution_id": row["target_id"] if row["target_kind"] == "execution" else None,
        "session_id": row["target_id"] if row["target_kind"] == "session" else None,
        "prompt": row["slug"] or None,
        "version": row["version"] or None,
        "label": row["label"] or None,
        "model": row["model"],
        "simulated": row["simulated"],
    }


@dataclass(frozen=True, slots=True)
class Standing:
    """What one feedback id stands for in one place: the current reaction there."""

    target_kind: str
    target_id: str
    end_user: str
    kind: str
    accepted_at: datetime
    is_taken_back: bool


async def current_of(tx: Tx, feedback_id: UUID) -> list[Standing]:
    """The current reactions of this id, at most one of each kind, whether they were taken back or not."""
    rows = await tx.fetch(
        """SELECT target_kind, target_id, end_user, kind, accepted_at, is_taken_back FROM feedback
            WHERE feedback_id = $1 ORDER BY target_kind, target_id, end_user, kind""",
        feedback_id,
    )
    return [Standing(**row) for row in rows]


async def was_replaced(tx: Tx, feedback_id: UUID) -> bool:
    """Whether something was said under this id that others took the place of."""
    return bool(await tx.fetchval("SELECT EXISTS (SELECT FROM feedback_history WHERE feedback_id = $1)", feedback_id))
