"""Which words tell one group of texts from the rest: smoothed log-odds with noise, so that the writer reads imperfectly."""

import math
import random
from collections.abc import Collection, Sequence
from itertools import pairwise

from burnish_simulator.reader.words import is_pair, spellings, stem

SMOOTHING = 0.3
PAIR_SHARE = 0.8
"""Pairs of words count for less than single ones."""
NOISE = 0.5
"""Standard deviation of the noise on a log-odds (SIMULATOR 3)."""
SHORTEST_WORD = 3


def surface_terms(text: str) -> dict[str, str]:
    """Stem, or pair of stems, → the words as written. Nothing with a digit: numbers of one case teach nothing about the next."""
    found = [(stem(word), word) for word in spellings(text) if not any(letter.isdigit() for letter in word)]
    singles = {root: word for root, word in found if len(word) >= SHORTEST_WORD}
    pairs = {f"{a} {b}": f"{first} {second}" for (a, first), (b, second) in pairwise(found)}
    return singles | pairs


def telling_words(
    inside: Sequence[tuple[str, float]],
    outside: Sequence[str],
    *,
    known: Collection[str],
    count: int,
    rng: random.Random,
    least: float = 0.0,
) -> list[str]:
    """Up to `count` words or pairs, as written, that mark the inside texts (each with a weight) against the outside ones.

    Left out: terms in `known`, terms whose weights inside sum to less than `least`, terms relatively no more frequent inside, and terms
    that share a word with one already chosen.
    """
    within: dict[str, float] = {}
    spelled: dict[str, str] = {}
    for text, weight in inside:
        for term, spelling in surface_terms(text).items():
            within[term] = within.get(term, 0.0) + weight
            spelled[term] = spelling
    without: dict[str, float] = {}
    for text in outside:
        for term in surface_terms(text):
            without[term] = without.get(term, 0.0) + 1.0
    total_in, total_out = sum(weight for _, weight in inside) + 1, len(outside) + 1.0

    def score(term: str) -> float:
        odds = _log_odds(within[term], total_in) - _log_odds(without.get(term, 0.0), total_out)
        return odds * (PAIR_SHARE if is_pair(term) else 1.0) + rng.gauss(0, NOISE)

    scored = [(-score(term), term) for term in within if term not in known and within[term] >= least]
    chosen: list[str] = []
    used: set[str] = set()
    for _, term in sorted(scored):
        if len(chosen) == count:
            break
        if without.get(term, 0.0) / total_out < within[term] / total_in and not used & set(term.split()):
            chosen.append(spelled[term])
            used |= set(term.split())
    return chosen


def _log_odds(count: float, total: float) -> float:
    return math.log((count + SMOOTHING) / (total - count + SMOOTHING))
