"""The texts inside messages, tool calls and JSON values."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, Final

from burnish_shared.files import is_file, media_type_of, text_of_file
from burnish_shared.guarding.arguments import changed_arguments, changed_text, texts_in_arguments, texts_in_text
from burnish_shared.guarding.changes import Editor
from burnish_shared.guarding.kept import is_kept
from burnish_shared.guarding.seals import PLACES, is_seal, is_sealed, is_thought
from burnish_shared.guarding.text_files import said_in_string

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
    """The same where seals of a provider may stand: they stay."""
    if isinstance(value, list | tuple) and depth < NESTING_MOST:
        return [each_unsealed(one, change, depth + 1) for one in value]
    if not isinstance(value, dict) or depth >= NESTING_MOST:
        return each_text(value, change, depth)
    return {
        name: each_text(one, _unless_seal(change), depth + 1) if is_sealed(name, value) else each_unsealed(one, change, depth + 1)
        for name, one in value.items()
    }


def each_said(fields: Mapping[str, Any], change: Change, *, sealed: bool = True) -> dict[str, Any]:
    """Fields with their texts changed. `sealed`: of a model's turn, or of its calls, in which some may hold seals."""
    return {name: (each_unsealed if sealed and name in PLACES else each_text)(one, change) for name, one in fields.items()}


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


def texts_in(value: Any, depth: int = 0, *, named: bool = False) -> Iterator[str]:
    """Every string of a JSON value. `named`: names of fields too."""
    if isinstance(value, str):
        yield value
    elif depth < NESTING_MOST and isinstance(value, dict):
        for name, one in value.items():
            yield from (name,) if named else ()
            yield from texts_in(one, depth + 1, named=named)
    elif depth < NESTING_MOST and isinstance(value, list | tuple):
        for one in value:
            yield from texts_in(one, depth + 1, named=named)


def length_of(*values: Any) -> int:
    """About how much there is to look through in JSON values: how long all their strings are, as they are written, and how many values."""
    length, left = 0, list(values)
    while left:
        one = left.pop()
        length += len(one) + 1 if isinstance(one, str) else 1
        if isinstance(one, dict | list | tuple):
            left += one.values() if isinstance(one, dict) else one
    return length


def unsealed_in(fields: Mapping[str, Any], *, sealed: bool = True) -> list[str]:
    """Every string that `each_said` would change."""
    found: list[str] = []

    def keep(text: str) -> str:
        found.append(text)
        return text

    each_said(fields, keep, sealed=sealed)
    return found


MARKS: Final = frozenset({"type", "id"})
"""Fields of a block that say which it is, and nothing of what was said."""


def without_marks(value: Any, depth: int = 0) -> Any:
    """The same JSON value, and of its blocks only what they say."""
    if isinstance(value, dict) and depth < NESTING_MOST:
        return {name: without_marks(one, depth + 1) for name, one in value.items() if name not in MARKS or not isinstance(one, str)}
    if isinstance(value, list) and depth < NESTING_MOST:
        return [without_marks(one, depth + 1) for one in value]
    return value


def changed_messages(messages: Sequence[Mapping[str, Any]], editor: Editor) -> list[dict[str, Any]]:
    """Messages with their texts changed: contents, parts, arguments of tool calls, who speaks, and fields that are none of ours.

    Results of tools that are JSON are changed as arguments are, and files that are texts as texts are. Images and other files, addresses,
    ids, names of tools, and seals of a model's thoughts stay.
    """
    return [_changed(one, editor) for one in messages]


def _changed(message: Mapping[str, Any], editor: Editor) -> dict[str, Any]:
    made = dict(message)
    sealed = message.get("role") == MODEL
    content, change = made.get("content"), partial(changed_text, editor=editor) if message.get("role") in NAME_A_TOOL else editor
    if isinstance(content, str):
        made["content"] = change(content)
    elif isinstance(content, list):
        made["content"] = [_changed_part(one, change, sealed=sealed) for one in content]
    if made.get("tool_calls"):
        made["tool_calls"] = changed_calls(made["tool_calls"], editor, sealed=sealed)
    if made.get("function_call"):
        made["function_call"] = _changed_function(made["function_call"], editor, sealed=sealed)
    return made | each_said(_others(message), editor, sealed=sealed)


def _others(message: Mapping[str, Any]) -> dict[str, Any]:
    """The fields that are not looked into by themselves, or hold no text of anybody's. They go to the provider as they came."""
    kept = OF_MESSAGES | {"name"} if message.get("role") in NAME_A_TOOL else OF_MESSAGES
    return {name: one for name, one in message.items() if name not in kept}


MODEL: Final = "assistant"
"""Whose turns hold seals."""

