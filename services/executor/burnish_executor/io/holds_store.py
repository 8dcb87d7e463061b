"""What is held for executions, as executors read it beside the books."""

from uuid import UUID

from burnish_shared.db.session import Tx


async def is_called_off(tx: Tx, workspace_id: UUID, execution_id: UUID) -> bool:
    """Whether a call of the API cancelled it, which who had it then may not have heard."""
    found: bool | None = await tx.fetchval(
        "SELECT called_off FROM holds WHERE workspace_id = $1 AND execution_id = $2", workspace_id, execution_id
    )
    return bool(found)
