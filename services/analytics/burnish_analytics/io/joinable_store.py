"""Feedback that waits although what it is about is here, found by going through all that waits, some of it at a time."""

from dataclasses import dataclass
from typing import Final, Generic, TypeVar
from uuid import UUID

from burnish_shared.db.session import Tx

Name = TypeVar("Name", UUID, str)

EXECUTIONS_AT_ONCE: Final = 5_000
SESSIONS_AT_ONCE: Final = 1_000
"""Rows that wait and are looked at in one round: most of them wait for what never comes, and to look at all takes long where many do."""

NOBODY: Final = UUID(int=0)


@dataclass(frozen=True, slots=True)
class Page(Generic[Name]):
    """`found`: (workspace, execution or session). `next`: where the next page begins; None: at the beginning."""

    found: list[tuple[UUID, Name]]
    next: tuple[UUID, Name] | None


async def executions(tx: Tx, *, after: tuple[UUID, UUID] | None, days: int, at_most: int = EXECUTIONS_AT_ONCE) -> Page[UUID]:
    """Feedback of the last `days` whose execution is here."""
    rows = await tx.fetch("SELECT * FROM joinable_feedback($1, $2, $3, $4)", *(after or (NOBODY, NOBODY)), days, at_most)
    return Page(
        [(row["workspace_id"], row["execution_id"]) for row in rows if row["is_here"]],
        (rows[-1]["workspace_id"], rows[-1]["execution_id"]) if rows and rows[-1]["is_full"] else None,
    )


async def sessions(tx: Tx, *, after: tuple[UUID, str] | None, days: int, at_most: int = SESSIONS_AT_ONCE) -> Page[str]:
    """The same of sessions."""
    rows = await tx.fetch("SELECT * FROM joinable_sessions($1, $2, $3, $4)", *(after or (NOBODY, "")), days, at_most)
    return Page(
        [(row["workspace_id"], row["session_id"]) for row in rows if row["is_here"]],
        (rows[-1]["workspace_id"], rows[-1]["session_id"]) if rows and rows[-1]["is_full"] else None,
    )
