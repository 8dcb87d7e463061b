"""Conversations in spans, whatever convention wrote them, as messages of our own form: what groups, datasets and the page read. Pure.

Current: `gen_ai.input.messages` with `parts` (opentelemetry.io/docs/specs/semconv/gen-ai, schema of messages). Older: events, one attribute
with JSON, and OpenLLMetry's flat attributes (`gen_ai.prompt.0.content`).
"""

import json
import math
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from burnish_gateway.imports.otlp_spans import Span

NESTING_MOST: Final = 64

BRACKETS_MOST: Final = 50_000
"""Text that holds more of them stays text: as lists and objects it would take a hundred times its memory."""

MESSAGES_MOST: Final = 10_000
"""Of flat attributes; as many as a chat may have."""

FLAT: Final = re.compile(r"gen_ai\.(prompt|completion)\.(\d{1,5})\.(?:tool_calls\.(\d{1,3})\.)?(role|content|id|name|arguments)")


def messages_in(span: Span) -> list[Any]:
    """What went in: the current attribute, else the events and attributes of older conventions."""
    system = parsed(span.attributes.get("gen_ai.system_instructions"))
    given = parsed(first_said(span, "gen_ai.input.messages", "gen_ai.prompt"))
    if given is None:
        given = [one for name, attributes in span.events if (one := _of_event(name, attributes)) is not None]
    if not given:
        given = _flat(span.attributes, "prompt")
    read = [one for message in (given if isinstance(given, list) else [{"role": "user", "content": given}]) for one in _read(message)]
    kept: list[Any] = _storable_json([{"role": "system", "content": _content(system)}, *read] if system else read)
    return kept


def answer_in(span: Span) -> tuple[str | None, list[Any] | None]:
    """What came out of the first answer: its text, and its calls of tools; what is neither comes whole, as JSON."""
    value = parsed(first_said(span, "gen_ai.output.messages", "gen_ai.completion"))
    if value is None:
        value = next((parsed(one.get("gen_ai.completion")) for name, one in span.events if name == "gen_ai.content.completion"), None)
    if value is None:
        value = _flat(span.attributes, "completion") or None
    if value is None or isinstance(value, str):
        return value, None
    first = value[0] if isinstance(value, list) and value else value
    read = _read(first)[0] if isinstance(first, dict) and (_parts(first) or "parts" not in first) else {}
    said, calls = _text_of(read.get("content")) if isinstance(read, dict) else None, _calls(read)
    if said is not None or calls:
        return said, calls
    return json.dumps(_storable_json(value), ensure_ascii=False), None


def _text_of(content: Any) -> str | None:
    """What is said in a content; None where it holds no text."""
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, list) else []
    texts = [text for one in parts if isinstance(one, dict) and isinstance(text := one.get("text"), str)]
    return "".join(texts) if texts else None


