"""Puts what is too big for one message of the bus, images most of all, where an executor fetches it (claim-check)."""

from burnish_gateway.deps import Gateway
from burnish_gateway.execution.order import REQUEST_MOST_BYTES, checked_size
from burnish_shared.books.finished import json_text
from burnish_shared.bus import payloads
from burnish_shared.contracts.executions import ExecutionRequest, Lane, PayloadRef

REST_S = 3600.0
"""What is parked outlives the deadline by an hour, for whoever still has to book the execution."""

VARIABLES_MOST_BYTES = REQUEST_MOST_BYTES // 4
"""Larger variables are parked with the messages, in which they stand too: a picture is a variable, or in a placeholder."""


async def parked(request: ExecutionRequest, gateway: Gateway) -> ExecutionRequest:
    """The same request, which carries a reference in place of its messages. Raises PayloadTooLarge, and Unavailable while NATS is away."""
    return request if request.parked is not None else bare(request, await _put_aside(request, gateway))


async def parked_if_big(request: ExecutionRequest, gateway: Gateway) -> PayloadRef | None:
    """Where the messages of a background request lie, which is written with its hold; None where they travel in it. Raises as `parked`."""
    body = checked_size(request.model_dump_json(exclude_defaults=True).encode())
    return None if len(body) <= REQUEST_MOST_BYTES else await _put_aside(request, gateway)


def bare(request: ExecutionRequest, ref: PayloadRef) -> ExecutionRequest:
    """Without the messages, and the variables, that lie there. What the call may cost is counted before: it needs them."""
    of_fallbacks = [one.model_copy(update={"messages": None}) for one in request.fallbacks]
    variables = {} if _has_big_variables(request) else request.variables
    return request.model_copy(update={"messages": [], "variables": variables, "fallbacks": of_fallbacks, "parked": ref})


async def _put_aside(request: ExecutionRequest, gateway: Gateway) -> PayloadRef:
    is_queued = request.lane is Lane.BACKGROUND
    waits_s = gateway.settings.queue_limit_s if is_queued else (request.deadline_at - request.sent_at).total_seconds()
    of_fallbacks = [one.messages for one in request.fallbacks]
    variables = {"variables": request.variables} if _has_big_variables(request) else {}
    held = {"messages": request.messages, "of_fallbacks": of_fallbacks, **variables} if variables or any(of_fallbacks) else request.messages
    return await payloads.put(gateway.bus, json_text(held).encode(), keep_s=waits_s + REST_S)


def _has_big_variables(request: ExecutionRequest) -> bool:
    """By the variables alone, so that what is put aside and what is left of a request agree, whatever else changes in between."""
    return len(json_text(request.variables).encode()) > VARIABLES_MOST_BYTES
