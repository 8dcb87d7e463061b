"""`judge`: grades an answer by the overlap of texts, and says so. It understands nothing; it counts words.

The request is one text with these headings, each at the start of a line, with or without a colon. ANSWER or SECOND comes last and takes the
rest, so that an answer cannot bring headings of its own. A part that is one JSON string is read as the text in it:

    RUBRIC      one demand a line: must contain "x" · must not contain "x" · at most N words · at least N words · JSON · any other
                line counts by the share of its words that the answer has
    SCALE       `1 to 5`: the grade is told as a whole number on it; without, as a share
    INPUT, VARIABLES   are passed over
    EXPECTED    the wanted answer
    ANSWER      what is graded; or FIRST and SECOND: which of them is better

`judge-strict` counts a demand only where it is met wholly and takes the worse of EXPECTED and RUBRIC, `judge-lenient` counts one that is
half met and takes the better. All of them have a weakness that real judges have too: of two answers whose grades are nearly the same
(less than POSITION_BIAS apart) they prefer the first.
"""

import json
import re
from dataclasses import asdict, dataclass
from typing import Any, Literal

from burnish_simulator.reader.read_prompt import BULLET, MAX_LINE_CHARS, QUOTED
from burnish_simulator.reader.words import words

MAX_DEMANDS = 50
POSITION_BIAS = 0.1
HEADING = re.compile(
    r"^[#* \t]*+(RUBRIC|CRITERIA|SCALE|INPUT|VARIABLES|EXPECTED|REFERENCE|FIRST|SECOND|ANSWER|OUTPUT)\b[* \t\r]*+(?::|$)[* \t]*+", re.M
)
"""Each line is read once: nothing in it reaches beyond the line, or gives back what it took."""

PART_OF = {
    "RUBRIC": "rubric",
    "CRITERIA": "rubric",
    "EXPECTED": "expected",
    "REFERENCE": "expected",
    "SCALE": "scale",
    "INPUT": "input",
    "VARIABLES": "variables",
    "FIRST": "first",
    "SECOND": "second",
    "ANSWER": "answer",
    "OUTPUT": "answer",
}
LAST = ("answer", "second")
SCALE = re.compile(r"(\d{1,6})\s*(?:to|-|–)\s*(\d{1,6})")
Manner = Literal["plain", "strict", "lenient"]
LIMIT = re.compile(r"\b(at most|no more than|at least)\s+(\d{1,6})\s+words?\b", re.I)
FORBIDDEN = re.compile(r"\b(?:must not|do not|don't|never|without|no)\b", re.I)
JSON_WORD = re.compile(r"\bjson\b", re.I)


@dataclass(frozen=True, slots=True)
class Grade:
    """`score` is between 0 and 1, `reason` one sentence."""

    score: float
    reason: str


def answer_as_json(text: str, *, manner: Manner = "plain") -> dict[str, Any]:
    """What the model says: `{reason, score}`, the score on the scale where one is named, or of two answers `{reason, better}`."""
    parts = _parts(text)
    if "first" in parts and "second" in parts:
        return _compared(parts, manner=manner)
    grade = judge(text, manner=manner)
    said: dict[str, Any] = {"reason": grade.reason, **asdict(grade)}
    if scale := SCALE.search(parts.get("scale", "")):
        lowest, highest = int(scale[1]), int(scale[2])
        said["score"] = lowest + round(grade.score * (highest - lowest))
    return said


def judge(text: str, *, manner: Manner = "plain") -> Grade:
    """Grade the answer in `text`: the mean of its likeness to EXPECTED and of the share of RUBRIC it meets, of those that are given."""
    return _graded(_parts(text), manner=manner)


def _graded(parts: dict[str, str], *, manner: Manner) -> Grade:
    answer = _plain_text(parts.get("answer", ""))
    if not answer:
        return Grade(0.0, "There is no answer to grade.")
    scores, reasons = [], []
    if expected := _plain_text(parts.get("expected", "")):
        likeness = overlap(answer, expected)
        scores.append(likeness)
        reasons.append(
            "the answer is the expected one" if likeness == 1 else f"it shares {likeness:.0%} of its words with the expected answer"
        )
    if demands := _demands(parts.get("rubric", "")):
        met = [_counted(_meets(answer, demand), manner) for demand in demands]
        scores.append(sum(met) / len(met))
        reasons.append(f"it meets {sum(met):.3g} of {len(met)} demands")
    if not scores:
        return Grade(0.0, "There is neither a rubric nor an expected answer to grade by.")
    score = {"plain": sum(scores) / len(scores), "strict": min(scores), "lenient": max(scores)}[manner]
    return Grade(round(score, 4), f"By overlap of words: {' and '.join(reasons)}.")


def _compared(parts: dict[str, str], *, manner: Manner) -> dict[str, Any]:
    first, second = (_graded({**parts, "answer": parts[one]}, manner=manner).score for one in ("first", "second"))
    better = "second" if second - first >= POSITION_BIAS else "first"
    return {"reason": f"By overlap of words: the first gets {first:.2f}, the second {second:.2f}.", "better": better}


def _counted(met: float, manner: Manner) -> float:
    match manner:
        case "strict":
            return float(met == 1)
        case "lenient":
            return float(met >= 0.5)
        case "plain":
            return met


def _plain_text(part: str) -> str:
    """The text of a part; of one JSON string, what is in it."""
    part = part.strip()
    if part[:1] == '"':
        try:
            decoded = json.loads(part)
        except ValueError:
            return part
        return decoded.strip() if isinstance(decoded, str) else part
    return part


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
    """The text under each heading; the first of a kind counts and the last part runs to the end."""
    parts: dict[str, str] = {}
    marks = list(HEADING.finditer(text))
    for number, mark in enumerate(marks):
        following = marks[number + 1] if number + 1 < len(marks) else None
        part = PART_OF[mark[1]]
        if part in LAST:
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
