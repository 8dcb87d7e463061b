"""How many evaluators a workspace may have in use."""

from typing import Final
from uuid import UUID

from burnish_gateway.evaluators import store
from burnish_gateway.turns_store import take_turns
from burnish_shared.db.session import Tx

EVALUATORS_MOST: Final = 1_000
"""As many as a bundle may bring."""

NO_ROOM: Final = f"A workspace has at most {EVALUATORS_MOST:,} evaluators in use; archive one that is not needed first."


async def room_left(tx: Tx, workspace_id: UUID) -> int:
    """How many more may be made; until the commit nobody else makes one."""
    await take_turns(tx, workspace_id, "evaluators")
    return EVALUATORS_MOST - await store.count_in_use(tx, workspace_id)
