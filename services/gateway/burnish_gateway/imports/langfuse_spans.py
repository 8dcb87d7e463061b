"""Attributes of Langfuse's SDKs (`langfuse.*`, from version 3 on) in those of `gen_ai.*`: who has them in the code already only adds an
exporter (langfuse.com/docs/observability/sdk, its constants of attributes; driven with langfuse 5.0.4 for Python). Pure.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from burnish_gateway.imports.genai_messages import one_turn, parsed
from burnish_gateway.imports.in_genai import TAGS, in_genai, no_call
from burnish_gateway.imports.request_settings import settings_asked
from burnish_shared.slug import slug_of

KIND: Final = "langfuse.observation.type"

OPERATIONS: Final = {"generation": "chat", "embedding": "embeddings"}
"""Types of observations that are one call of a model; spans, events, agents, tools, chains and the rest are not."""

CHAT, RESPONSES = ("prompt_tokens", "completion_tokens"), ("input_tokens", "output_tokens")

WHOLE: Final = {CHAT[0]: CHAT, CHAT[1]: CHAT, "input_tokens_details": RESPONSES}
"""Of OpenAI's usage (chat completions, Responses), passed on as it is: classes are parts of these. In Langfuse's own words, and in
Anthropic's, each class stands beside the others."""

KIND_OF_ERROR: Final = re.compile(r"Error code: (\d{3})\b|([A-Za-z_][\w.]{0,79})(?=:|\(|\s*$)")
"""At the head of what was said: the status that OpenAI's and Anthropic's clients name, or one word, such as the class of what was raised.
Anything further on may be of the request."""

NEEDED: Final[dict[str, tuple[str, ...]]] = {
    "message": ("role", "content"),
    "reasoning": ("summary",),
    "function_call": ("call_id", "name"),
    "custom_tool_call": ("call_id", "name"),
}
"""Kinds of items of OpenAI's Responses that are read, and what tells each from somebody's own JSON."""


def is_of_langfuse(attributes: Mapping[str, Any]) -> bool:
    """Whether Langfuse's SDK says what the span is. Instrumentation of others that runs beside it says so itself."""
    return KIND in attributes and "gen_ai.operation.name" not in attributes


