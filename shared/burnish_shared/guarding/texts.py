"""The texts inside messages, tool calls and JSON values."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

NESTING_MOST: Final = 200
"""Deeper than any body that is accepted."""

Change = Callable[[str], str]


def each_text(value: Any, change: Change, depth: int = 0) -> Any:
    """The same JSON value with every string changed; names of fields stay."""
    if isinstance(value, str):
        return change(value)
    if depth >= NESTING_MOST:
        return value
    if isinstance(value, dict):
        return {name: each_text(one, change, depth + 1) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [each_text(one, change, depth + 1) for one in value]
    return value


SPOKEN: Final = ("tools", "response_format", "stop", "user")
"""Settings that hold texts of somebody's: descriptions, values to choose from, words to stop at."""

STRUCTURE: Final = frozenset({"type", "name", "required", "format", "pattern", "$ref", "$id", "$schema", "$anchor"})
"""Fields of a tool or a schema whose values name something or are rules; changed, they would name nothing any more."""


def changed_settings(settings: Mapping[str, Any], change: Change) -> dict[str, Any]:
    """Settings with their texts changed: what tools and schemas say, not what they are called."""
    said = {name: _spoken(settings[name], change, 0) for name in SPOKEN if settings.get(name)}
    return {**settings, **said}


def _spoken(value: Any, change: Change, depth: int) -> Any:
    if isinstance(value, str):
        return change(value)
    if depth >= NESTING_MOST:
        return value
    if isinstance(value, dict):
        return {
            name: one if name in STRUCTURE and not isinstance(one, dict) else _spoken(one, change, depth + 1) for name, one in value.items()
        }
    if isinstance(value, list | tuple):
        return [_spoken(one, change, depth + 1) for one in value]
    return value


def texts_in(value: Any, depth: int = 0) -> Iterator[str]:
    """Every string of a JSON value."""
    if isinstance(value, str):
        yield value
    elif depth < NESTING_MOST and isinstance(value, dict):
        for one in value.values():
            yield from texts_in(one, depth + 1)
    elif depth < NESTING_MOST and isinstance(value, list | tuple):
        for one in value:
            yield from texts_in(one, depth + 1)


def changed_messages(messages: Sequence[Mapping[str, Any]], change: Change) -> list[dict[str, Any]]:
    """Messages with their texts changed: contents, text parts, arguments of tool calls, who speaks, and fields that are none of ours.

    Images, ids, and names of tools stay.
    """
    return [_changed(one, change) for one in messages]


def _changed(message: Mapping[str, Any], change: Change) -> dict[str, Any]:
    made = dict(message)
    content = made.get("content")
    if isinstance(content, str):
        made["content"] = change(content)
    elif isinstance(content, list):
        made["content"] = [_changed_part(one, change) for one in content]
    if made.get("tool_calls"):
        made["tool_calls"] = changed_calls(made["tool_calls"], change)
    kept = OF_MESSAGES | {"name"} if made.get("role") in NAME_A_TOOL else OF_MESSAGES
    for name in made.keys() - kept:
        made[name] = each_text(made[name], change)
    return made


OF_MESSAGES: Final = frozenset({"role", "content", "tool_calls", "tool_call_id", "tokens", "cache_control"})
"""Fields of a message that are looked into by themselves, or hold no text of anybody's. Every other one goes to the provider as it came."""

NAME_A_TOOL: Final = frozenset({"tool", "function"})
"""Roles whose `name` is that of a tool; that of the others is who speaks."""

SAID: Final = ("text", "refusal")


def _changed_part(part: Any, change: Change) -> Any:
    if not isinstance(part, dict):
        return part
    return part | {name: change(part[name]) for name in SAID if isinstance(part.get(name), str)}


def changed_calls(calls: Sequence[Mapping[str, Any]], change: Change) -> list[dict[str, Any]]:
    """Tool calls with their arguments changed; what they are called stays."""
    made: list[dict[str, Any]] = []
    for call in calls:
        function = call.get("function") if isinstance(call, dict) else None
        if isinstance(function, dict) and isinstance(function.get("arguments"), str):
            made.append({**call, "function": {**function, "arguments": change(function["arguments"])}})
        else:
            made.append(dict(call))
    return made


def text_of(message: Mapping[str, Any]) -> str:
    """What a message says, its parts under one another."""
    content = message.get("content")
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        return "\n".join(one["text"] for one in content if isinstance(one, dict) and isinstance(one.get("text"), str))
    return ""
