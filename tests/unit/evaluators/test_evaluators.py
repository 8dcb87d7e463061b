"""From an answer to a score (PRODUCT O3; F4 and D3 will use them)."""

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from burnish_shared.contracts.evaluators import EvaluatorSettings
from burnish_shared.errors import Unavailable
from burnish_shared.evaluators import Case, Grounds, Mistake, NoScore, Score, Verdict, build
from tests.pace import fair_clock

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.capability("O3")]

SETTINGS: TypeAdapter[EvaluatorSettings] = TypeAdapter(EvaluatorSettings)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def grounds() -> AsyncIterator[Grounds]:
    made = Grounds.open(workers=2)
    yield made
    await made.close()


async def verdict(settings: dict[str, Any], case: Case, grounds: Grounds) -> Verdict:
    evaluator = await build(SETTINGS.validate_python(settings), grounds=grounds, tenant="t")
    return await evaluator(case)


CASES: list[tuple[dict[str, Any], str, str | None, float | None]] = [
    ({"kind": "exact"}, "  billing\n", "billing", 1),
    ({"kind": "exact"}, "Billing", "billing", 0),
    ({"kind": "exact", "ignore_case": True}, "STRASSE", "straße", 1),
    ({"kind": "exact", "ignore_space": False}, "a ", "a", 0),
    ({"kind": "exact"}, '{"b": [1.0, true], "a": 2}', '{"a":2,"b":[1,true]}', 1),
    ({"kind": "exact"}, '{"a": [1, 2]}', '{"a": [2, 1]}', 0),
    ({"kind": "exact", "ignore_space": False}, '[ "a" ]', '["a"]', 1),
    ({"kind": "exact"}, '{"a": "X"}', '{"a": "x"}', 0),
    ({"kind": "exact", "ignore_case": True}, '{"b": 1, "a": "X"}', '{"a": "x", "b": 1}', 1),
    ({"kind": "exact"}, '{"a": 1} of it', '{"a": 1}', 0),
    ({"kind": "exact"}, "1.0", "1", 0),
    ({"kind": "exact"}, "x", None, None),
    ({"kind": "contains", "phrases": ["refund", "sorry"]}, "Sorry, the Refund is out", None, 1),
    ({"kind": "contains", "phrases": ["refund", "sorry"]}, "the refund", None, 0),
    ({"kind": "contains", "phrases": ["refund", "sorry"], "match": "any"}, "the refund", None, 1),
    ({"kind": "contains", "phrases": ["as an AI"], "match": "none"}, "As an ai I cannot", None, 0),
    ({"kind": "contains", "phrases": ["A"], "ignore_case": False}, "a", None, 0),
    ({"kind": "contains"}, "the answer is 42", "42", 1),
    ({"kind": "contains"}, "x", None, None),
    ({"kind": "contains"}, "x", "", None),
    ({"kind": "regex", "pattern": r"order-\d+"}, "see order-17", None, 1),
    ({"kind": "regex", "pattern": r"order-\d+", "whole": True}, "see order-17", None, 0),
    ({"kind": "regex", "pattern": "(?i)x", "expect": "no_match"}, "X", None, 0),
    ({"kind": "regex", "pattern": "x", "ignore_case": True}, "X", None, 1),
    ({"kind": "regex", "pattern": "^é$"}, "é", None, 1),
    ({"kind": "json_schema", "schema": {"type": "object", "required": ["a"]}}, '{"a": 1}', None, 1),
    ({"kind": "json_schema", "schema": {"type": "object", "required": ["a"]}}, "{}", None, 0),
    ({"kind": "json_schema", "schema": {"type": "number"}}, "NaN", None, 0),
    ({"kind": "json_schema", "schema": {"type": "object"}}, "no json", None, 0),
    ({"kind": "json_schema", "schema": {"$defs": {"n": {"type": "integer"}}, "$ref": "#/$defs/n"}}, "3", None, 1),
    ({"kind": "json_schema", "schema": {"type": "string", "pattern": "(a+)+$"}}, '"' + "a" * 5000 + 'b"', None, 0),
    ({"kind": "numeric"}, "It is 1,234.50 euros", "1234.5", 1),
    ({"kind": "numeric", "absolute": 0.1}, "3.05", "3", 1),
    ({"kind": "numeric", "relative": 0.01}, "102", "100", 0),
    ({"kind": "numeric", "relative": 0.02}, "-102", "-100", 1),
    ({"kind": "numeric"}, "none at all", "3", 0),
    ({"kind": "numeric"}, "3", "none at all", None),
    ({"kind": "numeric"}, "3", None, None),
    ({"kind": "numeric"}, "1e999", "3", 0),
    ({"kind": "numeric", "absolute": 0.1}, "1.1", "1", 1),
    ({"kind": "numeric", "absolute": 0.1}, "0.4", "0.3", 1),
    ({"kind": "numeric", "absolute": 0.1}, "0.41", "0.3", 0),
    ({"kind": "numeric", "relative": 0.1}, "1.1", "1", 1),
    ({"kind": "numeric"}, "1e300", "1", 0),
    ({"kind": "numeric"}, "It is \u22125 degrees", "5", 0),
    ({"kind": "numeric"}, "It is \u22125 degrees", "-5", 1),
    ({"kind": "numeric"}, "2e\u22123", "0.002", 1),
    ({"kind": "exact"}, "Cafe\u0301", "Caf\u00e9", 1),
    ({"kind": "contains", "phrases": ["café"]}, "das Cafe\u0301", None, 1),
    ({"kind": "similarity"}, "\u1112\u1161\u11ab", "\ud55c", 1),
    ({"kind": "similarity"}, "the cat sat", "the cat sat", 1),
    ({"kind": "similarity", "method": "words"}, "sat the cat", "The cat sat", 1),
    ({"kind": "similarity"}, "abc", "xyz", 0),
    ({"kind": "similarity"}, "x", None, None),
    ({"kind": "similarity"}, "x" * 30_000, "x", None),
    ({"kind": "expression", "expression": "len(output) < 5 and expected == output"}, "abc", "abc", 1),
    ({"kind": "expression", "expression": "variables.n / 4"}, "abc", None, 0.5),
    ({"kind": "expression", "expression": "variables.n"}, "abc", None, None),
    ({"kind": "expression", "expression": "output + 1"}, "abc", None, None),
]


