"""From OpenAI's chat format, which is ours, to a body of Anthropic's Messages format. Pure.

What the format has no word for is not sent: penalties, seed, logit bias, and `json_object` (the prompt asks for JSON, and we check it).

A model that thinks is refused some settings here that OpenAI's models take. A call that must be made comes first: thinking yields to it.
To thinking yield the others: `temperature` and `top_k` are left out, `top_p` is 0.95 at least. Whoever speaks this format himself is sent
on as he came.
"""

import re
from typing import Any, Final

from burnish_executor.core.file_parts import document_of
from burnish_executor.core.provider_cache import marked
from burnish_executor.core.schemas_between import for_anthropic
from burnish_shared.answer_json import NoJson, read_json
from burnish_shared.contracts.executions import ExecutionRequest
from burnish_shared.files import is_file
from burnish_shared.unpriced import OWN_TYPE, run_by_caller

OUTPUT_TOKENS: Final = 4096
"""The format demands a cap. Every admitted request has one; this is for those that were made by hand."""

INSTRUCTS: Final = "system"

INSTRUCTING: Final = (INSTRUCTS, "developer")

IN_PLACE: Final = "mid-conversation-system"
"""Begins the name of the feature, in `anthropic-beta`, by which a caller says that his model takes instructions where they stand."""

TOOL_CHOICES: Final = {"auto": "auto", "required": "any", "none": "none"}

EFFORTS: Final = {"minimal": "low", "low": "low", "medium": "medium", "high": "high", "xhigh": "xhigh"}
"""`reasoning_effort` of OpenAI → `output_config.effort` of Anthropic, with thinking as deep as the model finds right."""

OURS_TOO: Final = ("thinking", "top_k")
"""Fields of this format that a caller of another one may send."""

OPENAIS: Final = frozenset({"type", "function"})
"""What a tool holds in OpenAI's words; what it holds besides is Anthropic's own: a mark for its cache, examples."""

SAME: Final = ("temperature", "top_p")
"""Both end at 1 here; OpenAI's temperature at 2. Anthropic's own layer for OpenAI's clients cuts it the same way
(https://docs.claude.com/en/api/openai-sdk)."""


NO_ID: Final = re.compile(r"[^a-zA-Z0-9_-]")
"""Characters that no id of a call has here (https://docs.claude.com/en/api/messages); ids of other providers have: `functions.look:0`."""

FORCED: Final = frozenset({"any", "tool"})

THINKING_TOP_P: Final = 0.95
"""The least beside thinking (https://docs.claude.com/en/docs/build-with-claude/extended-thinking, feature compatibility)."""


def body_of(request: ExecutionRequest) -> dict[str, Any]:
    """The body. Instructions wherever they stand are put first, unless the caller of this format says that they may stay."""
    settings, messages = request.settings, marked(request.messages, request.cacheable_messages)
    staying = _staying(messages) if request.spoken == "anthropic" and IN_PLACE in (request.beta or "") else frozenset[int]()
    body: dict[str, Any] = {
        "model": request.route.upstream_model,
        "max_tokens": settings.get("max_completion_tokens") or settings.get("max_tokens") or OUTPUT_TOKENS,
        "messages": messages_of(messages, staying=staying),
        **{name: min(settings[name], 1) for name in SAME if settings.get(name) is not None},
        **_tools(settings),
        **_thinking_and_format(settings, is_own=request.spoken == "anthropic"),
    }
    if instructions := _instructions([one for at, one in enumerate(messages) if at not in staying]):
        body["system"] = instructions
    if stop := settings.get("stop"):
        body["stop_sequences"] = [stop] if isinstance(stop, str) else stop
    if request.stream:
        body["stream"] = True
    made = with_extra(body, request) if request.extra else body
    return made if _says_how_to_think(request) else _at_peace_with_thinking(made)


def _at_peace_with_thinking(body: dict[str, Any]) -> dict[str, Any]:
    """The body without what the provider refuses beside thinking, or without thinking where a tool must be called."""
    thinking = body.get("thinking")
    if not isinstance(thinking, dict) or thinking.get("type") == "disabled":
        return body
    if body.get("tool_choice", {}).get("type") in FORCED:
        return {name: value for name, value in body.items() if name != "thinking"}
    made = {name: value for name, value in body.items() if name not in ("temperature", "top_k")}
    return made | ({"top_p": max(made["top_p"], THINKING_TOP_P)} if "top_p" in made else {})


def _says_how_to_think(request: ExecutionRequest) -> bool:
    """A caller of this very format, in its own words: they are sent as they came, and what does not go together is its to hear of."""
    return request.spoken == "anthropic" and ("thinking" in request.extra or "output_config" in request.extra)


