"""Evaluators in SQL."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from asyncpg import Record, UniqueViolationError

from burnish_shared.db.session import Tx
from burnish_shared.errors import Conflict

COLUMNS = "evaluator_id, name, kind, version, settings, created_by, created_at, archived_at"
VERSION = "evaluator_id, version, settings, message, created_by, created_at"


async def add(tx: Tx, workspace_id: UUID, evaluator_id: UUID, *, name: str, settings: dict[str, Any], author: str) -> Record:
    """The new row. Raises Conflict where an evaluator in use has this name, in whatever case."""
    try:
        row = await tx.fetchrow(
            "INSERT INTO evaluators (evaluator_id, workspace_id, name, kind, settings, created_by) VALUES ($1, $2, $3, $4, $5, $6) "
            f"RETURNING {COLUMNS}",
            evaluator_id, workspace_id, name, settings["kind"], settings, author,
        )  # fmt: skip
        await add_version(tx, workspace_id, evaluator_id, version=1, settings=settings, message="", author=author)
    except UniqueViolationError as error:
        raise Conflict(f"name: an evaluator {name!r} is in use; archive it first, or take another name.", param="name") from error
    if row is None:
        raise RuntimeError("an insert returned nothing")
    return row


async def add_version(
    tx: Tx, workspace_id: UUID, evaluator_id: UUID, *, version: int, settings: dict[str, Any], message: str, author: str
) -> Record | None:
    return await tx.fetchrow(
        "INSERT INTO evaluator_versions (workspace_id, evaluator_id, version, settings, message, created_by) "
        f"VALUES ($1, $2, $3, $4, $5, $6) RETURNING {VERSION}",
        workspace_id, evaluator_id, version, settings, message, author,
    )  # fmt: skip


async def make_newest(tx: Tx, evaluator_id: UUID, *, version: int, settings: dict[str, Any]) -> None:
    """The caller has locked the evaluator."""
    await tx.execute("UPDATE evaluators SET version = $2, settings = $3 WHERE evaluator_id = $1", evaluator_id, version, settings)


async def lock(tx: Tx, evaluator_id: UUID) -> Record | None:
    """The row as it stands; nobody else makes a version of it before this transaction ends."""
    return await tx.fetchrow(f"SELECT {COLUMNS} FROM evaluators WHERE evaluator_id = $1 FOR NO KEY UPDATE", evaluator_id)


async def list_versions(tx: Tx, evaluator_id: UUID, *, below: int | None, limit: int) -> Sequence[Record]:
    """Newest first, at most limit + 1."""
    return await tx.fetch(
        f"SELECT {VERSION} FROM evaluator_versions WHERE evaluator_id = $1 AND ($2::integer IS NULL OR version < $2) "
        "ORDER BY version DESC LIMIT $3",
        evaluator_id,
        below,
        limit + 1,
    )


async def count_in_use(tx: Tx, workspace_id: UUID) -> int:
    counted: int = await tx.fetchval("SELECT count(*) FROM evaluators WHERE workspace_id = $1 AND archived_at IS NULL", workspace_id)
    return counted


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