def one_turn(messages: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """One message with the `parts` of all: where each thing that a model said, thought or called is told as a message of its own."""
    parts = [part for one in messages for part in one.get("parts", ())]
    return [{"role": "assistant", "parts": parts}] if parts else [dict(one) for one in messages]


def finish_reason_in(span: Span) -> Any:
    """Of the first answer, where it says one beside its parts."""
    value = parsed(span.attributes.get("gen_ai.output.messages"))
    first = value[0] if isinstance(value, list) and value else value
    said = first.get("finish_reason") if isinstance(first, dict) else None
    return said if said is not None else span.attributes.get("gen_ai.completion.0.finish_reason")


def _read(message: Any) -> list[Any]:
    """One message with `parts` as ours: results of tools are messages of their own. An object of another form stays as it is; what is no
    object is something that the user said."""
    if not isinstance(message, dict):
        return [
            {"role": "user", "content": message if isinstance(message, str) else json.dumps(_storable_json(message), ensure_ascii=False)}
        ]
    parts = _parts(message)
    if not parts:
        return [message]
    results = [_result(one) for one in parts if one.get("type") == "tool_call_response"]
    calls = [_call(one) for one in parts if one.get("type") == "tool_call"]
    thought = [text for one in parts if one.get("type") == "reasoning" and isinstance(text := one.get("content"), str)]
    said = [one for one in parts if one.get("type") not in ("tool_call_response", "tool_call", "reasoning")]
    if results and not (calls or thought or said):
        return results
    named = {"name": message["name"]} if isinstance(message.get("name"), str) else {}
    made: dict[str, Any] = {"role": message.get("role") or "user", **named, "content": _content(said) if said else None}
    if calls:
        made["tool_calls"] = calls
    if thought:
        made["reasoning_content"] = "\n".join(thought)
    return [made, *results]


def _calls(message: Any) -> list[Any] | None:
    """Its calls of tools; None where there are none, and where something else stands in their place, with which no run can be read."""
    calls = message.get("tool_calls") if isinstance(message, dict) else None
    is_list = isinstance(calls, list) and bool(calls) and all(isinstance(one, dict) for one in calls)
    return _storable_json(calls) if is_list else None


def _parts(message: Any) -> list[dict[str, Any]]:
    """Those that are parts; empty where a message has none, or something else in their place."""
    given = message.get("parts") if isinstance(message, dict) else None
    return [one for one in given if isinstance(one, dict)] if isinstance(given, list) else []


def _content(parts: Any) -> Any:
    """A single text as such, several parts as a list of our parts."""
    if not isinstance(parts, list) or not all(isinstance(one, dict) for one in parts):
        return parts
    made = [_part(one) for one in parts]
    return made[0]["text"] if len(made) == 1 and isinstance(made[0].get("text"), str) else made


def _part(part: dict[str, Any]) -> dict[str, Any]:
    kind, content, modality = part.get("type"), part.get("content"), part.get("modality")
    if kind in ("text", None) and isinstance(content, str):
        return {"type": "text", "text": content}
    if kind == "uri" and modality == "image" and isinstance(part.get("uri"), str):
        return {"type": "image_url", "image_url": {"url": part["uri"]}}
    if kind == "blob" and modality == "image" and isinstance(content, str):
        return {"type": "image_url", "image_url": {"url": f"data:{part.get('mime_type') or 'image/png'};base64,{content}"}}
    return part


def _call(part: dict[str, Any]) -> dict[str, Any]:
    said = part.get("arguments")
    arguments = said if isinstance(said, str) else json.dumps(_storable_json(said if said is not None else {}), ensure_ascii=False)
    return {"id": _id(part), "type": "function", "function": {"name": str(part.get("name") or ""), "arguments": arguments}}


def _result(part: dict[str, Any]) -> dict[str, Any]:
    said = next((part[name] for name in ("response", "result", "content") if part.get(name) is not None), "")
    content = said if isinstance(said, str) else json.dumps(_storable_json(said), ensure_ascii=False)
    return {"role": "tool", "tool_call_id": _id(part), "content": content}


def _id(part: dict[str, Any]) -> str:
    return str(part.get("id") or "")


def _of_event(name: str, attributes: Mapping[str, Any]) -> Any:
    if name == "gen_ai.content.prompt":
        return {"role": "user", "content": parsed(attributes.get("gen_ai.prompt"))}
    role = name.removeprefix("gen_ai.").removesuffix(".message")
    return {"role": role, "content": attributes.get("content")} if name.startswith("gen_ai.") and name.endswith(".message") else None


def _flat(attributes: Mapping[str, Any], side: str) -> list[dict[str, Any]]:
    """OpenLLMetry's attributes, one for each field of each message."""
    found: dict[int, dict[str, Any]] = {}
    calls: dict[tuple[int, int], dict[str, Any]] = {}
    for name, value in attributes.items():
        match = FLAT.fullmatch(name)
        if match is None or match[1] != side or int(match[2]) >= MESSAGES_MOST:
            continue
        message = found.setdefault(int(match[2]), {"role": "user" if side == "prompt" else "assistant", "content": None})
        if match[3] is not None:
            calls.setdefault((int(match[2]), int(match[3])), {})[match[4]] = value
        elif match[4] in ("role", "content"):
            message[match[4]] = value if match[4] == "role" else _flat_content(value)
    for (number, _), call in sorted(calls.items()):
        found[number].setdefault("tool_calls", []).append(_call(call))
    return [found[number] for number in sorted(found)]


def _flat_content(value: Any) -> Any:
    """A text; a list of parts comes as JSON, in the form of the provider."""
    found = parsed(value)
    return found if isinstance(found, list) and all(isinstance(one, dict) and "type" in one for one in found) else value


def _storable_json(value: Any, depth: int = 0) -> Any:
    """Without numbers that JSON has not, and without what lies deeper than anybody reads."""
    if depth > NESTING_MOST:
        return None
    if isinstance(value, dict):
        return {str(key): _storable_json(one, depth + 1) for key, one in value.items()}
    if isinstance(value, list):
        return [_storable_json(one, depth + 1) for one in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def first_said(span: Span, *names: str) -> Any:
    """The first of these attributes that says something."""
    return next((span.attributes[name] for name in names if span.attributes.get(name) is not None), None)


def parsed(value: Any) -> Any:
    """Structured values come as they are, or as JSON in a string; other text stays text."""
    if isinstance(value, str) and value[:1] in ("[", "{") and value.count("{") + value.count("[") <= BRACKETS_MOST:
        try:
            return json.loads(value)
        except (ValueError, RecursionError):
            return value
    return value
