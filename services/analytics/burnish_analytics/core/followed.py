"""Which labels of a workspace detectors follow: whoever imports executions may name as many as there are builds."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final, TypeVar

FOLLOWED_MOST: Final = 1_000
"""Of one workspace. Each takes detectors some three milliseconds a period, and lets all others speak later."""

UNNAMED_MOST: Final = 200
"""Of those, labels that no prompt here has: they came with executions made elsewhere."""

LABELS_FULL: Final = "labels_full"
"""Why detectors did not see something: its label is beyond these."""

Label = TypeVar("Label")


@dataclass(frozen=True, slots=True)
class Remembered:
    """`rank`: 0 was seen last. `is_recent`: it was seen within a day."""

    rank: int
    is_recent: bool
    is_named: bool


def chosen(held: Mapping[Label, Remembered], come: Mapping[Label, int], *, named: Collection[Label]) -> set[Label]:
    """Those to follow. `come`: labels that are in use now, with their executions; `named`: those of them that a prompt here has.

    Labels of prompts go before others. Of each kind: what is followed and in use, what was within a day, what is new, by executions, and
    last what was not used for longer. So that a label is not followed for an hour and forgotten for the next.
    """

    def order(label: Label) -> tuple[int, int]:
        known = held.get(label)
        if known is None:
            return 2, -come[label]
        return (0 if label in come else 1 if known.is_recent else 3), known.rank

    everyone = sorted(held.keys() | come.keys(), key=order)
    is_named = {one: one in named if one in come else held[one].is_named for one in everyone}
    first = [one for one in everyone if is_named[one]][:FOLLOWED_MOST]
    others = [one for one in everyone if not is_named[one]]
    return {*first, *others[: min(UNNAMED_MOST, FOLLOWED_MOST - len(first))]}
