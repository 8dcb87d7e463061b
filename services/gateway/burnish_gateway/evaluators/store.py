"""Evaluators in SQL."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from asyncpg import Record, UniqueViolationError

from burnish_shared.db.session import Tx
from burnish_shared.errors import Conflict

COLUMNS = "evaluator_id, name, kind, settings, created_by, created_at, archived_at"


async def add(tx: Tx, workspace_id: UUID, evaluator_id: UUID, *, name: str, settings: dict[str, Any], author: str) -> Record:
    """The new row. Raises Conflict where an evaluator in use has this name, in whatever case."""
    try:
        row = await tx.fetchrow(
            "INSERT INTO evaluators (evaluator_id, workspace_id, name, kind, settings, created_by) VALUES ($1, $2, $3, $4, $5, $6) "
            f"RETURNING {COLUMNS}",
            evaluator_id, workspace_id, name, settings["kind"], settings, author,
        )  # fmt: skip
    except UniqueViolationError as error:
        raise Conflict(f"name: an evaluator {name!r} is in use; archive it first, or take another name.", param="name") from error
    if row is None:
        raise RuntimeError("an insert returned nothing")
    return row


async def find(tx: Tx, evaluator_id: UUID) -> Record | None:
    return await tx.fetchrow(f"SELECT {COLUMNS} FROM evaluators WHERE evaluator_id = $1", evaluator_id)


async def list_newest(tx: Tx, *, after: UUID | None, archived: bool, limit: int) -> Sequence[Record]:
    """Newest first, at most limit + 1; archived ones only where they are asked for."""
    return await tx.fetch(
        f"SELECT {COLUMNS} FROM evaluators WHERE ($1::uuid IS NULL OR evaluator_id < $1) AND ($2 OR archived_at IS NULL) "
        "ORDER BY evaluator_id DESC LIMIT $3",
        after,
        archived,
        limit + 1,
    )


async def archive(tx: Tx, evaluator_id: UUID) -> Record | None:
    """The row, archived now or before; None when there is none."""
    return await tx.fetchrow(
        f"UPDATE evaluators SET archived_at = coalesce(archived_at, clock_timestamp()) WHERE evaluator_id = $1 RETURNING {COLUMNS}",
        evaluator_id,
    )
