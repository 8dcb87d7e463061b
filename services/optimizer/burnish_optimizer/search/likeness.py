"""Do two lines say the same? Words without endings, weighted by how rare they are among the lines seen so far."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from math import log, sqrt

from burnish_shared.word_stems import stems


@dataclass(slots=True)
class Likeness:
    """Remembers how common words are. `between` is a cosine from 0 to 1: the words of a house style count for little."""

    _seen: Counter[str] = field(default_factory=Counter)
    _lines: int = 0

    def learn(self, line: str) -> None:
        self._lines += 1
        self._seen.update(stems(line))

    def between(self, one: str, other: str) -> float:
        a, b = stems(one), stems(other)
        common = sum(self._weight(word) for word in a & b)
        size = sqrt(sum(map(self._weight, a)) * sum(map(self._weight, b)))
        return common / size if size > 0 else 0.0

    def _weight(self, word: str) -> float:
        return log(1 + (self._lines + 1) / (self._seen[word] + 0.5)) ** 2


@dataclass(frozen=True, slots=True)
class Alignment:
    """Which new lines are old ones: `pairs` (old, new), and what is left over on each side, in order."""

    pairs: tuple[tuple[int, int], ...]
    lost: tuple[int, ...]
    added: tuple[int, ...]
    unsure: tuple[int, ...]
    """Which of the added ones may as well be one of the lost in other words: they stand in the same gap."""

    guessed: int
    """How many pairs rest on their place alone, and not on a word in common."""


def align(old: Sequence[str], new: Sequence[str], likeness: Likeness, *, least: float) -> Alignment:
    """Equal lines first, then the likest; what stands between known neighbours in equal number was re-worded in place."""
    pairs = _equal(old, new)
    free_old = [i for i in range(len(old)) if i not in pairs]
    free_new = [j for j in range(len(new)) if j not in pairs.values()]
    ranked = sorted(((likeness.between(old[i], new[j]), i, j) for i in free_old for j in free_new), key=lambda one: (-one[0], one[1:]))
    for value, i, j in ranked:
        if value >= least and i not in pairs and j not in pairs.values():
            pairs[i] = j
    guessed, unsure = _by_place(old, new, pairs)
    taken = set(pairs.values())
    return Alignment(
        pairs=tuple(sorted(pairs.items())),
        lost=tuple(i for i in range(len(old)) if i not in pairs),
        added=tuple(j for j in range(len(new)) if j not in taken),
        unsure=unsure,
        guessed=guessed,
    )


def _equal(old: Sequence[str], new: Sequence[str]) -> dict[int, int]:
    places: dict[str, list[int]] = {}
    for j, line in enumerate(new):
        places.setdefault(line.strip(), []).append(j)
    pairs = {}
    for i, line in enumerate(old):
        if places.get(line.strip()):
            pairs[i] = places[line.strip()].pop(0)
    return pairs


def _by_place(old: Sequence[str], new: Sequence[str], pairs: dict[int, int]) -> tuple[int, tuple[int, ...]]:
    """Pairs up what stands between the same neighbours in the same number. Returns how many pairs it made, and who might be whom."""
    anchors = [(-1, -1), *((i, j) for i, j in sorted(pairs.items())), (len(old), len(new))]
    made, unsure = 0, list[int]()
    for (i, j), (k, m) in pairwise(anchors):
        gap_old = [n for n in range(i + 1, k) if n not in pairs]
        gap_new = [n for n in range(j + 1, m) if n not in pairs.values()] if j < m else []
        if gap_old and len(gap_old) == len(gap_new):
            pairs.update(zip(gap_old, gap_new, strict=True))
            made += len(gap_old)
        elif gap_old:
            unsure += gap_new
    taken = set(pairs.values())  # what a later gap found out about
    return made, tuple(j for j in unsure if j not in taken)
