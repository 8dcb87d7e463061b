"""Anthropic's turns and tools in OpenAI's words, which are ours inside. Pure."""

import json
from collections.abc import Sequence
from typing import Any, Final

from burnish_gateway.compat.anthropic.body import CountTokensBody, MessagesBody, Turn
from burnish_gateway.compat.anthropic.documents import file_of, image_url_of
from burnish_gateway.compat.target import PROMPT_PREFIX
from burnish_gateway.compat.typed import needed, typed
from burnish_gateway.execution.files import check_place_of_shown, misplaced
from burnish_gateway.execution.unsupported import Unsupported
from burnish_shared.errors import InvalidField
from burnish_shared.unpriced import OWN_TYPE, run_by_caller

Block = dict[str, Any]

BUDGET_LEAST: Final = 1024
"""Tokens to think with; Anthropic takes no fewer."""

TOOL_CHOICES: Final = {"auto": "auto", "any": "required", "none": "none"}

THOUGHTS: Final = frozenset({"thinking", "redacted_thinking"})
"""What a model thought before: it goes back to the provider that signed it, unchanged."""

OF_TOOL: Final = frozenset({"type", "name", "description", "input_schema"})


def messages_of(body: MessagesBody) -> list[dict[str, Any]]:
    """Raises InvalidField and Unsupported, naming the block at fault."""
    messages: list[dict[str, Any]] = []
    if body.system:
        parts = [{"type": "text", "text": body.system}] if isinstance(body.system, str) else _parts(body.system, param="system")
        check_place_of_shown("system", parts, param="system")
        messages.append({"role": "system", "content": body.system if isinstance(body.system, str) else parts})
    for index, turn in enumerate(body.messages):
        messages += _of_turn(turn, param=f"messages[{index}]", is_first=index == 0)
    return messages


def _of_turn(turn: Turn, *, param: str, is_first: bool) -> list[dict[str, Any]]:
    if turn.role == "system" and not is_first:
        return [_instructed(turn, param=param)]
    if turn.role not in ("user", "assistant"):
        why = "must be user or assistant, or system behind one of these; the first instructions go into system"
        raise InvalidField(f"{param}.role: {why}.", param=f"{param}.role")
    if isinstance(turn.content, str):
        return [{"role": turn.role, "content": turn.content}]
    for at, block in enumerate(turn.content):
        if not isinstance(block.get("type"), str):
            raise InvalidField(f"{param}.content[{at}].type: is needed.", param=f"{param}.content[{at}].type")
    return _said(turn.content, param=param) if turn.role == "assistant" else _asked(turn.content, param=param)


def _instructed(turn: Turn, *, param: str) -> dict[str, Any]:
    """Instructions in the midst of the conversation, as Claude Code sends them. Without a text they would only say what no other model
    has a word for.
    """
    if not turn.content:
        raise Unsupported(f"{param}.content: a message of system needs a text.", param=f"{param}.content")
    if isinstance(turn.content, str):
        return {"role": "system", "content": turn.content}
    parts = _parts(turn.content, param=f"{param}.content")
    check_place_of_shown("system", parts, param=f"{param}.content")
    return {"role": "system", "content": parts}


def _asked(blocks: Sequence[Block], *, param: str) -> list[dict[str, Any]]:
    """Results of tools are messages of their own, before what the user says."""
    results: list[dict[str, Any]] = []
    for at, block in enumerate(blocks):
        if block["type"] == "tool_result":
            if not isinstance(block.get("tool_use_id"), str):
                where = f"{param}.content[{at}].tool_use_id"
                raise InvalidField(f"{where}: must name the call that this answers.", param=where)
            where = f"{param}.content[{at}]"
            said = {"role": "tool", "tool_call_id": block["tool_use_id"], "content": _result(block, param=where)}
            results.append(said | _mark(block, param=where) | ({"is_error": True} if typed(block, "is_error", bool, param=where) else {}))
    parts = _parts(blocks, param=f"{param}.content", but=("tool_result",))
    return [*results, {"role": "user", "content": parts}] if parts else results


def _result(block: Block, *, param: str) -> str | list[dict[str, Any]]:
    content = block.get("content")
    if not isinstance(content, str | list | None):
        raise InvalidField(f"{param}.content: must be text or a list of blocks.", param=f"{param}.content")
    return _parts(content, param=f"{param}.content") if isinstance(content, list) else content or ""


