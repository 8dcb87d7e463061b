"""One item of a dataset, and the split that it falls into. Pure."""

import hashlib
import json
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from burnish_shared.expected_answer import is_same, spelled
from burnish_shared.omitted import files_named

Split = Literal["train", "validation", "test"]

SPLITS: Final[tuple[Split, ...]] = ("train", "validation", "test")

SHARES: Final[tuple[tuple[float, Split], ...]] = ((0.5, "train"), (0.7, "validation"), (1.0, "test"))
"""Upper ends of the splits by hash: 50 / 20 / 30 (SCIENCE section 3)."""


SYNTHETIC: Final = "synthetic"
GROUP: Final = "group"
"""Names in an item's metadata that mean something to us."""

EXPECTS_NOTHING: Final = "nothing is expected, so every answer would count as wrong"
"""Why an item is refused, or left out of what comes from elsewhere."""


def says_nothing(expected: str | None) -> bool:
    """Whether there is no right answer, by the rule that answers are compared with: after trimming."""
    return expected is None or not expected.strip()


def expect_alike(one: str | None, other: str | None) -> bool:
    """Whether two items expect the same; one without a right answer expects what another without one does."""
    return one is other if one is None or other is None else is_same(one, other)


def answer_in_words(value: object) -> object:
    """What an item expects as the text that is stored: an object or list in its one spelling, a number, true or false as JSON writes it.
    Anything else as it is; null is refused as nothing."""
    if isinstance(value, dict | list):
        return spelled(value)
    return json.dumps(value) if isinstance(value, bool | int | float) else value


def means_yes(value: object) -> bool:
    """Whether a mark is set, also by a file that has no truth values of its own."""
    return value is True or str(value or "").strip().lower() in ("true", "yes", "1")


def marked(metadata: dict[str, Any]) -> dict[str, Any]:
    """The same, with the mark of what was made up as it is stored: true, however somebody spelled it."""
    return metadata | {SYNTHETIC: True} if means_yes(metadata.get(SYNTHETIC)) else metadata


@dataclass(frozen=True, slots=True)
class NewItem:
    """An item as it was given. `input` is a text, or the variables by name. `expected` None: there is no right answer. `split` None: by
    hash."""

    input: str | dict[str, Any]
    expected: str | None
    split: Split | None = None
    metadata: dict[str, Any] = field(default_factory=dict)

    @property
    def content_hash(self) -> bytes:
        """SHA-256 of the input alone: one input has one place in a dataset, whatever is expected of it."""
        return hashlib.sha256(json.dumps(self.input, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()).digest()

    @property
    def place(self) -> Split:
        """The given split, else one by hash of the input. What was made up is never in test."""
        split = by_hash(self.content_hash) if self.split is None else self.split
        return "train" if split == "test" and self.synthetic else split

    @property
    def synthetic(self) -> bool:
        return self.metadata.get(SYNTHETIC) is True

    @property
    def group(self) -> str | None:
        """The user or conversation that it comes from; None: not said. Kept as it is given, so that an erasure finds a person's items; one
        that is named by a number is the one of the same digits."""
        found = self.metadata.get(GROUP)
        if isinstance(found, int) and not isinstance(found, bool):
            return str(found)
        return found if isinstance(found, str) and found else None

    @property
    def text(self) -> str:
        """What the input says, for comparing items: of variables their values, of a picture or file its name, by which the same is told."""
        said = [self.input] if isinstance(self.input, str) else [one for _, value in sorted(self.input.items()) for one in _values(value)]
        return files_named(" ".join(said))


def _values(value: object) -> Iterator[str]:
    """All that stands in a variable, without the names of its fields, which are the same in each item."""
    if isinstance(value, dict):
        yield from (one for inner in value.values() for one in _values(inner))
    elif isinstance(value, list):
        yield from (one for inner in value for one in _values(inner))
    else:
        yield str(value)


def gives(given: str | dict[str, Any], variables: Collection[str]) -> bool:
    """Whether an item's input fills a text with these variables; a text by itself fills the only one, or `input`."""
    return set(variables) <= given.keys() if isinstance(given, dict) else len(variables) <= 1 or "input" in variables


def by_hash(digest: bytes) -> Split:
    """Where the hash of an input or a group falls, by SHARES."""
    share = int.from_bytes(digest[:8], "big") / 2**64
    return next(split for upper, split in SHARES if share < upper or upper == 1.0)


def split_named(name: str | None) -> Split | None:
    """The split that a caller means, in whatever case (`val`, `valid` and `dev` are accepted for validation), or None for no name.

    Raises ValueError for any other word.
    """
    if name is None or not name.strip():
        return None
    plain = name.strip().lower()
    word = {"val": "validation", "valid": "validation", "dev": "validation"}.get(plain, plain)
    for split in SPLITS:
        if word == split:
            return split
    raise ValueError(f"a split is one of train, validation, test, not {name[:40]!r}")


def counted(splits: Iterable[str]) -> dict[str, int]:
    """How many items each split holds; all three names are always there."""
    counts = dict.fromkeys(SPLITS, 0) | {}
    for split in splits:
        counts[split] += 1  # type: ignore[index]
    return {str(name): count for name, count in counts.items()}
