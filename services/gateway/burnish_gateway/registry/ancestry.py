"""The nearest common ancestor of two versions of a prompt. Pure: the parents come in pages, from whoever can read them."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from heapq import heappop, heappush
from typing import Final

PAGE: Final = 1_000
"""Versions whose parents are read at once."""

Parents = Mapping[int, Sequence[int]]
"""Version → the versions of the same prompt that it was made from; one that is not named has none."""


async def nearest_common_ancestor(a: int, b: int, *, parents_of: Callable[[int, int], Awaitable[Parents]]) -> int | None:
    """The newest version that both come from; of a version and its ancestor, the ancestor. None where they have nothing in common.

    `parents_of(first, last)`: the parents of the versions with these numbers. A parent's number is below its child's, so versions are met
    from the newest down, each once, and what is met for both sides first is an ancestor of no other common one.
    """
    sides = {a: {a}, b: {b}} if a != b else {}
    if not sides:
        return a
    ahead = [-number for number in sides]
    ahead.sort()
    known: dict[int, Sequence[int]] = {}
    read_from = max(a, b) + 1
    while ahead:
        number = -heappop(ahead)
        met = sides.pop(number)
        if len(met) == 2:
            return number
        if number < read_from:
            known, read_from = dict(await parents_of(max(1, number - PAGE + 1), number)), max(1, number - PAGE + 1)
        for parent in known.get(number, ()):
            if parent >= number:
                continue  # cannot be: a lineage never goes back in time
            if parent not in sides:
                sides[parent] = set()
                heappush(ahead, -parent)
            sides[parent] |= met
    return None
