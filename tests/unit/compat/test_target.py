"""What the `model` of an OpenAI-style call names."""

from typing import Any

import pytest

from burnish_gateway.compat.target import Target, target_of
from burnish_shared.errors import BadRequest
from burnish_shared.slug import Label, PromptName, Slug

GREET = Slug("greet")


@pytest.mark.parametrize(
    ("model", "prompt", "target"),
    [
        ("gpt-5", {}, Target(model="gpt-5")),
        ("burnish::prompt::greet", {}, Target(PromptName(GREET))),
        ("burnish::prompt::Greet@Staging", {}, Target(PromptName(GREET, label=Label("staging")))),
        ("burnish::prompt::greet@12", {}, Target(PromptName(GREET, version=12))),
        ("burnish::prompt::greet", {"variables": {}}, Target(PromptName(GREET))),
        ("gpt-5", {"id": "greet", "version": "3"}, Target(PromptName(GREET, version=3), "gpt-5")),
        (None, {"id": "burnish::prompt::greet", "version": "production"}, Target(PromptName(GREET, label=Label("production")))),
        (None, {"id": "greet@3"}, Target(PromptName(GREET, version=3))),
        ("burnish::chain::x", {}, Target(model="burnish::chain::x")),
        ("auto", {}, Target(model="auto")),
    ],
)
def test_a_model_or_a_prompt_is_named(model: str | None, prompt: dict[str, Any], target: Target) -> None:
    assert target_of(model, prompt) == target


@pytest.mark.parametrize(
    ("model", "prompt"),
    [
        (None, {}),
        ("burnish::prompt::", {}),
        ("burnish::prompt::greet@", {}),
        ("burnish::prompt::greet@0", {}),
        ("burnish::prompt::greet@99999999999", {}),
        ("burnish::prompt::greet", {"id": "greet"}),
        (None, {"id": 7}),
        (None, {"version": 1}),
        (None, {"id": "greet", "version": True}),
        (None, {"id": "greet@1", "version": 2}),
    ],
)
def test_what_names_nothing_or_two_things_is_refused(model: str | None, prompt: dict[str, Any]) -> None:
    with pytest.raises(BadRequest) as refused:
        target_of(model, prompt)
    assert refused.value.param
