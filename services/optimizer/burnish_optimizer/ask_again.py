"""Asks an evaluator again where it says that it is free later: busy is no score."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Final

from burnish_shared.evaluators import Case, Evaluator, NoScore, Verdict

TRIES: Final = 40
RESTS_MOST_S: Final = 300.0
"""Bounds of one verdict: so often is asked, and so long after the first time no more: who is asked may also wait for its turn before it
says that it is busy. Whoever rests longest asks for a minute (Daytona)."""


async def verdict_of(
    evaluator: Evaluator,
    case: Case,
    *,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    now: Callable[[], float] = time.monotonic,
) -> Verdict:
    """What it says, once it was free to say it; its last word where it was not, within the bounds. Safe to cancel.

    `sleep`: how it rests; `now`: seconds of a clock.
    """
    until = now() + RESTS_MOST_S
    said = await evaluator(case)
    for _ in range(TRIES - 1):
        if not isinstance(said, NoScore) or said.rest_s is None or now() + said.rest_s > until:
            break
        await sleep(said.rest_s)
        said = await evaluator(case)
    return said
