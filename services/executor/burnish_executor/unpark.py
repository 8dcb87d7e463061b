"""Fetches what of a request was too big to travel in it: its messages, and large variables."""

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
    held = json.loads(body)
    if isinstance(held, list):
        run.request = run.request.model_copy(update={"messages": held})
        return
    pairs = zip(run.request.fallbacks, held["of_fallbacks"], strict=True)  # texts of their own, which were parked with the first one's
    fallbacks = [one.model_copy(update={"messages": messages}) for one, messages in pairs]
    variables = {"variables": held["variables"]} if "variables" in held else {}
    run.request = run.request.model_copy(update={"messages": held["messages"], "fallbacks": fallbacks, **variables})
