"""Take chosen parts of one version over into another (PRODUCT P4). Pure."""

import re
from collections.abc import Sequence
from typing import Any, Final

from burnish_gateway.registry.content import CONTENT_FIELDS, VersionContent
from burnish_shared.errors import InvalidField

EVERYTHING: Final = "*"

_MESSAGE = re.compile(r"messages\[(\d{1,3})\]")
_PARAMETER = re.compile(r"parameters\.(.{1,600})", re.DOTALL)


def is_part(name: str) -> bool:
    """Whether a version can have a part of this name: a field, `messages[N]`, `parameters.NAME`; not `*`, which is all of them."""
    return name in CONTENT_FIELDS or _MESSAGE.fullmatch(name) is not None or _PARAMETER.fullmatch(name) is not None


def picked(onto: VersionContent, source: VersionContent, parts: Sequence[str]) -> dict[str, Any]:
    """What to put over `onto` (see `content.taken_over`) so that it has these parts as `source` has them; a None takes a field away.

    A part is a field, `messages[N]` (counted from 0), `parameters.NAME`, or `*` for everything. Raises InvalidField for another one.
    """
    before, wanted = onto.fields(), source.fields()
    names = [name for part in parts for name in (CONTENT_FIELDS if part == EVERYTHING else (part,))]
    given: dict[str, Any] = {}
    for part in names:
        if part in CONTENT_FIELDS:
            given[part] = wanted.get(part)
        elif (message := _MESSAGE.fullmatch(part)) is not None:
            given["messages"] = _with_message(given.get("messages", before["messages"]), source.messages, int(message[1]), part=part)
        elif (parameter := _PARAMETER.fullmatch(part)) is not None:
            known = dict(given.get("parameters", before.get("parameters")) or {})
            given["parameters"] = _with_parameter(known, wanted.get("parameters") or {}, parameter[1])
        else:
            raise InvalidField(
                f"'{part[:100]}' is no part of a version: name a field such as 'model', 'messages[0]', 'parameters.NAME', or '*'.",
                param="parts",
            )
    return given


def _with_message(messages: Sequence[dict[str, Any]], source: Sequence[dict[str, Any]], index: int, *, part: str) -> list[dict[str, Any]]:
    """In the place of that message, or behind the last."""
    if index >= len(source):
        raise InvalidField(f"'{part}': the version has {len(source)} messages, counted from 0.", param="parts")
    return [*messages[:index], source[index], *messages[index + 1 :]]


def _with_parameter(known: dict[str, Any], source: dict[str, Any], name: str) -> dict[str, Any] | None:
    if name not in source and name not in known:
        raise InvalidField(f"'parameters.{name[:100]}': neither version says anything of this variable.", param="parts")
    known.pop(name, None)
    if name in source:
        known[name] = source[name]
    return known or None
