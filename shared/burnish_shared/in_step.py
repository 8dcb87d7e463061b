"""Rounds of one process that are looked for by the clock begin together.

A process that wakes finds the processor's caches filled by others: the first statement of a wake-up costs several times what the next one
does. So looks that come every so often rest until the next of common moments, half a second apart (docs/decisions/0127).
"""

import asyncio
import random
from typing import Final

STEP_S: Final = 0.5

SOONEST: Final = 0.2
"""Of a step: what is nearer than that waits for the next one, so that a round that takes long leaves a rest behind itself."""

EARLY_S: Final = 0.005
"""Timers ring up to a millisecond too soon: so much before a moment counts as it."""

_SHIFT_S: Final = random.random() * STEP_S
"""Each process has moments of its own, so that those of one machine do not all wake at once."""


def in_step(seconds: float) -> float:
    """How long a round rests that shall come every `seconds`: up to a common moment of this process. Seconds.

    At most half a second less than asked for, and a fifth of a step more where half a second is asked for. Less than a step is unchanged.
    """
    return rest_s(seconds, now=asyncio.get_running_loop().time(), shift_s=_SHIFT_S)


def rest_s(seconds: float, *, now: float, shift_s: float) -> float:
    """The same, pure. `now`: of the event loop's clock; `shift_s`: how far behind whole steps of it the moments lie, 0 to STEP_S."""
    if seconds < STEP_S:
        return seconds
    past = (now + seconds - shift_s + EARLY_S) % STEP_S - EARLY_S
    rest = seconds - past
    return rest if rest >= SOONEST * STEP_S else rest + STEP_S
