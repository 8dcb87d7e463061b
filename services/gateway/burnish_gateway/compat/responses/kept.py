"""A response as it is read later, and what it was asked: from the record of its execution. Pure.

Source: https://platform.openai.com/docs/api-reference/responses/get and …/responses/input-items.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from asyncpg import Record

from burnish_gateway.compat.format import Facts
from burnish_gateway.compat.responses.answer import call_item, head_of, reasoning_item, refusal_part, response_object, text_part
from burnish_gateway.compat.responses.tools import Named
from burnish_shared.contracts.executions import Lane
from burnish_shared.errors import InvalidField

ENDED: Final = {"success": None, "cancelled": "cancelled"}
"""Our terminal status → OpenAI's; None: what the answer itself says (`completed`, `incomplete`). Every other is `failed`."""

ROLES: Final = frozenset({"system", "developer", "user", "assistant", "tool", "function"})

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
    called_as: Named = field(default_factory=dict)


def asked_of(row: Record) -> Asked:
    """`row`: of an execution, with its texts as far as they are kept."""
    return Asked(
        settings=row["settings"] or {}, metadata=row["metadata"] or {}, user=row["end_user"],
        previous_id=(row["details"] or {}).get("previous_id"), background=row["lane"] == Lane.BACKGROUND,
        is_stored=row["messages"] is not None, called_as=(row["details"] or {}).get("called_as") or {},
    )  # fmt: skip


def kept_response(outcome: Facts, *, asked: Asked) -> Facts:
    """The response of an execution that has ended. One that ended badly holds its error, and what had come of its answer."""
    made = response_object(outcome, repeated=repeated_of(asked), named=asked.called_as)
    status = ENDED.get(outcome["status"], "failed")
    if status is None:
        return made
    error = outcome.get("error") or {}
    told = {"code": error.get("code") or outcome["status"], "message": error.get("message") or "The execution failed."}
    parts = [one | {"status": "incomplete"} if one["type"] == "message" else one for one in made["output"]]
    return made | {"status": status, "incomplete_details": None, "output": parts, "error": told if status == "failed" else None}


def without_texts(made: Facts) -> Facts:
    """What became of it and what it cost, for who may not read what was said."""
    return made | {"output": [], "metadata": {}, "user": None}


def open_response(execution_id: str, *, is_queued: bool, background: bool) -> Facts:
    """Of an execution that has not ended. Which model answers is known then, and whether its text is kept where somebody waits for it."""
    head = head_of(execution_id, model=None, simulated=False, repeated={"background": background, "store": background})
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


def input_items(execution_id: str, messages: Sequence[Any]) -> list[Facts]:
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


def _items(message: Any, execution_id: str) -> list[Facts]:
    """What came in from elsewhere was stored as it came: what is no message of a chat is told as its JSON."""
    role = message.get("role") if isinstance(message, dict) else None
    if not isinstance(role, str) or role not in ROLES:
        return [{"type": "message", "role": "user", "status": "completed", "content": [_part(message)]}]
    content = message.get("content")
    if role in ("tool", "function"):
        call_id = message.get("tool_call_id") or message.get("name") or ""
        told = content if isinstance(content, str) else _parts(content)
        return [{"type": "function_call_output", "call_id": call_id, "output": told, "status": "completed"}]
    if role != "assistant":
        return [{"type": "message", "role": role, "status": "completed", "content": _parts(content)}]
    items = []
    if message.get("reasoning_content") or message.get("thinking_blocks"):
        thoughts = {"reasoning": message.get("reasoning_content"), "thinking": message.get("thinking_blocks")}
        items.append(reasoning_item(execution_id, thoughts))
    if said := _said(content, message.get("refusal")):
        items.append({"type": "message", "role": "assistant", "status": "completed", "content": said})
    return items + [call_item(execution_id, at, _call(one)) for at, one in enumerate(_listed(message.get("tool_calls")))]


def _call(call: Any) -> Facts:
    """As OpenAI's format has it; what is no such call keeps all that is known of it as its arguments."""
    is_call = isinstance(call, dict) and isinstance(call.get("function"), dict)
    return call if is_call else {"function": {"arguments": _as_text(call)}}


def _said(content: Any, refusal: Any) -> list[Facts]:
    """Parts of a message of the model; none where it only called tools."""
    texts, refused = list[str](), [refusal] if isinstance(refusal, str) and refusal else []
    for part in _listed(content):
        is_refusal = isinstance(part, dict) and part.get("type") == "refusal"
        text = _text_in(part, "refusal" if is_refusal else "text")
        if text:
            (refused if is_refusal else texts).append(text)
    return [text_part(one) for one in texts] + [refusal_part(one) for one in refused]


def _text_in(part: Any, name: str) -> str:
    text = part.get(name) if isinstance(part, dict) else None
    return text if isinstance(text, str) else _as_text(part)


def _parts(content: Any) -> list[Facts]:
    return [_part(one) for one in _listed(content)]


def _part(part: Any) -> Facts:
    """A part of a chat message in the words of a response; an object of another kind stays as it is kept."""
    match part:
        case {"type": "text", "text": str(text)}:
            return {"type": "input_text", "text": text}
        case {"type": "image_url", "image_url": {"url": str(url), **rest}}:
            return {"type": "input_image", "image_url": url, "detail": rest.get("detail") or "auto"}
        case {"type": "file", "file": dict(file)}:
            return {"type": "input_file", **file}
        case {"type": str()}:
            return dict(part)
        case _:
            return {"type": "input_text", "text": _as_text(part)}


def _listed(value: Any) -> list[Any]:
    """A list as it is, nothing as none, and anything else as the one that there is."""
    if value is None or value == "":
        return []
    return value if isinstance(value, list) else [value]


def _as_text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


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
