"""The SQL of erasures, as far as the gateway is concerned."""

from typing import Final
from uuid import UUID

from burnish_gateway.privacy.erasure import Erasure
from burnish_shared.db.session import Tx

_ERASURE: Final = """erasure_id, workspace_id, subject_digest, reason, requested_by, requested_at, restored, status, pass AS number,
                    nullif(next_pass_at, 'infinity') AS next_pass_at, counts, completed_at, last_pass_at"""


async def insert_erasure(
    tx: Tx, workspace_id: UUID, erasure_id: UUID, *, digest: bytes, key: bytes, reason: str, requested_by: str
) -> Erasure:
    """The new erasure; analytics begins with it within seconds."""
    (row,) = await tx.fetch(
        f"""INSERT INTO erasures (erasure_id, workspace_id, subject_digest, subject_key, reason, requested_by)
            VALUES ($1, $2, $3, $4, $5, $6) RETURNING {_ERASURE}""",
        erasure_id,
        workspace_id,
        digest,
        key,
        reason,
        requested_by,
    )
    return Erasure(**dict(row))


async def find_erasure(tx: Tx, workspace_id: UUID, erasure_id: UUID) -> Erasure | None:
    row = await tx.fetchrow(f"SELECT {_ERASURE} FROM erasures WHERE workspace_id = $1 AND erasure_id = $2", workspace_id, erasure_id)
    return Erasure(**dict(row)) if row else None


async def list_erasures(tx: Tx, workspace_id: UUID, *, before: UUID | None, limit: int) -> list[Erasure]:
    """Newest first, those asked for before `before`."""
    rows = await tx.fetch(
        f"""SELECT {_ERASURE} FROM erasures WHERE workspace_id = $1 AND ($2::uuid IS NULL OR erasure_id < $2)
             ORDER BY erasure_id DESC LIMIT $3""",
        workspace_id,
        before,
        limit,
    )
    return [Erasure(**dict(row)) for row in rows]


async def standing(tx: Tx) -> tuple[int, int]:
    """How many erasures this database knows, and how many of them came back from the stream and have not been done again."""
    (row,) = await tx.fetch("SELECT known, unapplied FROM erasures_standing()")
    return row["known"], row["unapplied"]


async def without_key(tx: Tx, *, at_most: int) -> list[tuple[UUID, UUID]]:
    """(workspace, erasure) of those that came back from the stream, which does not hold their keys."""
    rows = await tx.fetch("SELECT workspace_id, erasure_id FROM erasures_without_key($1)", at_most)
    return [(row["workspace_id"], row["erasure_id"]) for row in rows]


async def give_key(tx: Tx, workspace_id: UUID, erasure_id: UUID, *, key: bytes) -> None:
    await tx.execute(
        "UPDATE erasures SET subject_key = $3 WHERE workspace_id = $1 AND erasure_id = $2 AND subject_key IS NULL",
        workspace_id,
        erasure_id,
        key,
    )
