"""Parts of tool calls as servers that call themselves compatible cut them, in the one cut that all others here read. Pure.

They differ in five points: a call without an index, or each one at index 0 (Google's and Ollama's early ones), or the first at index 1
(gateways to Anthropic's models, which count its blocks); a name or an empty id once more with every part (DashScope); an id drawn anew for
every part (vLLM's early ones); arguments that are an object and no text of one; and for a call without arguments an empty text, which is
no JSON and which clients therefore cannot read.

A call that comes without an id gets one that is drawn: clients demand it, and an answer to the call could not name it otherwise.
"""

import hashlib
import json
from typing import Any, Final

from burnish_executor.core.answer import CALLS_MOST, Answer

Part = dict[str, Any]

WHOLE: Final = ("tool_calls", "stop")
"""Reasons for the end of a choice after which nothing of its calls is missing."""

LATER: Final = frozenset({"index", "function"})
"""What a part of a call that was named before holds."""


def parts_of(answer: Answer, said: Any) -> list[Part]:
    """The parts of one event or message: each with the place of its call among the answer's, and what is new of its id and name."""
    listed = said if isinstance(said, list) else []
    return [made for one in listed if isinstance(one, dict) and (made := _part(answer, one)) is not None]


def with_empty_objects(answer: Answer, parts: list[Part], reason: Any) -> list[Part]:
    """`parts`, and `{}` for each call that has no arguments when its choice ends. One that was cut off is left as it is."""
    if reason not in WHOLE:
        return parts
    told = {part["index"] for part in parts if _text((part.get("function") or {}).get("arguments"))}
    lacking = [at for at, call in enumerate(answer.tool_calls) if at not in told and not call["function"]["arguments"]]
    return [*parts, *({"index": at, "function": {"arguments": "{}"}} for at in lacking)]


def _part(answer: Answer, part: Part) -> Part | None:
    """None for one call too many."""
    index, function = part.get("index"), part.get("function")
    if type(index) is int and part.keys() == LATER and answer.places.get(index) == index and _says_arguments_alone(function):
        return part
    function = function if isinstance(function, dict) else {}
    call_id, name = _text(part.get("id")), _text(function.get("name"))
    place = _place(answer, index if type(index) is int else None, call_id, name)
    if place is None:
        return None
    call = answer.tool_calls[place]
    made = {**part, "index": place, "function": _function(function, known=call["function"]["name"])}
    if call["id"]:
        made.pop("id", None)
    else:
        call["id"] = made["id"] = call_id or _drawn(answer, place)
        made["type"] = _text(made.get("type")) or "function"
    return made


def _drawn(answer: Answer, place: int) -> str:
    """An id for a call that came without one, of no more characters than OpenAI takes back (40)."""
    drawn = "call_" + hashlib.blake2b(f"{answer.seed}/{place}".encode(), digest_size=16).hexdigest()
    answer.drawn.add(drawn)
    return drawn


def _place(answer: Answer, index: int | None, call_id: str, name: str) -> int | None:
    """Of the call that a part belongs to, which may begin with it."""
    calls = answer.tool_calls
    if index is not None:
        place = answer.places.get(index)
    elif call_id or name:
        place = next((at for at, call in enumerate(calls) if call_id and call["id"] == call_id), None)
    else:
        place = len(calls) - 1 if calls else None
    if place is not None and not _is_another(answer, calls[place], call_id, name):
        return place
    if len(calls) > CALLS_MOST:
        return None
    calls.append({"id": "", "type": "function", "function": {"name": "", "arguments": ""}})
    if index is not None:
        answer.places[index] = len(calls) - 1
    return len(calls) - 1


def _is_another(answer: Answer, call: dict[str, Any], call_id: str, name: str) -> bool:
    """Than the one that stands at its place: it has an id and a name of its own, or another name behind arguments."""
    known = call["function"]
    has_other_id = bool(call_id) and call["id"] not in ("", call_id) and call["id"] not in answer.drawn
    return bool(name) and (has_other_id or bool(known["arguments"] and known["name"] and name != known["name"]))


def _function(given: dict[str, Any], *, known: str) -> dict[str, Any]:
    """`known`: the name as far as it came; one that is said again is not told again."""
    made = {key: value for key, value in given.items() if key != "name" or not known or _text(value) not in ("", known)}
    arguments = made.get("arguments")
    if arguments is not None and not isinstance(arguments, str):
        made["arguments"] = json.dumps(arguments, ensure_ascii=False)
    return made


def _says_arguments_alone(function: Any) -> bool:
    return isinstance(function, dict) and len(function) == 1 and isinstance(function.get("arguments"), str)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
