"""Items of the Responses API as chat messages, which are ours inside. Pure."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from burnish_gateway.compat.responses.body import ResponsesBody
from burnish_gateway.compat.responses.references import KIND as REFERENCE
from burnish_gateway.compat.responses.references import OURS
from burnish_gateway.compat.responses.tools import CALLS, SEARCH, called_in, choice_of, loaded_text
from burnish_gateway.compat.typed import needed, typed
from burnish_gateway.execution.files import HOLDS, check_file, check_place_of_shown
from burnish_gateway.execution.unsupported import Unsupported
from burnish_shared.errors import InvalidField

Item = dict[str, Any]

TEXTS: Final = frozenset({"input_text", "output_text", "text"})

PASSED: Final = ("service_tier", "prompt_cache_key", "safety_identifier", "store")
"""They are called the same in chat completions."""

OF_RESPONSES: Final = frozenset(
    {
        "include", "truncation", "max_tool_calls", "conversation", "stream_options", "top_logprobs", "client_metadata",
        "context_management",
    }
)  # fmt: skip
"""They belong to this format, and are no fields of a chat completion."""

CHANCES: Final = "message.output_text.logprobs"

CHOICES: Final = frozenset({"auto", "none", "required"})

NO_CHOICE: Final = 'tool_choice: must be auto, none, required, {"type": "function", "name": …} or allowed_tools.'

CALLED: Final = tuple(CALLS.values())

ANSWERED: Final = ("function_call_output", "custom_tool_call_output", "tool_search_output")

TAKEN: Final = ("message", *CALLED, *ANSWERED, "reasoning", "additional_tools", REFERENCE)
"""Kinds of items; one that is only named has become what it names before."""

ROLES: Final = frozenset({"user", "assistant", "system", "developer"})


def messages_of(body: ResponsesBody) -> list[dict[str, Any]]:
    """Raises InvalidField and Unsupported, naming the item at fault."""
    messages: list[dict[str, Any]] = [{"role": "system", "content": body.instructions}] if body.instructions else []
    if isinstance(body.input, str):
        return [*messages, {"role": "user", "content": body.input}]
    turn: Turn | None = None
    for index, item in enumerate(body.input or []):
        into = turn.message if turn is not None and turn.takes(item) else None
        _add(messages, item, into, param=f"input[{index}]")
        turn = Turn.after(item, messages, turn if into is not None else None)
    return [one for one in messages if not _only_thinks(one)]


def _only_thinks(message: dict[str, Any]) -> bool:
    """A turn of which nothing but its thoughts was sent."""
    return message["content"] is None and not message.get("tool_calls")


@dataclass(slots=True)
class Turn:
    """The model's turn that is not over. `execution`: of ours that made it, None where none is named; `ends_said`: a message came last."""

    message: dict[str, Any]
    execution: str | None = None
    ends_said: bool = False

    def takes(self, item: Item) -> bool:
        """The model thought, said and called it in one answer, in whichever order: providers want the answers of tools right after a turn.

        So nothing ends a turn whose calls are not answered. Otherwise what the ids of two of our executions name are two turns; and so are,
        where an id is missing, two messages right after each other.
        """
        execution = _execution_of(item)
        if self.message.get("tool_calls"):
            return True
        if execution is not None and self.execution is not None:
            return execution == self.execution
        return not self.ends_said or item.get("type", "message") != "message"

    @classmethod
    def after(cls, item: Item, messages: Sequence[dict[str, Any]], turn: "Turn | None") -> "Turn | None":
        """The turn that is open once `item` has been added: `turn`, where it went into that one."""
        if not messages or messages[-1]["role"] != "assistant":
            return None
        if turn is None or turn.message is not messages[-1]:
            turn = cls(messages[-1])
        turn.execution = turn.execution or _execution_of(item)
        turn.ends_said = item.get("type", "message") == "message"
        return turn


def _execution_of(item: Item) -> str | None:
    """None where we did not make the item, or its id was left out."""
    made = OURS.match(item["id"]) if isinstance(item.get("id"), str) else None
    return made["execution"] if made else None


