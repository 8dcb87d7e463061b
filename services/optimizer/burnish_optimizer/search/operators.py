"""How evolution varies a text. Each operator gives a text that may be equal to what it got; placeholders are never touched."""

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from burnish_optimizer.search.thesaurus import GROUPS

_PIECE: Final = re.compile(r"\{\{.*?\}\}|[^\W\d_]+(?:'[^\W\d_]+)?|\s+|.", re.S)
_BULLET: Final = re.compile(r"^\s*(?:[-*•]|\d+\.)\s+")


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Words that may be put in, and words that may stand for each other."""

    insertable: tuple[str, ...]
    synonyms: Mapping[str, tuple[str, ...]]

    @classmethod
    def of(cls, own: Sequence[Sequence[str]], texts: Sequence[str]) -> "Vocabulary":
        """`own` groups come first; words to insert are adverbs of instruction and what occurs in at least three of the texts."""
        synonyms: dict[str, tuple[str, ...]] = {}
        for group in (*own, *GROUPS):
            for word in group:
                others = tuple(other for other in group if other.lower() != word.lower())
                if others:  # a group may hold one word in two spellings
                    synonyms.setdefault(word.lower(), others)
        counts = Counter(word for text in texts for word in set(re.findall(r"[^\W\d_]{4,}", text.lower())))
        common = [word for word, count in sorted(counts.items(), key=lambda one: (-one[1], one[0]))[:60] if count >= 3]
        return cls(("exactly", "only", "first", "carefully", "briefly", "always", "never", *common), synonyms)


def insert_word(text: str, rng: np.random.Generator, vocabulary: Vocabulary) -> str:
    pieces, at = _some_word(text, rng)
    if at is None:
        return text
    word = vocabulary.insertable[int(rng.integers(len(vocabulary.insertable)))]
    return "".join([*pieces[:at], word, " ", *pieces[at:]])


def remove_word(text: str, rng: np.random.Generator, vocabulary: Vocabulary) -> str:
    pieces, at = _some_word(text, rng)
    if at is None:
        return text
    after = at + 2 if at + 1 < len(pieces) and pieces[at + 1] == " " else at + 1
    return "".join([*pieces[:at], *pieces[after:]])


def replace_by_synonym(text: str, rng: np.random.Generator, vocabulary: Vocabulary) -> str:
    pieces = _PIECE.findall(text)
    places = [index for index, piece in enumerate(pieces) if piece.lower() in vocabulary.synonyms]
    if not places:
        return text
    at = places[int(rng.integers(len(places)))]
    options = vocabulary.synonyms[pieces[at].lower()]
    word = options[int(rng.integers(len(options)))]
    pieces[at] = word[:1].upper() + word[1:] if pieces[at][0].isupper() else word
    return "".join(pieces)


def shift_structure(text: str, rng: np.random.Generator, vocabulary: Vocabulary) -> str:
    """Moves a line, makes a paragraph a list, or a list plain lines."""
    lines = text.split("\n")
    kind = int(rng.integers(3))
    if kind == 0 and len(lines) > 1:
        line = lines.pop(int(rng.integers(len(lines))))
        lines.insert(int(rng.integers(len(lines) + 1)), line)
        return "\n".join(lines)
    at = int(rng.integers(len(lines)))
    if kind == 1:
        sentences = re.split(r"(?<=[.!?])\s+", lines[at].strip())
        lines[at] = "\n".join(f"- {one}" for one in sentences) if len(sentences) > 1 else lines[at]
    else:
        lines[at] = _BULLET.sub("", lines[at])
    return "\n".join(lines)


def crossover(one: str, other: str, rng: np.random.Generator) -> str:
    """Lines that both have stay; each line that only one has comes over or not, in its place."""
    mine, theirs = one.split("\n"), other.split("\n")
    common = set(mine) & set(theirs)
    child = [line for line in mine if line in common or rng.random() < 0.5]
    for index, line in enumerate(theirs):
        if line not in common and rng.random() < 0.5:
            child.insert(_behind(theirs[:index], child), line)
    return "\n".join(child)


def _behind(before: Sequence[str], child: Sequence[str]) -> int:
    """Where in the child the nearest of these lines ends that it has too. Of equal ones, as blank lines are, it is the one with as many
    of its like ahead of it."""
    for n in range(len(before) - 1, -1, -1):
        places = [at for at, line in enumerate(child) if line == before[n]]
        if places:
            return places[min(before[:n].count(before[n]), len(places) - 1)] + 1
    return 0


def _some_word(text: str, rng: np.random.Generator) -> tuple[list[str], int | None]:
    pieces = _PIECE.findall(text)
    places = [index for index, piece in enumerate(pieces) if piece[0].isalpha()]
    return pieces, places[int(rng.integers(len(places)))] if places else None


Operator = Callable[[str, np.random.Generator, Vocabulary], str]
OPERATORS: Final[dict[str, Operator]] = {
    "insert_word": insert_word,
    "remove_word": remove_word,
    "replace_by_synonym": replace_by_synonym,
    "shift_structure": shift_structure,
}
