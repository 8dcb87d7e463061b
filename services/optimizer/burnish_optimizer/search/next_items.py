"""Which train items a round asks about: some that undecided edits came of, and the next ones in turn (decision 86).

An edit that is any good is good where it was missing: on items that failed when it was proposed. All other items tell less of it, and a
rare rule is needed by one in ten of them.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from burnish_optimizer.search.task import Item

RETURNING: Final = 0.5
"""The share of a round that undecided edits came of. The others tell what an edit does where nobody thought of it."""


@dataclass(slots=True)
class NextItems:
    """The order of the train items. Edits are known by their numbers in the race, from 0."""

    train: tuple[Item, ...]
    _queue: list[Item] = field(init=False, default_factory=list)
    _came_of: list[frozenset[str]] = field(init=False, default_factory=list)
    _asked: dict[tuple[int, str], int] = field(init=False, default_factory=dict)
    _by_id: dict[str, Item] = field(init=False)

    def __post_init__(self) -> None:
        self._by_id = {item.id: item for item in self.train}

    def begin_with(self, items: Sequence[Item]) -> None:
        """The items whose turn is first."""
        self._queue = [*items]

    def note(self, shown: Collection[Item] = ()) -> None:
        """The next edit has entered. `shown`: what failed when it was proposed, none for one that came from elsewhere."""
        self._came_of.append(frozenset(item.id for item in shown if item.id in self._by_id))

    def next(
        self, count: int, *, undecided: Collection[int], alive: Collection[int], rng: np.random.Generator
    ) -> tuple[list[Item], list[Item]]:
        """The items of a round: those that return, at most `RETURNING` of `count`, and those whose turn it is; none stands in both.

        Of those that may return the first are what most undecided edits came of that were seldom asked about there; equal ones by id.
        `alive`: edits that the round may ask about. The turn is an order that is shuffled anew each time all have had theirs.
        """
        returning = self._returning(int(count * RETURNING + 0.5), undecided)
        for item in returning:
            for number in alive:
                if item.id in self._came_of[number]:
                    self._asked[number, item.id] = self._asked.get((number, item.id), 0) + 1
        if len(self._queue) < count:
            order, first = [self.train[index] for index in rng.permutation(len(self.train))], self._queue
            self._queue = [*first, *(item for item in order if item not in first)]
        in_turn = [item for item in self._queue if item not in returning][: count - len(returning)]
        self._queue = [item for item in self._queue if item not in in_turn]
        return returning, in_turn

    def _returning(self, most: int, undecided: Collection[int]) -> list[Item]:
        worth: dict[str, float] = {}
        for number in sorted(undecided):
            for one in sorted(self._came_of[number]):
                worth[one] = worth.get(one, 0.0) + 1 / (1 + self._asked.get((number, one), 0))
        return [self._by_id[one] for one in sorted(worth, key=lambda one: (-round(worth[one], 9), one))[:most]]