def _add(messages: list[dict[str, Any]], item: Item, turn: dict[str, Any] | None, *, param: str) -> None:
    """`turn`: the model's turn that this belongs to; None: it begins one, or is none."""
    match item.get("type", "message"):
        case "message":
            said = _message(item, param=param)
            if turn is not None and said["role"] == "assistant":
                turn["content"] = (turn["content"] or "") + said["content"] or (None if turn.get("tool_calls") else "")
            else:
                messages.append(said)
        case kind if kind in CALLED:
            call = {"id": needed(item, "call_id", str, param=param), "type": "function", "function": called_in(item, param=param)}
            if turn is None:
                turn = {"role": "assistant", "content": None}
                messages.append(turn)
            turn["tool_calls"] = [*turn.get("tool_calls", []), call]
            turn["content"] = turn["content"] or None
        case "additional_tools":
            pass  # they are among the tools
        case kind if kind in ANSWERED:
            if not isinstance(item.get("call_id"), str):
                raise InvalidField(f"{param}.call_id: must name the call that this answers.", param=f"{param}.call_id")
            is_search = kind == f"{SEARCH}_output"
            answered = loaded_text(item, param=param) if is_search else _content(item.get("output"), param=f"{param}.output")
            messages.append({"role": "tool", "tool_call_id": item["call_id"], "content": answered})
        case "reasoning":
            thoughts = _thoughts(item, param=param)
            if turn is None and thoughts:
                messages.append({"role": "assistant", "content": None, **thoughts})
            elif turn is not None:
                turn |= {name: turn[name] + more if name in turn else more for name, more in thoughts.items()}
        case other:
            message = f"{param}.type: {str(other)[:40]!r} is not offered; send {', '.join(TAKEN[:-1])} or {TAKEN[-1]}."
            raise Unsupported(message, param=f"{param}.type")


def _thoughts(item: Item, *, param: str) -> dict[str, Any]:
    """As we gave them out; what OpenAI itself encrypted is nothing that another call could use."""
    content, sealed = typed(item, "content", list, param=param) or [], typed(item, "encrypted_content", str, param=param)
    texts: list[str] = []
    for at, part in enumerate(content):
        if not isinstance(part, dict):
            raise InvalidField(f"{param}.content[{at}]: must be a part with a text.", param=f"{param}.content[{at}]")
        texts.append(typed(part, "text", str, param=f"{param}.content[{at}]") or "")
    try:
        blocks = json.loads(sealed) if sealed is not None else None
    except (ValueError, RecursionError):
        blocks = None
    is_ours = isinstance(blocks, list) and all(isinstance(one, dict) for one in blocks)
    said = {"reasoning_content": "".join(texts)} if any(texts) else {}
    return said | ({"thinking_blocks": blocks} if is_ours and blocks else {})


def _message(item: Item, *, param: str) -> dict[str, Any]:
    if not isinstance(item.get("role"), str) or item["role"] not in ROLES:
        raise InvalidField(f"{param}.role: must be one of {', '.join(sorted(ROLES))}.", param=f"{param}.role")
    content = _content(item.get("content"), param=f"{param}.content")
    if item["role"] == "assistant" and isinstance(content, list):
        check_place_of_shown("assistant", content, param=f"{param}.content")
        content = "".join(part.get("text", "") for part in content)
    return {"role": item["role"], "content": content}


def _content(content: Any, *, param: str) -> str | list[dict[str, Any]]:
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        raise InvalidField(f"{param}: must be text or a list of parts.", param=param)
    return [_part(part, param=f"{param}[{at}]") for at, part in enumerate(content)]


def _part(part: Any, *, param: str) -> dict[str, Any]:
    if not isinstance(part, dict) or not isinstance(part.get("type"), str):
        raise InvalidField(f"{param}.type: must name what the part is, such as input_text.", param=f"{param}.type")
    kind = part["type"]
    if kind in TEXTS and isinstance(part.get("text"), str):
        return {"type": "text", "text": part["text"]}
    if kind == "refusal" and isinstance(part.get("refusal"), str):
        return {"type": "text", "text": part["refusal"]}
    if kind == "input_image" and isinstance(part.get("image_url"), str):
        detail = typed(part, "detail", str, param=param)
        return {"type": "image_url", "image_url": {"url": part["image_url"]} | ({"detail": detail} if detail is not None else {})}
    if kind == "input_file":
        if part.get("citations") is not None:
            raise Unsupported(
                f"{param}.citations: are not asked for in this format; /v1/chat/completions and /v1/messages take them.",
                param=f"{param}.citations",
            )
        file = {name: part[name] for name in ("file_id", "filename", *HOLDS[:2]) if part.get(name) is not None}
        check_file(file, param=param)
        return {"type": "file", "file": file}
    if kind in TEXTS or kind == "refusal":
        needed(part, "refusal" if kind == "refusal" else "text", str, param=param)
    raise Unsupported(
        f"{param}.type: {kind[:40]!r} is not offered; send input_text, output_text, input_file, and input_image with its URL.",
        param=f"{param}.type",
    )


