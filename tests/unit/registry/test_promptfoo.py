"""Configurations of promptfoo, however they are written (PRODUCT P10)."""

import time

import pytest

from burnish_gateway.bundle.foreign.promptfoo import read

pytestmark = pytest.mark.capability("P10")


def texts_of(prompt: str) -> list[str]:
    drafts = read({"prompts": [prompt]}, model="simulated/chat")
    return [content["messages"][0]["content"] for draft in drafts.prompts for _, content, _ in draft.versions]


@pytest.mark.parametrize(
    ("prompt", "text"),
    [
        ("Say {{ x }}.", "Say {{x}}."),
        ("{% raw %}{{x}}{% endraw %} and {{x}}", "{{{{x}} and {{x}}"),
        ("{%- raw -%}a{% raw %}b{%endraw%}", "a{% raw %}b"),
        ("{% raw %}a{% endraw %}{% raw %}b{% endraw %}", "ab"),
    ],
)
def test_what_stands_raw_is_meant_letter_for_letter(prompt: str, text: str) -> None:
    assert texts_of(prompt) == [text]


@pytest.mark.parametrize("prompt", ["{% raw %}a", "a{% endraw %}", "{% if x %}", "prompts/desk.txt", "prompts/*.txt"])
def test_what_cannot_be_taken_is_left_out(prompt: str) -> None:
    assert texts_of(prompt) == []


@pytest.mark.parametrize("prompt", ["{% raw %}" * 14_000, "*" * 60_000 + " x", "{%" + " " * 200_000 + "x"], ids=["raw", "stars", "blanks"])
def test_no_configuration_takes_long_to_read(prompt: str) -> None:
    began = time.process_time()
    texts_of(prompt)
    assert time.process_time() - began < 5


def test_brackets_nested_beyond_what_can_be_read_are_a_text() -> None:
    deep = "[" * 100_000
    assert texts_of(deep) == [deep]


def first_of(*providers: object) -> tuple[dict[str, object], list[str], int]:
    """The content of a prompt without its messages, notes, and how many of them say that something is not taken."""
    drafts = read({"prompts": ["Say {{x}}."], "providers": list(providers)}, model="auto")
    [(_, content, _)] = drafts.prompts[0].versions
    return {name: value for name, value in content.items() if name != "messages"}, drafts.notes.texts, drafts.notes.lost


@pytest.mark.parametrize(
    "provider",
    [
        {"openai:chat:gpt-4o": {"config": {"temperature": 0.2}}},
        {"openai:gpt-4o": {"label": "small", "config": {"temperature": 0.2}, "prompts": []}},
        {"id": "openai:gpt-4o", "label": "small", "config": {"temperature": 0.2}},
    ],
)
def test_a_provider_by_its_name_or_its_id_is_the_model(provider: object) -> None:
    assert first_of(provider) == ({"model": "gpt-4o", "temperature": 0.2}, [], 0)


@pytest.mark.parametrize("name", ["openai:gpt-4o", "gpt-4o"])
def test_a_provider_without_options_is_the_model(name: str) -> None:
    assert first_of(name) == first_of({name: None}) == first_of({name: {}}) == ({"model": "gpt-4o"}, [], 0)


@pytest.mark.parametrize(
    ("provider", "said"),
    [
        ("file://custom.py", []),
        ({"id": "https://example.com/answer", "config": {"method": "POST", "temperature": 1}}, ["method, temperature"]),
        ({"id": "https", "config": {"url": "https://example.com"}}, ["url"]),
        ({"file://custom.py": {"config": {"temperature": 1}}}, ["temperature"]),
        ("exec: python answer.py", []),
        ({"config": {"temperature": 1}}, ["temperature"]),
        ({}, []),
        ({"id": 7}, []),
        (7, []),
    ],
)
def test_a_provider_that_names_no_model_is_lost_and_its_config_too(provider: object, said: list[str]) -> None:
    content, notes, lost = first_of(provider)
    assert (content, lost, len(notes)) == ({"model": "auto"}, 1, 1)
    assert all(one in notes[0] for one in ["the model is not named in it", *said])


@pytest.mark.parametrize("shape", [{"id": "openai:gpt-4o"}, {}])
def test_what_a_provider_says_beside_its_config_is_lost(shape: dict[str, object]) -> None:
    more: dict[str, object] = {"prompts": ["a"], "transform": "output.text", "delay": None}
    content, notes, lost = first_of(shape | more if shape else {"openai:gpt-4o": more})
    assert (content, lost) == ({"model": "gpt-4o"}, 1) and "prompts, transform" in notes[0] and "delay" not in notes[0]


def test_no_providers_lose_nothing() -> None:
    assert first_of() == ({"model": "auto"}, [], 0)


def test_names_of_yaml_that_are_numbers_are_listed_too() -> None:
    content, notes, lost = first_of({"id": "openai:m", "config": {1: 2, "seed_of": 3}, 5: 6})
    assert (content, lost) == ({"model": "m"}, 2) and "1, seed_of" in notes[1] and ": 5." in notes[0]
