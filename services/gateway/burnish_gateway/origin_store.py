"""Which executions were made elsewhere, and what they are called there, in SQL."""

from collections.abc import Collection
from typing import Any
from uuid import UUID

from asyncpg import Record

from burnish_shared.db.session import Tx
from burnish_shared.ids import new_uuid

TheirId = tuple[str, str]
"""Source, and the source's own id."""


async def ids_of(tx: Tx, workspace_id: UUID, wanted: Collection[TheirId]) -> dict[TheirId, UUID]:
    """Our id of each; one that was never seen gets one now, a later one of `wanted` a greater one. Two at once get the same."""
    given = {one: new_uuid() for one in dict.fromkeys(wanted)}
    if not given:
        return {}
    ordered = sorted(given)  # The order of locks.
    sources, theirs = [one[0] for one in ordered], [one[1] for one in ordered]
    await tx.execute(
        """INSERT INTO imported_ids (workspace_id, source, their_id, execution_id)
           SELECT $1, * FROM unnest($2::text[], $3::text[], $4::uuid[]) ON CONFLICT DO NOTHING""",
        workspace_id,
        sources,
        theirs,
        [given[one] for one in ordered],
    )
    rows = await tx.fetch(
        "SELECT source, their_id, execution_id FROM imported_ids i JOIN unnest($2::text[], $3::text[]) u(source, their_id) "
        "USING (source, their_id) WHERE i.workspace_id = $1",
        workspace_id,
        sources,
        theirs,
    )
    return {(row["source"], row["their_id"]): row["execution_id"] for row in rows}


async def count_known(tx: Tx, workspace_id: UUID, wanted: Collection[TheirId]) -> int:
    """How many of these have an execution here."""
    count: int = await tx.fetchval(
        """SELECT count(*) FROM imported_ids i JOIN unnest($2::text[], $3::text[]) u(source, their_id) USING (source, their_id)
            WHERE i.workspace_id = $1""",
        workspace_id,
        [one[0] for one in wanted],
        [one[1] for one in wanted],
    )
    return count


async def find_origin(tx: Tx, execution_id: UUID) -> Record | None:
    """Where an execution came from; None for one of our own."""
    return await tx.fetchrow("SELECT source, their_id, reported_cost_nusd FROM imported_ids WHERE execution_id = $1", execution_id)


def origin_shown(row: Record) -> dict[str, Any]:
    return {"source": row["source"], "id": row["their_id"], "reported_cost_nusd": row["reported_cost_nusd"]}
