"""Rows of `execution_groups`, and the executions of a group that count for no prompt yet."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import asyncpg

from burnish_analytics.io.facts_store import COLUMNS
from burnish_shared.db.session import Tx

LEFT: Final = f"""
SELECT {", ".join(COLUMNS)} FROM execution_facts f
 WHERE f.workspace_id = $1 AND f.group_key = $2 AND f.slug = '' ORDER BY f.execution_id DESC LIMIT $3"""


@dataclass(frozen=True, slots=True)
class Adoption:
    """A group that became a prompt. `is_settled`: whatever had begun before is over and counted."""

    workspace_id: UUID
    group_key: str
    slug: str
    version: int
    is_settled: bool


async def under_way(tx: Tx, *, at_most: int) -> list[tuple[UUID, str]]:
    """(workspace, group) whose history is still being moved."""
    return [(row["workspace_id"], row["group_key"]) for row in await tx.fetch("SELECT * FROM adoptions_under_way($1)", at_most)]


async def lock(tx: Tx, workspace_id: UUID, group_key: str, *, settled_s: float) -> Adoption | None:
    """None: another replica is at it, or it is done."""
    row = await tx.fetchrow(
        """SELECT workspace_id, group_key, slug, version, adopted_at < clock_timestamp() - $3 * interval '1 second' AS is_settled
             FROM execution_groups WHERE workspace_id = $1 AND group_key = $2 AND completed_at IS NULL FOR UPDATE SKIP LOCKED""",
        workspace_id,
        group_key,
        settled_s,
    )
    return Adoption(**dict(row)) if row is not None else None


async def hold_ingestion(tx: Tx, *, length_ms: int) -> None:
    """Nothing is counted beside this transaction: whoever counts a reaction has read for which prompt its execution counts."""
    await tx.execute("SELECT hold_ingestion($1)", length_ms)


async def left(tx: Tx, adoption: Adoption, *, at_most: int) -> Sequence[asyncpg.Record]:
    """Executions of the group that do not count for its prompt yet, the newest first."""
    return await tx.fetch(LEFT, adoption.workspace_id, adoption.group_key, at_most)


async def adopt(tx: Tx, adoption: Adoption, executions: Sequence[UUID]) -> int:
    """They count for it now, in the books and in the facts. Returns how many."""
    moved: int = await tx.fetchval("SELECT adopt_executions($1, $2, $3)", adoption.workspace_id, adoption.group_key, list(executions))
    return moved


async def note(tx: Tx, adoption: Adoption, *, moved: int, is_over: bool) -> None:
    await tx.execute(
        """UPDATE execution_groups SET moved = moved + $3, completed_at = CASE WHEN $4 THEN clock_timestamp() END
            WHERE workspace_id = $1 AND group_key = $2""",
        adoption.workspace_id,
        adoption.group_key,
        moved,
        is_over,
    )


def columns_of(rows: Sequence[asyncpg.Record], names: Sequence[str], **changed: Any) -> dict[str, list[Any]]:
    """The rows column by column, as a message would have brought them; `changed`: the same for all."""
    return {name: [changed[name]] * len(rows) if name in changed else [_as_sent(name, row) for row in rows] for name in names}


def _as_sent(name: str, row: asyncpg.Record) -> Any:
    if name == "lane":
        return "batch" if row["traffic"] == "batch" else "interactive"
    value: Any = row.get(name, 0)
    if name == "finished_at":
        return value.isoformat()
    return str(value) if isinstance(value, UUID) else value