def _said(blocks: Sequence[Block], *, param: str) -> list[dict[str, Any]]:
    calls = [_call(block, param=f"{param}.content[{at}]") for at, block in enumerate(blocks) if block["type"] == "tool_use"]
    _check_turn_shows_nothing(blocks, param=f"{param}.content")
    parts = _parts(blocks, param=f"{param}.content", but=("tool_use", *THOUGHTS))
    text = (
        parts if any("cache_control" in part or "citations" in part for part in parts) else "".join(part.get("text", "") for part in parts)
    )
    said: dict[str, Any] = (
        {"role": "assistant", "content": text or None, "tool_calls": calls} if calls else {"role": "assistant", "content": text}
    )
    thoughts = [_thought(block, param=f"{param}.content[{at}]") for at, block in enumerate(blocks) if block["type"] in THOUGHTS]
    return [said | ({"thinking_blocks": thoughts} if thoughts else {})]


def _check_turn_shows_nothing(blocks: Sequence[Block], *, param: str) -> None:
    """A turn of the model's is what it said: an image or document in it would reach nobody."""
    for at, block in enumerate(blocks):
        if block["type"] in ("image", "document"):
            raise misplaced(block["type"], param=f"{param}[{at}]")


def _thought(block: Block, *, param: str) -> Block:
    """As it came. A signature may be missing: not every provider signs."""
    if block["type"] == "redacted_thinking":
        needed(block, "data", str, param=param)
    else:
        needed(block, "thinking", str, param=param)
        typed(block, "signature", str, param=param)
    return block


def _mark(block: Block, *, param: str) -> dict[str, Any]:
    """A mark for the provider's cache, where there is one."""
    mark = typed(block, "cache_control", dict, param=param)
    return {} if mark is None else {"cache_control": mark}


def _call(block: Block, *, param: str) -> dict[str, Any]:
    given = json.dumps(typed(block, "input", dict, param=param) or {}, ensure_ascii=False)
    function = {"name": needed(block, "name", str, param=param), "arguments": given}
    return {"id": needed(block, "id", str, param=param), "type": "function", "function": function} | _mark(block, param=param)


def _parts(blocks: Sequence[Block], *, param: str, but: tuple[str, ...] = ()) -> list[dict[str, Any]]:
    """`but`: kinds of blocks that are no parts of a message."""
    left = [(at, block) for at, block in enumerate(blocks) if not (isinstance(block, dict) and block.get("type") in but)]
    return [_part(block, param=f"{param}[{at}]") for at, block in left]


def _part(block: Any, *, param: str) -> dict[str, Any]:
    kind = block.get("type") if isinstance(block, dict) else None
    if kind == "text" and isinstance(block.get("text"), str):
        cited = typed(block, "citations", list, param=param)
        return {"type": "text", "text": block["text"]} | _mark(block, param=param) | ({"citations": cited} if cited else {})
    if kind == "image" and (url := image_url_of(block.get("source"))):
        return {"type": "image_url", "image_url": {"url": url}} | _mark(block, param=param)
    if kind == "document":
        return file_of(block, param=param, part_of=_part) | _mark(block, param=param)
    if kind in ("text", "image"):
        raise InvalidField(f"{param}: is no {kind} as the format describes one.", param=param)
    raise Unsupported(
        f"{param}.type: {str(kind)[:40]!r} is not offered; send text, image, document, tool_use and tool_result.", param=f"{param}.type"
    )


def settings_of(body: MessagesBody) -> dict[str, Any]:
    """Settings under our names; only what was given. What is said of tools holds for those of a prompt too.

    Raises Unsupported for tools that run at the provider.
    """
    settings: dict[str, Any] = {"max_tokens": body.max_tokens} if "max_tokens" in body.model_fields_set else {}
    given = {"temperature": body.temperature, "top_p": body.top_p, "stop": body.stop_sequences or None, "reasoning_effort": _effort(body)}
    settings |= {name: value for name, value in given.items() if value is not None}
    if body.tools:
        settings["tools"] = [_tool(tool, param=f"tools[{at}]") for at, tool in enumerate(body.tools)]
    settings |= _choice(body.tool_choice)
    wanted = typed(body.output_config or {}, "format", dict, param="output_config")
    if wanted is not None:
        if wanted.get("type") != "json_schema":
            raise InvalidField("output_config.format.type: must be json_schema.", param="output_config.format.type")
        schema = needed(wanted, "schema", dict, param="output_config.format")
        settings["response_format"] = {"type": "json_schema", "json_schema": {"name": "answer", "schema": schema, "strict": True}}
    return settings