def from_langfuse(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """The same in `gen_ai.*`, beside what was there; as it was for what is no call of a model."""
    operation = OPERATIONS.get(str(attributes[KIND]).lower())
    if operation is None:
        return no_call(attributes)

    def get(name: str) -> Any:
        return attributes.get(f"langfuse.observation.{name}")

    asked, name = parsed(get("model.parameters")), get("prompt.name")
    tags = {tag: _bare(said) for tag in TAGS if (said := attributes.get(tag, get(f"metadata.{tag}"))) is not None}
    found = {
        "gen_ai.operation.name": operation,
        "gen_ai.request.model": get("model.name"),
        "gen_ai.input.messages": _asked(get("input")),
        "gen_ai.output.messages": None if operation == "embeddings" else _answered(get("output")),
        "gen_ai.response.finish_reasons": _bare(get("metadata.finish_reason")),
        "gen_ai.usage.cost": _cost(cost) if isinstance(cost := parsed(get("cost_details")), dict) else None,
        "error.type": match[1] or match[2] if (match := KIND_OF_ERROR.match(failure_told(attributes) or "")) else None,
        "burnish.prompt": slug_of(name) if isinstance(name, str) and name else None,
        "burnish.version": None if tags.get("burnish.prompt") else get("prompt.version"),
        **(_tokens(usage) if isinstance(usage := parsed(get("usage_details")), dict) else {}),
        **settings_asked(asked if isinstance(asked, dict) else {}),
        **tags,
    }
    return in_genai(attributes, found)


def _bare(value: Any) -> Any:
    """Metadata comes as JSON; a text in its quotes."""
    return value.strip('"') if isinstance(value, str) else value


def failure_told(attributes: Mapping[str, Any]) -> str | None:
    """What Langfuse's SDK says went wrong, empty where it says nothing of it; None where nothing did."""
    is_failed = attributes.get("langfuse.observation.level") == "ERROR"
    return str(attributes.get("langfuse.observation.status_message") or "") if is_failed else None


def _asked(value: Any) -> Any:
    """The messages; beside tools they stand in an object. What is no list of messages is something that the user said."""
    given = parsed(value)
    if isinstance(given, dict) and isinstance(given.get("messages"), list):
        return given["messages"]
    return given if isinstance(given, list) or given is None else [{"role": "user", "content": value}]


def _answered(value: Any) -> Any:
    """A message, or the items of an answer of OpenAI's Responses as one: the wrapper tells one item alone, and several as a list."""
    given = parsed(value)
    items = given if isinstance(given, list) else [given]
    if any(_is_item(one) for one in items):
        return one_turn([{"parts": _of_item(one)} for one in items if isinstance(one, dict)])
    return [given] if isinstance(given, dict) and "role" in given else value


def _is_item(item: Any) -> bool:
    needed = NEEDED.get(str(item.get("type"))) if isinstance(item, dict) else None
    return needed is not None and all(name in item for name in needed)


def _of_item(item: Mapping[str, Any]) -> list[dict[str, Any]]:
    """As parts of `gen_ai.*`. An item of another kind stays as it was written."""
    if not _is_item(item):
        return [dict(item)]
    kind = item["type"]
    if kind == "message":
        content = item["content"] if isinstance(item["content"], list) else [{"text": item["content"]}]
        texts = [one.get("text") or one.get("refusal") for one in content if isinstance(one, dict)]
        return [{"type": "text", "content": text} for text in texts if isinstance(text, str)]
    if kind == "reasoning":
        thought = item["summary"] if isinstance(item["summary"], list) else []
        return [{"type": "reasoning", "content": one.get("text")} for one in thought if isinstance(one, dict)]
    return [{"type": "tool_call", "id": item["call_id"], "name": item["name"], "arguments": item.get("arguments", item.get("input"))}]


def _tokens(usage: Mapping[str, Any]) -> dict[str, Any]:
    """Of OpenAI's usage, or of Langfuse's, whose classes are called as one likes: Langfuse itself adds up all whose name has `input`, and
    all whose name has `output`."""
    called = next((names for name, names in WHOLE.items() if name in usage), None)
    if called is not None:
        into, out = called
        read, written = usage.get(f"{into}_details"), usage.get(f"{out}_details")
        return {
            "gen_ai.usage.input_tokens": usage.get(into),
            "gen_ai.usage.output_tokens": usage.get(out),
            "gen_ai.usage.cache_read.input_tokens": read.get("cached_tokens") if isinstance(read, dict) else None,
            "gen_ai.usage.reasoning.output_tokens": written.get("reasoning_tokens") if isinstance(written, dict) else None,
        }
    reads, writes = [name for name in usage if "input" in name], [name for name in usage if "output" in name]
    creating = [name for name in reads if "creation" in name or "write" in name]
    return {
        "gen_ai.usage.input_tokens": _sum(usage, reads),
        "gen_ai.usage.output_tokens": _sum(usage, writes),
        "gen_ai.usage.cache_read.input_tokens": _sum(usage, (name for name in reads if "cache" in name and name not in creating)),
        "gen_ai.usage.cache_creation.input_tokens": _sum(usage, creating),
        "gen_ai.usage.reasoning.output_tokens": _sum(usage, (name for name in writes if "reasoning" in name)),
    }


def _cost(costs: Mapping[str, Any]) -> Any:
    """The total, which Langfuse else adds up itself, of the classes of input and output."""
    if costs.get("total") is not None:
        return costs["total"]
    told = [value for name, value in costs.items() if ("input" in name or "output" in name) and isinstance(value, int | float)]
    return sum(told) if told else None


def _sum(usage: Mapping[str, Any], names: Iterable[str]) -> int | None:
    counted = [value for name in names if isinstance(value := usage[name], int) and not isinstance(value, bool)]
    return sum(counted) if counted else None
