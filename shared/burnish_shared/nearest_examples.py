"""Examples that are chosen for each call: those of a version's pool that are likest to what is asked (PRODUCT O2, `few_shot` nearest).

One function, for the gateway that serves and for the optimizer that measures: what was measured is byte for byte what is served. The pool
is part of the version, so nothing is looked up, and a dataset that changes later changes nothing (docs/decisions). Pure.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import log, sqrt
from typing import Any, Final, Self

from burnish_shared.editable import editable_index
from burnish_shared.word_stems import stems

TITLE: Final = "Examples:"
POOL_MOST: Final = 200
COUNT_MOST: Final = 20
REQUEST_CHARS_MOST: Final = 8_000
"""So much of what is asked is compared: the work of a call stays bounded."""


@dataclass(frozen=True, slots=True)
class Example:
    input: str
    expected: str


def with_examples(text: str, examples: Sequence[Example]) -> str:
    """The text with a section of examples at its end, one a line."""
    if not examples:
        return text
    lines = [f"- {' '.join(one.input.split())} -> {one.expected}" for one in examples]
    return "\n".join([text.rstrip("\n"), "", TITLE, *lines])


@dataclass(frozen=True, slots=True)
class NearestExamples:
    """A version's pool, ready: made once when a version is loaded, asked for each call. At most POOL_MOST set operations a call."""

    count: int
    pool: tuple[Example, ...]
    _stems: tuple[frozenset[str], ...] = field(repr=False)
    _weights: Mapping[str, float] = field(repr=False)
    _sizes: tuple[float, ...] = field(repr=False)

    @classmethod
    def of(cls, said: Mapping[str, Any] | None) -> Self | None:
        """From a version's field `examples`: {count, pool: [{input, expected}]}. None where it says nothing."""
        if not said or not said.get("pool"):
            return None
        pool = tuple(Example(one["input"], one["expected"]) for one in said["pool"])
        words = tuple(stems(one.input) for one in pool)
        seen = Counter(word for one in words for word in one)
        weights = {word: log(1 + (len(pool) + 1) / (count + 0.5)) ** 2 for word, count in seen.items()}
        return cls(int(said["count"]), pool, words, weights, tuple(sqrt(sum(weights[word] for word in one)) for one in words))

    def nearest(self, request: str) -> tuple[Example, ...]:
        """The likest by words in common, the likest last, where models heed them most. What is asked is never an example for itself."""
        asked = stems(request[:REQUEST_CHARS_MOST]) & self._weights.keys()
        own = request.strip()
        scored = [
            (-round(sum(self._weights[word] for word in asked & words) / size, 9) if size else 0.0, place)
            for place, (words, size) in enumerate(zip(self._stems, self._sizes, strict=True))
            if self.pool[place].input.strip() != own
        ]
        return tuple(self.pool[place] for _, place in reversed(sorted(scored)[: self.count]))

    def put_into(self, messages: list[dict[str, Any]], variables: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Rendered messages with the nearest examples at the end of the first system message, else of the first that is a text.

        `variables`: those of the call; what they say is what is asked. Without any it is the last message of the user.
        """
        index = editable_index(messages)
        if index is None:
            return messages
        text = with_examples(messages[index]["content"], self.nearest(asked_of(messages, variables)))
        return [one | {"content": text} if place == index else one for place, one in enumerate(messages)]


def asked_of(messages: Sequence[Mapping[str, Any]], variables: Mapping[str, Any]) -> str:
    """What a call asks, as one text."""
    said = [value for _, value in sorted(variables.items()) if isinstance(value, str) and value.strip()]
    if said:
        return "\n".join(said)
    users = [one["content"] for one in messages if one.get("role") == "user" and isinstance(one.get("content"), str)]
    return users[-1] if users else ""
