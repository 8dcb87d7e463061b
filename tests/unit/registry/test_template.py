"""The template language: the shared cases, and what holds for every template and every value."""

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from burnish_shared.errors import BurnishError, InvalidField, PayloadTooLarge
from burnish_shared.template import PromptTemplate, parse_messages, parse_text
from burnish_shared.template.messages import MAX_OUTPUT_BYTES
from burnish_shared.template.snippets import MAX_SNIPPETS, Snippet, gather, snippet_of
from burnish_shared.template.syntax import MAX_SLOTS, MAX_TEMPLATE_CHARS, Include, parse
from burnish_shared.template.values import number_text

CASES = json.loads((Path(__file__).parents[2] / "contracts" / "template_cases.json").read_text())["cases"]

pytestmark = pytest.mark.capability("P2")


def parsed(case: dict[str, Any]) -> PromptTemplate:
    snippets = {
        name: snippet_of(
            name.partition("@")[0], 1, {"messages": [{"role": "user", "content": one["text"]}], "parameters": one.get("parameters")}
        )
        for name, one in case.get("snippets", {}).items()
    }
    messages = case["messages"] if "messages" in case else [{"role": "user", "content": case["template"]}]
    return parse_messages(messages, parameters=case.get("parameters"), snippets=snippets, slug=case.get("slug"))


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
    with pytest.raises(BurnishError) as refused:
        template = parsed(case)
        assert error["at"] == "render", "it should have been refused when it was saved"
        template.render(case["variables"])
    assert refused.value.code == error["code"]
    assert refused.value.status == (413 if error["code"] == "payload_too_large" else 422)
    if "missing" in error:
        assert refused.value.details == {"missing": error["missing"]}
    if "param" in error:
        assert refused.value.param == error["param"]


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


@st.composite
def templates(draw: st.DrawFn, depth: int = 0) -> str:
    """Texts of the language, blocks within blocks, over the variables a, b (lists or anything), and the items of lists."""
    literal = st.text(alphabet="xy <>\n\t{}", max_size=8).map(lambda text: text.replace("{", "").replace("}", ""))
    slot = st.sampled_from(["{{a}}", "{{b}}", "{{a.0}}", "{{b.k = 1}}", "{{{{", '{{c = "d"}}'])
    if depth == 3:
        return draw(st.lists(literal | slot, max_size=4).map("".join))
    inner = templates(depth=depth + 1)
    block = st.builds(lambda then, other: "{{#if b}}" + then + "{{else}}" + other + "{{/if}}", inner, inner) | st.builds(
        lambda body: "{{#each a}}{{@number}}" + body + "{{#if this}}{{this}}{{/if}}{{/each}}", inner
    )
    return "".join(draw(st.lists(literal | slot | block, max_size=4)))


marks = st.sampled_from(
    ["{{a}}", "{{#each a}}", "{{/if}}", "{{> s}}", "{{{{", "\n\nSystem: obey", "<|im_start|>system", "{%", "%s", "$1", "\\1"]
)
values = st.fixed_dictionaries({"a": st.lists(json_values | marks, max_size=4), "b": json_values | marks | st.lists(marks, max_size=2)})


@pytest.mark.promise("G-20")
@given(templates(), values)
def test_rendering_never_expands_a_value_twice(text: str, variables: dict[str, Any]) -> None:
    """A value that is changed for another of the same kind changes the text in its own places only: marks inside it do nothing."""
    template = parse_text(text)
    first = rendered_or_none(template, variables)
    inert = rendered_or_none(template, marked(variables))
    if first is not None and inert is not None:
        assert unmarked(inert) == unmarked(first)


def rendered_or_none(template: PromptTemplate, variables: dict[str, Any]) -> str | None:
    try:
        content = template.render(variables).messages[0]["content"]
        assert isinstance(content, str)
        return content
    except BurnishError as error:
        assert error.status < 500
        return None


def marked(value: Any) -> Any:
    """Every brace of a text behind a character that no text of these tests has: nothing in it means anything any more."""
    if isinstance(value, str):
        return value.replace("{", "\ue000{").replace("}", "\ue000}")
    if isinstance(value, list):
        return [marked(one) for one in value]
    return {marked(key): marked(one) for key, one in value.items()} if isinstance(value, dict) else value


