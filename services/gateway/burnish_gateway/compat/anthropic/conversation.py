"""Anthropic's turns and tools in OpenAI's words, which are ours inside. Pure."""

import json
from collections.abc import Sequence
from typing import Any, Final

from burnish_gateway.compat.anthropic.body import MessagesBody, Turn
from burnish_gateway.compat.refusals import Unsupported
from burnish_shared.errors import InvalidField

Block = dict[str, Any]

TOOL_CHOICES: Final = {"auto": "auto", "any": "required", "none": "none"}

THOUGHTS: Final = frozenset({"thinking", "redacted_thinking"})
"""What a model thought before: it goes back to the provider that signed it, unchanged."""

OF_TOOL: Final = frozenset({"type", "name", "description", "input_schema"})


def messages_of(body: MessagesBody) -> list[dict[str, Any]]:
    """Raises InvalidField and Unsupported, naming the block at fault."""
    messages: list[dict[str, Any]] = []
    if body.system:
        parts = [{"type": "text", "text": body.system}] if isinstance(body.system, str) else _parts(body.system, param="system")
        messages.append({"role": "system", "content": body.system if isinstance(body.system, str) else parts})
    for index, turn in enumerate(body.messages):
        messages += _of_turn(turn, param=f"messages.{index}")
    return messages


def _of_turn(turn: Turn, *, param: str) -> list[dict[str, Any]]:
    if turn.role not in ("user", "assistant"):
        raise InvalidField(f"{param}.role: must be user or assistant; instructions go into system.", param=f"{param}.role")
    if isinstance(turn.content, str):
        return [{"role": turn.role, "content": turn.content}]
    for at, block in enumerate(turn.content):
        if not isinstance(block.get("type"), str):
            raise InvalidField(f"{param}.content.{at}.type: is needed.", param=f"{param}.content.{at}.type")
    return _said(turn.content, param=param) if turn.role == "assistant" else _asked(turn.content, param=param)


def _asked(blocks: Sequence[Block], *, param: str) -> list[dict[str, Any]]:
    """Results of tools are messages of their own, before what the user says."""
    results: list[dict[str, Any]] = []
    for at, block in enumerate(blocks):
        if block["type"] == "tool_result":
            if not isinstance(block.get("tool_use_id"), str):
                where = f"{param}.content.{at}.tool_use_id"
                raise InvalidField(f"{where}: must name the call that this answers.", param=where)
            said = {"role": "tool", "tool_call_id": block["tool_use_id"], "content": _result(block, param=f"{param}.content.{at}")}
            results.append(said | _mark(block) | ({"is_error": True} if block.get("is_error") is True else {}))
    parts = _parts([block for block in blocks if block["type"] != "tool_result"], param=f"{param}.content")
    return [*results, {"role": "user", "content": parts}] if parts else results


def _result(block: Block, *, param: str) -> str | list[dict[str, Any]]:
    content = block.get("content")
    return _parts(content, param=f"{param}.content") if isinstance(content, list) else str(content or "")


def _said(blocks: Sequence[Block], *, param: str) -> list[dict[str, Any]]:
    calls = [_call(block) for block in blocks if block["type"] == "tool_use"]
    rest = [block for block in blocks if block["type"] != "tool_use" and block["type"] not in THOUGHTS]
    parts = _parts(rest, param=f"{param}.content")
    text = parts if any("cache_control" in part for part in parts) else "".join(part.get("text", "") for part in parts)
    said: dict[str, Any] = (
        {"role": "assistant", "content": text or None, "tool_calls": calls} if calls else {"role": "assistant", "content": text}
    )
    thoughts = [block for block in blocks if block["type"] in THOUGHTS]
    return [said | ({"thinking_blocks": thoughts} if thoughts else {})]


def _mark(block: Block) -> dict[str, Any]:
    """A mark for the provider's cache, where there is one."""
    return {"cache_control": block["cache_control"]} if isinstance(block.get("cache_control"), dict) else {}


def _call(block: Block) -> dict[str, Any]:
    given = json.dumps(block.get("input") or {}, ensure_ascii=False)
    function = {"name": str(block.get("name", "")), "arguments": given}
    return {"id": str(block.get("id", "")), "type": "function", "function": function} | _mark(block)


