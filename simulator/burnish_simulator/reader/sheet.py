"""What the reader understood of a prompt."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Form = Literal["none", "label", "json", "verbose"]
"""How the prompt wants to be answered: not said, the bare name, a JSON object, or with an explanation."""


@dataclass(frozen=True, slots=True)
class KeywordRule:
    """`If it mentions "x" or "y", choose LABEL`: phrases are stems."""

    label: str
    phrases: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class TieBreak:
    """`Between LABEL and OTHER, choose LABEL [if it mentions "x"]`: without phrases it holds always."""

    label: str
    other: str
    phrases: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Example:
    """One worked case of the prompt."""

    text: str
    label: str


@dataclass(frozen=True, slots=True)
class Sheet:
    """A prompt as read, line by line. Lines that match no pattern left no trace, which is what makes useless edits useless."""

    labels: tuple[str, ...]
    definitions: Mapping[str, tuple[str, ...]]
    negative_words: Mapping[str, frozenset[str]]
    examples: tuple[Example, ...]
    keyword_rules: tuple[KeywordRule, ...]
    tie_breaks: tuple[TieBreak, ...]
    fallback: str | None
    """The label that the prompt gives to what fits no other."""
    form: Form
    prompt_tokens: int
    """Length of the prompt at four characters a token; longer prompts are read with more noise."""
