"""Whole texts, and choices of settings, that a search tried: what each did beside the one it stood against, and why it was not taken."""

from dataclasses import dataclass, field
from statistics import fmean
from typing import Final, Literal

from burnish_optimizer.search.memo import Memo
from burnish_optimizer.search.task import Item

UNDECIDED: Final = "the search ended before it was decided"
NOT_ON_TRAIN: Final = "not better on train items than the text it stood against"
NOT_ON_VALIDATION: Final = "better on train items, and not on validation items"
LOSES: Final = "loses more right answers than a shorter text may"
OVERTAKEN: Final = "was taken, and another took its place"
NOT_SURE: Final = "was the best, and did not stand the last look on validation items"
LEADS: Final = "was the best when the search was cut short"
TRIED_MOST: Final = 500
TRIED_MOST_CHARS: Final = 1_000_000
"""Texts of one search that are listed, and their characters in all: the newest, and always the one that led. The others are left out."""

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

    def told(self, *, leader: str | None = None, chosen: str | None = None, is_over: bool = True) -> tuple[Tried, ...]:
        """`chosen`: the text that the search returns, where it returns one; `leader`: the one that led in the end; `is_over` False: the
        search goes on, or was cut short, and the leader was not looked at for the last time."""
        if not is_over:  # of a search for a shorter text nobody is the champion before its end
            leader = next((one.text for one in reversed(self._all.values()) if not one.why), leader)
        return tuple(self._told(one, leader=leader, chosen=chosen, is_over=is_over) for one in self._listed(leader, chosen))

    def _listed(self, *always: str | None) -> list[Trying]:
        """In their order."""
        found, chars = list[Trying](), 0
        for one in reversed(self._all.values()):
            chars += len(one.shown or one.text)
            if one.text in always or (len(found) < TRIED_MOST and chars <= TRIED_MOST_CHARS):
                found.append(one)
        return found[::-1]

    def _told(self, one: Trying, *, leader: str | None, chosen: str | None, is_over: bool) -> Tried:
        differences = [] if self.memo is None else self.memo.differences(one.text, one.against, self.train)
        n = len(differences)
        reason = one.why or (OVERTAKEN if one.text != leader else NOT_SURE if is_over else LEADS)
        return Tried(
            section=one.section,
            text=one.shown or one.text,
            state="chosen" if one.text == chosen else "alive" if reason in (UNDECIDED, LEADS) else "dropped",
            reason="" if one.text == chosen else reason,
            effect=fmean(differences) if n else None,
            # One difference of 1 is added, as in `chance_to_be_better`: a few items that agree prove little.
            error=(sum(d * d for d in differences) + 1) ** 0.5 / n if n else 0.5,
            observations=n,
        )
