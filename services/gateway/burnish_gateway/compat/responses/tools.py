"""Tools of the Responses API as functions, which are all that every provider knows, and calls of them told as what they were. Pure.

A free-form tool (`custom`) becomes a function with one text, the tools of a `namespace` get its name before theirs, and a search for tools
that the client runs (`tool_search`) is a function like others.

Source: https://platform.openai.com/docs/api-reference/responses/create and https://platform.openai.com/docs/guides/function-calling.
"""

import json
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any, Final

from burnish_gateway.compat.typed import needed, typed
from burnish_gateway.execution.unsupported import Unsupported
from burnish_gateway.model_settings import TOOLS_MOST
from burnish_shared.errors import InvalidField

Tool = dict[str, Any]
Named = Mapping[str, dict[str, str]]
"""Name of a function → how a call of it is told: `kind`, `name` and, if it has one, `namespace`. Plain functions are left out."""

NAME_MOST: Final = 64
"""Characters that the name of a function has with OpenAI and Anthropic."""

SEARCH: Final = "tool_search"

LOADING: Final = ("additional_tools", "tool_search_output")
"""Items of the conversation that bring tools along."""

CALLS: Final = {"custom": "custom_tool_call", "function": "function_call", SEARCH: "tool_search_call"}

IDS: Final = {"custom": "ctc", "function": "fc", SEARCH: "tsc"}


def tools_of(tools: Sequence[Tool] | None, items: Any) -> tuple[list[Tool], Named]:
    """Functions in the order of chat completions, and how their calls are told. `items`: the input, which may bring tools.

    Raises InvalidField and Unsupported, naming the tool at fault.
    """
    made: list[Tool] = []
    told: dict[str, dict[str, str] | None] = {}
    for at, tool in enumerate(tools or []):
        _take(tool, made, told, param=f"tools[{at}]")
    known = {one["function"]["name"] for one in made}
    for at, item in enumerate(items if isinstance(items, list) else []):
        if item.get("type") in LOADING:
            more = list[Tool]()
            for number, tool in enumerate(typed(item, "tools", list, param=f"input[{at}]") or []):
                _take(tool, more, told, param=f"input[{at}].tools[{number}]")
            fresh = {one["function"]["name"]: one for one in more if one["function"]["name"] not in known}
            made += fresh.values()
            known |= fresh.keys()
    if len(made) > TOOLS_MOST:
        raise InvalidField(f"tools: at most {TOOLS_MOST:,}, those of namespaces counted.", param="tools")
    return made, {name: one for name, one in told.items() if one is not None}


def _take(tool: Any, made: list[Tool], told: dict[str, dict[str, str] | None], *, param: str, namespace: str | None = None) -> None:
    """`told`: how each function's call is told, None where it is a plain one."""
    kind = tool.get("type") if isinstance(tool, dict) else None
    if kind == "namespace" and namespace is None:
        name = needed(tool, "name", str, param=param)
        for at, one in enumerate(typed(tool, "tools", list, param=param) or []):
            _take(one, made, told, param=f"{param}.tools[{at}]", namespace=name)
        return
    is_search = kind == SEARCH and tool.get("execution") == "client" and namespace is None
    if kind not in ("function", "custom") and not is_search:
        why = f"{str(kind)[:40]!r} runs at OpenAI and is not offered; describe a function"
        raise Unsupported(f"{param}.type: {why}.", param=f"{param}.type")
    function = _free(tool, param=param) if kind == "custom" else _function(tool, param=param, name=SEARCH if is_search else None)
    is_plain = kind == "function" and namespace is None
    called = {"kind": kind, "name": function["name"]} | ({"namespace": namespace} if namespace is not None else {})
    name = function["name"] = flat_name(function["name"], namespace)
    if told.setdefault(name, None if is_plain else called) != (None if is_plain else called):
        raise InvalidField(f"{param}.name: another tool is called {name!r} as well.", param=f"{param}.name")
    made.append({"type": "function", "function": function})