def with_extra(body: dict[str, Any], request: ExecutionRequest) -> dict[str, Any]:
    """The caller's further fields, none in place of ours; how it is to think, in his own words where he says it."""
    if request.spoken != "anthropic":
        return body | {name: request.extra[name] for name in OURS_TOO if name in request.extra}
    made = {**request.extra, **body}
    if _says_how_to_think(request):
        said, wanted = request.extra.get("output_config"), body.get("output_config", {}).get("format")
        config = dict(said) if isinstance(said, dict) else {}
        config |= {"format": wanted} if wanted else {}
        made |= {"thinking": request.extra.get("thinking"), "output_config": config or None}
    return {name: value for name, value in made.items() if value is not None}


def _staying(messages: list[dict[str, Any]]) -> frozenset[int]:
    """Places of instructions that stand behind a turn of the user's and before one of the model's or the end: nowhere else are they taken
    (https://platform.claude.com/docs/en/build-with-claude/mid-conversation-system-messages). Where they stay, what is before them is found
    in the provider's cache.
    """
    roles = [INSTRUCTS if one.get("role") in INSTRUCTING else one.get("role") for one in messages]
    staying = set[int]()
    for at, role in enumerate(roles):
        before = next((one for one in reversed(roles[:at]) if one != INSTRUCTS), None)
        after = next((one for one in roles[at:] if one != INSTRUCTS), "assistant")
        if role == INSTRUCTS and before in ("user", "tool") and after == "assistant":
            staying.add(at)
    return frozenset(staying)


def messages_of(messages: list[dict[str, Any]], *, staying: frozenset[int] = frozenset()) -> list[dict[str, Any]]:
    """The conversation without instructions, but for those `staying` where they are.

    Answers of tools are the user's, and those of one turn stand in one message. What the format refuses and others take is left out:
    empty texts, and a turn of the model's in which nothing was said.
    """
    turns: list[dict[str, Any]] = []
    for at, message in enumerate(messages):
        role = message.get("role")
        if role in INSTRUCTING:
            if at in staying:
                _instruct(turns, _blocks(message.get("content")))
            continue
        if role == "tool":
            block = {"type": "tool_result", "tool_use_id": _id_of(message.get("tool_call_id")), "content": _content(message.get("content"))}
            block |= _marks(message) | ({"is_error": True} if message.get("is_error") is True else {})
            if turns and turns[-1]["role"] == "user" and isinstance(turns[-1]["content"], list) and _is_result(turns[-1]["content"][-1:]):
                turns[-1]["content"].append(block)
            else:
                turns.append({"role": "user", "content": [block]})
        elif role == "assistant" and message.get("tool_calls"):
            blocks = [*thoughts_in(message), *_blocks(message.get("content")), *map(_tool_use, message["tool_calls"])]
            turns.append({"role": "assistant", "content": blocks})
        elif role == "assistant" and (thoughts := thoughts_in(message)):
            turns.append({"role": "assistant", "content": [*thoughts, *_blocks(message.get("content"))]})
        elif (content := _content(message.get("content"))) or role != "assistant":
            turns.append({"role": "assistant" if role == "assistant" else "user", "content": content})
    return turns


def _instruct(turns: list[dict[str, Any]], blocks: list[dict[str, Any]]) -> None:
    """Instructions right after each other are one turn."""
    if blocks and turns and turns[-1]["role"] == INSTRUCTS:
        turns[-1]["content"].extend(blocks)
    elif blocks:
        turns.append({"role": INSTRUCTS, "content": blocks})


def _id_of(given: Any) -> str:
    """Of a call, as this format takes it: the same wherever it is named."""
    return NO_ID.sub("_", given) if isinstance(given, str) else ""


def thoughts_in(message: dict[str, Any]) -> list[dict[str, Any]]:
    """Blocks that this provider signed; what another one thought is not sent, because it would be refused."""
    blocks = message.get("thinking_blocks")
    listed = [one for one in blocks if isinstance(one, dict)] if isinstance(blocks, list) else []
    return [one for one in listed if one.get("type") == "redacted_thinking" or (one.get("type") == "thinking" and one.get("signature"))]


def _marks(given: dict[str, Any]) -> dict[str, Any]:
    """A mark for the provider's cache, where there is one."""
    return {"cache_control": given["cache_control"]} if isinstance(given.get("cache_control"), dict) else {}


def _instructions(messages: list[dict[str, Any]]) -> str | list[dict[str, Any]]:
    """One text, or blocks where one of them is marked for the provider's cache."""
    said = [message.get("content") for message in messages if message.get("role") in INSTRUCTING]
    if any(isinstance(part, dict) and part.get("cache_control") for one in said if isinstance(one, list) for part in one):
        return [block for one in said for block in _blocks(one) if block.get("text")]
    return "\n\n".join(text for one in said if (text := _text(one)))


def _text(content: Any) -> str:
    if isinstance(content, list):
        return "\n".join(part["text"] for part in content if isinstance(part, dict) and isinstance(part.get("text"), str))
    return content if isinstance(content, str) else ""


