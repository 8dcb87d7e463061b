"""What a piece of an answer says that is no plain text: parts of tool calls, and several choices, as OpenAI cuts them. Pure."""

from collections.abc import Mapping
from typing import Any


def said_in(delta: Mapping[str, Any]) -> tuple[str, int]:
    """The text of the first choice, where the delta holds choices, and the bytes of all else that the model wrote.

    Names and arguments of tool calls count, and the texts of further choices; probabilities are no output.
    """
    choices = delta.get("choices")
    if not isinstance(choices, list):
        return "", bytes_of_calls(delta.get("tool_calls")) + bytes_of_thoughts(delta)
    text, beside_bytes = "", 0
    for one in choices:
        inner = one.get("delta") if isinstance(one, dict) else None
        if not isinstance(inner, dict):
            continue
        content = inner.get("content")
        beside_bytes += bytes_of_calls(inner.get("tool_calls")) + bytes_of_thoughts(inner)
        if isinstance(content, str) and one.get("index", 0) == 0:
            text += content
        elif isinstance(content, str):
            beside_bytes += bytes_of(content)
    return text, beside_bytes


def bytes_of_calls(calls: Any) -> int:
    """Of names and arguments: what the model writes of a tool call."""
    functions = [one.get("function") for one in calls if isinstance(one, dict)] if isinstance(calls, list) else []
    return sum(bytes_of(str(one.get(name) or "")) for one in functions if isinstance(one, dict) for name in ("name", "arguments"))


def bytes_of_thoughts(delta: Mapping[str, Any]) -> int:
    """Of what it thought or refused in words."""
    return sum(bytes_of(str(delta.get(name) or "")) for name in ("reasoning_content", "refusal"))


def bytes_of(text: str) -> int:
    return len(text.encode("utf-8", "replace"))
