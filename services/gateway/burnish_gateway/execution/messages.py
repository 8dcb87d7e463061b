"""Messages of an OpenAI-style call: checked, and passed on as they came. Pure."""

from collections.abc import Sequence
from typing import Any, Final

from burnish_gateway.execution.files import check_file, check_kept, check_place_of_files
from burnish_gateway.execution.unsupported import Unsupported
from burnish_shared.errors import InvalidField

MESSAGES_MOST = 10_000

ROLES = frozenset({"system", "developer", "user", "assistant", "tool", "function"})

PARTS = {"text": str, "refusal": str, "image_url": dict, "file": dict}
"""Kinds of content parts, and the type of the field that is called like each. Audio: what it costs cannot be held for yet."""


CITED: Final = ("citations",)
"""What of a message is told and has no place in a message that is sent back."""


def checked_messages(messages: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The messages without their nulls, which clients add when they send an answer back and some servers refuse.

    Raises InvalidField naming the message at fault, Unsupported for a kind of content that is not offered.
    """
    return [_checked(message, param=f"messages[{index}]") for index, message in enumerate(messages)]


def _checked(message: dict[str, Any], *, param: str) -> dict[str, Any]:
    role, content, calls = message.get("role"), message.get("content"), message.get("tool_calls")
    if not isinstance(role, str) or role not in ROLES:
        raise InvalidField(f"{param}.role: must be one of {', '.join(sorted(ROLES))}.", param=f"{param}.role")
    if isinstance(content, list):
        for index, part in enumerate(content):
            check_part(part, param=f"{param}.content[{index}]")
        check_place_of_files(role, content, param=f"{param}.content")
    elif content is None and role != "assistant":
        raise InvalidField(f"{param}.content: is needed in a message of the role {role}.", param=f"{param}.content")
    elif not isinstance(content, str | None):
        raise InvalidField(f"{param}.content: must be text or a list of parts.", param=f"{param}.content")
    if calls is not None and not (isinstance(calls, list) and all(isinstance(call, dict) for call in calls)):
        raise InvalidField(f"{param}.tool_calls: must be a list of objects.", param=f"{param}.tool_calls")
    if role == "tool" and not isinstance(message.get("tool_call_id"), str):
        raise InvalidField(f"{param}.tool_call_id: must name the call that this message answers.", param=f"{param}.tool_call_id")
    left_out = CITED if role == "assistant" else ()
    made = {name: value for name, value in message.items() if (value is not None or name == "content") and name not in left_out}
    return made | {"thinking_blocks": _unplaced(made["thinking_blocks"])} if isinstance(made.get("thinking_blocks"), list) else made


def _unplaced(blocks: list[Any]) -> list[Any]:
    """As their provider signed them: in a stream they were told with their place."""
    return [{name: value for name, value in one.items() if name != "index"} if isinstance(one, dict) else one for one in blocks]


def check_part(part: Any, *, param: str) -> None:
    kind = part.get("type") if isinstance(part, dict) else None
    if not isinstance(kind, str):
        raise InvalidField(f"{param}.type: must be one of {', '.join(PARTS)}.", param=f"{param}.type")
    if kind not in PARTS:
        raise Unsupported(f"{param}.type: {kind[:40]!r} is not offered; send {', '.join(PARTS)}.", param=f"{param}.type")
    value = part.get(kind)
    if not isinstance(value, PARTS[kind]) or (kind == "image_url" and not isinstance(value.get("url"), str)):
        what = {"image_url": "must be an object with a url", "file": "must be an object with file_data"}.get(kind, "must be text")
        raise InvalidField(f"{param}.{kind}: {what}.", param=f"{param}.{kind}")
    if kind == "image_url":
        check_kept(value["url"], None, param=f"{param}.image_url.url")
    if kind == "file":
        if part.get("citations") is not None:
            raise InvalidField(f"{param}.citations: stands within the file: {param}.file.citations.", param=f"{param}.citations")
        check_file(value, param=f"{param}.file")
        for index, inner in enumerate(value.get("content") or ()):
            check_inner(inner, param=f"{param}.file.content[{index}]")


def check_inner(part: Any, *, param: str) -> None:
    """A document is made of texts and images."""
    if not isinstance(part, dict) or part.get("type") not in ("text", "image_url"):
        raise InvalidField(f"{param}.type: must be text or image_url.", param=f"{param}.type")
    check_part(part, param=param)
