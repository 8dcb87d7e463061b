"""Slugs, labels and folders: tables of what counts, and properties of what comes out."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from burnish_shared.errors import InvalidField
from burnish_shared.slug import (
    LABEL_PATTERN,
    SLUG_PATTERN,
    PromptName,
    parse_folder,
    parse_label,
    parse_movable_label,
    parse_prompt_name,
    parse_slug,
)

pytestmark = pytest.mark.capability("P1", "P3")

NO_SLUG = [
    "",
    "-a",
    "_a",
    "a/b",
    "a b",
    "a.b",
    "ä",
    "\u212a",
    "a" * 64,
    "a\n",
    "\x00",
    "a\x00",
    "а",
    "../x",
    "a*",
    "a>",
    "a@b",
    "%00",
    "🙂",
]
NO_LABEL = [*NO_SLUG, "1", "12", "007", "1e5", "0x10", "1_000", "1st"]


@pytest.mark.parametrize(
    ("text", "slug"),
    [("a", "a"), ("0", "0"), ("Support-Routing", "support-routing"), ("a_b-9", "a_b-9"), ("A" * 63, "a" * 63), ("12", "12")],
)
def test_a_slug_is_folded_to_lower_case(text: str, slug: str) -> None:
    assert parse_slug(text) == slug


@pytest.mark.parametrize("text", NO_SLUG)
def test_what_is_no_slug_is_refused_and_the_field_named(text: str) -> None:
    with pytest.raises(InvalidField) as refused:
        parse_slug(text, param="prompt")
    assert refused.value.param == "prompt"


@pytest.mark.parametrize(("text", "label"), [("Production", "production"), ("latest", "latest"), ("v2", "v2"), ("eu-west_1", "eu-west_1")])
def test_a_label_is_folded_to_lower_case(text: str, label: str) -> None:
    assert parse_label(text) == label


@pytest.mark.parametrize("text", NO_LABEL)
def test_a_label_never_looks_like_a_number(text: str) -> None:
    with pytest.raises(InvalidField):
        parse_label(text)


@pytest.mark.parametrize("text", ["latest", "LATEST", "Latest"])
def test_latest_cannot_be_moved(text: str) -> None:
    with pytest.raises(InvalidField, match="latest"):
        parse_movable_label(text)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Routing", PromptName("routing")),  # type: ignore[arg-type]
        ("routing@Staging", PromptName("routing", label="staging")),  # type: ignore[arg-type]
        ("routing@3", PromptName("routing", version=3)),  # type: ignore[arg-type]
    ],
)
def test_one_text_names_a_prompt_with_label_or_version(text: str, name: PromptName) -> None:
    assert parse_prompt_name(text) == name


@pytest.mark.parametrize("text", ["", "@3", "a@", "a@0", "a@-1", "a@03", "a@99999999999", "a@2147483648", "a@b@c", "a@1.5", "a@ 3"])
def test_other_names_of_prompts_are_refused(text: str) -> None:
    with pytest.raises(InvalidField):
        parse_prompt_name(text)


@pytest.mark.parametrize(("text", "folder"), [("", ""), ("/", ""), ("Support / Tier 1/", "Support/Tier 1"), ("a/b/c", "a/b/c")])
def test_a_folder_is_a_path_without_a_slash_at_its_ends(text: str, folder: str) -> None:
    assert parse_folder(text) == folder


@pytest.mark.parametrize("text", ["a//b", "a/../b", ".", "a/\x00", "a/" + "b" * 81, "/".join("abcdefghi")])
def test_other_folders_are_refused(text: str) -> None:
    with pytest.raises(InvalidField):
        parse_folder(text)


@given(st.text(max_size=80))
def test_every_text_is_a_slug_of_the_grammar_or_is_refused(text: str) -> None:
    for parse, pattern in ((parse_slug, SLUG_PATTERN), (parse_label, LABEL_PATTERN)):
        try:
            name = parse(text)
        except InvalidField:
            continue
        assert re.fullmatch(pattern, name)
        assert parse(name) == name


@given(st.from_regex(SLUG_PATTERN.removesuffix("$") + r"\Z"))
def test_every_text_of_the_grammar_is_a_slug(text: str) -> None:
    assert parse_slug(text) == text
