"""The request that `writer` reads: one text with the headings PROMPT, COMMENTS (if any), FAILED and RIGHT on lines of their own.

    PROMPT
    the prompt as it stands
    COMMENTS
    {"comment": "..."}
    FAILED
    {"input": "...", "expected": "...", "got": "..."}
    RIGHT
    {"input": "...", "expected": "..."}

`expected` may be missing: there is no right answer.

Of what stands before PROMPT, say instructions for a real model, one thing is heeded: `Use only words that occur in at least two cases`
gives definitions that read better and are a little less accurate. Lines that hold no such object are passed over.
"""

import json
import re
from dataclasses import dataclass

from burnish_simulator.reader.words import MAX_WORDS

CAREFUL = re.compile(r"\bat least (?:two|2) (?:cases|examples|messages)\b", re.I)
MAX_CASES = 500
"""Cases of each kind that are read."""


@dataclass(frozen=True, slots=True)
class Case:
    """One answered input. `got` equals `expected` for a right one. `expected` empty: there is no right answer."""

    input: str
    expected: str
    got: str


@dataclass(frozen=True, slots=True)
class EditRequest:
    """What the writer knows."""

    careful: bool
    """Whether what stands before PROMPT asks for words of `at least two cases`; nothing else of it is read."""
    prompt: str
    failed: tuple[Case, ...]
    right: tuple[Case, ...]
    comments: tuple[str, ...] = ()
    """What people said of answers."""


def parse_request(text: str) -> EditRequest:
    """Never fails: missing headings mean missing parts; a text without headings is a prompt without cases."""
    found = _headings(text)
    prompt_at = next((end for _, end, name in found if name == "PROMPT"), 0)
    right = next((mark for mark in reversed(found) if mark[2] == "RIGHT" and mark[0] > prompt_at), (len(text), len(text), ""))
    failed = next((mark for mark in reversed(found) if mark[2] == "FAILED" and prompt_at < mark[0] < right[0]), (right[0], right[0], ""))
    said = next((mark for mark in found if mark[2] == "COMMENTS" and prompt_at < mark[0] < failed[0]), (failed[0], failed[0], ""))
    return EditRequest(
        careful=CAREFUL.search(text, 0, prompt_at) is not None,
        prompt=text[prompt_at : said[0]].strip("\n"),
        failed=_cases(text[failed[1] : right[0]]),
        right=_cases(text[right[1] :]),
        comments=_comments(text[said[1] : failed[0]]),
    )


def _headings(text: str) -> list[tuple[int, int, str]]:
    marks = re.finditer(r"^[#*\s]*(PROMPT|COMMENTS|FAILED|RIGHT)[:*\s]*$", text, re.M)
    return [(mark.start(), mark.end(), mark[1]) for mark in marks]


def _cases(text: str) -> tuple[Case, ...]:
    rows = (_row(line.strip()) for line in text.splitlines())
    return tuple(row for row in rows if row is not None)[:MAX_CASES]


def _comments(text: str) -> tuple[str, ...]:
    found = []
    for line in text.splitlines():
        try:
            row = json.loads(line) if line.strip().startswith("{") else None
        except (ValueError, RecursionError):
            continue
        if isinstance(row, dict) and isinstance(row.get("comment"), str):
            found.append(row["comment"][: MAX_WORDS * 8])
    return tuple(found[:MAX_CASES])


def _row(line: str) -> Case | None:
    if not line.startswith("{"):
        return None
    try:
        row = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(row, dict) or not isinstance(row.get("input"), str):
        return None
    expected = row.get("expected", "")
    if not isinstance(expected, str):
        return None
    got = row.get("got", expected)
    return Case(row["input"][: MAX_WORDS * 8], expected, got if isinstance(got, str) else str(got))
