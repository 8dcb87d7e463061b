"""Items of our answers that a client names by their ids alone (`item_reference`), put back as what they were. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from burnish_gateway.compat.format import Facts
from burnish_gateway.compat.responses.answer import call_item, message_item, reasoning_item
from burnish_gateway.compat.responses.tools import IDS
from burnish_shared.errors import InvalidField, PayloadTooLarge
from burnish_shared.json_bytes import encoded

OURS: Final = re.compile(
    r"(?P<kind>rs|msg|fc|ctc|tsc)_(?P<execution>[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})(?:_(?P<number>[0-9]{1,5}))?\Z"
)
"""An item that we gave out names the execution that it came from."""

CALL_KINDS: Final = frozenset(IDS.values())

ANSWERS_MOST: Final = 1000
"""Of so many executions a call may name items; their texts are read at once."""

KIND: Final = "item_reference"

MAY_REFER: Final = re.compile(rb'"item_reference"|\{\s*(?:"type"\s*:\s*null\s*,\s*)?"id"\s*:\s*"[^"\\]*"\s*(?:,\s*"type"\s*:\s*null\s*)?\}')
"""A body without it names no item by its id alone. OpenAI lets the type be left out, or be null."""


@dataclass(frozen=True, slots=True)
class Said:
    """What an execution answered, as the books keep it."""

    output: str | None
    tool_calls: list[Facts] = field(default_factory=list)
    beside: Facts = field(default_factory=dict)


def referred_in(body: Any) -> frozenset[UUID]:
    """The executions whose items are named. Raises InvalidField for an id that is none of ours, and for too many."""
    named = {UUID(_made(item, at)["execution"]) for at, item in _references(body)}
    if len(named) > ANSWERS_MOST:
        raise InvalidField(f"input: names items of {len(named):,} answers, and at most {ANSWERS_MOST:,} are read.", param="input")
    return frozenset(named)


def with_items(body: dict[str, Any], said: Mapping[UUID, Said], *, size: int, most_bytes: int) -> dict[str, Any]:
    """The body with each item in the place of its reference. `size`: bytes of it as it came. Raises InvalidField for one whose text is not
    there, and PayloadTooLarge as soon as the body is longer than `most_bytes`: a call may be named as often as the caller likes.
    """
    items, told = list(body["input"]), set[tuple[str, str]]()
    for at, item in _references(body):
        made = _made(item, at)
        answer = said.get(UUID(made["execution"]))
        items[at] = _item(made, answer, is_told=(made["kind"], made["execution"]) in told, at=at)
        told.add((made["kind"], made["execution"]))
        size += len(encoded(items[at])) - len(encoded(item))
        check_length(size, most_bytes=most_bytes)
    return body | {"input": items}


def without_items(body: dict[str, Any]) -> dict[str, Any]:
    """The body with a mark in the place of each reference: how a call was asked can be read from it, and it is not sent to a model."""
    references = _references(body)
    if not references:
        return body
    items = list(body["input"])
    for at, _ in references:
        items[at] = {"role": "user", "content": "…"}
    return body | {"input": items}


def check_length(size: int, *, most_bytes: int) -> None:
    """Raises PayloadTooLarge for named items that make a body longer than one that holds them may be."""
    if size > most_bytes:
        raise PayloadTooLarge(f"The body is longer than {most_bytes} bytes with what it names by ids.", param="input")


def _references(body: Any) -> list[tuple[int, Facts]]:
    items = body.get("input") if isinstance(body, dict) else None
    if not isinstance(items, list):
        return []
    return [(at, item) for at, item in enumerate(items) if isinstance(item, dict) and _refers(item)]


def _refers(item: Facts) -> bool:
    return item.get("type") == KIND or (item.get("type") is None and item.get("id") is not None and item.keys() <= {"id", "type"})


def _made(item: Facts, at: int) -> re.Match[str]:
    made = OURS.match(item["id"]) if isinstance(item.get("id"), str) else None
    if made is None:
        raise _unknown(at)
    return made


def _item(made: re.Match[str], said: Said | None, *, is_told: bool, at: int) -> Facts:
    """A stream may tell a text or thoughts in several items; the books have them as one, which stands where the first is named."""
    execution, number = made["execution"], int(made["number"] or 0)
    if said is None:
        raise _unknown(at)
    if made["kind"] in CALL_KINDS:
        if number >= len(said.tool_calls):
            raise _unknown(at)
        return call_item(execution, number, said.tool_calls[number])
    if is_told or made["kind"] == "rs":
        return reasoning_item(execution, {} if is_told else said.beside)
    if not said.output and not said.beside.get("refusal"):
        raise _unknown(at)
    return message_item(execution, text=said.output or None, beside=said.beside)


def _unknown(at: int) -> InvalidField:
    return InvalidField(
        f"input[{at}].id: nothing of this id is kept; send the item itself (with Vercel's AI SDK: store false).", param=f"input[{at}].id"
    )
