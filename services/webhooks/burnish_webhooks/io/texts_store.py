"""SQL of texts that an endpoint asked for. They are read when they are sent and kept nowhere: what is erased is not sent any more."""

import json
from typing import Any
from uuid import UUID

from burnish_shared.db.session import Tx
from burnish_webhooks.io.deliveries_store import Due


async def load(tx: Tx, due: Due) -> dict[str, Any] | None:
    """The wanted texts of the execution that the event is about; null where none is stored. None for an event without an execution."""
    execution_id = _execution_of(due.body)
    if execution_id is None:
        return None
    row = await tx.fetchrow(
        "SELECT messages, variables, output FROM execution_contents WHERE workspace_id = $1 AND execution_id = $2",
        due.claim.workspace_id,
        execution_id,
    )
    return {name: row[name] if row is not None else None for name in due.include}


def _execution_of(body: bytes) -> UUID | None:
    named = json.loads(body)["data"].get("execution_id")
    try:
        return UUID(named) if isinstance(named, str) else None
    except ValueError:
        return None
