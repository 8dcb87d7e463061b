"""Calls of a simulated model: of the tool that `tool_choice` forces, and by `chat` of those that the user names. Pure."""

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from burnish_simulator.refusals import Refusal
from burnish_simulator.schema_answer import Unfillable, fill

CHOICES: Final = (None, "auto", "none", "required")
CALLS_MOST: Final = 8
"""At once: a message may name a thousand tools, and each call may be as long as a whole answer."""


@dataclass(frozen=True, slots=True)
class ToolCall:
    """`arguments`: JSON text, which a limit of tokens may have cut."""

    name: str
    arguments: str


def check_choice(tools: Sequence[Any] | None, choice: Any) -> None:
    """Raises Refusal for a choice that is none, or of a tool that was not given."""
    if forced_in(choice) and not tools:
        raise Refusal("tool_choice is only allowed when tools are specified.", param="tool_choice", code="invalid_value")
    if not isinstance(choice, dict) and choice not in CHOICES:
        raise Refusal("tool_choice may be auto, none, required, or an object.", param="tool_choice", code="invalid_value")
    if isinstance(choice, dict) and not _offered(tools, choice):
        raise Refusal("tool_choice names no function that is among tools.", param="tool_choice", code="invalid_value")


def forced_in(choice: Any) -> bool:
    """Must a tool be called?"""
    if isinstance(choice, dict):
        return choice.get("type") != "allowed_tools" or bool(_part(choice, "allowed_tools").get("mode") == "required")
    return bool(choice == "required")


def forced(tools: Sequence[Any] | None, choice: Any, text: str, *, asked: str, is_answered: bool) -> tuple[ToolCall, ...]:
    """One call, its arguments filled with the text; none where nothing is forced. Raises Refusal.

    Of several functions that may be called: the one that the user names; else the first, or once tools have answered (`is_answered`)
    the last, which is the one that agents end with.
    """
    offered = _offered(tools, choice) if forced_in(choice) else {}
    if not offered:
        return ()
    names = list(offered)
    name = names[-1] if is_answered else next(iter(_named_in(asked, names)), names[0])
    return (ToolCall(name, _arguments(offered[name], text)),)


def named(tools: Sequence[Any] | None, choice: Any, text: str, *, asked: str, at_once: int) -> tuple[ToolCall, ...]:
    """A call of each function that the user names, in that order, `at_once` and CALLS_MOST at most; arguments hold the text."""
    if choice == "none":
        return ()
    offered = _offered(tools, choice)
    called = _named_in(asked, offered)[: min(at_once, CALLS_MOST)]
    return tuple(ToolCall(name, _arguments(offered[name], text)) for name in called)


def cut(calls: Sequence[ToolCall], *, most_chars: int | None) -> tuple[tuple[ToolCall, ...], bool]:
    """The calls with at most so many characters of names and arguments, and whether anything is gone. None: no limit."""
    if most_chars is None:
        return tuple(calls), False
    kept: list[ToolCall] = []
    left = most_chars
    for call in calls:
        left -= len(call.name)
        if left <= 0:
            return tuple(kept), True
        kept.append(ToolCall(call.name, call.arguments[:left]))
        if len(call.arguments) > left:
            return tuple(kept), True
        left -= len(call.arguments)
    return tuple(kept), False


def _named_in(text: str, names: Iterable[str]) -> list[str]:
    """Those that stand in the text as words of their own, in its order."""
    found = {name: at.start() for name in names if (at := re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", text))}
    return sorted(found, key=found.__getitem__)


def _arguments(parameters: dict[str, Any], text: str) -> str:
    """Raises Refusal."""
    try:
        filled = fill({"type": "object", **parameters}, text)
    except Unfillable as error:
        raise Refusal(str(error), param="tools", code="invalid_value") from error
    return json.dumps(filled if isinstance(filled, dict) else {}, ensure_ascii=False)


def _offered(tools: Sequence[Any] | None, choice: Any) -> dict[str, dict[str, Any]]:
    """Parameters of the functions that the choice allows, by name, in their order."""
    given = {}
    for tool in tools or ():
        function = _part(tool, "function")
        if isinstance(name := function.get("name"), str) and name:
            given[name] = _part(function, "parameters")
    if not isinstance(choice, dict):
        return given
    wanted = _part(choice, "allowed_tools").get("tools") if choice.get("type") == "allowed_tools" else [choice]
    names = [_part(one, "function").get("name") for one in wanted] if isinstance(wanted, list) else []
    return {name: parameters for name, parameters in given.items() if name in names}


def _part(value: Any, name: str) -> dict[str, Any]:
    found = value.get(name) if isinstance(value, dict) else None
    return found if isinstance(found, dict) else {}
