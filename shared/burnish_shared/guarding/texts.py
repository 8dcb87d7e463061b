"""The texts inside messages, tool calls and JSON values."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

from burnish_shared.guarding.arguments import changed_arguments, texts_in_arguments
from burnish_shared.guarding.seals import is_seal, is_sealed

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


def each_unsealed(value: Any, change: Change, depth: int = 0) -> Any:
    """The same of what a model thought, and of what hangs on its calls: seals of its provider stay."""
    if isinstance(value, list | tuple) and depth < NESTING_MOST:
        return [each_unsealed(one, change, depth + 1) for one in value]
    if not isinstance(value, dict) or depth >= NESTING_MOST:
        return each_text(value, change, depth)
    return {
        name: each_text(one, _unless_seal(change), depth + 1) if is_sealed(name, value) else each_unsealed(one, change, depth + 1)
        for name, one in value.items()
    }


def _unless_seal(change: Change) -> Change:
    return lambda text: text if is_seal(text) else change(text)


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


def unsealed_in(value: Any) -> list[str]:
    """Every string of a JSON value that is no seal."""
    found: list[str] = []

    def keep(text: str) -> str:
        found.append(text)
        return text

    each_unsealed(value, keep)
    return found


def changed_messages(messages: Sequence[Mapping[str, Any]], change: Change) -> list[dict[str, Any]]:
    """Messages with their texts changed: contents, text parts, arguments of tool calls, who speaks, and fields that are none of ours.

    Images, ids, names of tools, and seals of thoughts stay.
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
        made[name] = each_unsealed(made[name], change)
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


def changed_calls(calls: Sequence[Mapping[str, Any]], change: Change, *, look: Change | None = None) -> list[dict[str, Any]]:
    """Tool calls with their arguments changed, and what hangs on them; what they are called stays. `look`: as of `changed_arguments`."""
    made: list[dict[str, Any]] = []
    for call in calls:
        function = call.get("function")
        one = {name: value if name in OF_CALLS else each_unsealed(value, change) for name, value in call.items()}
        if isinstance(function, dict) and isinstance(function.get("arguments"), str):
            one["function"] = {**function, "arguments": changed_arguments(function["arguments"], change, look=look)}
        made.append(one)
    return made


OF_CALLS: Final = frozenset({"index", "id", "type", "function", "cache_control"})
"""Fields of a tool call that say which it is, or are looked into by themselves."""


def texts_of_calls(calls: Any) -> Iterator[str]:
    """What tool calls say: what they are called, their arguments, and what hangs on them."""
    for call in calls if isinstance(calls, list) else ():
        function = call.get("function") if isinstance(call, dict) else None
        if isinstance(function, dict):
            yield from (one for name, one in function.items() if name != "arguments" and isinstance(one, str))
            if isinstance(function.get("arguments"), str):
                yield from texts_in_arguments(function["arguments"])
        if isinstance(call, dict):
            yield from unsealed_in({name: one for name, one in call.items() if name not in OF_CALLS})


def texts_of_message(message: Mapping[str, Any]) -> Iterator[str]:
    """All that a message says: who speaks, its parts, refusals, thoughts, tool calls, and fields that are none of ours."""
    content = message.get("content")
    if isinstance(content, str):
        yield content
    for part in content if isinstance(content, list) else ():
        yield from (part[name] for name in SAID if isinstance(part, dict) and isinstance(part.get(name), str))
    yield from texts_of_calls(message.get("tool_calls"))
    yield from unsealed_in({name: one for name, one in message.items() if name not in OF_MESSAGES})


def text_of(message: Mapping[str, Any]) -> str:
    """What a message says, its parts under one another."""
    content = message.get("content")
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        return "\n".join(one["text"] for one in content if isinstance(one, dict) and isinstance(one.get("text"), str))
    return ""
