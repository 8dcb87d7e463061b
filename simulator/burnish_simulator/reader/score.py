"""Score a ticket against the weights of a prompt: evidence first, then the reader's own noise."""

import math
from collections.abc import Mapping, Sequence
from functools import lru_cache

from burnish_simulator.dice import gumbel
from burnish_simulator.reader.sheet import Sheet
from burnish_simulator.reader.weigh import FUZZY_CHARS, Weights, vector_length
from burnish_simulator.reader.words import PAIR_WEIGHT, holds_phrase, is_pair, terms, words

LONG_TICKET_WORDS = 12
"""A ticket of this many words is divided by √2: a long ticket is not proportionally more certain."""
MISSPELLED_WEIGHT = 0.5
NEIGHBOUR_WEIGHT = 2.5
NEGATIVE_WEIGHT = 0.8
RULE_WEIGHT = 2.5
TIE_WEIGHT, TIE_MARGIN = 2.0, 1.5
"""A tie-break is read only when both of its labels are within the margin of the best."""
FALLBACK_SCORE = 1.2
"""What every text scores for a label defined as `anything else`: other labels need more than that.

Chosen on the validation rows of a public set of intents with out-of-scope messages; anything from 0.8 to 2.0 is as good there."""
QUIRK, QUIRK_PER_1K_TOKENS = 0.15, 0.15
TEMPERATURE_NOISE = 0.6
"""Strengths were set by hand (SIMULATOR 7, last line); the noise terms decide most of the reader's level."""


def evidence(sheet: Sheet, weights: Weights, ticket: str) -> dict[str, float]:
    """What the texts of the prompt say about a ticket, by label, without noise. Empty when there are no labels."""
    stems = words(ticket)
    counts = terms(stems)
    scores = _lexical(sheet.labels, weights, counts, words_in_ticket=len(stems))
    for label, likeness in _likeness(weights, counts).items():
        scores[label] += NEIGHBOUR_WEIGHT * likeness
    present = set(stems)
    for label, negative in sheet.negative_words.items():
        scores[label] -= NEGATIVE_WEIGHT * len(present & negative)
    _apply_rules(sheet, scores, stems)
    if sheet.fallback is not None:
        scores[sheet.fallback] += FALLBACK_SCORE
    return scores


def with_noise(scores: Mapping[str, float], ticket: str, *, prompt_tokens: int, temperature: float, dice: int) -> dict[str, float]:
    """The scores as the reader perceives them.

    The quirk belongs to (ticket, label), not to the prompt: answers to two prompts are paired, as those of one real model are. It grows
    with the length of the prompt. Temperature adds noise drawn from `dice`.
    """
    strength = QUIRK + QUIRK_PER_1K_TOKENS * prompt_tokens / 1000
    noisy = {label: score + strength * quirk(ticket, label) for label, score in scores.items()}
    if temperature > 0:
        for label in noisy:
            noisy[label] += temperature * TEMPERATURE_NOISE * gumbel("t", dice, ticket, label, prompt_tokens)
    return noisy


@lru_cache(50_000)
def quirk(ticket: str, label: str) -> float:
    """How this reader misreads this ticket towards this label, whatever the prompt says."""
    return gumbel("quirk", ticket, label)


def _lexical(labels: Sequence[str], weights: Weights, counts: Mapping[str, float], *, words_in_ticket: int) -> dict[str, float]:
    scores = dict.fromkeys(labels, 0.0)
    for term in counts:
        by_label, weight = weights.by_term.get(term), PAIR_WEIGHT if is_pair(term) else 1.0
        if by_label is None and not is_pair(term) and len(term) >= FUZZY_CHARS and (near := weights.nearest(term)):
            by_label, weight = weights.by_term[near[0]], MISSPELLED_WEIGHT * near[1]
        for label, value in (by_label or {}).items():
            scores[label] += weight * value
    scale = 1 / math.sqrt(1 + words_in_ticket / LONG_TICKET_WORDS)
    return {label: score * scale for label, score in scores.items()}


def _likeness(weights: Weights, counts: Mapping[str, float]) -> dict[str, float]:
    """Cosine of the ticket with its most similar example, by label."""
    if not weights.neighbours:
        return {}
    ticket = {term: weights.strongest[term] for term in counts if term in weights.strongest}
    length = vector_length(ticket)
    best: dict[str, float] = {}
    for example in weights.neighbours:
        dot = sum(value * example.vector[term] for term, value in ticket.items() if term in example.vector)
        best[example.label] = max(best.get(example.label, 0.0), dot / (example.length * length))
    return best


def _apply_rules(sheet: Sheet, scores: dict[str, float], stems: Sequence[str]) -> None:
    """Keyword rules first, tie-breaks after, since those look at who leads."""
    for rule in sheet.keyword_rules:
        if any(holds_phrase(stems, phrase) for phrase in rule.phrases):
            scores[rule.label] += RULE_WEIGHT
    leading = max(scores.values(), default=0.0)
    for tie in sheet.tie_breaks:
        close = min(scores[tie.label], scores[tie.other]) >= leading - TIE_MARGIN
        if close and (not tie.phrases or any(holds_phrase(stems, phrase) for phrase in tie.phrases)):
            scores[tie.label] += TIE_WEIGHT
