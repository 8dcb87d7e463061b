"""Answer a ticket in the form that the prompt asks for."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from burnish_simulator.dice import unit
from burnish_simulator.reader.read_prompt import read_prompt
from burnish_simulator.reader.score import evidence, with_noise
from burnish_simulator.reader.sheet import Form, Sheet
from burnish_simulator.reader.weigh import Weights, weigh

CHATTER_SURE, CHATTER_UNSURE = 0.12, 0.45
"""Chance of a chattering answer when no form is asked for: from a clear case to a toss-up (SIMULATOR 1)."""

NO_LABELS = "Could you tell me which categories I should choose from?"

CACHED_PROMPTS = 128
CACHED_PROMPT_CHARS = 40_000
"""Longer prompts are read anew each time: the cache stays within 300 MB even then, and at 20 MB with prompts of ordinary length."""


@dataclass(frozen=True, slots=True)
class Choice:
    """What the reader settled on before putting it into words; `margin` ≥ 0 is its lead over the runner-up."""

    label: str
    runner_up: str
    margin: float
    form: Form


def answer(prompt: str, ticket: str, *, temperature: float = 0.0, dice: int = 0) -> str:
    """What `reader` replies: a function of its arguments alone.

    `temperature` ≥ 0; at 0 the dice do not matter. A prompt in which no labels are found is answered with a question.
    """
    choice = choose(prompt, ticket, temperature=temperature, dice=dice)
    return NO_LABELS if choice is None else worded(choice, ticket)


def choose(prompt: str, ticket: str, *, temperature: float = 0.0, dice: int = 0) -> Choice | None:
    """The label that the reader would give, or None if the prompt names none."""
    sheet, weights = _read(prompt)
    if not sheet.labels:
        return None
    scores = evidence(sheet, weights, ticket)
    return _best(with_noise(scores, ticket, prompt_tokens=sheet.prompt_tokens, temperature=temperature, dice=dice), sheet.form)


def worded(choice: Choice, ticket: str) -> str:
    """The choice in the form asked for; without a form, chatter comes by a hash of the ticket, likelier when unsure."""
    if choice.form == "json":
        return json.dumps({"label": choice.label}, ensure_ascii=False)
    sure = 1 - math.exp(-choice.margin)
    chatter = {"label": 0.0, "verbose": 1.0}.get(choice.form, CHATTER_UNSURE + (CHATTER_SURE - CHATTER_UNSURE) * sure)
    if unit("chatter", ticket) >= chatter:
        return choice.label
    first, second = choice.label.replace("_", " "), choice.runner_up.replace("_", " ")
    return f"I think this is about {first}, though it could also be {second}."


def _best(scores: Mapping[str, float], form: Form) -> Choice:
    ranked = sorted(scores, key=lambda label: -scores[label])
    first, second = ranked[0], ranked[1] if len(ranked) > 1 else ranked[0]
    return Choice(first, second, max(0.0, scores[first] - scores[second]), form)


def _read(prompt: str) -> tuple[Sheet, Weights]:
    return _cached_read(prompt) if len(prompt) <= CACHED_PROMPT_CHARS else _read_anew(prompt)


def _read_anew(prompt: str) -> tuple[Sheet, Weights]:
    sheet = read_prompt(prompt)
    return sheet, weigh(sheet)


_cached_read = lru_cache(CACHED_PROMPTS)(_read_anew)