def settings_of(body: ResponsesBody, *, tools: Sequence[Item]) -> dict[str, Any]:
    """Settings under our names; only what was given. `tools`: functions of the call.

    What is said of tools holds for those of a prompt too.
    """
    given = {
        "max_completion_tokens": body.max_output_tokens,
        "temperature": body.temperature,
        "top_p": body.top_p,
        "reasoning_effort": _effort((body.reasoning or {}).get("effort")),
        "parallel_tool_calls": body.parallel_tool_calls,
        "tool_choice": None if body.tool_choice is None else _choice(body.tool_choice),
        "response_format": _format((body.text or {}).get("format")),
        **_chances(body.model_extra or {}),
    }
    settings: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    extra = dict(body.model_extra or {}) | {name: value for name in PASSED if (value := getattr(body, name)) is not None}
    if (verbosity := typed(body.text or {}, "verbosity", str, param="text")) is not None:
        extra["verbosity"] = verbosity
    if extra := {name: value for name, value in extra.items() if name not in OF_RESPONSES}:
        settings["extra"] = extra
    if tools:
        settings["tools"] = list(tools)
    return settings


def _chances(given: dict[str, Any]) -> dict[str, Any]:
    """How likely each token was is asked for by `include`, and by `top_logprobs` of how many others besides; either asks for it."""
    most, included = given.get("top_logprobs"), given.get("include")
    if most is not None and not (isinstance(most, int) and not isinstance(most, bool) and 0 <= most <= 20):
        raise InvalidField("top_logprobs: must be a whole number from 0 to 20.", param="top_logprobs")
    if included is not None and not isinstance(included, list):
        raise InvalidField("include: must be a list.", param="include")
    if not most and CHANCES not in (included or []):
        return {}
    return {"logprobs": True, "top_logprobs": most or None}


def _effort(wanted: Any) -> str | None:
    if wanted is not None and not (isinstance(wanted, str) and len(wanted) <= 40):
        raise InvalidField("reasoning.effort: must be a word, such as low, medium or high.", param="reasoning.effort")
    return wanted


def _choice(choice: str | Item) -> str | Item:
    """Chat completions nest what is chosen; responses do not."""
    if isinstance(choice, str) and choice in CHOICES:
        return choice
    if isinstance(choice, str):
        raise InvalidField(NO_CHOICE, param="tool_choice")
    if (chosen := choice_of(choice, param="tool_choice")) is not None:
        return chosen
    if choice.get("type") == "allowed_tools" and isinstance(choice.get("tools"), list):
        mode = typed(choice, "mode", str, param="tool_choice") or "auto"
        if mode not in ("auto", "required"):
            raise InvalidField("tool_choice.mode: must be auto or required.", param="tool_choice.mode")
        allowed = [_allowed(one, param=f"tool_choice.tools[{at}]") for at, one in enumerate(choice["tools"])]
        return {"type": "allowed_tools", "allowed_tools": {"mode": mode, "tools": allowed}}
    raise InvalidField(NO_CHOICE, param="tool_choice")


def _allowed(tool: Any, *, param: str) -> Item:
    chosen = choice_of(tool, param=param) if isinstance(tool, dict) else None
    if chosen is None:
        raise InvalidField(f'{param}: must be {{"type": "function", "name": …}}.', param=param)
    return chosen


def _format(wanted: Any) -> dict[str, Any] | None:
    """None for text. What is misspelt is not taken for text: the caller would get words where JSON was asked for."""
    if wanted is None or wanted == {"type": "text"}:
        return None
    kind = wanted.get("type") if isinstance(wanted, dict) else None
    if kind == "json_object":
        return {"type": "json_object"}
    if kind != "json_schema":
        raise InvalidField("text.format.type: must be text, json_object or json_schema.", param="text.format.type")
    if not isinstance(wanted.get("schema"), dict):
        raise InvalidField(
            "text.format.schema: must be a JSON schema, beside the type and not below json_schema.", param="text.format.schema"
        )
    for name, sort in (("name", str), ("description", str), ("strict", bool)):
        typed(wanted, name, sort, param="text.format")
    named = {name: wanted[name] for name in ("name", "description", "schema", "strict") if wanted.get(name) is not None}
    return {"type": "json_schema", "json_schema": named}
