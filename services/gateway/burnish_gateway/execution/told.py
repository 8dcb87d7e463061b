"""What is told of a dispatch while it is under way, and of its end."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Final

HEADERS_WAIT_S = 10.0
"""So long a provider may fail, be asked again and be replaced by another, and the caller still hears of it by a status code.

The executor's heartbeats, twice a second, end the wait; comments keep the connection alive from then on.
"""

NO_TEXT: Final = b'""'


@dataclass(frozen=True, slots=True)
class Text:
    """A piece of the answer, as the JSON string that it travelled as."""

    body: bytes


@dataclass(frozen=True, slots=True)
class Delta:
    """An OpenAI delta object that is more than text, as JSON: parts of tool calls, or choices.

    `text`: what the first of its choices says, as a JSON string, for whoever tells nothing of the others and of probabilities.
    """

    body: bytes
    text: bytes = NO_TEXT


@dataclass(frozen=True, slots=True)
class Started:
    """The model began to answer."""


@dataclass(frozen=True, slots=True)
class Alive:
    """The executor lives, and has nothing to say."""


@dataclass(frozen=True, slots=True)
class Done:
    """The Outcome as JSON, as the books have it; a success whose text was lost and is not kept as an error. The last thing that is told.

    `gap`: deltas may be missing; of a success text never is.
    `has_key`: an Idempotency-Key gets it from now on.
    """

    body: bytes
    gap: bool = False
    has_key: bool = False


Told = Started | Text | Delta | Alive | Done


async def first_told(told: AsyncGenerator[Told, None], *, wait_s: float = HEADERS_WAIT_S) -> Told:
    """What the headers of a stream wait for: the first piece of an answer, or that the executor lives after `wait_s`.

    So a call that fails early is told by its status code, which clients turn into exceptions and retries, and 503 is 503 for a stream
    too (PROMISES G-09).
    """
    loop = asyncio.get_running_loop()
    waits_until = loop.time() + wait_s
    async for one in told:
        if not isinstance(one, Alive | Started) or loop.time() >= waits_until:
            return one
    raise RuntimeError("a dispatch ended without an outcome")
