"""Evaluators that need no code. Pure; time is linear in the answer, save for similarity, which is bounded by its length."""

import math
import re
import unicodedata
from decimal import Context, Decimal
from typing import Any, Final

import jsonschema_rs
import re2
from rapidfuzz import fuzz
from rapidfuzz.distance import Indel

from burnish_shared.answer_json import NoJson, read_json
from burnish_shared.contracts.evaluators import Contains, Exact, JsonSchema, Numeric, Regex, Similarity
from burnish_shared.evaluators.verdict import Case, Mistake, NoScore, Score, Verdict
from burnish_shared.expected_answer import spelled_value

ANSWER_MOST: Final = 200_000
"""Characters of an answer that patterns and schemas look at; longer ones have no score."""

SIMILAR_MOST: Final = 20_000
"""Characters on each side: the comparison's time grows with their product."""

PATTERN_MEMORY_BYTES: Final = 4 * 1024 * 1024

MINUS: Final = "\u2212"
"""As it is set in print, and by many a model."""

EXACTLY: Final = Context(prec=200)
"""For sums of decimals as they are written: `1.1` is within `0.1` of `1`, which it is not among binary fractions."""

NUMBER: Final = re.compile(rf"[-+{MINUS}]?(?:\d{{1,40}}(?:,\d{{3}}){{0,12}}(?:\.\d{{1,40}})?|\.\d{{1,40}})(?:[eE][-+{MINUS}]?\d{{1,3}})?")

NO_EXPECTED: Final = NoScore("unavailable", "nobody said what answer is expected")
TOO_LONG: Final = NoScore("unavailable", f"the answer is longer than {ANSWER_MOST} characters")


def exact(settings: Exact, case: Case) -> Verdict:
    if case.expected is None:
        return NO_EXPECTED
    texts = (case.output, case.expected)
    values = [one for one in map(spelled_value, texts) if one is not None]
    chosen = values if len(values) == len(texts) else texts
    answer, expected = (_folded(one, ignore_case=settings.ignore_case, ignore_space=settings.ignore_space) for one in chosen)
    return _decided(answer == expected, "is the expected answer", "is not the expected answer")


def contains(settings: Contains, case: Case) -> Verdict:
    phrases = settings.phrases or ([case.expected] if case.expected else [])
    if not phrases:
        return NO_EXPECTED
    if len(case.output) > ANSWER_MOST:
        return TOO_LONG
    answer = _folded(case.output, ignore_case=settings.ignore_case)
    found = [one for one in phrases if _folded(one, ignore_case=settings.ignore_case) in answer]
    missing = [one for one in phrases if one not in found]
    match settings.match:
        case "all":
            return _decided(not missing, "holds all phrases", f"lacks {_quoted(missing)}")
        case "any":
            return _decided(bool(found), f"holds {_quoted(found)}", "holds none of the phrases")
        case "none":
            return _decided(not found, "holds none of the phrases", f"holds {_quoted(found)}")


class Pattern:
    """A regular expression, compiled once (RE2: https://github.com/google/re2, linear in the text whatever the pattern)."""

    def __init__(self, settings: Regex) -> None:
        """Raises Mistake for a pattern that RE2 does not take."""
        options = re2.Options()
        options.max_mem = PATTERN_MEMORY_BYTES
        options.case_sensitive = not settings.ignore_case
        options.log_errors = False
        try:
            self._compiled = re2.compile(settings.pattern, options)
        except re2.error as error:
            raise Mistake(f"not a regular expression of RE2: {_said(error)}", field="pattern") from error
        self._settings = settings

    def __call__(self, case: Case) -> Verdict:
        if len(case.output) > ANSWER_MOST:
            return TOO_LONG
        found = (self._compiled.fullmatch if self._settings.whole else self._compiled.search)(case.output) is not None
        return _decided(found == (self._settings.expect == "match"), "as the pattern wants", "not as the pattern wants")


class Schema:
    """A JSON Schema, compiled once; nothing is fetched."""

    def __init__(self, settings: JsonSchema) -> None:
        """Raises Mistake for a schema that is none, or that points out of itself."""
        try:
            self._validator = jsonschema_rs.validator_for(settings.json_schema, retriever=_refuse)
        except (jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError, ValueError) as error:
            raise Mistake(f"not a JSON Schema that is used here: {str(error).splitlines()[0][:200]}", field="schema") from error

    def __call__(self, case: Case) -> Verdict:
        if len(case.output) > ANSWER_MOST:
            return TOO_LONG
        try:
            value = read_json(case.output)
        except NoJson as error:
            return _decided(False, "", str(error))
        wrong = next(self._validator.iter_errors(value), None)
        if wrong is None:
            return _decided(True, "is as the schema wants", "")
        where = "/".join(str(one) for one in wrong.instance_path) or "the whole"
        return _decided(False, "", f"{where[:100]}: {wrong.message[:300]}")


def numeric(settings: Numeric, case: Case) -> Verdict:
    expected = None if case.expected is None else _number(case.expected)
    if expected is None:
        return NO_EXPECTED if case.expected is None else NoScore("unavailable", "the expected answer holds no number")
    answer = _number(case.output)
    if answer is None:
        return _decided(False, "", "holds no number")
    share = EXACTLY.multiply(_as_written(settings.relative), abs(expected))
    allowed = max(_as_written(settings.absolute), share)
    is_near = abs(EXACTLY.subtract(answer, expected)) <= allowed
    within = f"within {_shown(allowed)} of {_shown(expected)}"
    return _decided(is_near, f"{_shown(answer)} is {within}", f"{_shown(answer)} is not {within}")


def similarity(settings: Similarity, case: Case) -> Verdict:
    if case.expected is None:
        return NO_EXPECTED
    if max(len(case.output), len(case.expected)) > SIMILAR_MOST:
        return NoScore("unavailable", f"texts above {SIMILAR_MOST} characters are not compared")
    answer, expected = (_folded(one, ignore_case=settings.ignore_case, ignore_space=True) for one in (case.output, case.expected))
    score = fuzz.token_sort_ratio(answer, expected) / 100 if settings.method == "words" else Indel.normalized_similarity(answer, expected)
    return Score(score, score >= settings.threshold, f"{score:.2f} alike; {settings.threshold:g} is wanted")


def _folded(text: str, *, ignore_case: bool, ignore_space: bool = False) -> str:
    """`é` is one letter, whether it is written as one character or as two (Unicode's canonical equivalence)."""
    text = text if text.isascii() else unicodedata.normalize("NFC", text)
    text = " ".join(text.split()) if ignore_space else text
    return text.casefold() if ignore_case else text


def _number(text: str) -> Decimal | None:
    match = NUMBER.search(text[:ANSWER_MOST])
    if match is None:
        return None
    written = match[0].replace(",", "").replace(MINUS, "-")
    return Decimal(written) if math.isfinite(float(written)) else None


def _as_written(number: float) -> Decimal:
    return Decimal(repr(number))


def _shown(number: Decimal) -> str:
    return f"{float(number):.15g}"


def _decided(passed: bool, good: str, bad: str) -> Score:
    return Score(1.0 if passed else 0.0, passed, good if passed else bad)


def _quoted(phrases: list[str]) -> str:
    return ", ".join(repr(one[:60]) for one in phrases[:3]) + (" …" if len(phrases) > 3 else "")


def _said(error: Exception) -> str:
    said = error.args[0] if error.args else ""
    return (said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said))[:200]


def _refuse(uri: str) -> Any:
    raise ValueError(f"$ref may not point to {uri[:100]}")
