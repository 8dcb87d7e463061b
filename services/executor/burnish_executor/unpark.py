"""Fetches the messages of a request that were too big to travel in it."""

import json

import structlog

from burnish_executor.run import Run, describe
from burnish_shared.bus import payloads
from burnish_shared.bus.connect import Bus
from burnish_shared.errors import Unavailable

log = structlog.get_logger("burnish.executor")


async def unpark(run: Run, bus: Bus) -> None:
    """Leaves any other request alone. Raises Unavailable; then the execution is tried again, or ended by the sweeper."""
    ref = run.request.parked
    if ref is None or run.request.messages:
        return
    try:
        body = await payloads.get(bus, ref)
    except Unavailable as error:
        log.warning("execution.not_unparked", bytes=ref.bytes, reason=type(error).__name__, **describe(run))
        raise
    run.request = run.request.model_copy(update={"messages": json.loads(body)})
