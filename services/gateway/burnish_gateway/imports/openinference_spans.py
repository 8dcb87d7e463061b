"""Attributes of OpenInference in those of `gen_ai.*`. Phoenix, and instrumentation of LlamaIndex, DSPy, CrewAI, smolagents and others write
them (github.com/Arize-ai/openinference, spec/semantic_conventions.md and spec/llm_spans.md, read in version 0.1 of 2026). Pure.
"""

import re
from collections.abc import Mapping
from typing import Any, Final

from burnish_gateway.imports.genai_messages import MESSAGES_MOST, one_turn, parsed
from burnish_gateway.imports.in_genai import TAGS, in_genai, no_call
from burnish_gateway.imports.request_settings import settings_asked

KIND: Final = "openinference.span.kind"

OPERATIONS: Final = {"LLM": "chat", "EMBEDDING": "embeddings"}
"""Kinds of spans that are one call of a model. Chains, agents, tools, retrievers and the rest stand around such."""

SAME: Final = {
    "gen_ai.usage.input_tokens": "llm.token_count.prompt",
    "gen_ai.usage.output_tokens": "llm.token_count.completion",
    "gen_ai.usage.cache_read.input_tokens": "llm.token_count.prompt_details.cache_read",
    "gen_ai.usage.cache_creation.input_tokens": "llm.token_count.prompt_details.cache_write",
    "gen_ai.usage.reasoning.output_tokens": "llm.token_count.completion_details.reasoning",
    "gen_ai.usage.cost": "llm.cost.total",
    "gen_ai.response.finish_reasons": "llm.finish_reason",
}

MESSAGE: Final = re.compile(r"llm\.(input|output)_messages\.(\d{1,5})\.message\.(role|content|name|tool_call_id)")
PART: Final = re.compile(
    r"llm\.(input|output)_messages\.(\d{1,5})\.message\.contents\.(\d{1,4})\.message_content\.(type|text|image\.image\.url|document\.document\.\w+)"
)
CALL: Final = re.compile(
    r"llm\.(input|output)_messages\.(\d{1,5})\.message\.tool_calls\.(\d{1,3})\.tool_call\.(?:(id)|function\.(name|arguments))"
)
BEGINS: Final = {"input": "llm.input_messages.", "output": "llm.output_messages."}

TEXTS: Final = re.compile(r"(?:llm\.prompts\.(\d{1,5})\.prompt|embedding\.embeddings\.(\d{1,5})\.embedding)\.text")


def is_of_openinference(attributes: Mapping[str, Any]) -> bool:
    """Whether nothing but OpenInference says what the span is. Where both conventions are written, `gen_ai.*` says more."""
    return KIND in attributes and "gen_ai.operation.name" not in attributes


