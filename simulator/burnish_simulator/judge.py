"""`judge`: grades an answer by the overlap of texts, and says so. It understands nothing; it counts words.

The request is one text with these headings, each at the start of a line, with or without a colon. ANSWER comes last and takes the rest, so
that an answer cannot bring headings of its own:

    RUBRIC      one demand a line: must contain "x" · must not contain "x" · at most N words · at least N words · JSON · any other
                line counts by the share of its words that the answer has
    EXPECTED    the wanted answer
    ANSWER      what is graded
"""

import json
import re
from dataclasses import dataclass

from burnish_simulator.reader.read_prompt import BULLET, MAX_LINE_CHARS, QUOTED
from burnish_simulator.reader.words import words

MAX_DEMANDS = 50
HEADING = re.compile(r"^[#*\s]*(RUBRIC|CRITERIA|EXPECTED|REFERENCE|ANSWER|OUTPUT)\b[*\s]*(?::|$)[* \t]*", re.M)
PART_OF = {
    "RUBRIC": "rubric",
    "CRITERIA": "rubric",
    "EXPECTED": "expected",
    "REFERENCE": "expected",
    "ANSWER": "answer",
    "OUTPUT": "answer",
}
LIMIT = re.compile(r"\b(at most|no more than|at least)\s+(\d{1,6})\s+words?\b", re.I)
FORBIDDEN = re.compile(r"\b(?:must not|do not|don't|never|without|no)\b", re.I)
JSON_WORD = re.compile(r"\bjson\b", re.I)


@dataclass(frozen=True, slots=True)
class Grade:
    """`score` is between 0 and 1, `reason` one sentence."""

    score: float
    reason: str


def judge(text: str) -> Grade:
    """Grade the answer in `text`: the mean of its likeness to EXPECTED and of the share of RUBRIC it meets, of those that are given."""
    parts = _parts(text)
    answer = parts.get("answer", "").strip()
    if not answer:
        return Grade(0.0, "There is no answer to grade.")
    scores, reasons = [], []
    if expected := parts.get("expected", "").strip():
        likeness = overlap(answer, expected)
        scores.append(likeness)
        reasons.append(
            "the answer is the expected one" if likeness == 1 else f"it shares {likeness:.0%} of its words with the expected answer"
        )
    if demands := _demands(parts.get("rubric", "")):
        met = [_meets(answer, demand) for demand in demands]
        scores.append(sum(met) / len(met))
        reasons.append(f"it meets {sum(met):.3g} of {len(met)} demands")
    if not scores:
        return Grade(0.0, "There is neither a rubric nor an expected answer to grade by.")
    return Grade(round(sum(scores) / len(scores), 4), f"By overlap of words: {' and '.join(reasons)}.")


def overlap(answer: str, expected: str) -> float:
    """1 for equal texts (case, spaces and final marks apart), else the F1 of their sets of words, below 1."""
    if _plain(answer) == _plain(expected):
        return 1.0
    given, wanted = set(words(answer)), set(words(expected))
    shared = len(given & wanted)
    return min(0.99, 2 * shared / (len(given) + len(wanted))) if shared else 0.0


def _plain(text: str) -> str:
    return " ".join(text.lower().split()).strip(" .,!;:\"'`")


def _parts(text: str) -> dict[str, str]:
    """The text under each heading; the first of a kind counts and the answer runs to the end."""
    parts: dict[str, str] = {}
    marks = list(HEADING.finditer(text))
    for number, mark in enumerate(marks):
        following = marks[number + 1] if number + 1 < len(marks) else None
        part = PART_OF[mark[1]]
        if part == "answer":
            parts[part] = text[mark.end() :]
            break
        parts.setdefault(part, text[mark.end() : following.start() if following else len(text)])
    return parts


def _demands(rubric: str) -> list[str]:
    lines = (BULLET.sub("", line[:MAX_LINE_CHARS]).strip() for line in rubric.splitlines())
    return [line for line in lines if line][:MAX_DEMANDS]


def _meets(answer: str, demand: str) -> float:
    """How far an answer meets one demand, 0 to 1."""
    if limit := LIMIT.search(demand):
        length, bound = len(answer.split()), int(limit[2])
        return float(length >= bound if limit[1].lower() == "at least" else length <= bound)
    if quoted := QUOTED.findall(demand):
        present = [phrase.lower() in answer.lower() for phrase in quoted]
        return float(not any(present) if FORBIDDEN.search(demand) else all(present))
    if JSON_WORD.search(demand):
        return float(_is_json(answer))
    wanted = set(words(demand))
    return len(wanted & set(words(answer))) / len(wanted) if wanted else 1.0


def _is_json(answer: str) -> bool:
    try:
        json.loads(answer)
    except (ValueError, RecursionError):
        return False
    return True
