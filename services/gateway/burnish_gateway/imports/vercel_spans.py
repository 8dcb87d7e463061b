"""Attributes of Vercel's AI SDK (`ai.*`) in those of `gen_ai.*`, which it writes too, without what was said (github.com/vercel/ai,
content/docs/03-ai-sdk-core/60-telemetry.mdx; driven with ai 6.0.326). Pure.
"""

import json
import re
from collections.abc import Mapping
from typing import Any, Final

from burnish_gateway.imports.genai_messages import parsed
from burnish_gateway.imports.in_genai import TAGS, in_genai, no_call

KIND: Final = "ai.operationId"

CALL: Final = re.compile(r"ai\.\w+\.(doGenerate|doStream|doEmbed)")
"""One call of a model. What has no `do` stands around one or several such, with the same texts."""

API: Final = re.compile(r"\.(chat|completion|responses|messages|embedding|textEmbedding|image)$")
"""At the end of a provider's name: which of its APIs."""

METADATA: Final = {"user.id": "userId", "session.id": "sessionId"} | {name: name for name in TAGS}

SAME: Final = {
    "gen_ai.request.model": "ai.model.id",
    "gen_ai.usage.input_tokens": "ai.usage.inputTokens",
    "gen_ai.usage.output_tokens": "ai.usage.outputTokens",
    "gen_ai.usage.cache_read.input_tokens": "ai.usage.cachedInputTokens",
    "gen_ai.usage.cache_creation.input_tokens": "ai.usage.inputTokenDetails.cacheWriteTokens",
    "gen_ai.usage.reasoning.output_tokens": "ai.usage.reasoningTokens",
}


def is_of_vercel(attributes: Mapping[str, Any]) -> bool:
    """Whether the AI SDK wrote it in its own words, and nobody has in those of `gen_ai.*` what was said."""
    return KIND in attributes and "gen_ai.input.messages" not in attributes and "gen_ai.operation.name" not in attributes


def from_vercel(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """The same in `gen_ai.*`, beside what was there; as it was for what is no call of a model, without what would make it one."""
    get = attributes.get
    match = CALL.fullmatch(str(attributes[KIND]))
    if match is None:
        return no_call(attributes)
    provider = get("gen_ai.system") or get("ai.model.provider")
    usage = get("ai.usage.tokens")
    found = {
        **({} if usage is None else {"gen_ai.usage.input_tokens": usage}),
        **{name: get(theirs) for name, theirs in SAME.items() if get(theirs) is not None},
        "gen_ai.operation.name": "embeddings" if match[1] == "doEmbed" else "chat",
        "gen_ai.provider.name": API.sub("", provider) if isinstance(provider, str) else provider,
        "gen_ai.input.messages": _asked(attributes),
        "gen_ai.output.messages": _answered(attributes),
        **{name: get(f"ai.telemetry.metadata.{theirs}") for name, theirs in METADATA.items()},
    }
    return in_genai(attributes, found)


def _asked(attributes: Mapping[str, Any]) -> Any:
    texts = attributes.get("ai.values")
    if isinstance(texts, list):
        return [{"role": "user", "content": _text(one)} for one in texts]
    given = parsed(attributes.get("ai.prompt.messages"))
    return [_message(one) for one in given] if isinstance(given, list) else given


def _text(value: Any) -> Any:
    """Each text to embed comes as JSON."""
    try:
        return json.loads(value)
    except (TypeError, ValueError, RecursionError):
        return value


def _message(message: Any) -> Any:
    """With `parts`, as `gen_ai.*` has them."""
    content = message.get("content") if isinstance(message, dict) else None
    if not isinstance(content, list):
        return message
    return {"role": message.get("role"), "parts": [_part(one) for one in content if isinstance(one, dict)]}


def _part(part: dict[str, Any]) -> dict[str, Any]:
    """Texts, what was thought, calls, what tools gave, and pictures as `gen_ai.*` has them; anything else as it was written."""
    kind, media = part.get("type"), str(part.get("mediaType") or part.get("mimeType") or "")
    if kind in ("text", "reasoning"):
        return {"type": kind, "content": part.get("text")}
    if kind == "tool-call":
        return _call(part)
    if kind == "tool-result":  # Under `output` with its kind since version 5, before that as `result`.
        output = part.get("output")
        given = output.get("value") if isinstance(output, dict) else part.get("result", output)
        return {"type": "tool_call_response", "id": part.get("toolCallId"), "response": given}
    held = part.get("image") if kind == "image" else part.get("data") if media.startswith("image/") else None
    if not isinstance(held, str):
        return part
    if held.startswith(("http:", "https:", "data:")):
        return {"type": "uri", "modality": "image", "uri": held}
    return {"type": "blob", "modality": "image", "mime_type": media if "/" in media else None, "content": held}


def _answered(attributes: Mapping[str, Any]) -> Any:
    calls = parsed(attributes.get("ai.response.toolCalls"))
    made = [_call(one) for one in calls if isinstance(one, dict)] if isinstance(calls, list) else []
    said = next((attributes[name] for name in ("ai.response.text", "ai.response.object") if attributes.get(name) is not None), None)
    if said is None and not made:
        return None
    if not said and not made:
        return [{"role": "assistant", "content": said}]
    return [{"role": "assistant", "parts": [*([] if said in (None, "") else [{"type": "text", "content": said}]), *made]}]


def _call(part: dict[str, Any]) -> dict[str, Any]:
    given: Any = next((part[name] for name in ("input", "args") if part.get(name) is not None), {})
    return {"type": "tool_call", "id": part.get("toolCallId"), "name": part.get("toolName"), "arguments": given}
