"""The template language: the shared cases, and what holds for every template and every value."""

import json
import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from burnish_shared.errors import BadRequest, BurnishError, InvalidField, PayloadTooLarge
from burnish_shared.template import PromptTemplate, parse_messages, parse_text
from burnish_shared.template.messages import MAX_OUTPUT_BYTES
from burnish_shared.template.syntax import MAX_SLOTS, MAX_TEMPLATE_CHARS
from burnish_shared.template.values import number_text

CASES = json.loads((Path(__file__).parents[2] / "contracts" / "template_cases.json").read_text())["cases"]

pytestmark = pytest.mark.capability("P2")


def parsed(case: dict[str, Any]) -> PromptTemplate:
    if "template" in case:
        return parse_text(case["template"], parameters=case.get("parameters"))
    return parse_messages(case["messages"], parameters=case.get("parameters"))


@pytest.mark.parametrize("case", [pytest.param(case, id=case["name"]) for case in CASES if "error" not in case])
def test_a_shared_case_renders(case: dict[str, Any]) -> None:
    rendered = parsed(case).render(case["variables"])
    expected = case["rendered"] if "rendered" in case else [{"role": "user", "content": case["text"]}]
    assert rendered.messages == expected
    if "used" in case:
        assert list(rendered.used) == case["used"]


@pytest.mark.parametrize("case", [pytest.param(case, id=case["name"]) for case in CASES if "error" in case])
def test_a_shared_case_is_refused(case: dict[str, Any]) -> None:
    error = case["error"]
    with pytest.raises(BadRequest) as refused:
        template = parsed(case)
        assert error["at"] == "render", "it should have been refused when it was saved"
        template.render(case["variables"])
    assert refused.value.code == error["code"]
    assert refused.value.status == 422
    if "missing" in error:
        assert refused.value.details == {"missing": error["missing"]}
    if "param" in error:
        assert refused.value.param == error["param"]


def test_later_features_are_refused_by_name() -> None:
    for text, words in (("{{#if a}}", "Conditions"), ("{{#each a}}", "Loops"), ("{{> a@b}}", "Snippets")):
        with pytest.raises(InvalidField, match=f"{words} .* come with a later release"):
            parse_text(text)


def test_a_refusal_says_where() -> None:
    with pytest.raises(InvalidField, match="line 2, column 4"):
        parse_text("ok\nab {{oh no}}")


def test_a_prompt_tells_what_it_needs() -> None:
    template = parse_text('{{b}} {{a.x}} {{c="d"}} {{b}}')
    assert template.required == ("a.x", "b")


@pytest.mark.promise("G-20")
@pytest.mark.parametrize(
    "text",
    [
        "{{a}}" * (MAX_SLOTS + 1),
        "x" * (MAX_TEMPLATE_CHARS + 1),
        "{{" + "a." * 5_000 + "a}}",
        "{{" * 100_001,
        "".join(f"{{{{v{n}}}}}" for n in range(501)),
    ],
)
def test_a_template_that_is_too_large_is_refused(text: str) -> None:
    with pytest.raises(InvalidField):
        parse_text(text)


@pytest.mark.promise("G-20")
def test_a_small_template_cannot_make_a_huge_text() -> None:
    template = parse_text("{{a}}" * MAX_SLOTS)
    for value in ("x" * 100_000, "é" * 300, "🙂" * 140):
        with pytest.raises(PayloadTooLarge):
            template.render({"a": value})
    fits = MAX_OUTPUT_BYTES // MAX_SLOTS
    assert template.render({"a": "x" * fits}).used == ("a",)


def test_the_bound_counts_all_messages_together() -> None:
    template = parse_messages([{"role": "user", "content": "{{a}}"}, {"role": "placeholder", "name": "h"}])
    with pytest.raises(PayloadTooLarge):
        template.render({"a": "x" * 600_000, "h": [{"role": "user", "content": "x" * 600_000}]})


def test_a_value_nested_too_deep_is_refused_and_not_a_crash() -> None:
    value: Any = 1
    for _ in range(3_000):
        value = [value]
    with pytest.raises(InvalidField):
        parse_text("{{a}}").render({"a": value})


plain = st.text(alphabet=st.characters(exclude_categories=["Cs"]))
json_values = st.recursive(
    st.booleans() | st.integers(-(2**53), 2**53) | plain,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(plain, inner, max_size=3),
    max_leaves=8,
)


@given(plain)
def test_text_with_its_braces_doubled_renders_to_itself(text: str) -> None:
    """Only `{{` means anything, so doubling it makes any text literal; a brace before one would join it, so those texts stay out."""
    if "{{{" in text:
        return
    assert parse_text(text.replace("{{", "{{{{")).render({}).messages[0]["content"] == text


@given(plain, json_values)
def test_a_value_arrives_unchanged_between_its_neighbours(text: str, value: Any) -> None:
    around = text.replace("{", "").replace("}", "")
    content = parse_text(f"{around}{{{{v}}}}{around}").render({"v": value}).messages[0]["content"]
    inside = content[len(around) : len(content) - len(around)]
    assert content.startswith(around) and content.endswith(around)
    assert inside == value if isinstance(value, str) else json.loads(inside) == value


@given(st.text(alphabet="{}ab.:= \"'#/>1\\n"))
def test_any_text_parses_or_is_refused_with_a_place(text: str) -> None:
    try:
        parse_text(text).render({})
    except BurnishError as error:
        assert error.status < 500


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_reads_back_as_itself(value: float) -> None:
    assert float(number_text(value)) == value


def test_a_number_that_is_none_has_no_text() -> None:
    with pytest.raises(ValueError):
        number_text(math.inf)
