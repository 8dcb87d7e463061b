"""Whole texts, and choices of settings, that a search tried: what each did beside the one it stood against, and why it was not taken."""

from dataclasses import dataclass, field
from statistics import fmean, stdev
from typing import Final, Literal

from burnish_optimizer.search.memo import Memo
from burnish_optimizer.search.task import Item

UNDECIDED: Final = "the search ended before it was decided"
NOT_ON_TRAIN: Final = "not better on train items than the text it stood against"
NOT_ON_VALIDATION: Final = "better on train items, and not on validation items"
LOSES: Final = "loses more right answers than a shorter text may"
OVERTAKEN: Final = "was taken, and another took its place"
NOT_SURE: Final = "was the best, and not surely better than the version that is there"
TRIED_MOST: Final = 500
"""Texts of one search that are listed; those beyond, the first of them, are left out."""

Section = Literal["whole", "settings", "examples"]


@dataclass(slots=True)
class Trying:
    """One text while it is tried. `why` empty: it was taken. `shown`: what stands for a text that holds items of people."""

    text: str
    against: str
    section: Section
    shown: str | None
    why: str = UNDECIDED


@dataclass(frozen=True, slots=True)
class Tried:
    """`effect`: mean difference of its score to the text that it stood against, over the train items that both answered, with its standard
    error; None where they met on none. `reason`: why it is not what is suggested; empty of the one that is."""

    section: Section
    text: str
    state: Literal["chosen", "alive", "dropped"]
    reason: str
    effect: float | None
    error: float
    observations: int


@dataclass(slots=True)
class TriedSoFar:
    """All whole texts that one search tried, in their order. One that is tried again, against another, is listed once."""

    memo: Memo | None = None
    train: tuple[Item, ...] = ()
    _all: dict[str, Trying] = field(default_factory=dict)

    def begin(self, text: str, *, against: str, section: Section = "whole", shown: str | None = None) -> Trying:
        self._all.pop(text, None)
        self._all[text] = Trying(text, against, section, shown)
        return self._all[text]

    def last(self) -> Trying:
        """The one that began last. Raises KeyError where none did."""
        return self._all[next(reversed(self._all))]

    def told(self, *, leader: str | None = None, chosen: str | None = None) -> tuple[Tried, ...]:
        """`chosen`: the text that the search returns, where it returns one; `leader`: the one that led in the end."""
        return tuple(self._told(one, leader=leader, chosen=chosen) for one in list(self._all.values())[-TRIED_MOST:])

    def _told(self, one: Trying, *, leader: str | None, chosen: str | None) -> Tried:
        differences = [] if self.memo is None else self.memo.differences(one.text, one.against, self.train)
        n = len(differences)
        reason = one.why or (NOT_SURE if one.text == leader else OVERTAKEN)
        return Tried(
            section=one.section,
            text=one.shown or one.text,
            state="chosen" if one.text == chosen else "alive" if reason == UNDECIDED else "dropped",
            reason="" if one.text == chosen else reason,
            effect=fmean(differences) if n else None,
            error=stdev(differences) / n**0.5 if n > 1 else 0.5,
            observations=n,
        )
