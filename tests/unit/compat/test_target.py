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
        (None, {"id": "greet", "label": "Staging"}, Target(PromptName(GREET, label=Label("staging")))),
        (
            "gpt-5",
            {"id": "greet", "label": "staging", "version": None, "x": None},
            Target(PromptName(GREET, label=Label("staging")), "gpt-5"),
        ),
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


@pytest.mark.parametrize(
    ("prompt", "param"),
    [
        ({"id": "greet", "lable": "staging"}, "prompt.lable"),
        ({"variables": {}, "slug": "greet"}, "prompt.slug"),
        ({"id": "greet", "label": "staging", "version": "2"}, "prompt.label"),
        ({"id": "greet@2", "label": "staging"}, "prompt.label"),
        ({"id": "greet", "label": 2}, "prompt.label"),
        ({"id": "greet", "label": "2"}, "prompt.label"),
        ({"label": "staging"}, "prompt.label"),
        ({"id": "no slug!", "label": "staging"}, "prompt.id"),
        ({"id": "no slug!", "version": "2"}, "prompt.id"),
    ],
)
def test_a_field_of_the_prompt_object_is_followed_or_refused_by_its_name(prompt: dict[str, Any], param: str) -> None:
    with pytest.raises(BadRequest) as refused:
        target_of("gpt-5", prompt)
    assert refused.value.param == param and refused.value.message


def test_a_long_name_of_a_field_is_not_told_back_whole() -> None:
    with pytest.raises(BadRequest) as refused:
        target_of("gpt-5", {"x" * 10_000: 1})
    assert len(refused.value.message) < 300 and len(str(refused.value.param)) < 100


@pytest.mark.parametrize("said", ["0", "-1", "007", "1.5", "99999999999"])
def test_a_number_that_is_no_version_is_told_about_versions(said: str) -> None:
    for model, prompt in ((f"burnish::prompt::greet@{said}", {}), (None, {"id": "greet", "version": said})):
        with pytest.raises(BadRequest) as refused:
            target_of(model, prompt)
        assert "begin at 1" in refused.value.message and "label" not in refused.value.message
