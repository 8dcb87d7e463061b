"""The rungs of the reader's ladder: prompts of growing help for one labelled set, and the checks that it is honest. Pure."""

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from burnish_simulator.reader.answer import answer
from burnish_simulator.writer.telling_words import telling_words

INTRODUCTION = "Decide where each message belongs."
BARE_NAME = "Answer with exactly one name from the list and nothing else."
EXPLAIN, AS_JSON = "Explain your choice.", "Answer in JSON."
SHOTS, DRAWS = (1, 2, 4, 10), 5
"""Examples a label, and how often they are drawn anew; the mean is shown."""
TELLING_WORDS = 16
PADDING_TOKENS = (1_000, 3_000)
PADDING = "Our house style was last revised in spring. "
"""A sentence that matches no pattern of the reader."""
TEMPERATURES = (0.5, 1.0)


@dataclass(frozen=True, slots=True)
class Item:
    """One labelled message."""

    text: str
    expected: str


@dataclass(frozen=True, slots=True)
class LabelledSet:
    """Rows to build prompts from (`train`) and rows to measure on (`test`)."""

    labels: tuple[str, ...]
    train: tuple[Item, ...]
    test: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class Rung:
    """Accuracy by exact match, 0 to 1, of one kind of prompt; the mean when there were several draws."""

    name: str
    accuracy: float


def prompt(labels: Sequence[str], definitions: Mapping[str, str], *lines: str) -> str:
    """Introduction, one bullet a label with its definition if there is one, then further lines."""
    bullets = [f"- {label}: {definitions[label]}" if definitions.get(label) else f"- {label}" for label in labels]
    return "\n".join([INTRODUCTION, *bullets, *lines])


def accuracy(text: str, items: Sequence[Item], *, temperature: float = 0.0, dice: int = 0) -> float:
    """Share of items whose answer is exactly the expected label. Items must not be empty."""
    right = sum(answer(text, item.text, temperature=temperature, dice=dice) == item.expected for item in items)
    return right / len(items)


def climb(data: LabelledSet, written: Mapping[str, Mapping[str, str]]) -> Iterator[Rung]:
    """All rungs for a set. `written` holds definitions by the name of their author or file; the last ones are also tested for honesty."""
    telling = telling_definitions(data)
    yield from _with_and_without_format("names", {}, data)
    yield from _with_examples("names", {}, data)
    for name, definitions in written.items():
        yield from _with_and_without_format(name, definitions, data)
        yield from _with_examples(name, definitions, data)
    yield Rung(f"{TELLING_WORDS} telling words a label from train, format", _plain(data, telling))
    best_name, best = list(written.items())[-1] if written else ("telling words", telling)
    yield from _with_wrong_rules(data, telling, best_name, best)
    yield from _checks(data, best_name, best)


def telling_definitions(data: LabelledSet, *, count: int = TELLING_WORDS) -> dict[str, str]:
    """What a program can learn from the train rows: for each label the words that mark its messages."""
    found = {}
    for label in data.labels:
        inside = [(item.text, 1.0) for item in data.train if item.expected == label]
        outside = [item.text for item in data.train if item.expected != label]
        found[label] = ", ".join(telling_words(inside, outside, known=(), count=count, rng=random.Random(label)))
    return found


def rotated(labels: Sequence[str], definitions: Mapping[str, str]) -> dict[str, str]:
    """Every label with the definition of the next one."""
    return {label: definitions.get(following, "") for label, following in zip(labels, [*labels[1:], labels[0]], strict=True)}


def nonsense_names(data: LabelledSet) -> tuple[LabelledSet, dict[str, str]]:
    """The set with labels q0, q1, …, and the new name of each label."""
    renamed = {label: f"q{number}" for number, label in enumerate(data.labels)}
    test = tuple(replace(item, expected=renamed[item.expected]) for item in data.test)
    return LabelledSet(tuple(renamed.values()), data.train, test), renamed


def _plain(data: LabelledSet, definitions: Mapping[str, str], *lines: str, temperature: float = 0.0) -> float:
    return accuracy(prompt(data.labels, definitions, *lines, BARE_NAME), data.test, temperature=temperature)


def _with_and_without_format(name: str, definitions: Mapping[str, str], data: LabelledSet) -> Iterator[Rung]:
    yield Rung(f"{name}, no format", accuracy(prompt(data.labels, definitions), data.test))
    yield Rung(f"{name}, format", _plain(data, definitions))


def _with_examples(name: str, definitions: Mapping[str, str], data: LabelledSet) -> Iterator[Rung]:
    for shots in SHOTS:
        draws = [_plain(data, definitions, *_examples(data, shots, random.Random(draw))) for draw in range(DRAWS)]
        yield Rung(f"{name}, format, {shots} examples a label ({DRAWS} draws)", sum(draws) / DRAWS)


def _examples(data: LabelledSet, shots: int, rng: random.Random) -> list[str]:
    lines = []
    for label in data.labels:
        own = [item for item in data.train if item.expected == label]
        lines += [f"- {' '.join(item.text.split())} -> {label}" for item in rng.sample(own, min(shots, len(own)))]
    return lines


def _with_wrong_rules(data: LabelledSet, telling: Mapping[str, str], name: str, best: Mapping[str, str]) -> Iterator[Rung]:
    rules = [f'- If it mentions "{text.split(",")[0]}", choose {label}.' for label, text in rotated(data.labels, telling).items() if text]
    yield Rung("names, format, a wrong rule a label", _plain(data, {}, *rules))
    yield Rung(f"{name}, format, a wrong rule a label", _plain(data, best, *rules))


def _checks(data: LabelledSet, name: str, best: Mapping[str, str]) -> Iterator[Rung]:
    for temperature in TEMPERATURES:
        yield Rung(f"{name}, format, temperature {temperature:g}", _plain(data, best, temperature=temperature))
    yield Rung(f"check: {name} rotated by one label", _plain(data, rotated(data.labels, best)))
    nonsense, renamed = nonsense_names(data)
    yield Rung("check: nonsense names alone", _plain(nonsense, {}))
    yield Rung(f"check: nonsense names with {name}", _plain(nonsense, {renamed[label]: text for label, text in best.items()}))
    wrong = rotated(data.labels, best)
    yield Rung(f"check: nonsense names with rotated {name}", _plain(nonsense, {renamed[label]: text for label, text in wrong.items()}))
    shuffled = [item.expected for item in data.test]
    random.Random(0).shuffle(shuffled)
    strangers = tuple(replace(item, expected=label) for item, label in zip(data.test, shuffled, strict=True))
    yield Rung(f"check: {name}, test labels shuffled", _plain(replace(data, test=strangers), best))
    for tokens in PADDING_TOKENS:
        yield Rung(f"check: {name}, {tokens} tokens of padding", _plain(data, best, PADDING * (tokens * 4 // len(PADDING))))
    yield Rung(f"check: {name}, told to explain", accuracy(prompt(data.labels, best, EXPLAIN), data.test))
    yield Rung(f"check: {name}, told to answer in JSON", accuracy(prompt(data.labels, best, AS_JSON), data.test))
