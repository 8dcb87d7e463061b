"""Failpoints for crash tests: `BURNISH_FP="name:exit,name2:sleep=500"` makes a process die or pause where `hit("name")` stands.

`exit=40`: the 40th time that this process comes there, so that under load some calls die and others do not. `exit_once=FOLDER`: the first
process that comes there dies, and no other after it; a file in that folder, which must exist, is what they know it by.
"""

import asyncio
import os
from pathlib import Path
from typing import Final

import structlog

KILLED: Final = 137
"""The exit code of a process that got SIGKILL: nothing is flushed, no handler runs."""

_actions: dict[str, tuple[str, str]] = {}
_times: dict[str, int] = {}


def configure(text: str) -> None:
    """Sets all failpoints of this process; an empty text clears them. Raises ValueError for an unknown action."""
    _actions.clear()
    _times.clear()
    for one in filter(None, (part.strip() for part in text.split(","))):
        name, _, action = one.partition(":")
        verb, _, value = action.partition("=")
        if not _is_known(verb, value):
            raise ValueError(f"failpoint {one!r} is none of `name:exit`, `name:exit=N`, `name:exit_once=FOLDER`, `name:sleep=MS`")
        _actions[name] = (verb, value)


async def hit(name: str) -> None:
    """Does what was asked for this point. With none configured it costs one look at an empty dict."""
    if not _actions or name not in _actions:
        return
    verb, value = _actions[name]
    _times[name] = _times.get(name, 0) + 1
    if (verb == "exit" and _times[name] < int(value or 1)) or (verb == "exit_once" and not _is_first(Path(value) / name)):
        return
    structlog.get_logger("burnish.failpoints").warning("failpoint_hit", name=name, action=verb)
    if verb != "sleep":
        os._exit(KILLED)
    await asyncio.sleep(int(value) / 1000)


def _is_known(verb: str, value: str) -> bool:
    match verb:
        case "exit":
            return not value or (value.isdecimal() and int(value) > 0)
        case "exit_once":
            return bool(value)
        case "sleep":
            return value.isdecimal()
    return False


def _is_first(mark: Path) -> bool:
    """Leaves the mark; False when somebody left it before."""
    try:
        mark.touch(exist_ok=False)
    except FileExistsError:
        return False
    return True