OF_MESSAGES: Final = frozenset({"role", "content", "tool_calls", "function_call", "tool_call_id", "tokens", "cache_control"})

NAME_A_TOOL: Final = frozenset({"tool", "function"})
"""Roles whose `name` is that of a tool; that of the others is who speaks."""

SAID: Final = ("text", "refusal")

GIVEN: Final = frozenset({"input", "arguments"})
"""What a tool is given: all of that may say something, whatever it is called."""


def _changed_part(part: Any, change: Change, *, sealed: bool) -> Any:
    if not isinstance(part, dict):
        return each_text(part, change)
    if is_thought(part):
        return (each_unsealed if sealed else each_text)(part, change)
    return _said_in_block(part, change, sealed=sealed, of="", depth=0)


def _said_in_block(block: Mapping[str, Any], change: Change, *, sealed: bool, of: str, depth: int) -> dict[str, Any]:
    """An object of a part with its texts changed. `of`: the field that holds it; empty for the part itself."""
    made: dict[str, Any] = {}
    for name, one in block.items():
        if name in GIVEN:
            made[name] = each_text(one, change, depth + 1)
        elif sealed and name in PLACES:
            made[name] = each_unsealed(one, change, depth + 1)
        else:
            made[name] = _said_in_field(name, one, change, block, sealed=sealed, of=of, depth=depth + 1)
    return made


def _said_in_field(name: str, value: Any, change: Change, block: Mapping[str, Any], *, sealed: bool, of: str, depth: int) -> Any:
    """A field of such an object."""
    if isinstance(value, str):
        return said_in_string(name, value, change, block, of=of, is_kept=is_kept(name, value, block, of=of, sealed=sealed))
    if depth >= NESTING_MOST:
        return value
    if isinstance(value, dict):
        return _said_in_block(value, change, sealed=sealed, of=name, depth=depth)
    if isinstance(value, list | tuple):
        return [_said_in_field(name, one, change, block, sealed=sealed, of=of, depth=depth + 1) for one in value]
    return value


def changed_calls(calls: Any, editor: Editor, *, sealed: bool = True) -> Any:
    """Tool calls with their arguments changed, and what hangs on them; what they are called stays."""
    return [_changed_call(one, editor, sealed=sealed) for one in calls] if isinstance(calls, list) else each_text(calls, editor)


def _changed_call(call: Any, editor: Editor, *, sealed: bool) -> Any:
    if not isinstance(call, dict):
        return each_text(call, editor)
    made = call | each_said({name: one for name, one in call.items() if name not in OF_CALLS}, editor, sealed=sealed)
    return made | {"function": _changed_function(call["function"], editor, sealed=sealed)} if "function" in call else made


def _changed_function(function: Any, editor: Editor, *, sealed: bool) -> Any:
    if not isinstance(function, dict):
        return each_text(function, editor)
    made = function | each_said({name: one for name, one in function.items() if name not in ("name", "arguments")}, editor, sealed=sealed)
    if "arguments" not in function:
        return made
    arguments = function["arguments"]
    return made | {"arguments": changed_arguments(arguments, editor) if isinstance(arguments, str) else _each_named(arguments, editor)}


def _each_named(value: Any, change: Change, depth: int = 0) -> Any:
    """The same JSON value with every string changed, names of fields too: a caller chose them, as in arguments that are a text.

    Of two names that would be one the second stays apart by a number.
    """
    if isinstance(value, dict) and depth < NESTING_MOST:
        made: dict[str, Any] = {}
        times: Counter[str] = Counter()
        for name, one in value.items():
            said = free = change(name)
            while free in made:
                times[said] += 1
                free = f"{said} {times[said] + 1}"
            made[free] = _each_named(one, change, depth + 1)
        return made
    if isinstance(value, list | tuple) and depth < NESTING_MOST:
        return [_each_named(one, change, depth + 1) for one in value]
    return each_text(value, change, depth)


OF_CALLS: Final = frozenset({"index", "id", "type", "function", "cache_control"})
"""Fields of a tool call that say which it is, or are looked into by themselves."""


def texts_of_calls(calls: Any, *, sealed: bool = True) -> Iterator[str]:
    """What tool calls say: what they are called, their arguments, and what hangs on them."""
    for call in calls if isinstance(calls, list) else [calls]:
        if isinstance(call, dict):
            yield from _texts_of_function(call.get("function"), sealed=sealed)
            yield from unsealed_in({name: one for name, one in call.items() if name not in OF_CALLS}, sealed=sealed)
        else:
            yield from texts_in(call)


