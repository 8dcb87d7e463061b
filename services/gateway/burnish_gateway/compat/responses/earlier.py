"""The conversation of an earlier answer (`previous_response_id`) as items of the Responses API. Pure.

Source: https://platform.openai.com/docs/guides/conversation-state (passing context from the previous response).
"""

import json
import re
from collections.abc import Iterable, Sequence
from typing import Any, Final
from uuid import UUID

from burnish_gateway.compat.format import Facts
from burnish_gateway.compat.refusals import Unsupported
from burnish_gateway.compat.responses.answer import output_items
from burnish_gateway.compat.target import PROMPT_PREFIX
from burnish_shared.errors import InvalidField
from burnish_shared.omitted import OMITTED, told_of_omitted

NAME: Final = "previous_response_id"

MAY_GO_ON: Final = re.compile(rb'"previous_response_id"\s*:\s*"')
"""A body without it names no earlier answer."""

OURS: Final = re.compile(r"(?:resp_)?([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\Z")

INSTEAD: Final = "send the conversation so far as input"


def previous_in(body: Any) -> UUID | None:
    """The execution whose conversation goes on; None where none is named. Raises InvalidField for an id that is none of ours."""
    named = body.get(NAME) if isinstance(body, dict) else None
    if not named:
        return None
    found = OURS.match(named) if isinstance(named, str) else None
    if found is None:
        raise not_kept()
    return UUID(found[1])


def check_prompt(body: Facts) -> None:
    """Of a conversation that a prompt began: raises Unsupported where the call names a prompt too, whose text would be said twice."""
    model = body.get("model")
    if body.get("prompt") or (isinstance(model, str) and model.startswith(PROMPT_PREFIX)):
        raise Unsupported(f"{NAME}: a prompt began that conversation and its text is part of it; name a model and no prompt.", param=NAME)


def going_on(body: Facts, *, messages: Sequence[Facts], outcome: Facts) -> Facts:
    """The body with the earlier conversation before its own items. `messages`: what that model was sent; `outcome`: `id`, `output`,
    `tool_calls` and `beside` of what it said. Instructions of now take the place of a first message of `system`.

    Raises InvalidField for a picture or file of which only the name is kept.
    """
    is_instructed = bool(body.get("instructions")) and bool(messages) and messages[0].get("role") == "system"
    given = body.get("input")
    own = [{"role": "user", "content": given}] if isinstance(given, str) else given
    earlier = [item for message in messages[1 if is_instructed else 0 :] for item in _items(message)]
    return body | {"input": [*earlier, *output_items(outcome), *own]} if isinstance(own, list) else body


def not_kept() -> InvalidField:
    return InvalidField(
        f"{NAME}: no answer of this id is kept here: it failed, was erased, or texts are not stored; {INSTEAD}.", param=NAME
    )


def _items(message: Facts) -> Iterable[Facts]:
    """One message as the items that make it (conversation.py reads them back)."""
    role, content = message.get("role"), message.get("content")
    if role == "tool":
        yield {"type": "function_call_output", "call_id": message.get("tool_call_id") or "", "output": _content(content)}
        return
    thought, blocks = message.get("reasoning_content"), message.get("thinking_blocks")
    if thought or blocks:
        texts = [{"type": "reasoning_text", "text": thought}] if thought else []
        yield {"type": "reasoning", "summary": [], "content": texts, **({"encrypted_content": json.dumps(blocks)} if blocks else {})}
    if content or role != "assistant":
        yield {"type": "message", "role": role, "content": _content(content)}
    for call in message.get("tool_calls") or []:
        function = call.get("function") or {}
        named = {"name": function.get("name") or "", "arguments": function.get("arguments") or ""}
        yield {"type": "function_call", "call_id": call.get("id") or "", **named}


def _content(content: Any) -> str | list[Facts]:
    return [_part(one) for one in content] if isinstance(content, list) else content or ""


def _part(part: Facts) -> Facts:
    kind = part.get("type")
    held = part.get(kind) if isinstance(kind, str) else None
    if kind == "text":
        return {"type": "input_text", "text": held}
    if kind == "image_url" and isinstance(held, dict):
        _check_kept(held.get("url"), None)
        detail = held.get("detail")
        return {"type": "input_image", "image_url": held.get("url"), **({} if detail is None else {"detail": detail})}
    if kind == "file" and isinstance(held, dict) and not held.get("content"):
        _check_kept(held.get("file_data"), held.get("filename"))
        return {"type": "input_file", **held}
    raise Unsupported(f"{NAME}: holds a part of type {str(kind)[:40]!r}, which this format has not; {INSTEAD}.", param=NAME)


def _check_kept(value: Any, name: str | None) -> None:
    if isinstance(value, str) and OMITTED.match(value) and (told := told_of_omitted(value, name)) is not None:
        raise InvalidField(f"{NAME}: {told}", param=NAME)
