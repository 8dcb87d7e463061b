"""A prompt as a file: whatever it holds comes back as it was, and what is no prompt is refused in words."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from burnish_client.cli.prompt_files import CONTENT, FACTS, FileFault, file_of, read_file, written

pytestmark = pytest.mark.capability("K1")
ROOT = Path(__file__).parents[2]

anything = st.text(alphabet=st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=40)
awkward = st.text(alphabet="a \n\t\r\x85\u2028\ufeff:#-'\"|>{}[]&*!%@`~?,0123.eE+yesnoTFN", max_size=30)
texts = anything | awkward
scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | texts
values = st.recursive(scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3), max_leaves=8)


@settings(max_examples=150, deadline=None)
@given(text=texts, schema=values, temperature=st.floats(0, 2), tags=st.lists(texts, max_size=3), description=texts)
def test_what_is_written_is_what_is_read(text: str, schema: Any, temperature: float, tags: list[str], description: str) -> None:
    answer = {
        "model": "simulated/chat",
        "temperature": temperature,
        "messages": [{"role": "system", "content": text}, {"role": "user", "content": [{"type": "text", "text": text}]}],
        "json_schema": {"z": schema, "a": schema},
        "tags": tags,
        "description": description,
    }
    before = file_of(answer, slug="one")
    after = read_file(written(before), slug="one")
    assert after == before and json.dumps(after.content) == json.dumps(before.content), "also the order of fields inside"
    assert (after.content_hash, after.facts_hash) == (before.content_hash, before.facts_hash)


def test_a_text_of_several_lines_is_readable() -> None:
    text = "You greet people.\n\n- be kind\n  - and brief\n"
    shown = written(file_of({"model": "m", "messages": [{"role": "system", "content": text}]}, slug="one"))
    assert shown == "model: m\nmessages:\n- role: system\n  content: |\n    You greet people.\n\n    - be kind\n      - and brief\n"


def test_what_people_write_is_taken_as_they_mean_it() -> None:
    said = "# why\nmodel: m\ntemperature: 0\ntags: [no, 2026-11-21]\ntemplate: |-\n  Hello {{name}}\n  0x1f\nseed: null\n"
    read = read_file(said, slug="one")
    assert read.facts == {"tags": ["no", "2026-11-21"]}
    assert read.content == {"model": "m", "temperature": 0, "messages": [{"role": "user", "content": "Hello {{name}}\n0x1f"}]}
    assert read.all_facts()["name"] == "one" and read.all_content()["seed"] is None


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ("model: m\nmessages: [", "no YAML"),
        ("just words", "list of fields"),
        ("model: m", "needs"),
        ("model: m\ntemplate: x\ntemprature: 1", "temprature"),
        ("model: m\nmodel: n\ntemplate: x", "twice"),
        ("template: x\nmodel: 3", "needs"),
        ("model: m\ntemplate: !!python/object/apply:os.system [id]", "no YAML"),
        ("model: !!int x\ntemplate: x", "no YAML"),
        ("model: m\ntemplate: x\nseed: " + "9" * 5000, "no YAML"),
    ],
)
def test_what_is_no_prompt_is_refused_in_words(said: str, why: str) -> None:
    with pytest.raises(FileFault, match=why):
        read_file(said, slug="one")
    with pytest.raises(FileFault, match="slug"):
        read_file("model: m\ntemplate: x", slug="Not a slug")


def test_a_number_is_the_same_however_it_is_written() -> None:
    messages = [{"role": "user", "content": "x"}]
    one, same, other = (file_of({"model": "m", "temperature": value, "messages": messages}, slug="one") for value in (1, 1.0, 1.5))
    assert one.content_hash == same.content_hash != other.content_hash and written(one) == written(same)


def test_files_hold_every_field_that_the_api_has() -> None:
    schemas = json.loads((ROOT / "docs/reference/openapi.json").read_text())["components"]["schemas"]
    asked = {"base_version", "branch", "merge", "message"}
    assert set(CONTENT) == set(schemas["SaveVersion"]["properties"]) - asked
    assert set(FACTS) == set(schemas["ChangePrompt"]["properties"])