def _texts_of_function(function: Any, *, sealed: bool) -> Iterator[str]:
    if not isinstance(function, dict):
        yield from texts_in(function)
        return
    arguments = function.get("arguments")
    yield from unsealed_in({name: one for name, one in function.items() if name != "arguments"}, sealed=sealed)
    yield from texts_in_arguments(arguments) if isinstance(arguments, str) else texts_in(arguments, named=True)


def texts_of_message(message: Mapping[str, Any]) -> Iterator[str]:
    """All that a message says: who speaks, its parts, refusals, thoughts, tool calls, and fields that are none of ours."""
    content, sealed = message.get("content"), message.get("role") == MODEL
    for part in content if isinstance(content, list) else [content]:
        for text in _texts_of_part(part, sealed=sealed):
            yield from texts_in_text(text) if message.get("role") in NAME_A_TOOL else (text,)
    yield from texts_of_calls(message.get("tool_calls"), sealed=sealed)
    yield from _texts_of_function(message.get("function_call"), sealed=sealed)
    yield from unsealed_in({name: one for name, one in message.items() if name not in OF_MESSAGES}, sealed=sealed)


def _texts_of_part(part: Any, *, sealed: bool) -> Iterator[str]:
    if not isinstance(part, dict):
        yield from texts_in(part)
    elif is_thought(part):
        yield from unsealed_in({"thinking": part}, sealed=sealed)
    else:
        found: list[str] = []

        def keep(text: str) -> str:
            found.append(text)
            return text

        _changed_part(part, keep, sealed=sealed)
        yield from found


def text_of(message: Mapping[str, Any]) -> str:
    """What a message says, its parts under one another, refusals among them: some providers are sent them as texts."""
    content = message.get("content")
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        parts = [one for one in content if isinstance(one, dict)]
        return "\n".join(one[name] for one in parts for name in SAID if isinstance(one.get(name), str))
    return ""


PLAIN: Final = frozenset({"role", "content"})

NAMES: Final = frozenset(
    {
        "arguments", "cache_control", "content", "data", "file", "file_data", "file_url", "filename", "function", "function_call", "id",
        "image_url", "images", "index", "name", "reasoning", "reasoning_content", "reasoning_details", "refusal", "signature", "text",
        "thinking", "thinking_blocks", "tool_call_id", "tool_calls", "ttl", "type",
    }
)  # fmt: skip
"""Fields of messages as formats name them; any other name is a caller's, and may say something."""


def whole_text_of(message: Mapping[str, Any]) -> str:
    """All of a message that may be read as a text, each string as it is written and under the one before: for rules of how much may be
    sent, and of what is in it.

    So names, ids, thoughts, tool calls, files that are texts and fields that are none of ours count too. The role does not, nor the kinds
    of parts, nor images and PDFs.
    """
    content = message.get("content")
    if isinstance(content, str):
        said = [content]
    else:
        said = [text for part in content or () for text in _whole_part(part)] if isinstance(content, list) else []
    if not message.keys() <= PLAIN:  # one that calls tools may have no content at all
        others = {name: one for name, one in message.items() if name not in PLAIN and name != "images"}
        images = message.get("images")
        said += [*_whole(others), *(text for part in (images if isinstance(images, list) else [images]) for text in _whole_part(part))]
    return "\n".join(said)


def _whole_part(part: Any) -> Iterator[str]:
    """Of an image what is written beside its address, of a file its text."""
    if not isinstance(part, dict):
        return _whole(part)
    if is_file(part):
        return _whole({name: one for name, one in part.items() if name != "type"} | {"file": _read(part["file"])})
    shown = part.get("image_url") if part.get("type") == "image_url" else None
    if not isinstance(shown, dict):
        return _whole({name: one for name, one in part.items() if name != "type"})
    beside = {name: one for name, one in shown.items() if name not in ("url", "detail")}
    return _whole({name: one for name, one in part.items() if name != "type"} | {"image_url": beside})


def _read(file: dict[str, Any]) -> dict[str, Any]:
    """A file with its text where its bytes stand; of a PDF and of an address what stands beside them."""
    text, parts = text_of_file(file), file.get("content")
    made: dict[str, Any] = {name: one for name, one in file.items() if name not in ("file_url", "content")}
    if text is not None:
        made["file_data"] = text
    elif media_type_of(file):
        del made["file_data"]
    return made | ({"content": [*map(list, map(_whole_part, parts))]} if isinstance(parts, list) else {})


def _whole(value: Any, depth: int = 0) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif depth < NESTING_MOST and isinstance(value, dict):
        for name, one in value.items():
            yield from () if name in NAMES else (name,)
            yield from _whole(one, depth + 1)
    elif depth < NESTING_MOST and isinstance(value, list | tuple):
        for one in value:
            yield from _whole(one, depth + 1)