def _parts(blocks: Sequence[Block], *, param: str) -> list[dict[str, Any]]:
    return [_part(block, param=f"{param}.{at}") for at, block in enumerate(blocks)]


def _part(block: Any, *, param: str) -> dict[str, Any]:
    kind = block.get("type") if isinstance(block, dict) else None
    if kind == "text" and isinstance(block.get("text"), str):
        return {"type": "text", "text": block["text"]} | _mark(block)
    if kind == "image" and (url := _image_url(block.get("source"))):
        return {"type": "image_url", "image_url": {"url": url}} | _mark(block)
    if kind in ("text", "image"):
        raise InvalidField(f"{param}: is no {kind} as the format describes one.", param=param)
    raise Unsupported(
        f"{param}.type: {str(kind)[:40]!r} is not offered; send text, image, tool_use and tool_result.", param=f"{param}.type"
    )


def _image_url(source: Any) -> str | None:
    if not isinstance(source, dict):
        return None
    if source.get("type") == "url" and isinstance(source.get("url"), str):
        return str(source["url"])
    if source.get("type") == "base64" and isinstance(source.get("data"), str) and isinstance(source.get("media_type"), str):
        return f"data:{source['media_type']};base64,{source['data']}"
    return None


def settings_of(body: MessagesBody) -> dict[str, Any]:
    """Settings under our names; only what was given. Raises Unsupported for tools that run at the provider."""
    settings: dict[str, Any] = {"max_tokens": body.max_tokens}
    given = {"temperature": body.temperature, "top_p": body.top_p, "stop": body.stop_sequences or None, "reasoning_effort": _effort(body)}
    settings |= {name: value for name, value in given.items() if value is not None}
    if body.tools:
        settings["tools"] = [_tool(tool, param=f"tools.{at}") for at, tool in enumerate(body.tools)]
        settings |= _choice(body.tool_choice)
    wanted = (body.output_config or {}).get("format")
    if isinstance(wanted, dict) and wanted.get("type") == "json_schema" and isinstance(wanted.get("schema"), dict):
        settings["response_format"] = {"type": "json_schema", "json_schema": {"name": "answer", "schema": wanted["schema"], "strict": True}}
    return settings


def _tool(tool: dict[str, Any], *, param: str) -> dict[str, Any]:
    if tool.get("type") not in (None, "custom"):
        raise Unsupported(
            f"{param}.type: {str(tool['type'])[:40]!r} runs at Anthropic and is not offered; describe a tool of yours.",
            param=f"{param}.type",
        )
    if not isinstance(tool.get("name"), str):
        raise InvalidField(f"{param}.name: is needed.", param=f"{param}.name")
    described = {"description": tool["description"]} if isinstance(tool.get("description"), str) else {}
    function = {"name": tool["name"], "parameters": tool.get("input_schema") or {"type": "object"}} | described
    return {"type": "function", "function": function} | {name: tool[name] for name in tool.keys() - OF_TOOL}


def _choice(choice: dict[str, Any] | None) -> dict[str, Any]:
    told: dict[str, Any] = {}
    if choice is None:
        return told
    if choice.get("type") == "tool" and isinstance(choice.get("name"), str):
        told["tool_choice"] = {"type": "function", "function": {"name": choice["name"]}}
    elif choice.get("type") in TOOL_CHOICES:
        told["tool_choice"] = TOOL_CHOICES[choice["type"]]
    else:
        raise InvalidField("tool_choice: must be of the type auto, any, none, or tool with the name of one.", param="tool_choice")
    return told | ({"parallel_tool_calls": False} if choice.get("disable_parallel_tool_use") is True else {})


def _effort(body: MessagesBody) -> str | None:
    """How hard to think, where thinking is wanted. A budget of tokens, the older way, becomes a word: ours are OpenAI's."""
    effort = (body.output_config or {}).get("effort")
    if effort is not None:
        if not (isinstance(effort, str) and len(effort) <= 40):
            raise InvalidField("output_config.effort: must be a word, such as low, medium or high.", param="output_config.effort")
        return "xhigh" if effort == "max" else effort  # A word that no provider knows is refused by it, and not taken for the dearest.
    thinking = body.thinking or {}
    if thinking.get("type") not in ("enabled", "adaptive"):
        return None
    budget = thinking.get("budget_tokens")
    return "high" if not isinstance(budget, int) or budget > 8192 else "medium" if budget > 2048 else "low"
