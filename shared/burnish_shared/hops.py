"""How many rounds of webhook → API → event led to what is being done, so that circles end (PROMISES W-13).

A receiver that calls the API because of an event sends the `burnish-hops` header of the delivery along. The gateway reads it once for each
request; every event that the request causes, then or later, counts one more round, and at HOPS_MOST an event is delivered no more.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar, Token
from typing import Final

from burnish_shared.errors import InvalidField

HEADER: Final = "burnish-hops"

HOPS_MOST: Final = 3
"""Events that so many rounds led to are not delivered."""

_current: ContextVar[int] = ContextVar("burnish_hops", default=0)


def current_hops() -> int:
    """Rounds that led to what runs now; 0 where no webhook caused it, or nobody said so."""
    return _current.get()


@contextmanager
def led_here_by(hops: int) -> Iterator[None]:
    """What is done inside was caused by so many rounds."""
    before = led_from_here(hops)
    try:
        yield
    finally:
        led_no_more(before)


def led_from_here(hops: int) -> Token[int]:
    """`led_here_by` for what is done until `led_no_more` is called with what this returns: the hot path goes without a generator."""
    return _current.set(hops)


def led_no_more(before: Token[int]) -> None:
    _current.reset(before)


def hops_after(values: Sequence[str]) -> int:
    """Rounds after this call, from its `burnish-hops` headers: one more than the largest. Raises InvalidField for what is no number."""
    for one in values:
        if not (one.isascii() and one.isdigit() and len(one) <= 4):
            raise InvalidField(f"{HEADER}: send the number that the delivery carried, such as 0, or leave the header out.", param=HEADER)
    return min(max(int(one) for one in values) + 1, HOPS_MOST) if values else 0
