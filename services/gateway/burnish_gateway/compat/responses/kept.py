"""A response as it is read later, and what it was asked: from the record of its execution. Pure.

Source: https://platform.openai.com/docs/api-reference/responses/get and …/responses/input-items.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from burnish_gateway.compat.format import Facts
from burnish_gateway.compat.responses.answer import call_item, head_of, reasoning_item, refusal_part, response_object, text_part
from burnish_shared.errors import InvalidField

ENDED: Final = {"success": None, "cancelled": "cancelled"}
"""Our terminal status → OpenAI's; None: what the answer itself says (`completed`, `incomplete`). Every other is `failed`."""

AS_IT_IS: Final = ("temperature", "top_p", "parallel_tool_calls")

OF_EXTRA: Final = ("prompt_cache_key", "safety_identifier")
"""They are kept with the provider's own fields, under the names that a response has for them."""

PAGE_DEFAULT: Final = 20
PAGE_MOST: Final = 100


@dataclass(frozen=True, slots=True)
class Asked:
    """What the record says of a request. `settings`: with those of its prompt; `is_stored`: its texts are there."""

    settings: Mapping[str, Any]
    metadata: Mapping[str, Any]
    user: str | None = None
    previous_id: str | None = None
    background: bool = False
    is_stored: bool = True


def kept_response(outcome: Facts, *, asked: Asked) -> Facts:
    """The response of an execution that has ended. One that ended badly holds its error, and what had come of its answer."""
    made = response_object(outcome, repeated=repeated_of(asked))
    status = ENDED.get(outcome["status"], "failed")
    if status is None:
        return made
    error = outcome.get("error") or {}
    told = {"code": error.get("code") or outcome["status"], "message": error.get("message") or "The execution failed."}
    parts = [one | {"status": "incomplete"} if one["type"] == "message" else one for one in made["output"]]
    return made | {"status": status, "incomplete_details": None, "output": parts, "error": told if status == "failed" else None}


def open_response(execution_id: str, *, is_queued: bool, background: bool) -> Facts:
    """Of an execution that has not ended: which model answers is known once it has."""
    head = head_of(execution_id, model=None, simulated=False, repeated={"background": background, "store": True})
    return head | {"status": "queued" if is_queued else "in_progress"}


def repeated_of(asked: Asked) -> Facts:
    """Fields that a response repeats of its request, as far as they are kept. `max_output_tokens`: the cap that held, said or not."""
    settings = asked.settings
    extra: Mapping[str, Any] = settings.get("extra") or {}
    told: Facts = {name: settings.get(name) for name in AS_IT_IS} | {name: extra.get(name) for name in OF_EXTRA}
    told |= {
        "max_output_tokens": settings.get("max_completion_tokens") or settings.get("max_tokens"),
        "metadata": dict(asked.metadata) or None,
        "previous_response_id": asked.previous_id,
        "user": asked.user,
        "tool_choice": _choice(settings["tool_choice"]) if settings.get("tool_choice") is not None else None,
        "reasoning": {"effort": settings["reasoning_effort"], "summary": None} if settings.get("reasoning_effort") else None,
    }
    text = {"format": _format(settings.get("response_format")), **({"verbosity": extra["verbosity"]} if extra.get("verbosity") else {})}
    always = {"background": asked.background, "store": asked.is_stored, "text": text}
    return {name: value for name, value in told.items() if value is not None} | always


def input_items(execution_id: str, messages: Sequence[Facts]) -> list[Facts]:
    """What the model was sent, as items, oldest first. Their ids name them within this list, and nothing elsewhere."""
    items = [item for message in messages for item in _items(message, execution_id)]
    return [one | {"id": f"in_{execution_id}_{number}"} for number, one in enumerate(items)]


def page_of(items: Sequence[Facts], *, after: str | None, limit: int, newest_first: bool) -> Facts:
    """One page of a list, as OpenAI's clients go through it. Raises InvalidField for an `after` that is none of its items."""
    ordered = list(reversed(items)) if newest_first else list(items)
    start = 0
    if after is not None:
        start = next((at + 1 for at, one in enumerate(ordered) if one["id"] == after), -1)
        if start < 0:
            raise InvalidField("after: is no item of this response; take the last_id of the page before.", param="after")
    data = ordered[start : start + limit]
    return {
        "object": "list",
        "data": data,
        "first_id": data[0]["id"] if data else None,
        "last_id": data[-1]["id"] if data else None,
        "has_more": start + limit < len(ordered),
    }


def _items(message: Facts, execution_id: str) -> list[Facts]:
    role, content = message.get("role"), message.get("content")
    if role in ("tool", "function"):
        call_id = message.get("tool_call_id") or message.get("name") or ""
        told = content if isinstance(content, str) else [_part(one) for one in content or []]
        return [{"type": "function_call_output", "call_id": call_id, "output": told, "status": "completed"}]
    if role != "assistant":
        return [{"type": "message", "role": role, "status": "completed", "content": _parts(content)}]
    items = []
    if message.get("reasoning_content") or message.get("thinking_blocks"):
        thoughts = {"reasoning": message.get("reasoning_content"), "thinking": message.get("thinking_blocks")}
        items.append(reasoning_item(execution_id, thoughts))
    if said := _said(content, message.get("refusal")):
        items.append({"type": "message", "role": "assistant", "status": "completed", "content": said})
    return items + [call_item(execution_id, at, call) for at, call in enumerate(message.get("tool_calls") or [])]


def _said(content: Any, refusal: Any) -> list[Facts]:
    """Parts of a message of the model; none where it only called tools."""
    texts = [content] if isinstance(content, str) and content else []
    given = content if isinstance(content, list) else []
    refused = [refusal] if isinstance(refusal, str) and refusal else []
    for part in given:
        (refused if part.get("type") == "refusal" else texts).append(part.get("refusal") or part.get("text") or "")
    return [text_part(one) for one in texts] + [refusal_part(one) for one in refused]


def _parts(content: Any) -> list[Facts]:
    if isinstance(content, str):
        return [{"type": "input_text", "text": content}]
    return [_part(one) for one in content or []]


def _part(part: Facts) -> Facts:
    """A part of a chat message in the words of a response; what has none there stays as it is kept."""
    match part.get("type"):
        case "text":
            return {"type": "input_text", "text": part.get("text")}
        case "image_url" if isinstance(part.get("image_url"), dict):
            return {"type": "input_image", "image_url": part["image_url"].get("url"), "detail": part["image_url"].get("detail") or "auto"}
        case "file" if isinstance(part.get("file"), dict):
            return {"type": "input_file", **part["file"]}
        case _:
            return part


def _choice(choice: Any) -> Any:
    """Chat completions nest what is chosen; responses do not."""
    if not isinstance(choice, dict):
        return choice
    if choice.get("type") == "function":
        return {"type": "function", **(choice.get("function") or {})}
    if choice.get("type") == "allowed_tools":
        inner = choice.get("allowed_tools") or {}
        return {"type": "allowed_tools", "mode": inner.get("mode"), "tools": [_choice(one) for one in inner.get("tools") or []]}
    return choice


def _format(wanted: Any) -> Facts:
    if not isinstance(wanted, dict):
        return {"type": "text"}
    return {"type": "json_schema", **(wanted.get("json_schema") or {})} if wanted.get("type") == "json_schema" else dict(wanted)