def from_openinference(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """The same in `gen_ai.*`, beside what was there; as it was for a kind that is no call of a model, without what would make it one."""
    operation = OPERATIONS.get(str(attributes[KIND]).upper())
    if operation is None:
        return no_call(attributes)
    get = attributes.get
    given = parsed(get("llm.invocation_parameters") or get("embedding.invocation_parameters"))
    asked = given if isinstance(given, dict) else {}
    told = parsed(get("metadata"))
    found = {
        "gen_ai.operation.name": operation,
        "gen_ai.request.model": get("llm.request.model_name") or asked.get("model") or asked.get("model_name") or asked.get("model_id"),
        "gen_ai.response.model": get("llm.response.model_name") or get("llm.model_name") or get("embedding.model_name"),
        "gen_ai.provider.name": get("llm.provider") or get("llm.system") or get("embedding.provider"),
        "gen_ai.input.messages": _messages(attributes, "input") or _texts(attributes) or _whole(get("input.value")),
        "gen_ai.output.messages": None if operation == "embeddings" else _answered(attributes, asked) or get("output.value"),
        **{name: get(theirs) for name, theirs in SAME.items()},
        **settings_asked(asked),
        **({name: told.get(name) for name in TAGS} if isinstance(told, dict) else {}),
    }
    return in_genai(attributes, found)


def _messages(attributes: Mapping[str, Any], side: str) -> list[dict[str, Any]]:
    """Messages with `parts`, as `gen_ai.*` has them, out of one attribute for each field of each message."""
    found: dict[int, dict[str, Any]] = {}
    parts: dict[tuple[int, int], dict[str, Any]] = {}
    calls: dict[tuple[int, int], dict[str, Any]] = {}
    for name, value in attributes.items():
        if not name.startswith(BEGINS[side]):  # An export may have half a million attributes.
            continue
        match = MESSAGE.fullmatch(name) or PART.fullmatch(name) or CALL.fullmatch(name)
        if match is None or int(match[2]) >= MESSAGES_MOST:
            continue
        message = found.setdefault(int(match[2]), {})
        if match.re is MESSAGE:
            message[match[3]] = value
        elif match.re is PART:
            parts.setdefault((int(match[2]), int(match[3])), {})[match[4].rpartition(".")[2]] = value
        else:
            calls.setdefault((int(match[2]), int(match[3])), {})[match[4] or match[5]] = value
    told: dict[int, list[dict[str, Any]]] = {number: [] for number in found}
    for (number, _), part in sorted(parts.items()):
        if part.get("type") != "tool_use":  # Anthropic's; the call itself stands among the calls.
            told[number].append(_part(part))
    of_message: dict[int, list[dict[str, Any]]] = {number: _said(message, told[number]) for number, message in found.items()}
    for (number, _), call in sorted(calls.items()):
        of_message[number].append({"type": "tool_call", **call})
    role = "user" if side == "input" else "assistant"
    named: dict[int, dict[str, Any]] = {n: {name: found[n][name] for name in ("role", "name") if name in found[n]} for n in found}
    return [{"role": role, **named[n], **({"parts": of_message[n]} if of_message[n] else {"content": ""})} for n in sorted(found)]


def _answered(attributes: Mapping[str, Any], asked: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The answer as one message: on OpenAI's Responses each item is told as one of its own. Of several choices each is an answer."""
    messages, number = _messages(attributes, "output"), asked.get("n")
    contents = sum(name.startswith(BEGINS["output"]) and name.endswith(".message.content") for name in attributes)
    return messages if contents > 1 or (isinstance(number, int) and number > 1) else one_turn(messages)


def _said(message: Mapping[str, Any], parts: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Its parts; those of what a tool gave are one result."""
    content, call_id = message.get("content"), message.get("tool_call_id")
    said = [*([] if content in (None, "") else [{"type": "text", "content": content}]), *parts]
    if call_id is None:
        return said
    if not parts:
        return [{"type": "tool_call_response", "id": call_id, "response": content}]
    is_text = all(one.get("type") == "text" and isinstance(one.get("content"), str) for one in said)
    return [{"type": "tool_call_response", "id": call_id, "response": "".join(one["content"] for one in said) if is_text else said}]


def _part(part: Mapping[str, Any]) -> dict[str, Any]:
    """Text, what was thought, and a picture as `gen_ai.*` has them; another part as it was written."""
    kind, text, url = part.get("type"), part.get("text"), part.get("url")
    if kind == "image" and url is not None:
        return {"type": "uri", "modality": "image", "uri": url}
    return dict(part) if text is None else {"type": kind if kind == "reasoning" else "text", "content": text}


def _whole(value: Any) -> Any:
    """What went in where it is told as one value alone: the messages of a request, or what was said."""
    found = parsed(value)
    if isinstance(found, dict) and isinstance(found.get("messages"), list):
        return found["messages"]
    return None if value is None else [{"role": "user", "content": value}]


def _texts(attributes: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What was completed or embedded, one message for each text: attributes of their own, or (LlamaIndex) a list."""
    listed = attributes.get("llm.prompts")
    if isinstance(listed, list):
        return [{"role": "user", "content": one} for one in listed[:MESSAGES_MOST]]
    found = {int(match[1] or match[2]): value for name, value in attributes.items() if (match := TEXTS.fullmatch(name))}
    return [{"role": "user", "content": found[number]} for number in sorted(found)[:MESSAGES_MOST]]
