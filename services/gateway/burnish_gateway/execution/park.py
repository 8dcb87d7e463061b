"""Puts messages that are too big for one message of the bus, images most of all, where an executor fetches them (claim-check)."""

from burnish_gateway.deps import Gateway
from burnish_gateway.execution.order import REQUEST_MOST_BYTES, checked_size
from burnish_shared.books.finished import json_text
from burnish_shared.bus import payloads
from burnish_shared.contracts.executions import ExecutionRequest, Lane

REST_S = 3600.0
"""Parked messages outlive the deadline by an hour, for whoever still has to book the execution."""


async def parked(request: ExecutionRequest, gateway: Gateway) -> ExecutionRequest:
    """The same request, which carries a reference in place of its messages. Raises PayloadTooLarge, and Unavailable while NATS is away."""
    if request.parked is not None:
        return request
    is_queued = request.lane is Lane.BACKGROUND
    waits_s = gateway.settings.queue_limit_s if is_queued else (request.deadline_at - request.sent_at).total_seconds()
    of_fallbacks = [one.messages for one in request.fallbacks]
    held = {"messages": request.messages, "of_fallbacks": of_fallbacks} if any(of_fallbacks) else request.messages
    ref = await payloads.put(gateway.bus, json_text(held).encode(), keep_s=waits_s + REST_S)
    bare = [one.model_copy(update={"messages": None}) for one in request.fallbacks]
    return request.model_copy(update={"messages": [], "fallbacks": bare, "parked": ref})


async def parked_if_big(request: ExecutionRequest, gateway: Gateway) -> ExecutionRequest:
    """Of a background request, whose message is written with its hold."""
    body = checked_size(request.model_dump_json(exclude_defaults=True).encode())
    return request if len(body) <= REQUEST_MOST_BYTES else await parked(request, gateway)
