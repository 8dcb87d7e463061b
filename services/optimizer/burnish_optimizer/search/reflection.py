"""What a reflection is shown: failures of one expected answer, and a few others. It matters more than the wording (SIMULATOR section 3)."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np

from burnish_optimizer.search.task import Failure, Item, Scored, Settings

T = TypeVar("T")

REMEMBERED = 600
"""Answers that are recent enough to learn from; about a dozen rounds."""


@dataclass(frozen=True, slots=True)
class Shown:
    failed: tuple[Failure, ...]
    right: tuple[Item, ...]


@dataclass(slots=True)
class RecentAnswers:
    """The newest answers of the race, each (item, answer) once."""

    settings: Settings
    _answers: dict[tuple[str, str], tuple[Item, Scored]] = field(default_factory=dict)
    _leaders: dict[str, tuple[Item, Scored]] = field(default_factory=dict)

    def add(self, item: Item, answers: Sequence[Scored]) -> None:
        """Answers of one item; the first is the leader's."""
        self._leaders[item.id] = (item, answers[0])
        for answer in answers:
            key = (item.id, answer.output)
            self._answers.pop(key, None)
            self._answers[key] = (item, answer)
        while len(self._answers) > REMEMBERED:
            del self._answers[next(iter(self._answers))]

    def choose(self, rng: np.random.Generator) -> Shown | None:
        """Failures that share the expected answer of one drawn at random, a few others, and cases that go right. None if nothing fails."""
        good = _good_of_open(self._leaders.values())
        failures = self._failures(good)
        if not failures:
            return None
        right = list({item.id: item for item, answer in self._answers.values() if not _fails(item, answer, good)}.values())
        focus = failures[int(rng.integers(len(failures)))].item.expected
        own = [failure for failure in failures if failure.item.expected == focus]
        others = [failure for failure in failures if failure.item.expected != focus]
        s = self.settings
        return Shown(
            failed=(*_some(own, s.shown_failures, rng), *_some(others, s.shown_other_failures, rng)),
            right=tuple(_some(right, s.shown_right, rng)),
        )

    def _failures(self, good: float) -> list[Failure]:
        """What fails under the leader: the others' failures may be of their own making. All there are where the leader has too few."""
        own = [Failure.of(item, answer) for item, answer in self._leaders.values() if _fails(item, answer, good)]
        if len(own) >= self.settings.shown_failures_least:
            return own
        return [Failure.of(item, answer) for item, answer in self._answers.values() if _fails(item, answer, good)]


def told_apart(answers: Sequence[tuple[Item, Scored]]) -> Shown:
    """One prompt's answers to a few items: those that fail, and those that go right, in order."""
    good = _good_of_open(answers)
    return Shown(
        failed=tuple(Failure.of(item, answer) for item, answer in answers if _fails(item, answer, good)),
        right=tuple(item for item, answer in answers if not _fails(item, answer, good)),
    )


def _good_of_open(answers: Collection[tuple[Item, Scored]]) -> float:
    """Above which score an answer to an item without a right answer shows what is well done, where it is not perfect. Judges seldom give
    all, so by that alone nothing would go right: it is the middle one of these answers of one prompt."""
    scores = sorted(answer.score for item, answer in answers if item.is_open)
    return scores[len(scores) // 2] if scores else 1.0


def _fails(item: Item, answer: Scored, good: float) -> bool:
    return answer.score < 1 and not (item.is_open and answer.score > good)


def _some(of: Sequence[T], most: int, rng: np.random.Generator) -> list[T]:
    return [of[index] for index in rng.permutation(len(of))[:most]]
