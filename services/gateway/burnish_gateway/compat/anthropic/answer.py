"""From an Outcome to a message of Anthropic's. Pure: the same outcome gives the same bytes, so a replay does too (PROMISES G-02)."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from burnish_gateway.compat.completion import finish_reason
from burnish_gateway.compat.format import Facts, burnish_of
from burnish_shared.answer_json import NoJson, read_json
from burnish_shared.beside import citations_in
from burnish_shared.json_bytes import encoded

STOP_REASONS: Final = {"stop": "end_turn", "length": "max_tokens", "tool_calls": "tool_use", "content_filter": "refusal"}


def message(outcome: Facts) -> bytes:
    """The buffered answer. `id` is the execution's, so that feedback can name it."""
    beside = outcome.get("beside") or {}
    blocks = thinking_blocks(beside) + list(text_blocks(outcome["output"] or "", beside.get("citations") or []))
    blocks += [{"type": "text", "text": beside["refusal"]}] if beside.get("refusal") else []
    blocks += [tool_use(call) for call in outcome.get("tool_calls") or []]
    body = head_of(outcome["id"], model=outcome["model"], simulated=outcome["simulated"]) | {
        "content": blocks,
        "stop_reason": stop_reason(outcome),
        "stop_sequence": beside.get("stop_sequence"),
        "usage": usage_of(outcome),
        "burnish": burnish_of(outcome),
    }
    return encoded(body)


def text_blocks(text: str, spans: Sequence[Facts]) -> Iterator[dict[str, Any]]:
    """The text, cut where what it rests on changes, as Anthropic cut it. `spans`: in their order."""
    at = 0
    for span in spans:
        begin, end = max(at, span["start"]), min(span["end"], len(text))
        if begin >= end:
            continue
        if at < begin:
            yield {"type": "text", "text": text[at:begin]}
        yield {"type": "text", "text": text[begin:end], "citations": citations_in(span)}
        at = end
    if at < len(text):
        yield {"type": "text", "text": text[at:]}


def thinking_blocks(beside: Facts) -> list[dict[str, Any]]:
    """As Anthropic signed them; what another provider's model thought, as a block without a signature."""
    if beside.get("thinking"):
        return list(beside["thinking"])
    return [{"type": "thinking", "thinking": beside["reasoning"], "signature": ""}] if beside.get("reasoning") else []


def head_of(execution_id: str, *, model: str, simulated: bool) -> dict[str, Any]:
    head = {"id": execution_id, "type": "message", "role": "assistant", "model": model}
    return head | {"simulated": True} if simulated else head


def stop_reason(outcome: Facts) -> str:
    beside = outcome.get("beside") or {}
    if beside.get("stop_sequence") is not None:
        return "stop_sequence"
    if beside.get("refusal"):
        return "refusal"
    reason = finish_reason(outcome)
    return STOP_REASONS.get(reason, reason)


def usage_of(outcome: Facts) -> dict[str, Any]:
    """Anthropic counts cached input beside the rest. `cost_nusd` is what was charged; `source`: who counted, the provider or we."""
    usage = outcome["usage"]
    return {
        "input_tokens": usage["input_tokens"] - usage["cached_input_tokens"] - usage.get("cache_write_input_tokens", 0),
        "cache_creation_input_tokens": usage.get("cache_write_input_tokens", 0),
        "cache_read_input_tokens": usage["cached_input_tokens"],
        "output_tokens": usage["output_tokens"],
        "cost_nusd": outcome["cost_nusd"],
        "source": usage["source"],
    }


def tool_use(call: dict[str, Any]) -> dict[str, Any]:
    """A call whose arguments are no JSON object, which a model can write, is passed on with an empty input."""
    function = call.get("function") or {}
    try:
        given = read_json(function.get("arguments") or "{}")
    except NoJson:
        given = {}
    return {
        "type": "tool_use",
        "id": call.get("id", ""),
        "name": function.get("name", ""),
        "input": given if isinstance(given, dict) else {},
    }
