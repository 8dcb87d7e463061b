"""A question of a session, what may be answered to it, and how questions are read out of what a model said. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Final, Literal

from burnish_shared.errors import InvalidField
from burnish_shared.storable_text import storable

Kind = Literal["text", "choice", "multiple_choice"]
Answer = str | list[str]

QUESTIONS_MOST: Final = 5
"""Of one round: more are not answered by people with care."""

OPTIONS_MOST: Final = 12
QUESTION_MOST_CHARS: Final = 600
OPTION_MOST_CHARS: Final = 200
ANSWER_MOST_CHARS: Final = 4_000

KINDS: Final[dict[str, Kind]] = {
    "text": "text", "free_text": "text", "open": "text",
    "choice": "choice", "single_choice": "choice", "select": "choice", "radio": "choice",
    "multiple_choice": "multiple_choice", "multiple": "multiple_choice", "multi_choice": "multiple_choice", "checkbox": "multiple_choice",
}  # fmt: skip
"""What models call the three kinds."""


@dataclass(frozen=True, slots=True)
class Question:
    """`options`: of a choice, what there is to choose from; `suggestions`: of a text, what others would say. `status`: of its answer."""

    id: str
    round: int
    text: str
    type: Kind = "text"
    options: tuple[str, ...] = ()
    suggestions: tuple[str, ...] = ()
    status: Literal["open", "answered", "skipped"] = "open"
    answer: Answer | None = None

    def as_dict(self) -> dict[str, Any]:
        """As it is stored and told."""
        return asdict(self) | {"options": list(self.options), "suggestions": list(self.suggestions)}

    @classmethod
    def of(cls, stored: Mapping[str, Any]) -> "Question":
        return cls(**{**stored, "options": tuple(stored["options"]), "suggestions": tuple(stored["suggestions"])})

    @property
    def said(self) -> str:
        """The answer as one text."""
        return ", ".join(self.answer) if isinstance(self.answer, list) else self.answer or ""


def answered(question: Question, answer: Answer | None, *, param: str) -> Question:
    """With this answer; None skips it. A choice takes one of its options or words of one's own. Raises InvalidField, naming `param`."""
    texts = answer if isinstance(answer, list) else [answer or ""]
    if not any(text.strip() for text in texts):
        return replace(question, status="skipped", answer=None)
    if isinstance(answer, list) and question.type != "multiple_choice":
        if len(answer) > 1:
            raise InvalidField(f"{param}: this question takes one answer, and {len(answer)} were given.", param=param)
        answer = answer[0]
    for text in texts:
        if len(text) > ANSWER_MOST_CHARS:
            raise InvalidField(f"{param}: an answer has at most {ANSWER_MOST_CHARS:,} characters; this one has {len(text):,}.", param=param)
    if question.type == "multiple_choice":
        answer = list(dict.fromkeys(text.strip() for text in texts if text.strip()))
        if len(answer) > OPTIONS_MOST:
            raise InvalidField(f"{param}: at most {OPTIONS_MOST} may be chosen.", param=param)
        return replace(question, status="answered" if answer else "skipped", answer=answer or None)
    return replace(question, status="answered", answer=str(answer).strip())


def read_questions(said: Any, *, round: int, before: Sequence[Question]) -> list[Question]:
    """Those of a model's list that can be asked: with a text, not asked before, a choice with something to choose from."""
    asked = {_bare(one.text) for one in before}
    found: list[Question] = []
    for one in said if isinstance(said, list) else []:
        text = _text(one.get("text") or one.get("question"), most=QUESTION_MOST_CHARS) if isinstance(one, dict) else ""
        if not text or _bare(text) in asked or len(found) == QUESTIONS_MOST:
            continue
        asked.add(_bare(text))
        options, suggestions = _texts(one.get("options")), _texts(one.get("suggestions") or one.get("suggested_answers"))
        kind = KINDS.get(str(one.get("type")).lower(), "text")
        if kind != "text" and len(options) < 2:
            kind, suggestions, options = "text", suggestions or options, ()
        if kind == "text":
            suggestions, options = suggestions or options, ()
        found.append(Question(f"q{round}_{len(found) + 1}", round, text, kind, options, suggestions))
    return found


def _texts(given: Any) -> tuple[str, ...]:
    texts: Iterable[Any] = given if isinstance(given, list) else []
    named = (one.get("label") or one.get("value") if isinstance(one, dict) else one for one in texts)
    return tuple(dict.fromkeys(text for text in (_text(one, most=OPTION_MOST_CHARS) for one in named) if text))[:OPTIONS_MOST]


def _text(given: Any, *, most: int) -> str:
    return storable(str(given)).strip()[:most] if isinstance(given, str | int | float) and not isinstance(given, bool) else ""


def _bare(text: str) -> str:
    return "".join(one for one in text.casefold() if one.isalnum())
