"""What is changed of executions that have ended, in SQL: their texts go, and their metadata is said anew."""

from typing import Any, Literal
from uuid import UUID

from burnish_shared.db.session import Tx


async def is_asked_with(tx: Tx, execution_id: UUID, api_key_id: UUID) -> bool:
    """Whether this key asked for an execution, or one before it in its line. Ids of keys grow with their age in a line."""
    asked: bool = await tx.fetchval(
        "SELECT EXISTS (SELECT FROM executions e JOIN api_keys k ON k.api_key_id = e.api_key_id JOIN api_keys mine "
        "ON coalesce(mine.first_key_id, mine.api_key_id) = coalesce(k.first_key_id, k.api_key_id) AND mine.api_key_id >= k.api_key_id "
        "WHERE e.execution_id = $1 AND mine.api_key_id = $2)",
        execution_id,
        api_key_id,
    )
    return asked


async def is_held(tx: Tx, workspace_id: UUID) -> bool:
    """Whether a legal hold is on, in the books: what a gateway knows by heart may be a second old."""
    return bool(await tx.fetchval("SELECT legal_hold FROM workspaces WHERE workspace_id = $1", workspace_id))


async def hold_comments(tx: Tx, execution_id: UUID) -> int:
    """How many there are on it. They are held, the first of a thread before its answers, as whoever deletes a thread holds them."""
    return len(await tx.fetch("SELECT FROM prompt_comments WHERE execution_id = $1 ORDER BY comment_id FOR UPDATE", execution_id))


async def delete_texts(tx: Tx, execution_id: UUID) -> Literal["deleted", "before", "held"] | None:
    """As the function of the database says: 'before': they were deleted; 'held': a legal hold is on; None: it is not there.

    After `hold_comments`.
    """
    return await tx.fetchval("SELECT delete_texts($1)", execution_id)  # type: ignore[no-any-return]


async def find_deleted_at(tx: Tx, execution_id: UUID) -> str | None:
    """When its texts were deleted, in UTC as the API says times; None: they were not."""
    at: str | None = await tx.fetchval("SELECT details ->> 'texts_deleted_at' FROM executions WHERE execution_id = $1", execution_id)
    return at


async def set_metadata(tx: Tx, execution_id: UUID, metadata: dict[str, Any]) -> bool:
    """False: no text of it is kept."""
    return bool(await tx.fetchval("SELECT set_metadata($1, $2)", execution_id, metadata))
