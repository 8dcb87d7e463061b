"""From an Outcome to a chat completion. Pure: the same outcome gives the same bytes, so a replay does too (PROMISES G-02)."""

from typing import Any
from uuid import UUID

from burnish_gateway.compat.format import Facts, burnish_of, setup_in, tier_in
from burnish_shared.beside import message_fields
from burnish_shared.ids import created_s
from burnish_shared.json_bytes import encoded


def completion(outcome: Facts) -> bytes:
    """The buffered answer. `id` is the execution's, so that feedback can name it."""
    return encoded(completion_object(outcome))


def completion_object(outcome: Facts) -> Facts:
    return head_of(outcome["id"], model=outcome["model"], simulated=outcome["simulated"], is_chunk=False) | {
        "choices": choices_of(outcome),
        "usage": usage_of(outcome),
        "burnish": burnish_of(outcome),
        **tier_in(outcome),
        **setup_in(outcome),
    }


def choices_of(outcome: Facts) -> list[Facts]:
    """One, unless several were asked for."""
    return [
        {
            "index": index,
            "message": _message(one),
            "logprobs": {"content": one["logprobs"], "refusal": None} if one.get("logprobs") else None,
            "finish_reason": finish_reason(one),
        }
        for index, one in enumerate(outcome.get("choices") or [outcome])
    ]


def _message(said: Facts) -> Facts:
    calls = said.get("tool_calls")
    message = {"role": "assistant", "content": said["output"] or (None if calls else ""), "refusal": None}
    if beside := said.get("beside"):
        message |= message_fields(beside)
    return message | {"tool_calls": calls} if calls else message


def head_of(execution_id: UUID | str, *, model: str, simulated: bool, is_chunk: bool) -> dict[str, Any]:
    """What a completion and each of its chunks begin with."""
    identifier = execution_id if isinstance(execution_id, str) else str(execution_id)
    kind = "chat.completion.chunk" if is_chunk else "chat.completion"
    head = {"id": identifier, "object": kind, "created": created_s(identifier), "model": model}
    return head | {"simulated": True} if simulated else head


def finish_reason(outcome: Facts) -> str:
    """What calls tools ends with that, also where its provider only says that it stopped: loops of tools go by it."""
    reason = outcome.get("finish_reason") or "stop"
    return "tool_calls" if reason == "stop" and outcome.get("tool_calls") else reason


def usage_of(outcome: Facts) -> dict[str, Any]:
    """OpenAI's usage; `cost_nusd` is what was charged, `source` says whether the provider counted or we estimated."""
    usage = outcome["usage"]
    return {
        "prompt_tokens": usage["input_tokens"],
        "completion_tokens": usage["output_tokens"],
        "total_tokens": usage["input_tokens"] + usage["output_tokens"],
        "prompt_tokens_details": {"cached_tokens": usage["cached_input_tokens"]},
        "completion_tokens_details": {"reasoning_tokens": usage.get("reasoning_tokens", 0)},
        "cost_nusd": outcome["cost_nusd"],
        "source": usage["source"],
    }