def _content(content: Any) -> str | list[dict[str, Any]]:
    return (_blocks(content) if isinstance(content, list) else content) or ""


def _blocks(content: Any) -> list[dict[str, Any]]:
    """Parts of a message; an empty text is none, because the format refuses it."""
    if isinstance(content, str):
        return [{"type": "text", "text": content}] if content else []
    parts = [part for part in content if isinstance(part, dict)] if isinstance(content, list) else []
    return [block for part in parts if (block := _block(part)) is not None]


def _block(part: dict[str, Any]) -> dict[str, Any] | None:
    """An image, a document, or a text as it came, with a mark for the provider's cache where there is one. None: it says nothing."""
    if part.get("type") == "image_url":
        return _image(part["image_url"]["url"]) | _marks(part)
    if is_file(part):
        return document_of(part["file"], blocks=_blocks(part["file"].get("content"))) | _marks(part)
    text = str(part.get("text") or part.get("refusal") or "")
    cited = {"citations": part["citations"]} if isinstance(part.get("citations"), list) else {}
    return {"type": "text", "text": text} | cited | _marks(part) if text else None


def _image(url: str) -> dict[str, Any]:
    """An image by its address, or the image itself where the address holds it (RFC 2397, base64)."""
    head, comma, data = url.partition(",")
    if url.startswith("data:") and comma and head.endswith(";base64"):
        media_type = head.removeprefix("data:").split(";")[0]
        return {"type": "image", "source": {"type": "base64", "media_type": media_type, "data": data}}
    return {"type": "image", "source": {"type": "url", "url": url}}


def _tool_use(call: dict[str, Any]) -> dict[str, Any]:
    function = call.get("function")
    function = function if isinstance(function, dict) else {}
    try:
        given = read_json(function.get("arguments") or "{}")
    except (NoJson, TypeError):
        given = None
    return {
        "type": "tool_use",
        "id": _id_of(call.get("id")),
        "name": function.get("name", ""),
        "input": given if isinstance(given, dict) else {},
        **_marks(call),
    }


def _is_result(blocks: list[dict[str, Any]]) -> bool:
    return bool(blocks) and blocks[0].get("type") == "tool_result"


def _tools(settings: dict[str, Any]) -> dict[str, Any]:
    """Tools, and whether one must be called."""
    tools = [tool for tool in settings.get("tools") or [] if isinstance(tool.get("function"), dict)]
    if not tools:
        return {}
    choice = settings.get("tool_choice")
    if isinstance(choice, dict) and choice.get("type") == "allowed_tools":
        allowed = choice.get("allowed_tools") or {}
        names = [(one.get("function") or {}).get("name") for one in allowed.get("tools") or []]
        tools, choice = [tool for tool in tools if tool["function"].get("name") in names], allowed.get("mode", "auto")
        if not tools:
            return {}
    chosen: dict[str, Any] = {}
    if isinstance(choice, str):
        chosen = {"type": TOOL_CHOICES.get(choice, "auto")}
    elif isinstance(choice, dict) and isinstance(choice.get("function"), dict):
        chosen = {"type": "tool", "name": choice["function"].get("name", "")}
    if settings.get("parallel_tool_calls") is False:
        chosen = (chosen or {"type": "auto"}) | {"disable_parallel_tool_use": True}
    told = {"tools": [_told_tool(tool) for tool in tools]}
    return told | ({"tool_choice": chosen} if chosen else {})


def _told_tool(tool: dict[str, Any]) -> dict[str, Any]:
    """One that the model knows by its type has no schema."""
    beside = {name: tool[name] for name in tool.keys() - OPENAIS - {OWN_TYPE}}
    if run_by_caller(tool):
        return {"type": tool[OWN_TYPE], "name": tool["function"].get("name", ""), **beside}
    return _tool(tool["function"]) | beside


def _tool(function: dict[str, Any]) -> dict[str, Any]:
    described = {"description": function["description"]} if function.get("description") else {}
    return {"name": function.get("name", ""), "input_schema": function.get("parameters") or {"type": "object"}} | described


def _thinking_and_format(settings: dict[str, Any], *, is_own: bool) -> dict[str, Any]:
    """How hard it thinks, and the schema of its answer. `is_own`: the caller speaks this format and knows what it takes."""
    told: dict[str, Any] = {}
    config: dict[str, Any] = {}
    if effort := EFFORTS.get(str(settings.get("reasoning_effort") or "")):
        told["thinking"] = {"type": "adaptive"}
        config["effort"] = effort
    wanted = settings.get("response_format")
    if isinstance(wanted, dict) and wanted.get("type") == "json_schema" and isinstance(wanted.get("json_schema"), dict):
        schema = wanted["json_schema"].get("schema") or {}
        config["format"] = {"type": "json_schema", "schema": schema if is_own else for_anthropic(schema)}
    return told | ({"output_config": config} if config else {})
