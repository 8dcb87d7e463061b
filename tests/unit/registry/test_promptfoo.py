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
