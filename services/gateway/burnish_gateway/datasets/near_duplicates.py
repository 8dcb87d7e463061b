"""Items in different splits that say almost the same: they let a search see the test without seeing it. Reported, never moved. Pure."""

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Final
from zlib import crc32

SHINGLE_WORDS: Final = 3
NEAR_JACCARD: Final = 0.5
"""Three-word shingles in common, as a share of all of both (SIMULATOR section 5)."""

MOST_REPORTED: Final = 100
COMMON_SHINGLE: Final = 200
"""A shingle that so many items hold is a phrase of the trade; it says nothing about a pair, and comparing all of them would be slow."""

PAIRS_MOST: Final = 2_000_000
"""So many times a pair is counted at most: about 2 s on one core and 300 MB (measured). 10,000 texts of 25 words that have little in common
take a quarter of it; 50 times 200 texts of 530 words, each another half of the same ones, took 250 times as much."""

CHECKED_A_PAIR: Final = 50
"""Shingles that may be looked at for each pair that may be counted, to tell whether what a sample takes for alike is so: 6 s beside the
8 s of finding them among 10,000 texts of 450 words, two thirds of each the same (measured beside a test run)."""

SPLITS_MOST: Final = 3
"""Train, validation and test."""

_Shingle = tuple[str, ...]

_WORD = re.compile(r"[^\W_]+")


@dataclass(frozen=True, slots=True)
class NearDuplicate:
    """Positions of two items in the given sequence, and their similarity from 0.5 to 1."""

    first: int
    second: int
    similarity: float


def near_duplicates(texts: Sequence[str], splits: Sequence[str], *, most: int = PAIRS_MOST) -> list[NearDuplicate]:
    """Pairs across splits, the most alike first, at most MOST_REPORTED. `most`: how often a pair may be counted."""
    pairs = _near(texts, lambda first, second: splits[first] != splits[second], most=most)
    found = [NearDuplicate(*pair, round(value, 3)) for pair, value in pairs]
    return sorted(found, key=lambda pair: (-pair.similarity, pair.first, pair.second))[:MOST_REPORTED]


def alike(texts: Sequence[str]) -> list[tuple[int, int]]:
    """Positions of all pairs that say almost the same, the smaller first."""
    return [pair for pair, _ in _near(texts, lambda *_: True, most=PAIRS_MOST)]


def _near(texts: Sequence[str], matters: Callable[[int, int], bool], *, most: int) -> list[tuple[tuple[int, int], float]]:
    """Pairs of positions that matter, the smaller first, whose shingles are alike by NEAR_JACCARD, with how alike they are.

    What very many hold, such as the words of a form, does not say which may be; and where counting all others would be more than `most`, a
    sample of them does. Then only those that are alike by all of theirs are told: texts of which the sample has none are alike to nothing.
    """
    numbers: dict[_Shingle, int] = {}  # a number is compared in a tenth of the time of its words
    shingles = [frozenset(numbers.setdefault(one, len(numbers)) for one in _shingles(text)) for text in texts]
    holders: dict[int, list[int]] = defaultdict(list)
    for index, held in enumerate(shingles):
        for one in held:
            holders[one].append(index)
    indexed = _indexed(holders)
    looked_at: Sequence[Collection[int]] = [[one for one in held if not _is_common(holders[one])] for held in shingles]
    has_common = any(map(_is_common, holders.values()))
    is_sample = sum(map(_pairs_of, indexed)) > most
    if is_sample:
        holders = _sampled(holders, list(numbers), most=most)
        indexed = _indexed(holders)
        looked_at = [[one for one in held if one in holders] for held in shingles]
    shared: dict[tuple[int, int], int] = defaultdict(int)
    for indexes, times in indexed.items():
        for pair in combinations(indexes, 2):
            if matters(*pair):
                shared[pair] += times
    alike_by = {pair: common / (len(looked_at[pair[0]]) + len(looked_at[pair[1]]) - common) for pair, common in shared.items()}
    found = [(pair, value) for pair, value in alike_by.items() if value >= NEAR_JACCARD]
    true = _checked(found, shingles, most=CHECKED_A_PAIR * most) if is_sample or has_common else found
    return list({**dict(true), **dict.fromkeys(_same(shingles, matters), 1.0)}.items())


def _same(shingles: Sequence[frozenset[int]], matters: Callable[[int, int], bool]) -> list[tuple[int, int]]:
    """Each text that says the same words as one before it, with the first such one that matters. However common their words are: in a form
    that everything is written in all shingles may be common, and two that are filled in alike are the same question all the same."""
    first: dict[frozenset[int], list[int]] = {}
    pairs = []
    for position, held in enumerate(shingles):
        if not held:
            continue
        before = first.setdefault(held, [])
        if (other := next((one for one in before if matters(one, position)), None)) is not None:
            pairs.append((other, position))
        if all(matters(one, position) for one in before) and len(before) < SPLITS_MOST:
            before.append(position)
    return pairs


def _checked(
    found: Sequence[tuple[tuple[int, int], float]], shingles: Sequence[frozenset[int]], *, most: int
) -> list[tuple[tuple[int, int], float]]:
    """Those that are alike by all of their shingles, the likeliest first, as far as `most` shingles reach."""
    true = []
    for pair, _ in sorted(found, key=lambda one: (-one[1], one[0])):
        first, second = shingles[pair[0]], shingles[pair[1]]
        most -= min(len(first), len(second))
        if most < 0:
            break
        common = len(first & second)
        value = common / (len(first) + len(second) - common)
        if value >= NEAR_JACCARD:
            true.append((pair, value))
    return true


def _indexed(holders: Mapping[int, Sequence[int]]) -> Counter[tuple[int, ...]]:
    """Who holds the same shingle, in order, and how many they so hold together: texts that repeat one another share most lists."""
    return Counter(tuple(indexes) for indexes in holders.values() if len(indexes) > 1 and not _is_common(indexes))


def _is_common(indexes: Sequence[int]) -> bool:
    return len(indexes) > COMMON_SHINGLE


def _pairs_of(indexes: Sequence[int]) -> int:
    return len(indexes) * (len(indexes) - 1) // 2


def _sampled(holders: Mapping[int, list[int]], words: Sequence[_Shingle], *, most: int) -> dict[int, list[int]]:
    """As many as may be counted, drawn by their checksums: the same ones in whatever order texts come, whichever gateway looks. Of two
    texts they are alike in the same share as all. Whoever chooses texts by these checksums spoils no more than what is told of his own.
    """
    sample: dict[int, list[int]] = {}
    left, counted = most, set[tuple[int, ...]]()
    for one in sorted(holders, key=lambda shingle: (crc32(" ".join(words[shingle]).encode("utf-8", "replace")), words[shingle])):
        indexes = tuple(holders[one])
        if _is_common(indexes):
            continue
        if indexes not in counted:
            left -= _pairs_of(indexes)
            if left < 0:
                break
            counted.add(indexes)
        sample[one] = holders[one]
    return sample


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
