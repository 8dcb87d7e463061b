"""The answer to a repeat with the same Idempotency-Key: what the first one got, as it stands in the books (PROMISES G-02, G-03)."""

import asyncio
from typing import Final
from uuid import UUID

from burnish_gateway.access.principal import Principal
from burnish_gateway.deps import Gateway
from burnish_gateway.execution import books, store
from burnish_shared.contracts.executions import ErrorInfo
from burnish_shared.errors import IdempotencyInProgress

FIRST_LOOK_S = 0.02
LOOK_MOST_S = 0.25

NOT_KEPT: Final = ErrorInfo(
    type="conflict_error",
    code="answer_not_kept",
    message="The first request with this Idempotency-Key was answered and paid, and no text of it is kept; ask again with another key.",
)


async def replay(execution_id: UUID, *, gateway: Gateway, principal: Principal, wait: bool) -> bytes:
    """The Outcome as JSON, byte for byte; a success whose text is not kept as an error.

    Waits for one that is still running when `wait`, at most `replay_wait_s`.

    Raises IdempotencyInProgress when it has not ended by then, or this gateway is stopped and gives no more time.
    """
    loop = asyncio.get_running_loop()
    give_up_at = loop.time() + (gateway.settings.replay_wait_s if wait else 0.0)
    pause_s = FIRST_LOOK_S
    while True:
        async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
            row = await store.find_execution(tx, execution_id)
            if row is not None:
                await store.flush(tx)
        if row is not None:
            return books.outcome_in(row, lost=NOT_KEPT)
        if loop.time() >= give_up_at or gateway.inbox.is_over:
            raise IdempotencyInProgress("The first request with this Idempotency-Key is still running; try again.", retry_after_s=1)
        await asyncio.sleep(pause_s)
        pause_s = min(LOOK_MOST_S, pause_s * 2)
