"""Propose one atomic edit of a prompt from its failed and right cases (SIMULATOR 3)."""

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from burnish_simulator.reader.read_prompt import read_prompt
from burnish_simulator.reader.sheet import Sheet
from burnish_simulator.reader.words import spellings
from burnish_simulator.writer.request import Case, EditRequest, parse_request
from burnish_simulator.writer.telling_words import surface_terms, telling_words

Section = Literal["definitions", "rules", "examples", "format"]

BAD_SHARE = 0.15
"""Share of useless or harmful edits, as real models write them too."""
USELESS_SHARE, HARMFUL_SHARE = 0.4, 0.2
"""Of the bad edits; the rest are keyword rules drawn at random."""
FORMAT_SHARE = 0.8
"""Chance of a format line per share of failures that are no label at all."""
KINDS = {"definition": 0.58, "tie_break": 0.17, "keyword_rule": 0.10, "example": 0.15}
DEFINITION_WORDS, TIE_WORDS, RULE_WORDS = (3, 7), (1, 3), (1, 2)
"""Words in an edit, drawn uniformly, ends included."""
EXAMPLE_WORDS = 7
CAREFUL_FROM_CASES, CAREFUL_LEAST = 6, 1.5
"""Asked to be careful, and given so many cases of a label, it takes only words with this weight: two cases, one of them failed."""
RIGHT_WEIGHT = 0.5
"""A right case of the label beside a failed one, which weighs 1."""

GOOD_FORMATS = (
    "Answer with exactly one {noun} name from the list and nothing else.",
    "Reply with only the {noun} name, spelled as in the list.",
    "Output just the {noun} name; no explanation, nothing else.",
)
USELESS = (
    "Read the message carefully before deciding.",
    "Be polite and professional at all times.",
    "Pay attention to the intention of the customer.",
    "Think about what a good agent would do.",
)
HARMFUL = (
    "Explain the reasoning for the choice.",
    "Return a JSON object with the keys label and confidence.",
    "Let us think step by step.",
)
CHATTY = re.compile(r"\b(?:long|short|shorter|chatter|chatty|explanations?|explain\w*|only the|just the)\b", re.I)
NOUN = re.compile(r"\b(queue|label|categor|intent|class|option)(?:s|y|ies|es)?\b", re.I)


@dataclass(frozen=True, slots=True)
class Edit:
    """One line to add to a section of the prompt."""

    section: Section
    text: str


def propose(text: str, *, seed: int = 0) -> Edit:
    """One edit for the request in `text`: the same for the same text and seed, whatever the process."""
    rng = random.Random(f"{seed}\x1f{text}")
    request = parse_request(text)
    sheet = read_prompt(request.prompt)
    if request.comments and not request.failed:
        return _heard(request, sheet, rng)
    chatter = [case for case in request.failed if case.got not in sheet.labels]
    if not request.failed or rng.random() < BAD_SHARE:
        return _bad(request, sheet, rng)
    if rng.random() < FORMAT_SHARE * len(chatter) / len(request.failed):
        return Edit("format", rng.choice(GOOD_FORMATS).format(noun=_noun(request.prompt)))
    mistaken = _mistaken(request.failed, sheet)
    return _lesson(request, sheet, mistaken, rng) if mistaken else _bad(request, sheet, rng)


def _heard(request: EditRequest, sheet: Sheet, rng: random.Random) -> Edit:
    """What most of the comments ask for: words that belong to the label that they name last, or answers without anything around them."""
    named = {label: [one for one in request.comments if _last_label(one, sheet) == label] for label in sheet.labels}
    label, own = max(named.items(), key=lambda one: (len(one[1]), one[0]), default=("", []))
    if not own:
        chatty = any(CHATTY.search(one) for one in request.comments)
        return Edit("format", rng.choice(GOOD_FORMATS).format(noun=_noun(request.prompt))) if chatty else Edit("rules", f"- {USELESS[0]}")
    others = [one for other, said in named.items() if other != label for one in said]
    known = {term for name in sheet.labels for term in surface_terms(name)}
    words = telling_words([(one, 1.0) for one in own], others, known=known, count=DEFINITION_WORDS[1], rng=rng, least=2.0)
    return Edit("definitions", f"- {label}: {', '.join(words)}") if words else Edit("rules", f"- {USELESS[0]}")


