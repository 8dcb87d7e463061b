"""What is changed of executions that have ended, in SQL: their texts go, and their metadata is said anew."""

from typing import Any, Literal
from uuid import UUID

from burnish_shared.db.session import Tx


async def find_line(tx: Tx, execution_id: UUID) -> UUID | None:
    """The first key of the line with which an execution was asked for; None: with none, or it is not there."""
    line: UUID | None = await tx.fetchval(
        "SELECT coalesce(k.first_key_id, k.api_key_id) FROM executions e JOIN api_keys k ON k.api_key_id = e.api_key_id "
        "WHERE e.execution_id = $1",
        execution_id,
    )
    return line


async def delete_texts(tx: Tx, execution_id: UUID) -> Literal["deleted", "before", "held"] | None:
    """As the function of the database says: 'before': they were deleted; 'held': a legal hold is on; None: it is not there."""
    return await tx.fetchval("SELECT delete_texts($1)", execution_id)  # type: ignore[no-any-return]


async def find_deleted_at(tx: Tx, execution_id: UUID) -> str | None:
    """When its texts were deleted, in UTC as the API says times; None: they were not."""
    at: str | None = await tx.fetchval("SELECT details ->> 'texts_deleted_at' FROM executions WHERE execution_id = $1", execution_id)
    return at


async def set_metadata(tx: Tx, execution_id: UUID, metadata: dict[str, Any]) -> bool:
    """False: no text of it is kept."""
    return bool(await tx.fetchval("SELECT set_metadata($1, $2)", execution_id, metadata))
