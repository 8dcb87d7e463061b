"""Items in different splits that say almost the same: they let a search see the test without seeing it. Reported, never moved. Pure."""

import re
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

SHINGLE_WORDS: Final = 3
NEAR_JACCARD: Final = 0.5
"""Three-word shingles in common, as a share of all of both (SIMULATOR section 5)."""

MOST_REPORTED: Final = 100
COMMON_SHINGLE: Final = 200
"""A shingle that so many items hold is a phrase of the trade; it says nothing about a pair, and comparing all of them would be slow."""

_WORD = re.compile(r"[^\W_]+")


@dataclass(frozen=True, slots=True)
class NearDuplicate:
    """Positions of two items in the given sequence, and their similarity from 0.5 to 1."""

    first: int
    second: int
    similarity: float


def near_duplicates(texts: Sequence[str], splits: Sequence[str]) -> list[NearDuplicate]:
    """Pairs across splits, the most alike first, at most MOST_REPORTED."""
    found = [NearDuplicate(*pair, round(value, 3)) for pair, value in _near(texts, lambda first, second: splits[first] != splits[second])]
    return sorted(found, key=lambda pair: (-pair.similarity, pair.first, pair.second))[:MOST_REPORTED]


def alike(texts: Sequence[str]) -> list[tuple[int, int]]:
    """Positions of all pairs that say almost the same, the smaller first."""
    return [pair for pair, _ in _near(texts, lambda *_: True)]


def _near(texts: Sequence[str], matters: Callable[[int, int], bool]) -> list[tuple[tuple[int, int], float]]:
    """Pairs of positions that matter, the smaller first, whose shingles are alike by NEAR_JACCARD, with how alike they are."""
    shingles = [_shingles(text) for text in texts]
    holders: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for index, held in enumerate(shingles):
        for one in held:
            holders[one].append(index)
    shared: dict[tuple[int, int], int] = defaultdict(int)
    for indexes in holders.values():
        if len(indexes) <= COMMON_SHINGLE:
            for place, first in enumerate(indexes):
                for second in indexes[place + 1 :]:
                    if matters(first, second):
                        shared[first, second] += 1
    alike_by = {pair: common / (len(shingles[pair[0]]) + len(shingles[pair[1]]) - common) for pair, common in shared.items()}
    return [(pair, value) for pair, value in alike_by.items() if value >= NEAR_JACCARD]


def alike_with(text: str, *, among: Sequence[str]) -> list[int]:
    """Positions of the texts that say almost the same as this one; its own, too, where it is among them."""
    return [position for position, _ in near_duplicates_of(text, "", among=among, splits=["-"] * len(among))]


def near_duplicates_of(text: str, split: str, *, among: Sequence[str], splits: Sequence[str]) -> list[tuple[int, float]]:
    """(position, similarity) of the texts of other splits that say almost the same as this one, in a small part of the time that
    comparing all with all takes. Shingles that many items hold count too."""
    mine = _shingles(text)
    beginnings = [shingle[0] for shingle in mine]
    found = []
    for position, (other, its_split) in enumerate(zip(among, splits, strict=True)):
        if its_split != split and _may_hold_half(other.lower(), beginnings):
            theirs = _shingles(other)
            common = len(mine & theirs)
            if common and common >= NEAR_JACCARD * (len(mine) + len(theirs) - common):
                found.append((position, round(common / (len(mine) + len(theirs) - common), 3)))
    return found


def _may_hold_half(text: str, beginnings: Sequence[str]) -> bool:
    """False where a text cannot hold half of the shingles that begin with these words, which every near duplicate does."""
    missing, most = 0, len(beginnings) // 2
    for word in beginnings:
        if word not in text:
            missing += 1
            if missing > most:
                return False
    return True


def _shingles(text: str) -> frozenset[tuple[str, ...]]:
    words = _WORD.findall(text.lower())
    if len(words) < SHINGLE_WORDS:
        return frozenset({tuple(words)}) if words else frozenset()
    return frozenset(tuple(words[i : i + SHINGLE_WORDS]) for i in range(len(words) - SHINGLE_WORDS + 1))