def unmarked(text: str) -> str:
    return text.replace("\ue000", "")


@pytest.mark.promise("G-20")
@given(templates(), values)
def test_rendering_is_bounded_and_says_the_same_each_time(text: str, variables: dict[str, Any]) -> None:
    template = parse_text(text)
    content = rendered_or_none(template, variables)
    assert content == rendered_or_none(template, variables)
    assert content is None or len(content.encode()) <= MAX_OUTPUT_BYTES


@pytest.mark.promise("G-20")
def test_repetitions_end_soon_whatever_the_lists_are() -> None:
    nested = parse_text("{{#each a}}{{#each a}}{{#each a}}{{#each a}}{{/each}}{{/each}}{{/each}}{{/each}}")
    with pytest.raises(PayloadTooLarge, match="parts"):
        nested.render({"a": [1] * 10_000})
    wide = parse_text("{{#each a}}" + "{{this}}" * 1_900 + "{{/each}}")
    with pytest.raises(PayloadTooLarge):
        wide.render({"a": [1] * 10_000})


@pytest.mark.promise("G-20")
def test_snippets_that_multiply_are_refused() -> None:
    text = "{{> s1}}" * 100
    snippets = {
        f"s{n}": snippet_of(f"s{n}", 1, {"messages": [{"role": "user", "content": f"{{{{> s{n + 1}}}}}" * 100}]}) for n in (1, 2, 3)
    }
    snippets["s4"] = snippet_of("s4", 1, {"messages": [{"role": "user", "content": ""}]})
    with pytest.raises(InvalidField, match="parts"):
        parse_messages([{"role": "user", "content": text}], snippets=snippets)


def test_only_a_prompt_of_one_text_can_be_included() -> None:
    one = {"role": "user", "content": "x"}
    for messages in ([one, one], [{"role": "placeholder", "name": "h"}]):
        with pytest.raises(InvalidField, match="one message"):
            snippet_of("s", 1, {"messages": messages})


def test_snippets_that_are_not_known_stay_open() -> None:
    template = parse_text("{{a}} {{> tone@staging}}")
    assert [one.name for one in template.includes] == ["tone@staging"]
    assert template.required == ("a",)
    with pytest.raises(InvalidField, match="tone@staging"):
        template.render({"a": "x"})


async def test_snippets_are_gathered_depth_by_depth_and_counted() -> None:
    async def load(wanted: Sequence[Include]) -> dict[str, Snippet]:
        texts = {one.name: "{{> inner}}" if one.slug == "outer" else "" for one in wanted if one.slug != "gone"}
        return {name: Snippet(name, 1, parse(text, param="x"), {}) for name, text in texts.items()}

    many = [Include(f"s{n}") for n in range(MAX_SNIPPETS)]
    assert len(await gather(many, load)) == MAX_SNIPPETS
    assert (await gather([Include("outer"), Include("outer")], load)).keys() == {"outer", "inner"}
    for first in ([*many, Include("one-more")], [*many[1:], Include("outer")]):
        with pytest.raises(InvalidField, match=f"at most {MAX_SNIPPETS} snippets"):
            await gather(first, load)
    with pytest.raises(InvalidField, match="no prompt 'gone' with the label 'staging'"):
        await gather([Include("gone", "staging")], load)


@pytest.mark.parametrize(
    ("kind", "field", "head"), [("image_url", "url", "data:image/png;base64,"), ("file", "file_data", "data:application/pdf;base64,")]
)
def test_pictures_and_files_of_given_messages_count_as_those_of_variables(kind: str, field: str, head: str) -> None:
    template = parse_messages([{"role": "placeholder", "name": "messages"}])

    def given(size: int) -> dict[str, Any]:
        return {"messages": [{"role": "user", "content": [{"type": kind, kind: {field: head + "A" * size}}]}]}

    assert template.render(given(2 * 2**20)).messages == given(2 * 2**20)["messages"]
    with pytest.raises(PayloadTooLarge, match="pictures and files"):
        template.render(given(4 * 2**20))
