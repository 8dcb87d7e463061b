"""Blots out of executions made elsewhere what the workspace does not want to store, as of its own. Pure."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from burnish_gateway.imports.reported import Reported
from burnish_shared.guarding.arguments import changed_arguments, changed_text
from burnish_shared.guarding.changes import Editor
from burnish_shared.guarding.kept import is_kept
from burnish_shared.guarding.masks import blotting
from burnish_shared.guarding.spans import Finder
from burnish_shared.guarding.text_files import said_in_string
from burnish_shared.guarding.texts import NESTING_MOST, each_text


def masked(reported: Sequence[Reported], finders: Sequence[Finder]) -> list[Reported]:
    """Messages, variables, settings, output, tool calls, metadata and error, masked. Who it was for stays: figures and erasure go by it.

    Seals of thoughts are masked as well: nobody goes on with a conversation that was held elsewhere.
    """
    blot = blotting(finders)
    read = partial(changed_text, editor=blot)
    return [
        replace(
            one,
            messages=_messages(one.messages, blot),
            variables=each_text(one.variables, read),
            metadata=each_text(one.metadata, read),
            output=None if one.output is None else read(one.output),
            tool_calls=None if one.tool_calls is None else _messages(one.tool_calls, blot),
            settings=each_text(one.settings, read),
            error=None if one.error is None else read(one.error),
        )
        for one in reported
    ]


def _messages(value: Any, blot: Editor, depth: int = 0, *, of: str = "") -> Any:
    """Every string, wherever it stands: sources have their own forms of messages. Arguments of calls, and what else begins as JSON does, as
    whoever parses them reads them; files that are texts as texts. `of`: the field that holds the value."""
    if depth >= NESTING_MOST or not isinstance(value, dict | list):
        return each_text(value, partial(changed_text, editor=blot), depth)
    if isinstance(value, list):
        return [_messages(one, blot, depth + 1, of=of) for one in value]
    return {name: _field(name, one, value, blot, depth + 1, of=of) for name, one in value.items()}


def _field(name: str, value: Any, block: dict[str, Any], blot: Editor, depth: int, *, of: str) -> Any:
    if not isinstance(value, str):
        return _messages(value, blot, depth, of=name)
    if name == "arguments":
        return changed_arguments(value, blot)
    is_file = name in ("data", "file_data") and is_kept(name, value, block, of=of, sealed=False)
    return said_in_string(name, value, partial(changed_text, editor=blot), block, of=of, is_kept=is_file)