def _tool(tool: dict[str, Any], *, param: str) -> dict[str, Any]:
    kind = tool.get("type")
    is_run_by_caller = run_by_caller({OWN_TYPE: kind})
    if kind not in (None, "custom") and not is_run_by_caller:
        raise Unsupported(
            f"{param}.type: {str(kind)[:40]!r} runs at Anthropic and is not offered; describe a tool of yours.",
            param=f"{param}.type",
        )
    if not isinstance(tool.get("name"), str):
        raise InvalidField(f"{param}.name: is needed.", param=f"{param}.name")
    _mark(tool, param=param)
    if is_run_by_caller:
        return {"type": "function", "function": {"name": tool["name"]}, OWN_TYPE: kind} | {
            name: tool[name] for name in tool.keys() - OF_TOOL
        }
    text, schema = typed(tool, "description", str, param=param), typed(tool, "input_schema", dict, param=param)
    function = {"name": tool["name"], "parameters": schema or {"type": "object"}} | ({"description": text} if text is not None else {})
    return {"type": "function", "function": function} | {name: tool[name] for name in tool.keys() - OF_TOOL}


def _choice(choice: dict[str, Any] | None) -> dict[str, Any]:
    told: dict[str, Any] = {}
    if choice is None:
        return told
    if choice.get("type") == "tool" and isinstance(choice.get("name"), str):
        told["tool_choice"] = {"type": "function", "function": {"name": choice["name"]}}
    elif isinstance(choice.get("type"), str) and choice["type"] in TOOL_CHOICES:
        told["tool_choice"] = TOOL_CHOICES[choice["type"]]
    else:
        raise InvalidField("tool_choice: must be of the type auto, any, none, or tool with the name of one.", param="tool_choice")
    one_by_one = typed(choice, "disable_parallel_tool_use", bool, param="tool_choice")
    return told | ({"parallel_tool_calls": False} if one_by_one else {})


def _effort(body: MessagesBody) -> str | None:
    """How hard to think, where thinking is wanted. A budget of tokens, the older way, becomes a word: ours are OpenAI's."""
    thinking = {"type": "disabled"} if body.thinking is None else body.thinking
    kind, budget = needed(thinking, "type", str, param="thinking"), typed(thinking, "budget_tokens", int, param="thinking")
    if kind == "enabled" and budget is not None:
        _check_budget(budget, body)
    effort = (body.output_config or {}).get("effort")
    if effort is not None:
        if not (isinstance(effort, str) and len(effort) <= 40):
            raise InvalidField("output_config.effort: must be a word, such as low, medium or high.", param="output_config.effort")
        return "xhigh" if effort == "max" else effort  # A word that no provider knows is refused by it, and not taken for the dearest.
    if kind not in ("enabled", "adaptive"):
        return None
    return "high" if budget is None or budget > 8192 else "medium" if budget > 2048 else "low"


def _check_budget(budget: int, body: MessagesBody) -> None:
    """As Anthropic refuses it, whatever model is called. With tools a budget is for all turns between them: it may be more than one answer.

    Source: https://platform.claude.com/docs/en/build-with-claude/extended-thinking (budgets; interleaved thinking).
    """
    if budget < BUDGET_LEAST:
        raise InvalidField(f"thinking.budget_tokens: must be {BUDGET_LEAST} at least.", param="thinking.budget_tokens")
    may_have_tools = bool(body.tools) or body.model.startswith(PROMPT_PREFIX)  # a prompt's version may hold some
    if budget >= body.max_tokens and not may_have_tools and not isinstance(body, CountTokensBody):
        raise InvalidField(
            f"thinking.budget_tokens: {budget} must be less than max_tokens, which is {body.max_tokens}: what is thought counts as answer.",
            param="thinking.budget_tokens",
        )
