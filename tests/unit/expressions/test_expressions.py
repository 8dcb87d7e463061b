"""The language of conditions: the shared table, and what holds for every text and every value."""

import json
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from burnish_shared.expressions import ExpressionError, Work, evaluate, holds, parse
from burnish_shared.sandbox import Plain

pytestmark = [pytest.mark.capability("O3"), pytest.mark.promise("O-09")]

TABLE = json.loads((Path(__file__).parents[2] / "contracts/expression_cases.json").read_text())

CASES = TABLE["cases"]

plain_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=10,
)
words = st.sampled_from(
    ["a", "b.c", "1", "2.5", "'x'", "true", "null", "(", ")", "[", "]", ",", "not", "and", "or", "in", "==", "<", "+", "-", "*", "/", "%",
     "len(", "lower(", "exists(", ".", "'", '"', "\\", "=", "é", "\x00", "\ud800"]
)  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=[one["text"][:40] or "empty" for one in CASES])
def test_the_table(case: dict[str, Any]) -> None:
    if "error" in case:
        with pytest.raises(ExpressionError) as caught:
            evaluate(parse(case["text"]), TABLE["names"])
        assert case["error"] in caught.value.message
        assert caught.value.column == case["column"]
    else:
        value = evaluate(parse(case["text"]), TABLE["names"])
        assert value == case["value"] and type(value) is type(case["value"])


@given(st.lists(words, max_size=40).map(" ".join) | st.text(max_size=60), plain_values, plain_values)
@settings(max_examples=300, deadline=None)
def test_whatever_is_written_has_a_value_or_a_clear_error(text: str, a: Plain, b: Plain) -> None:
    try:
        value = evaluate(parse(text), {"a": a, "b": b})
    except ExpressionError as error:
        assert error.message and (error.column is None or 1 <= error.column <= len(text) + 1)
    else:
        json.dumps(value, allow_nan=False)


@pytest.mark.parametrize(
    "text",
    ["(" * 2000, "[" * 2000, "not " * 500, "-" * 2000, "1" + "+1" * 1000, "a" + ".a" * 1000, "a" + "[0]" * 600, "len(" * 500,
     "1,2" * 600, "[" + "1," * 1000, "'" * 2001, "1 in " * 400, "a" * 5000, "==" * 1000, "[" * 20 + "1," * 300],
)  # fmt: skip
def test_long_and_deep_ones_are_refused_at_once(text: str) -> None:
    began = time.process_time()
    with pytest.raises(ExpressionError):
        parse(text)
    assert time.process_time() - began < 5, "each nesting doubled the work"


def test_the_largest_that_are_accepted_are_evaluated_without_trouble() -> None:
    assert evaluate(parse("1" + "+1" * 149), {}) == 150
    assert evaluate(parse("(" * 20 + "1" + ")" * 20), {}) == 1
    data: Plain = {"a": [str(n) for n in range(3_000)]}
    many = " or ".join(f"'{n}x' in d.a" for n in range(59))
    assert evaluate(parse(many), {"d": data}) is False


LARGE: dict[str, Plain] = {
    "list": [1] * 500_000, "same": [1] * 500_000, "object": {str(n): 1 for n in range(100_000)},
    "alike": {str(n): 1 for n in range(100_000)},
    "text": "a" * 1_000_000, "letters": "é" * 1_000_000, "deep": [[[1] * 1000] * 100] * 10,
}  # fmt: skip


@pytest.mark.parametrize(
    "one",
    ["list == same", "2 in list", "not (list != same)", "object == alike", "deep == deep", "'aab' in text", "'b' in lower(letters)",
     "text <= text", "text == text"],
)  # fmt: skip
def test_what_is_compared_is_counted_over_all_expressions_of_a_call(one: str) -> None:
    """Nothing else goes on in a service meanwhile: 72 times a list of a megabyte took it 19 seconds."""
    began, work = time.process_time(), Work()
    nodes = [parse(" or ".join([f"({one}) == null"] * 20)) for _ in range(20)]
    with pytest.raises(ExpressionError, match="too much to compare"):
        for node in nodes:
            evaluate(node, LARGE, work=work)
    assert time.process_time() - began < 5, "a fifth of a second where it is counted"


def test_what_is_not_looked_at_costs_nothing_and_small_things_go_on_for_long() -> None:
    work = Work()
    for _ in range(1_000):
        assert holds(parse("plan == 'pro' and 'refund' in lower(said) and list.length == null or len(list) > 3"), LARGE | {
            "plan": "free", "said": "Where is my refund?", "list": [1] * 10}, work=work)  # fmt: skip
    assert work.left > 0


def test_the_place_of_a_key_that_is_none_is_told_without_writing_it_out() -> None:
    with pytest.raises(ExpressionError, match="text has no field that is a list"):
        evaluate(parse("text[list]"), LARGE)
    with pytest.raises(ExpressionError, match="text has no field '1'"):
        evaluate(parse("text[1]"), LARGE)


@pytest.mark.parametrize("text", ["a == '\x00'", "a == '\ud800'", 'a == "\\u0000"'])
def test_a_text_that_cannot_be_stored_is_refused_in_words(text: str) -> None:
    with pytest.raises(ExpressionError, match="may not hold U\\+0000") as caught:
        parse(text)
    assert caught.value.column == 6


def test_names_that_are_not_known_are_refused_before_anything_runs() -> None:
    with pytest.raises(ExpressionError, match="there is no 'secret' here; known are output, score") as caught:
        parse("output == 'x' or secret", names=("score", "output"))
    assert caught.value.column == 18


def test_a_condition_is_true_or_false_and_null_is_false() -> None:
    assert holds(parse("a > 1"), {"a": 2}) is True
    assert holds(parse("a"), {"a": None}) is False
    with pytest.raises(ExpressionError, match="neither true nor false"):
        holds(parse("a"), {"a": 1})
