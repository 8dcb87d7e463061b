"""Read a prompt into a sheet, line by line; the first pattern that matches a line wins (SIMULATOR 1)."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from burnish_simulator.reader.sheet import Example, Form, KeywordRule, Sheet, TieBreak
from burnish_simulator.reader.words import words

MAX_LINE_CHARS: Final = 2_000
"""What is read of one line: bounds the patterns below, which would take quadratic time on a hostile line."""

CHARS_PER_TOKEN: Final = 4

ARROW = re.compile(r"\s*(?:->|=>|→|⇒)\s*")
BULLET = re.compile(r"^\s*(?:[-*•]|\d+[.)])\s+")
DASH = re.compile(r"\s[—–-]\s")
LISTED = re.compile(r"(?:one of|labels?|queues?|categor\w+|intents?|classes|options)[^:\n]*:\s*(.+)$", re.I)
SEPARATOR = re.compile(r",|\bor\b|;")
NAME = re.compile(r"[^\W\d_]\w*(?:-\w+)*")
SHOT_INPUT = re.compile(r"^(?:input|message|ticket|question|q)\s*:\s*(.+)$", re.I)
SHOT_LABEL = re.compile(r"^(?:output|label|queue|answer|category|intent|a)\s*:\s*(\S+)$", re.I)
BETWEEN = re.compile(r"\bbetween\s+(\S+)\s+and\s+(\S+?)[,:]?\s+(.*)", re.I)
CONDITION = re.compile(r"(?:if|when)\b", re.I)
QUOTED = re.compile(r"[\"“]([^\"”]+)[\"”]")
EXCLUSION = re.compile(r"\b(?:but not|not for|not:|except)\b", re.I)
REST = re.compile(
    r"\b(?:anything|everything|something|whatever) else\b|\bnone of (?:the|these|those)\b|\bno other (?:\w+ )?(?:fits|applies)\b", re.I
)
NOT_EXPLAIN = re.compile(
    r"\b(?:do not|don't|never|without)\s+(?:\w+\s+){0,2}?(?:explain|explaining|reasoning|justify)\b|\bno explanations?\b", re.I
)
EXPLAIN = re.compile(r"\b(?:explain|reasoning|step by step|justify|friendly sentence|full sentence)\b", re.I)
JSON_WORD = re.compile(r"\bjson\b", re.I)
BARE = re.compile(r"\b(?:answer|reply|respond|output|return|write)\b.*\b(?:only|exactly|just|nothing else|nothing but)\b", re.I)


def read_prompt(prompt: str) -> Sheet:
    """Everything the reader will ever know of a task. Never fails: a text without labels gives a sheet without labels."""
    lines = [line.strip()[:MAX_LINE_CHARS] for line in prompt.splitlines() if line.strip()]
    draft = _Draft(find_labels(lines))
    for line in lines:
        draft.read(BULLET.sub("", line))
    return draft.sheet(prompt_tokens=len(prompt) // CHARS_PER_TOKEN)


def find_labels(lines: Sequence[str]) -> tuple[str, ...]:
    """The names to choose from: of the first list `… one of: a, b`, else of all bullets `name`, `name: text`, `name — text`."""
    for line in lines:
        listed = LISTED.search(line)
        names = [part.strip(" .`'\"") for part in SEPARATOR.split(listed[1])] if listed else []
        names = [name for name in names if NAME.fullmatch(name)]
        if len(names) >= 2 and listed and "," in listed[1]:
            return tuple(dict.fromkeys(names))
    heads = (_head(BULLET.sub("", line)) for line in lines if BULLET.match(line) and not ARROW.search(line))
    return tuple(dict.fromkeys(head for head in heads if NAME.fullmatch(head)))


def form_of(line: str) -> Form | None:
    """What one line says about the form of the answer; None if it says nothing of it."""
    if NOT_EXPLAIN.search(line):
        return "label"
    if EXPLAIN.search(line):
        return "verbose"
    if JSON_WORD.search(line):
        return "json"
    return "label" if BARE.search(line) else None


def _head(body: str) -> str:
    return re.split(r":|\s[—–-]\s", body, maxsplit=1)[0].strip(" `'\"*")


def _phrases(text: str) -> tuple[tuple[str, ...], ...]:
    return tuple(phrase for quoted in QUOTED.findall(text) if (phrase := words(quoted)))


@dataclass(slots=True)
class _Draft:
    """A sheet in the making. `read` is called once a line, bullets removed."""

    labels: tuple[str, ...]
    definitions: dict[str, list[str]] = field(default_factory=dict)
    negative_words: dict[str, set[str]] = field(default_factory=dict)
    examples: list[Example] = field(default_factory=list)
    keyword_rules: list[KeywordRule] = field(default_factory=list)
    tie_breaks: list[TieBreak] = field(default_factory=list)
    form: Form = "none"
    fallback: str | None = None
    open_example: str = ""
    """The text of an `Input:` line whose `Label:` line has not come yet."""
    by_name: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        self.by_name = {label.lower(): label for label in self.labels}

    def read(self, line: str) -> None:
        understood = (
            self._two_line_example(line)
            or self._arrow_example(line)
            or self._tie_break(line)
            or self._keyword_rule(line)
            or self._definition(line)
        )
        if not understood and (form := form_of(line)):
            self.form = form

    def label(self, text: str) -> str | None:
        """The label that a text names, whatever its case and the marks around it."""
        return self.by_name.get(text.strip(" .,:;`'\"*").lower())

    def labels_in(self, text: str) -> list[str]:
        return [label for name in NAME.findall(text) if (label := self.label(name))]

    def _two_line_example(self, line: str) -> bool:
        if given := SHOT_INPUT.match(line):
            self.open_example = given[1]
            return True
        said = SHOT_LABEL.match(line)
        label = self.label(said[1]) if said else None
        if not self.open_example or label is None:
            return False
        self.examples.append(Example(self.open_example, label))
        self.open_example = ""
        return True

    def _arrow_example(self, line: str) -> bool:
        parts = ARROW.split(line)
        label = self.label(parts[1]) if len(parts) == 2 else None
        if label is None:
            return False
        self.examples.append(Example(parts[0].strip(' "'), label))
        return True

    def _tie_break(self, line: str) -> bool:
        found = BETWEEN.search(line)
        if not found or (first := self.label(found[1])) is None or (second := self.label(found[2])) is None:
            return False
        if winners := self.labels_in(found[3]):
            loser = second if winners[0] == first else first
            self.tie_breaks.append(TieBreak(winners[0], loser, _phrases(found[3])))
        return True

    def _keyword_rule(self, line: str) -> bool:
        if not CONDITION.match(line):
            return False
        targets, phrases = self.labels_in(line), _phrases(line)
        if not targets or not QUOTED.search(line):
            return False
        self.keyword_rules.append(KeywordRule(targets[-1], phrases))
        return True

    def _definition(self, line: str) -> bool:
        head, _, text = line.partition(":")
        if self.label(head) is None and len(parts := DASH.split(line, maxsplit=1)) == 2:
            head, text = parts
        label = self.label(head)
        if label is None or not text.strip():
            return False
        positive, *negative = EXCLUSION.split(text)
        if REST.search(positive):
            self.fallback = label
        self.definitions.setdefault(label, []).append(positive.strip(" ,;"))
        for part in negative:
            self.negative_words.setdefault(label, set()).update(words(part))
        return True

    def sheet(self, *, prompt_tokens: int) -> Sheet:
        return Sheet(
            labels=self.labels,
            definitions={label: tuple(texts) for label, texts in self.definitions.items()},
            negative_words={label: frozenset(stems) for label, stems in self.negative_words.items()},
            examples=tuple(self.examples),
            keyword_rules=tuple(self.keyword_rules),
            tie_breaks=tuple(self.tie_breaks),
            fallback=self.fallback,
            form=self.form,
            prompt_tokens=prompt_tokens,
        )
