"""Turn a sheet into weights: how much each word of a ticket speaks for each label (BM25F, Robertson and Zaragoza 2009, section 3.6).

The only corpus is the label texts of the prompt itself, so a word's rarity is its rarity among the labels of this prompt.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from burnish_simulator.reader.sheet import Sheet
from burnish_simulator.reader.words import added, is_pair, terms, trigrams, words

NAME_WEIGHT, DEFINITION_WEIGHT, EXAMPLE_WEIGHT = 1.8, 2.0, 1.0
LENGTH_SHARE = 0.4
"""How far a long field is discounted (BM25's b)."""
SATURATION = 2.0
"""How soon repeating a word stops helping (BM25's k1). All five: random search on train and validation rows, SIMULATOR 1."""
SHORTEST_FIELD = 0.5
"""A field counts as at least this share of the mean length, so that one-word fields are not boosted without bound."""

FUZZY_CHARS = 4
"""Shorter words are not compared by their letters."""
FUZZY_DICE = 0.45
"""Least trigram Dice for an unknown word to be taken for a known one: 'recieved' and 'receiv'."""
REMEMBERED_MISSPELLINGS = 20_000

Terms = Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Neighbour:
    """One example as a weighted vector."""

    label: str
    vector: Terms
    length: float


@dataclass(frozen=True, slots=True)
class Weights:
    """What scoring needs of a sheet. `nearest` remembers its answers; nothing else changes."""

    by_term: Mapping[str, Terms]
    strongest: Terms
    neighbours: tuple[Neighbour, ...]
    by_trigram: Mapping[str, tuple[str, ...]]
    _nearest: dict[str, tuple[str, float] | None] = field(default_factory=dict)

    def nearest(self, word: str) -> tuple[str, float] | None:
        """The known word most like an unknown one, with their Dice; None if none is alike. Ties go to the later in the alphabet."""
        if word not in self._nearest and len(self._nearest) < REMEMBERED_MISSPELLINGS:
            self._nearest[word] = _most_alike(word, self.by_trigram)
        return self._nearest[word] if word in self._nearest else _most_alike(word, self.by_trigram)


def weigh(sheet: Sheet) -> Weights:
    """Index a sheet once; every ticket is then scored against the index."""
    by_term = {term: _saturated(counts, labels=len(sheet.labels)) for term, counts in _frequencies(sheet).items()}
    strongest = {term: max(by_label.values()) for term, by_label in by_term.items()}
    return Weights(
        by_term=by_term,
        strongest=strongest,
        neighbours=tuple(_neighbour(example.label, terms(words(example.text)), strongest) for example in sheet.examples),
        by_trigram=_spelling_index(by_term),
    )


def vector_length(vector: Terms) -> float:
    """Euclidean length, 1 for an empty vector so that it can be divided by."""
    return math.sqrt(sum(value * value for value in vector.values())) or 1.0


def _frequencies(sheet: Sheet) -> dict[str, dict[str, float]]:
    """term → label → frequency, summed over the three fields, each weighted and discounted by its length."""
    examples: dict[str, dict[str, float]] = {label: {} for label in sheet.labels}
    for example in sheet.examples:
        added(examples[example.label], terms(words(example.text)))
    names = {label: terms(words(label)) for label in sheet.labels}
    definitions = {label: terms(_all_words(sheet.definitions.get(label, ()))) for label in sheet.labels}
    total: dict[str, dict[str, float]] = {}
    for weight, texts in ((NAME_WEIGHT, names), (DEFINITION_WEIGHT, definitions), (EXAMPLE_WEIGHT, examples)):
        lengths = {label: sum(counts.values()) for label, counts in texts.items()}
        mean = sum(lengths.values()) / max(1, sum(1 for length in lengths.values() if length)) or 1.0
        for label, counts in texts.items():
            discount = 1 - LENGTH_SHARE + LENGTH_SHARE * max(lengths[label] / mean, SHORTEST_FIELD)
            for term, count in counts.items():
                by_label = total.setdefault(term, {})
                by_label[label] = by_label.get(label, 0.0) + weight * count / discount
    return total


def _all_words(texts: Sequence[str]) -> tuple[str, ...]:
    return tuple(word for text in texts for word in words(text))


def _saturated(counts: Terms, *, labels: int) -> dict[str, float]:
    rarity = math.log(1 + (labels - len(counts) + 0.5) / (len(counts) + 0.5))
    return {label: rarity * count * (SATURATION + 1) / (SATURATION + count) for label, count in counts.items()}


def _neighbour(label: str, counts: Terms, strongest: Terms) -> Neighbour:
    vector = {term: count * strongest[term] for term, count in counts.items()}
    return Neighbour(label, vector, vector_length(vector))


def _spelling_index(known: Mapping[str, object]) -> dict[str, tuple[str, ...]]:
    index: dict[str, list[str]] = {}
    for term in known:
        if not is_pair(term) and len(term) >= FUZZY_CHARS:
            for piece in trigrams(term):
                index.setdefault(piece, []).append(term)
    return {piece: tuple(found) for piece, found in index.items()}


def _most_alike(word: str, by_trigram: Mapping[str, tuple[str, ...]]) -> tuple[str, float] | None:
    pieces = trigrams(word)
    shared: dict[str, int] = {}
    for piece in pieces:
        for known in by_trigram.get(piece, ()):
            shared[known] = shared.get(known, 0) + 1
    dice, known = max(((2 * count / (len(pieces) + len(known)), known) for known, count in shared.items()), default=(0.0, ""))
    return (known, dice) if dice >= FUZZY_DICE else None
