"""Names that clients gave their requests, in the database."""

from uuid import UUID

from asyncpg import Record

from burnish_shared.books.admission_request import IdempotencyKey
from burnish_shared.db.session import Tx


async def claim(tx: Tx, workspace_id: UUID, name: str, *, execution_id: UUID) -> UUID:
    """Whose name it is from now on: this execution's, or that of the one that had it before.

    One that nobody took, or that a crash left without row and hold, gives it up.
    """
    taken: UUID | None = await tx.fetchval(
        "INSERT INTO client_requests AS c (workspace_id, client_request_id, execution_id) VALUES ($1, $2, $3) "
        "ON CONFLICT (workspace_id, client_request_id) DO UPDATE SET execution_id = excluded.execution_id, at = clock_timestamp() "
        "WHERE EXISTS (SELECT FROM executions e WHERE e.execution_id = c.execution_id AND e.error ->> 'code' = 'not_dispatched') "
        "OR c.at < clock_timestamp() - interval '1 minute' "
        "AND NOT EXISTS (SELECT FROM executions e WHERE e.execution_id = c.execution_id) "
        "AND NOT EXISTS (SELECT FROM holds h WHERE h.execution_id = c.execution_id) RETURNING execution_id",
        workspace_id,
        name,
        execution_id,
    )
    if taken is not None:
        return taken
    owner: UUID = await tx.fetchval(
        "SELECT execution_id FROM client_requests WHERE workspace_id = $1 AND client_request_id = $2", workspace_id, name
    )
    return owner


async def let_go(tx: Tx, workspace_id: UUID, name: str, *, execution_id: UUID) -> None:
    """Of an execution that was not admitted; one whose admission got through, and only its answer was lost, keeps its name."""
    await tx.execute(
        "DELETE FROM client_requests WHERE workspace_id = $1 AND client_request_id = $2 AND execution_id = $3 "
        "AND NOT EXISTS (SELECT FROM holds WHERE execution_id = $3) AND NOT EXISTS (SELECT FROM executions WHERE execution_id = $3)",
        workspace_id,
        name,
        execution_id,
    )


async def execution_under(tx: Tx, workspace_id: UUID, *, route: str, key: str) -> UUID | None:
    """The execution that was admitted with this idempotency key."""
    found: UUID | None = await tx.fetchval(
        "SELECT execution_id FROM idempotency_keys WHERE workspace_id = $1 AND route = $2 AND key = $3", workspace_id, route, key
    )
    return found


async def find_key(tx: Tx, workspace_id: UUID, *, key: IdempotencyKey) -> Record | None:
    """The execution that was admitted with this key, and whether `is_same`: with the same body."""
    return await tx.fetchrow(
        "SELECT execution_id, fingerprint = $4 AS is_same FROM idempotency_keys WHERE workspace_id = $1 AND route = $2 AND key = $3 "
        "AND execution_id IS NOT NULL",
        workspace_id,
        key.route,
        key.key,
        key.fingerprint,
    )


async def is_being_admitted(tx: Tx, execution_id: UUID) -> bool:
    """Neither booked nor held: it is being admitted, or was given up a moment ago."""
    return not await tx.fetchval(
        "SELECT EXISTS (SELECT FROM executions WHERE execution_id = $1) OR EXISTS (SELECT FROM holds WHERE execution_id = $1)",
        execution_id,
    )