@pytest.mark.parametrize(("settings", "output", "expected", "score"), CASES)
async def test_what_an_answer_scores(
    settings: dict[str, Any], output: str, expected: str | None, score: float | None, grounds: Grounds
) -> None:
    said = await verdict(settings, Case(output=output, expected=expected, variables={"n": 2}), grounds)
    assert said.reason
    if score is None:
        assert isinstance(said, NoScore), "a score without its means is none, never 0 or 1"
    else:
        assert isinstance(said, Score) and said.score == pytest.approx(score)


CODE = [
    ("output.strip() == expected", 1.0),
    ("0.25", 0.25),
    ("{'score': len(output) / 10, 'reason': 'by length'}", 0.3),
    ("def judge(text):\n    return text.count('a') > 5\njudge(output)", 0.0),
    ("1.5", None),
    ("'good'", None),
    ("None", None),
    ("float('nan')", None),
    ("while True: pass", None),
    ("1 / 0", None),
    ("{'score': 'high'}", None),
]


@pytest.mark.parametrize(("code", "score"), CODE)
async def test_what_code_says_is_a_score_or_none(code: str, score: float | None, grounds: Grounds) -> None:
    said = await verdict({"kind": "code", "code": code}, Case(output="abc", expected="abc"), grounds)
    assert (said.score if isinstance(said, Score) else None) == score and said.reason


async def test_reasons_say_what_was_wrong(grounds: Grounds) -> None:
    case = Case(output='{"a": [1, "x"]}')
    schema = {"type": "object", "properties": {"a": {"items": {"type": "integer"}}}}
    assert "a/1" in (await verdict({"kind": "json_schema", "schema": schema}, case, grounds)).reason
    assert "'sorry'" in (await verdict({"kind": "contains", "phrases": ["sorry"]}, case, grounds)).reason
    assert "line 2" in (await verdict({"kind": "code", "code": "x = 1\nx / 0"}, case, grounds)).reason
    for name in ("reason", "why"):
        said = await verdict({"kind": "code", "code": f"{{'score': 0.5, '{name}': 'half of it'}}"}, case, grounds)
        assert isinstance(said, Score) and (said.score, said.reason) == (0.5, "half of it"), said
    assert (await verdict({"kind": "code", "code": "float('nan')"}, case, grounds)).reason == "result: not a finite number"
    assert "column 8" in (await verdict({"kind": "expression", "expression": "output + 1"}, case, grounds)).reason


MISTAKES: list[tuple[dict[str, Any], str, int | None]] = [
    ({"kind": "regex", "pattern": "(a"}, "pattern", None),
    ({"kind": "regex", "pattern": r"(a)\1"}, "pattern", None),
    ({"kind": "regex", "pattern": "(?=a)"}, "pattern", None),
    ({"kind": "regex", "pattern": "((a{1000}){1000}){1000}"}, "pattern", None),
    ({"kind": "json_schema", "schema": {"type": "nothing"}}, "schema", None),
    ({"kind": "json_schema", "schema": {"$ref": "http://127.0.0.1:9/schema.json"}}, "schema", None),
    ({"kind": "json_schema", "schema": {"$ref": "file:///etc/passwd"}}, "schema", None),
    ({"kind": "expression", "expression": "output =="}, "expression", 1),
    ({"kind": "expression", "expression": "environ.key"}, "expression", 1),
    ({"kind": "code", "code": "x = 1\ny = (\n"}, "code", 3),
    ({"kind": "code", "language": "wasm", "code": "AGFzbQ=="}, "language", None),
]


