"""What a session has learned: facts, constraints, gaps, and why it asks on. No answer is ever lost from it. Pure."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from burnish_gateway.clarifications.question import Question
from burnish_shared.storable_text import storable

LINES_MOST: Final = 60
LINE_MOST_CHARS: Final = 1_000
TELLING_CHARS: Final = 4
"""A shorter answer says nothing by itself."""

RATIONALE_MOST_CHARS: Final = 2_000


@dataclass(frozen=True, slots=True)
class WorkingMemory:
    """What is certain, what the prompt must keep to, what is still open, and why the model asks what it asks."""

    facts: tuple[str, ...] = ()
    constraints: tuple[str, ...] = ()
    gaps: tuple[str, ...] = ()
    rationale: str = ""

    def as_dict(self) -> dict[str, Any]:
        """As it is stored and told."""
        return {
            "facts": list(self.facts), "constraints": list(self.constraints), "gaps": list(self.gaps), "rationale": self.rationale,
        }  # fmt: skip

    @classmethod
    def of(cls, said: Any) -> "WorkingMemory":
        """From what is stored, or from what a model said, as far as it can be read."""
        given: Mapping[str, Any] = said if isinstance(said, Mapping) else {}
        rationale = given.get("rationale")
        return cls(
            facts=_lines(given.get("facts")),
            constraints=_lines(given.get("constraints")),
            gaps=_lines(given.get("gaps")),
            rationale=storable(rationale)[:RATIONALE_MOST_CHARS] if isinstance(rationale, str) else "",
        )


def begun(selections: Mapping[str, Any]) -> WorkingMemory:
    """Before anything was asked: what was selected is known."""
    return WorkingMemory(facts=tuple(f"{name}: {_said(value)}"[:LINE_MOST_CHARS] for name, value in selections.items())[:LINES_MOST])


def noted(memory: WorkingMemory, questions: Sequence[Question]) -> WorkingMemory:
    """With these answers. A question that is answered anew takes the place of what was said to it before, and is no gap any more."""
    facts = [fact for fact in memory.facts if not any(fact.startswith(f"{one.text} – ") for one in questions)]
    new = [line_of(one) for one in questions if one.status == "answered"]
    return replace(memory, facts=(*facts[: max(0, LINES_MOST - len(new))], *new)[:LINES_MOST], gaps=_open(memory.gaps, questions))


def rethought(memory: WorkingMemory, said: Any, questions: Sequence[Question]) -> WorkingMemory:
    """What the model makes of it all. An answer whose words it left out stays as we noted it."""
    new = WorkingMemory.of(said)
    kept = " ".join((*new.facts, *new.constraints)).casefold()
    missing = tuple(line_of(one) for one in questions if one.status == "answered" and not _is_told(one, kept))
    if not (new.facts or new.constraints or new.gaps):
        return memory
    room = max(0, LINES_MOST - len(missing))
    return replace(new, facts=(*new.facts[:room], *missing)[:LINES_MOST], gaps=_open(new.gaps, questions))


def _open(gaps: tuple[str, ...], questions: Sequence[Question]) -> tuple[str, ...]:
    """Without those that are questions which were answered. After the last round no model takes them out."""
    answered = {one.text.strip().casefold() for one in questions if one.status == "answered"}
    return tuple(gap for gap in gaps if gap.casefold() not in answered)


def _is_told(question: Question, kept: str) -> bool:
    """Whether its answer stands there, as words of its own: `No` stands in `known`, and means nothing without its question."""
    if line_of(question).casefold() in kept:
        return True
    said = question.said.casefold()
    return len(said) >= TELLING_CHARS and re.search(rf"(?<!\w){re.escape(said)}(?!\w)", kept) is not None


def line_of(question: Question) -> str:
    return f"{question.text} – {question.said}"[:LINE_MOST_CHARS]


def _lines(given: Any) -> tuple[str, ...]:
    texts: Iterable[Any] = given if isinstance(given, list) else []
    found = (storable(one).strip()[:LINE_MOST_CHARS] for one in texts if isinstance(one, str))
    return tuple(dict.fromkeys(one for one in found if one))[:LINES_MOST]


def _said(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(_said(one) for one in value)
    return "yes" if value is True else "no" if value is False else str(value)
