"""A file that is no file of the format that was named says so, and what to name instead."""

from datetime import UTC, datetime
from typing import get_args

import pytest

from burnish_gateway.bundle.foreign.convert import Format, convert
from burnish_shared.errors import InvalidBody

NOW = datetime(2026, 11, 29, tzinfo=UTC)


@pytest.mark.parametrize("kind", ["bundle", "dspy", "langfuse", "openai", "source"])
def test_a_configuration_as_yaml_is_no_json_and_is_told_whose_it_may_be(kind: Format) -> None:
    with pytest.raises(
        InvalidBody, match=f"no JSON, as those of '{kind}' are; those of litellm and promptfoo are YAML, and those of tensorzero are TOML"
    ):
        convert(b"model_list:\n  - model_name: chat\n", kind, model="auto", name=None, now=NOW)


@pytest.mark.parametrize("kind", get_args(Format))
@pytest.mark.parametrize("raw", [b"", b" \n", b"\xef\xbb\xbf\n"])
def test_an_empty_file_is_called_empty(kind: Format, raw: bytes) -> None:
    with pytest.raises(InvalidBody, match="The file is empty"):
        convert(raw, kind, model="auto", name=None, now=NOW)


@pytest.mark.parametrize("above", ["# ours\n", "gateway.debug = true\n", "\n\n"])
def test_a_configuration_as_toml_is_read_however_it_begins(above: str) -> None:
    body = '[functions.sort]\ntype = "chat"\n[functions.sort.variants.v]\ntype = "chat_completion"\nmodel = "openai::gpt-4o"\n'
    found = convert((above + body).encode(), "tensorzero", model="auto", name=None, now=NOW)
    assert [str(one.slug) for one in found.prompts] == ["sort"]


def test_a_note_names_its_place_once() -> None:
    body = '[functions.sort]\ntype = "chat"\n[functions.sort.variants.v]\ntype = "chat_completion"\nsystem_template = "a.minijinja"\n'
    notes = convert(body.encode(), "tensorzero", model="auto", name=None, now=NOW).notes.texts
    assert sum(one.count("functions.sort.variants.v") for one in notes if "another file" in one) == 1
