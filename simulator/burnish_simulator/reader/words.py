"""Words as the reader sees them: lower case, no stop words, suffixes off, plus pairs of neighbours. It knows no synonyms."""

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from itertools import pairwise

PAIR_WEIGHT = 0.5
"""A pair of neighbouring words beside a single word (SIMULATOR 1)."""

MAX_WORDS = 2_000
"""Words of one text that are read, so that a hostile text costs milliseconds; the rest is not seen."""

CACHED_CHARS = 2_000
"""Longer texts are not remembered: the cache stays within tens of megabytes."""

WORD = re.compile(r"(?:[^\W_]|[£$€])+(?:'[^\W\d_]+)?")

STOP_WORDS = frozenset(
    """
    a about after again all am an and any are as at be been before being but by can could did do does doing for from get got had has
    have having he her here hers him his how i if in into is it its just let like me more most my need of off on once one only or
    other our out over please she should so some such than that the their them then there these they this those through to too under
    until up use very want was we were what when where which who why will with would you your im ive id dont cant isnt hi hello thanks
    thank tell know help s t m re ve ll d ticket message customer label queue category choose mention mentions between
    """.split()  # noqa: SIM905 -- a list of 160 literals would hide the words
)
"""Grammar, greetings and the words every prompt of this kind has. 'not' is no stop word: 'not working' is a pair worth knowing."""

SUFFIXES = (
    "ations", "ation", "ments", "ment", "ingly", "ings", "ing", "edly", "ied", "ies", "ed", "ers", "er", "es", "ly", "s", "e",
)  # fmt: skip
"""Tried in this order, at most one comes off, and at least three letters stay."""


@lru_cache(20_000)
def stem(word: str) -> str:
    """A lower-case word without its ending: 'payments' → 'pay', 'queries' → 'query', 'stopped' → 'stop'."""
    word = word.removesuffix("'s").replace("'", "")
    for suffix in SUFFIXES:
        if word.endswith(suffix) and len(word) - len(suffix) >= 3:
            word = word.removesuffix(suffix) + ("y" if suffix in ("ies", "ied") else "")
            break
    doubled = len(word) > 3 and word[-1] == word[-2] and word[-1] not in "lsz"
    return word[:-1] if doubled else word


def spellings(text: str) -> list[str]:
    """The words of a text as written, in lower case, without stop words; underscores part words."""
    found = WORD.findall(text.lower().replace("’", "'").replace("_", " "))
    return [word for word in found if word.replace("'", "") not in STOP_WORDS][:MAX_WORDS]


def words(text: str) -> tuple[str, ...]:
    """The stems of a text, in order. Same text, same stems."""
    return _cached_words(text) if len(text) <= CACHED_CHARS else _words(text)


def _words(text: str) -> tuple[str, ...]:
    return tuple(stem(word) for word in spellings(text))


_cached_words = lru_cache(20_000)(_words)


def terms(stems: Sequence[str]) -> dict[str, float]:
    """Single stems (each 1) and pairs of neighbours, joined by a space (each `PAIR_WEIGHT`), with how often they occur."""
    counts: dict[str, float] = {}
    for word in stems:
        counts[word] = counts.get(word, 0.0) + 1.0
    for first, second in pairwise(stems):
        pair = f"{first} {second}"
        counts[pair] = counts.get(pair, 0.0) + PAIR_WEIGHT
    return counts


def is_pair(term: str) -> bool:
    """Whether a term is two neighbouring words."""
    return " " in term


def trigrams(word: str) -> frozenset[str]:
    """The three-letter pieces of a word with marks at both ends: what makes 'recieved' look like 'received'."""
    marked = f"^{word}$"
    return frozenset(marked[i : i + 3] for i in range(len(marked) - 2))


def added(into: dict[str, float], more: Mapping[str, float]) -> dict[str, float]:
    """`into`, with the counts of `more` added in place."""
    for term, count in more.items():
        into[term] = into.get(term, 0.0) + count
    return into


def holds_phrase(stems: Sequence[str], phrase: Sequence[str]) -> bool:
    """Whether the phrase occurs as neighbours, in order. An empty phrase occurs nowhere."""
    size = len(phrase)
    return size > 0 and any(tuple(stems[i : i + size]) == tuple(phrase) for i in range(len(stems) - size + 1))
