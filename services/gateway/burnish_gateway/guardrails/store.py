"""Guardrails and masking in SQL."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from asyncpg import Record

from burnish_shared.db.session import Tx

COLUMNS = "guardrail_id, name, prompts, sides, settings, active, created_by, created_at, updated_at"


async def add(tx: Tx, workspace_id: UUID, guardrail_id: UUID, **columns: Any) -> None:
    """`columns`: names of this module's callers, never of a request."""
    names = sorted(columns)
    await tx.execute(
        f"INSERT INTO guardrails (workspace_id, guardrail_id, {', '.join(names)}) "
        f"VALUES ($1, $2, {', '.join(f'${n}' for n in range(3, 3 + len(names)))})",
        workspace_id,
        guardrail_id,
        *(columns[name] for name in names),
    )


async def change(tx: Tx, guardrail_id: UUID, **columns: Any) -> None:
    """`columns`: names of this module's callers, never of a request."""
    names = sorted(columns)
    sets = ", ".join(f"{name} = ${n}" for n, name in enumerate(names, start=2))
    await tx.execute(
        f"UPDATE guardrails SET {sets}, updated_at = clock_timestamp() WHERE guardrail_id = $1",
        guardrail_id,
        *(columns[name] for name in names),
    )


async def remove(tx: Tx, guardrail_id: UUID) -> None:
    await tx.execute("DELETE FROM guardrails WHERE guardrail_id = $1", guardrail_id)


async def find(tx: Tx, guardrail_id: UUID) -> Record | None:
    return await tx.fetchrow(f"SELECT {COLUMNS} FROM guardrails WHERE guardrail_id = $1", guardrail_id)


async def find_named(tx: Tx, name: str, *, but: UUID | None) -> UUID | None:
    found: UUID | None = await tx.fetchval(
        "SELECT guardrail_id FROM guardrails WHERE name = $1 AND guardrail_id IS DISTINCT FROM $2", name, but
    )
    return found


async def count(tx: Tx) -> int:
    counted: int = await tx.fetchval("SELECT count(*) FROM guardrails")
    return counted


async def list_newest(tx: Tx, *, after: UUID | None, limit: int) -> Sequence[Record]:
    """Newest first, at most limit + 1."""
    return await tx.fetch(
        f"SELECT {COLUMNS} FROM guardrails WHERE ($1::uuid IS NULL OR guardrail_id < $1) ORDER BY guardrail_id DESC LIMIT $2",
        after,
        limit + 1,
    )


async def find_masking(tx: Tx) -> Record | None:
    return await tx.fetchrow("SELECT settings, updated_by, updated_at FROM masking")


async def put_masking(tx: Tx, workspace_id: UUID, settings: dict[str, Any], *, by: str) -> None:
    await tx.execute(
        "INSERT INTO masking (workspace_id, settings, updated_by) VALUES ($1, $2, $3) ON CONFLICT (workspace_id) "
        "DO UPDATE SET settings = excluded.settings, updated_by = excluded.updated_by, updated_at = clock_timestamp()",
        workspace_id,
        settings,
        by,
    )
