"""Answer one call to `POST /v1/chat/completions`: read, let the model speak, and spoil the answer if a fault was asked for."""

import secrets
import time
from collections.abc import Mapping
from dataclasses import replace

from burnish_simulator.chat_request import ChatRequest, read_request
from burnish_simulator.counters import Counters
from burnish_simulator.delivery import Delivery, buffered, json_delivery, streamed, usage_json
from burnish_simulator.fault_script import FaultScript
from burnish_simulator.faults import Fault, parse_fault, spoiled, spoiled_usage
from burnish_simulator.latency import latency, read_ratio
from burnish_simulator.models import FAULT_PREFIX, SPEAKERS, Completion, complete, plain_name
from burnish_simulator.refusals import Refusal, error_body

FAULT_HEADER = "x-simulated-fault"
LATENCY_HEADER = "x-simulated-latency"


def answer_call(body: bytes, headers: Mapping[str, str], *, counters: Counters, script: FaultScript, latency_ratio: float) -> Delivery:
    """What is sent for a body. Never raises: what is wrong with the request becomes an error answer.

    `latency_ratio` holds when the request does not say otherwise.
    """
    counters.request_bytes += len(body)
    counted_as = "invalid"
    try:
        request = read_request(body)
        name = plain_name(request.model)
        counted_as = name if name in SPEAKERS else "fault" if name.startswith(FAULT_PREFIX) else "unknown"
        ratio = _ratio(headers, default=latency_ratio)
        fault = _fault_of(name, headers, script)
        completion = complete(request, model=fault.answered_by if fault and name.startswith(FAULT_PREFIX) else name)
    except Refusal as refusal:
        return json_delivery(
            error_body(refusal.message, status=refusal.status, param=refusal.param, code=refusal.code), status=refusal.status
        )
    finally:
        counters.requests[counted_as] += 1
    counters.prompt_tokens += completion.prompt_tokens
    counters.completion_tokens += completion.completion_tokens
    counters.streamed += bool(request.stream)
    return _delivery(request, completion, fault=script.due(fault), ratio=ratio, counters=counters)


def _ratio(headers: Mapping[str, str], *, default: float) -> float:
    try:
        return read_ratio(headers.get(LATENCY_HEADER), default=default)
    except ValueError as error:
        raise Refusal(f"{LATENCY_HEADER} may be on, off, or a factor from 0 to 100.", param=LATENCY_HEADER, code="invalid_value") from error


def _fault_of(name: str, headers: Mapping[str, str], script: FaultScript) -> Fault | None:
    """The fault of a call: from its header, else from its model's name, else the one armed for its model."""
    if wanted := headers.get(FAULT_HEADER):
        return parse_fault(wanted)
    if name.startswith(FAULT_PREFIX):
        return parse_fault(name.removeprefix(FAULT_PREFIX))
    return script.armed.get(name)


def _delivery(request: ChatRequest, completion: Completion, *, fault: Fault | None, ratio: float, counters: Counters) -> Delivery:
    completion_id, created = f"chatcmpl-{secrets.token_hex(12)}", int(time.time())
    usage: str | None = usage_json(completion)
    if fault is not None and usage is not None:
        usage = spoiled_usage(fault, usage)
    if request.stream:
        plain = streamed(completion, completion_id=completion_id, created=created, usage=usage, with_usage=request.includes_usage())
    else:
        plain = buffered(completion, completion_id=completion_id, created=created, usage=usage)
    if ratio > 0:
        plain = _delayed(plain, completion, ratio=ratio, stream=bool(request.stream))
    if fault is None:
        return plain
    counters.faults[fault.name] += 1
    return spoiled(fault, plain)


def _delayed(delivery: Delivery, completion: Completion, *, ratio: float, stream: bool) -> Delivery:
    """The delivery with its simulated latency; a stream spreads it over its events."""
    waits = latency(completion.prompt_tokens, ratio=ratio)
    if not stream:
        return replace(delivery, before_s=waits.total_s(completion.completion_tokens))
    gap_s = waits.per_token_s * completion.completion_tokens / max(1, len(delivery.pieces) - 1)
    return replace(delivery, before_s=waits.first_token_s, gap_s=gap_s)