@pytest.mark.parametrize(("settings", "field", "line"), MISTAKES)
async def test_mistakes_are_told_when_an_evaluator_is_made(
    settings: dict[str, Any], field: str, line: int | None, grounds: Grounds
) -> None:
    with pytest.raises(Mistake) as caught:
        await build(SETTINGS.validate_python(settings), grounds=grounds, tenant="t")
    assert (caught.value.field, caught.value.line) == (field, line)
    assert caught.value.message


@pytest.mark.parametrize(
    "settings",
    [{"kind": "magic"}, {"kind": "exact", "more": 1}, {"kind": "regex"}, {"kind": "numeric", "absolute": float("nan")},
     {"kind": "numeric", "relative": -1}, {"kind": "similarity", "threshold": 2}, {"kind": "regex", "pattern": "a" * 1001},
     {"kind": "code", "code": "#" * 70_000}, {"kind": "contains", "phrases": [""]}],
)  # fmt: skip
async def test_settings_out_of_bounds_are_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        SETTINGS.validate_python(settings)


@given(output=st.text(max_size=200), expected=st.none() | st.text(max_size=200))
@hypothesis_settings(max_examples=150, deadline=None)
async def test_whatever_the_answer_is_there_is_a_verdict(grounds: Grounds, output: str, expected: str | None) -> None:
    for settings in (
        {"kind": "exact"}, {"kind": "contains"}, {"kind": "numeric"}, {"kind": "similarity"}, {"kind": "regex", "pattern": "(x+)+y"},
        {"kind": "json_schema", "schema": {"type": "object"}}, {"kind": "expression", "expression": "len(output) > 3"},
    ):  # fmt: skip
        said = await verdict(settings, Case(output=output, expected=expected), grounds)
        assert isinstance(said, NoScore) or 0 <= said.score <= 1


async def test_long_answers_take_no_long_time(grounds: Grounds) -> None:
    long = "a" * 150_000
    for settings in (
        {"kind": "regex", "pattern": "(a+)+$|(a|aa)+b"},
        {"kind": "contains", "phrases": ["b" * 100]},
        {"kind": "numeric"},
        {"kind": "exact"},
    ):
        began = time.process_time()
        await verdict(settings, Case(output=long + "!", expected="1" * 100_000), grounds)
        assert time.process_time() - began < 5
    began = time.process_time()
    await verdict({"kind": "similarity"}, Case(output="ab" * 10_000, expected="ba" * 10_000), grounds)
    assert time.process_time() - began < 5


DOUBLING = {f"a{n}": {"allOf": [{"$ref": f"#/$defs/a{n + 1}"}] * 2} for n in range(40)} | {"a40": {"type": "integer"}}
"""Two references at each level: forty levels are a trillion looks at one answer."""

LABOURS: list[tuple[dict[str, Any], Case]] = [
    ({"kind": "json_schema", "schema": {"$defs": DOUBLING, "$ref": "#/$defs/a0"}}, Case(output="1")),
    ({"kind": "regex", "pattern": "(.{1,250}x){1,3}y"}, Case(output="a" * 199_000)),
    (
        {"kind": "expression", "expression": " or ".join(["input in variables.x"] * 59)},
        Case(output="", input=[[0] * 50], variables={"x": [[0] * 49 + [1]] * 20_000}),
    ),
]


@pytest.mark.promise("O-09")
@pytest.mark.parametrize(("settings", "case"), LABOURS, ids=["schema", "regex", "expression"])
async def test_what_is_short_to_write_and_long_to_work_through_holds_up_nobody(
    settings: dict[str, Any], case: Case, grounds: Grounds
) -> None:
    labour = asyncio.create_task(_labour(settings, case, grounds))
    with fair_clock() as clock:
        longest_s, began_s = 0.0, clock()
        while not labour.done():
            # Work of the loop's own thread counts even where it lets no other thread look at the clock.
            before_s, worked_s = clock(), time.thread_time()
            await asyncio.sleep(0.01)
            longest_s = max(longest_s, clock() - before_s, time.thread_time() - worked_s)
        assert longest_s < 0.5, "the loop stood still"
        assert clock() - began_s < 12
    said = await labour
    assert said is None or isinstance(said, NoScore) or said.reason
    assert await verdict({"kind": "regex", "pattern": "a"}, Case(output="a"), grounds) == Score(1.0, True, "as the pattern wants")


async def _labour(settings: dict[str, Any], case: Case, grounds: Grounds) -> Verdict | None:
    try:
        return await verdict(settings, case, grounds)
    except Mistake:
        return None


@pytest.mark.parametrize("settings", [{"kind": "regex", "pattern": "a"}, {"kind": "code", "code": "1"}])
async def test_that_no_worker_is_free_is_no_mistake_of_the_settings(settings: dict[str, Any]) -> None:
    closed = Grounds.open(workers=1)
    await closed.close()
    with pytest.raises(Unavailable):
        await build(SETTINGS.validate_python(settings), grounds=closed, tenant="t")
