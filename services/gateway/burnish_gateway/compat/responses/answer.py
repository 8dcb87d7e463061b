"""From an Outcome to a response object. Pure: the same outcome gives the same bytes, so a replay does too (PROMISES G-02)."""

import json
import re
from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from burnish_gateway.compat.format import Facts, burnish_of, tier_in
from burnish_gateway.compat.responses.tools import Named, told_call
from burnish_shared.beside import citations_in
from burnish_shared.ids import created_at
from burnish_shared.json_bytes import encoded

INCOMPLETE: Final = {"length": "max_output_tokens", "content_filter": "content_filter"}

NO_NAMES: Final[Named] = {}

ADDRESS: Final = re.compile(r"https?://", re.IGNORECASE)

DEFAULTS: Final[dict[str, Any]] = {
    "background": False, "error": None, "instructions": None, "max_output_tokens": None, "metadata": {}, "parallel_tool_calls": True,
    "previous_response_id": None, "reasoning": {"effort": None, "summary": None}, "store": False, "temperature": None,
    "text": {"format": {"type": "text"}}, "tool_choice": "auto", "tools": [], "top_p": None, "truncation": "disabled", "user": None,
}  # fmt: skip
"""Fields that a client's types ask for, where the request says nothing else."""


def response(outcome: Facts, *, repeated: Facts, named: Named = NO_NAMES) -> bytes:
    """The buffered answer. `id` is the execution's, so that feedback can name it. `repeated`: fields of the request."""
    return encoded(response_object(outcome, repeated=repeated, named=named))


def response_object(outcome: Facts, *, repeated: Facts, named: Named = NO_NAMES) -> dict[str, Any]:
    """`named`: tools of the request that are no plain functions."""
    reason = INCOMPLETE.get(outcome.get("finish_reason") or "")
    beside = outcome.get("beside") or {}
    output = [reasoning_item(outcome["id"], beside)] if beside.get("reasoning") or beside.get("thinking") else []
    if outcome["output"] or beside.get("refusal"):
        output.append(message_item(outcome["id"], text=outcome["output"] or None, beside=beside, chances=_chances_of(outcome)))
    calls = enumerate(outcome.get("tool_calls") or [])
    output += [told_call(call_item(outcome["id"], index, call), named) for index, call in calls]
    return head_of(outcome["id"], model=outcome["model"], simulated=outcome["simulated"], repeated=repeated) | {
        "status": "incomplete" if reason else "completed",
        "incomplete_details": {"reason": reason} if reason else None,
        "output": output,
        "usage": usage_of(outcome),
        "burnish": burnish_of(outcome),
        **tier_in(outcome),
    }


def _chances_of(outcome: Facts) -> list[Facts]:
    """How likely each token of the answer was; empty where nobody asked."""
    choices = outcome.get("choices") or [{}]
    return choices[0].get("logprobs") or []


def head_of(execution_id: str, *, model: str | None, simulated: bool, repeated: Facts) -> dict[str, Any]:
    """A response of which nothing has come yet. `model` None: not known."""
    head = {
        "id": execution_id, "object": "response", "created_at": int(created_at(UUID(execution_id)).timestamp()), "model": model,
        "status": "in_progress", "incomplete_details": None, "output": [], "usage": None, **DEFAULTS, **repeated,
    }  # fmt: skip
    return head | {"simulated": True} if simulated else head


def item_id(kind: str, execution_id: str, number: int = 0) -> str:
    """`number`: how many items of its kind came before it. An answer that is read at once has one message and one of thoughts."""
    return f"{kind}_{execution_id}_{number}" if number else f"{kind}_{execution_id}"


def reasoning_item(execution_id: str, beside: Facts, *, status: str = "completed", number: int = 0) -> dict[str, Any]:
    """What the model thought. Blocks that Anthropic signed are its `encrypted_content`: whoever sends the item back gives them back."""
    text, blocks = beside.get("reasoning"), beside.get("thinking")
    content = [{"type": "reasoning_text", "text": text}] if text else []
    item = {"id": item_id("rs", execution_id, number), "type": "reasoning", "summary": [], "content": content, "status": status}
    return item | ({"encrypted_content": json.dumps(blocks, ensure_ascii=False, separators=(",", ":"))} if blocks else {})


def message_item(
    execution_id: str, *, text: str | None, beside: Facts | None = None, chances: Sequence[Facts] = (), number: int = 0
) -> dict[str, Any]:
    """`text` None and nothing beside: the message has begun."""
    refusal, quoted = (beside or {}).get("refusal"), [*((beside or {}).get("annotations") or []), *_citations(beside or {})]
    content = [] if text is None else [text_part(text) | {"annotations": [_flat(one) for one in quoted], "logprobs": list(chances)}]
    content += [refusal_part(refusal)] if refusal else []
    status = "completed" if content else "in_progress"
    return {"id": item_id("msg", execution_id, number), "type": "message", "status": status, "role": "assistant", "content": content}


def _citations(beside: Facts) -> list[Facts]:
    """What Anthropic's models cite, in OpenAI's words. What is neither of a file nor of a page has none there, and is left out."""
    each = [(span, one) for span in beside.get("citations") or [] for one in citations_in(span)]
    return [told for span, one in each if (told := _citation(span, one)) is not None]


def _citation(span: Facts, one: Facts) -> Facts | None:
    """Of a file: which, and behind which character of the text. Of a page: its address, and which part of the text rests on it.

    A citation of a web search has a `url`, one of a search result of the caller's a `source`, which may be no address.
    """
    title, file_id = one.get("document_title"), one.get("file_id")
    if isinstance(one.get("document_index"), int) or title:
        return {"type": "file_citation", "file_id": file_id or "", "filename": title or "", "index": span["end"]}
    url = next((at for at in (one.get("url"), one.get("source")) if isinstance(at, str) and ADDRESS.match(at)), None)
    if url is None:
        return None
    return {"type": "url_citation", "url": url, "title": one.get("title") or "", "start_index": span["start"], "end_index": span["end"]}


def refusal_part(text: str) -> dict[str, Any]:
    return {"type": "refusal", "refusal": text}


def _flat(annotation: Facts) -> Facts:
    """Chat completions nest what a source is; responses do not."""
    kind = annotation.get("type")
    inner = annotation.get(kind) if isinstance(kind, str) else None
    return {"type": kind, **inner} if isinstance(inner, dict) else annotation


def text_part(text: str) -> dict[str, Any]:
    return {"type": "output_text", "text": text, "annotations": [], "logprobs": []}


def call_item(execution_id: str, index: int, call: dict[str, Any], *, status: str = "completed") -> dict[str, Any]:
    """`index`: among the calls of this answer."""
    function = call.get("function") or {}
    return {
        "id": f"fc_{execution_id}_{index}", "type": "function_call", "call_id": call.get("id") or "", "name": function.get("name") or "",
        "arguments": function.get("arguments") or "", "status": status,
    }  # fmt: skip


def usage_of(outcome: Facts) -> dict[str, Any]:
    """`cost_nusd` is what was charged; `source`: who counted, the provider or we."""
    usage = outcome["usage"]
    return {
        "input_tokens": usage["input_tokens"],
        "input_tokens_details": {"cached_tokens": usage["cached_input_tokens"]},
        "output_tokens": usage["output_tokens"],
        "output_tokens_details": {"reasoning_tokens": usage.get("reasoning_tokens", 0)},
        "total_tokens": usage["input_tokens"] + usage["output_tokens"],
        "cost_nusd": outcome["cost_nusd"],
        "source": usage["source"],
    }
