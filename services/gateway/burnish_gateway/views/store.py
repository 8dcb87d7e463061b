"""Saved views in SQL."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from asyncpg import Record

from burnish_shared.db.session import Tx

COLUMNS = "view_id, place, name, filters, updated_by, updated_at"


async def add(tx: Tx, workspace_id: UUID, view_id: UUID, *, place: str, name: str, filters: Mapping[str, Any], by: str) -> None:
    await tx.execute(
        "INSERT INTO saved_views (workspace_id, view_id, place, name, filters, updated_by) VALUES ($1, $2, $3, $4, $5, $6)",
        workspace_id, view_id, place, name, filters, by,
    )  # fmt: skip


async def change(tx: Tx, view_id: UUID, *, name: str | None, filters: Mapping[str, Any] | None, by: str) -> None:
    """None: it stays as it is."""
    await tx.execute(
        "UPDATE saved_views SET name = coalesce($2, name), filters = coalesce($3, filters), updated_by = $4, "
        "updated_at = clock_timestamp() WHERE view_id = $1",
        view_id, name, filters, by,
    )  # fmt: skip


async def remove(tx: Tx, view_id: UUID) -> None:
    await tx.execute("DELETE FROM saved_views WHERE view_id = $1", view_id)


async def find(tx: Tx, view_id: UUID) -> Record | None:
    return await tx.fetchrow(f"SELECT {COLUMNS} FROM saved_views WHERE view_id = $1", view_id)


async def is_taken(tx: Tx, place: str, name: str, *, but: UUID | None) -> bool:
    """Whether another view of the place has the name, in whatever case."""
    found: bool = await tx.fetchval(
        "SELECT EXISTS (SELECT FROM saved_views WHERE place = $1 AND lower(name) = lower($2) AND view_id IS DISTINCT FROM $3)",
        place, name, but,
    )  # fmt: skip
    return found


async def count(tx: Tx) -> int:
    counted: int = await tx.fetchval("SELECT count(*) FROM saved_views")
    return counted


async def list_named(tx: Tx, place: str | None) -> Sequence[Record]:
    """By place and name. None: of all places."""
    return await tx.fetch(
        f"SELECT {COLUMNS} FROM saved_views WHERE ($1::text IS NULL OR place = $1) ORDER BY place, lower(name), view_id", place
    )
