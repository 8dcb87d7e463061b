"""Asks an evaluator again where it says that it is free later: busy is no score."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from burnish_shared.evaluators import Case, Evaluator, NoScore, Verdict

TRIES: Final = 40
RESTS_MOST_S: Final = 300.0
"""Bounds of one verdict: so often is asked, and so long is rested between all of it. Whoever rests longest asks for a minute (Daytona)."""


async def verdict_of(evaluator: Evaluator, case: Case, *, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep) -> Verdict:
    """What it says, once it was free to say it; its last word where it was not, within the bounds. Safe to cancel.

    `sleep`: how it rests.
    """
    rested_s = 0.0
    said = await evaluator(case)
    for _ in range(TRIES - 1):
        if not isinstance(said, NoScore) or said.rest_s is None or rested_s + said.rest_s > RESTS_MOST_S:
            break
        rested_s += said.rest_s
        await sleep(said.rest_s)
        said = await evaluator(case)
    return said