def _last_label(comment: str, sheet: Sheet) -> str | None:
    found = [(at, label) for label in sheet.labels if (at := comment.lower().rfind(label.replace("_", " ").lower())) >= 0]
    return max(found)[1] if found else None


def _mistaken(failed: Sequence[Case], sheet: Sheet) -> list[Case]:
    """The failures with a wrong label in them, also those of a chattering answer, which still says what it thought of first. Not those
    of which nobody said what is right."""
    failed = [case for case in failed if case.expected]
    found = [case for case in failed if case.got in sheet.labels]
    for case in failed:
        if case.got not in sheet.labels:
            said = [(at, label) for label in sheet.labels if (at := case.got.find(label.replace("_", " "))) >= 0]
            if said and min(said)[1] != case.expected:
                found.append(replace(case, got=min(said)[1]))
    return found


def _lesson(request: EditRequest, sheet: Sheet, mistaken: Sequence[Case], rng: random.Random) -> Edit:
    """An edit about the label that failed; labels that fail more often come up more often."""
    label = rng.choice(mistaken).expected
    own = [case for case in mistaken if case.expected == label]
    inside = [(case.input, 1.0) for case in own] + [(case.input, RIGHT_WEIGHT) for case in request.right if case.expected == label]
    everyone = [*request.right, *request.failed]
    outside = [case.input for case in everyone if case.expected != label]
    match rng.choices(list(KINDS), list(KINDS.values()))[0]:
        case "example":
            return _example(rng.choice(own))
        case "tie_break":
            rival = rng.choice(own).got
            rivals = [case.input for case in everyone if case.expected == rival] or outside
            if words := telling_words(inside, rivals, known=(), count=rng.randint(*TIE_WORDS), rng=rng):
                return Edit("rules", f"- Between {label} and {rival}, choose {label} if it mentions {_quoted(words)}.")
        case "keyword_rule":
            if words := telling_words(inside, outside, known=(), count=rng.randint(*RULE_WORDS), rng=rng):
                return Edit("rules", f"- If the message mentions {_quoted(words)}, choose {label}.")
        case _:
            pass
    known = {*surface_terms(" ".join(sheet.definitions.get(label, ()))), *surface_terms(label)}
    least = CAREFUL_LEAST if request.careful and len(inside) >= CAREFUL_FROM_CASES else 0.0
    words = telling_words(inside, outside, known=known, count=rng.randint(*DEFINITION_WORDS), rng=rng, least=least)
    return Edit("definitions", f"- {label}: {', '.join(words)}") if words else _bad(request, sheet, rng)


def _example(case: Case) -> Edit:
    words = [word for word in spellings(case.input) if not any(letter.isdigit() for letter in word)]
    return Edit("examples", f"- {' '.join(words[:EXAMPLE_WORDS])} -> {case.expected}")


def _bad(request: EditRequest, sheet: Sheet, rng: random.Random) -> Edit:
    share = rng.random()
    cases = [*request.failed, *request.right]
    words = sorted({word for case in cases for term, word in surface_terms(case.input).items() if " " not in term})
    if share < USELESS_SHARE or not words or not sheet.labels:
        return Edit("rules", f"- {rng.choice(USELESS)}")
    if share < USELESS_SHARE + HARMFUL_SHARE:
        return Edit("format", rng.choice(HARMFUL))
    return Edit("rules", f'- If the message mentions "{rng.choice(words)}", choose {rng.choice(sheet.labels)}.')


def _quoted(words: Sequence[str]) -> str:
    return " or ".join(f'"{word}"' for word in words)


def _noun(prompt: str) -> str:
    """What the prompt calls its answers: queue, label, category …"""
    found = NOUN.search(prompt)
    return "label" if found is None else {"categor": "category"}.get(found[1].lower(), found[1].lower())
