"""Failpoints for crash tests: `BURNISH_FP="name:exit,name2:sleep=500"` makes a process die or pause where `hit("name")` stands."""

import asyncio
import os
from typing import Final

import structlog

KILLED: Final = 137
"""The exit code of a process that got SIGKILL: nothing is flushed, no handler runs."""

_actions: dict[str, tuple[str, int]] = {}


def configure(text: str) -> None:
    """Sets all failpoints of this process; an empty text clears them. Raises ValueError for an unknown action."""
    _actions.clear()
    for one in filter(None, (part.strip() for part in text.split(","))):
        name, _, action = one.partition(":")
        verb, _, value = action.partition("=")
        if verb not in ("exit", "sleep") or (verb == "sleep" and not value.isdigit()):
            raise ValueError(f"failpoint {one!r} is neither `name:exit` nor `name:sleep=MS`")
        _actions[name] = (verb, int(value or 0))


async def hit(name: str) -> None:
    """Does what was asked for this point. With none configured it costs one look at an empty dict."""
    if not _actions or name not in _actions:
        return
    verb, sleep_ms = _actions[name]
    structlog.get_logger("burnish.failpoints").warning("failpoint_hit", name=name, action=verb)
    if verb == "exit":
        os._exit(KILLED)
    await asyncio.sleep(sleep_ms / 1000)
