"""Looks through texts where that holds nobody up."""

import asyncio
from collections.abc import Callable
from typing import Any, Final, ParamSpec, TypeVar

from burnish_shared.contracts.executions import Choice, Outcome
from burnish_shared.guarding.texts import length_of

AT_ONCE_CHARACTERS: Final = 65_536
"""Longer texts are looked through in a thread: RE2 lets others work meanwhile."""


P = ParamSpec("P")
R = TypeVar("R")


async def looked(length: int, look: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """What `look` makes of texts of this length together."""
    return look(*args, **kwargs) if length <= AT_ONCE_CHARACTERS else await asyncio.to_thread(look, *args, **kwargs)


def length_said(outcome: Outcome) -> int:
    """About how much there is to look through in all that was answered."""
    return _length(outcome) + sum(_length(one) for one in outcome.choices or [])


def _length(said: Outcome | Choice) -> int:
    beside: dict[str, Any] = dict(said.beside) if said.beside else {}
    return length_of(said.output, said.tool_calls, beside)