def _function(tool: Tool, *, param: str, name: str | None = None) -> Tool:
    """`name`: of one that has none of its own."""
    called = name or needed(tool, "name", str, param=param)
    for field, sort in (("description", str), ("parameters", dict), ("strict", bool)):
        typed(tool, field, sort, param=param)
    return {"name": called} | {field: tool[field] for field in ("description", "parameters", "strict") if tool.get(field) is not None}


def _free(tool: Tool, *, param: str) -> Tool:
    """A text that a grammar may describe: the model is told of it, and nobody holds it to it."""
    said, form = typed(tool, "description", str, param=param) or "", typed(tool, "format", dict, param=param) or {}
    if form.get("type") == "grammar":
        syntax, definition = (needed(form, name, str, param=f"{param}.format") for name in ("syntax", "definition"))
        said = f"{said}\n\n`input` must follow this grammar ({syntax}):\n{definition}".strip()
    text = {"type": "string", "description": "The whole input of the tool, as it is."}
    schema = {"type": "object", "properties": {"input": text}, "required": ["input"], "additionalProperties": False}
    return {"name": needed(tool, "name", str, param=param)} | ({"description": said} if said else {}) | {"parameters": schema}


def flat_name(name: str, namespace: str | None) -> str:
    """What a tool of a namespace is called as a function: always the same, also in later turns."""
    if namespace is None:
        return name
    whole = f"{namespace.removesuffix('__')}__{name}"
    return whole if len(whole) <= NAME_MOST else f"{whole[: NAME_MOST - 9]}_{sha256(whole.encode()).hexdigest()[:8]}"


def choice_of(choice: Tool, *, param: str) -> Tool | None:
    """One tool that is chosen, as chat completions nest it; None where it is none of these."""
    if choice.get("type") == SEARCH:
        return {"type": "function", "function": {"name": SEARCH}}
    if choice.get("type") not in ("function", "custom") or not isinstance(choice.get("name"), str):
        return None
    name = flat_name(choice["name"], typed(choice, "namespace", str, param=param))
    return {"type": "function", "function": {"name": name}}


def called_in(item: Tool, *, param: str) -> dict[str, str]:
    """The function of a call that comes back as an item. Raises InvalidField."""
    kind = item.get("type")
    if kind == CALLS[SEARCH]:
        return {"name": SEARCH, "arguments": json.dumps(typed(item, "arguments", dict, param=param) or {}, ensure_ascii=False)}
    given = "input" if kind == CALLS["custom"] else "arguments"
    if not isinstance(item.get("name"), str) or not isinstance(item.get(given), str):
        raise InvalidField(f"{param}: needs a name, and {given} as text.", param=param)
    name = flat_name(item["name"], typed(item, "namespace", str, param=param))
    arguments = json.dumps({"input": item["input"]}, ensure_ascii=False) if given == "input" else item["arguments"]
    return {"name": name, "arguments": arguments}


def told_call(item: Tool, named: Named) -> Tool:
    """A `function_call` as the call that it was. What a free-form tool is given and is not as asked for is told as it came."""
    tool = named.get(item["name"])
    if tool is None:
        return item
    kind = tool["kind"]
    told = {**item, "type": CALLS[kind], "id": IDS[kind] + item["id"].removeprefix(IDS["function"]), "name": tool["name"]}
    if "namespace" in tool:
        told["namespace"] = tool["namespace"]
    if kind == "function":
        return told
    arguments, given = told.pop("arguments"), _read(item["arguments"])
    if kind == "custom":
        return told | {"input": given["input"] if isinstance(given.get("input"), str) else arguments}
    del told["name"]
    return told | {"arguments": given, "execution": "client"}


def is_whole(name: str, named: Named) -> bool:
    """Whether calls of it are told when all has come, because what they are given stands in JSON that is not theirs."""
    return name in named and named[name]["kind"] != "function"


def _read(arguments: str) -> dict[str, Any]:
    try:
        given = json.loads(arguments)
    except (ValueError, RecursionError):
        return {}
    return given if isinstance(given, dict) else {}


def loaded_text(item: Tool, *, param: str) -> str:
    """What a search for tools found, for the model: their names as functions. They are among the functions from then on."""
    made, _ = tools_of(None, [item])
    return json.dumps({"tools": [one["function"]["name"] for one in made]}, ensure_ascii=False)
