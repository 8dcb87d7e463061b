"""Cancels an execution by its id, whoever waits for it (PROMISES G-11)."""

import asyncio
from uuid import UUID

import nats.errors
import structlog

from burnish_gateway.access.principal import Principal
from burnish_gateway.deps import Gateway
from burnish_gateway.execution import store
from burnish_shared import subjects
from burnish_shared.bus.frames import CALLED_OFF
from burnish_shared.errors import NotFound
from burnish_shared.waiting import heeding

log = structlog.get_logger("burnish.gateway")

WAIT_S = 2.0
"""How long it is waited for the row. An executor ends a call within a second."""

TELL_AGAIN_S = 0.25
"""The word to the executor may be lost, or come before the executor has begun."""


async def cancel(gateway: Gateway, principal: Principal, execution_id: UUID) -> str:
    """How it ended, or `running` where that is not written within WAIT_S. Raises NotFound for absent and foreign alike."""
    async with gateway.db.unit_of_work(workspace=principal.workspace_id) as tx:
        if await store.cancel_queued(tx, execution_id, principal.workspace_id):
            gateway.relay.wake()
    loop = asyncio.get_running_loop()
    give_up_at = loop.time() + WAIT_S
    while True:
        async with gateway.db.unit_of_work(workspace=principal.workspace_id) as tx:
            row = await store.find_execution(tx, execution_id)
            is_open = row is None and await store.find_open(tx, execution_id) is not None
            if row is None and not is_open:
                row = await store.find_execution(tx, execution_id)  # it may have ended between the two looks
            await store.flush(tx)
        if row is not None:
            return str(row["status"])
        if not is_open:
            raise NotFound("There is no execution of this id.")
        if loop.time() >= give_up_at:
            return "running"
        await _tell(gateway, execution_id)
        await asyncio.sleep(TELL_AGAIN_S)


async def _tell(gateway: Gateway, execution_id: UUID) -> None:
    try:
        await heeding(gateway.bus.nc.publish(subjects.execution_cancel(execution_id), CALLED_OFF))
    except (nats.errors.Error, OSError) as error:
        log.warning("execution.cancel_not_sent", execution_id=str(execution_id), error=type(error).__name__)
