"""What a version holds: what counts as the same, what a new one takes over, and what is refused before it is stored."""

from typing import Any

import pytest

from burnish_gateway.registry.content import MAX_CONTENT_BYTES, VersionContent, checked, taken_over
from burnish_shared.errors import InvalidField

pytestmark = pytest.mark.capability("P1")

BASE: dict[str, Any] = {"messages": [{"role": "user", "content": "Hi {{name}}"}], "model": "simulated/chat"}


def content(**fields: Any) -> VersionContent:
    return VersionContent.from_fields(BASE | fields)


def test_a_setting_that_is_not_given_is_not_stored() -> None:
    assert content(temperature=None).settings == {}
    assert content(temperature=0.0).settings == {"temperature": 0.0}


def test_the_same_content_has_the_same_fingerprint_in_whatever_order_it_came() -> None:
    one = VersionContent.from_fields({"model": "m", "seed": 1, "temperature": 0.5, "messages": BASE["messages"]})
    other = VersionContent.from_fields({"temperature": 0.5, "messages": BASE["messages"], "seed": 1, "model": "m", "stop": None})
    assert one.fingerprint() == other.fingerprint()


@pytest.mark.parametrize(
    "change",
    [
        {"temperature": 0.1},
        {"model": "simulated/reader"},
        {"provider": "openai"},
        {"messages": [{"role": "user", "content": "Hi {{name}} "}]},
        {"messages": [{"role": "system", "content": "Hi {{name}}"}]},
        {"json_schema": {"type": "object"}},
    ],
)
def test_whatever_a_model_would_see_differently_has_another_fingerprint(change: dict[str, Any]) -> None:
    assert content(**change).fingerprint() != content().fingerprint()


def test_the_order_of_properties_in_a_schema_counts_because_a_model_sees_it() -> None:
    one = content(json_schema={"properties": {"a": {}, "b": {}}})
    assert one.fingerprint() != content(json_schema={"properties": {"b": {}, "a": {}}}).fingerprint()


def test_a_new_version_takes_over_what_it_does_not_mention_and_null_takes_away() -> None:
    base = content(temperature=0.5, seed=7, output_format="json")
    new = taken_over(base, {"temperature": None, "seed": 8, "messages": [{"role": "user", "content": "x"}]})
    assert new.fields() == {"messages": [{"role": "user", "content": "x"}], "model": "simulated/chat", "seed": 8, "output_format": "json"}


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"messages": []}, "messages"),
        ({"messages": None}, "messages"),
        ({"model": None}, "model"),
        ({"messages": [{"role": "user", "content": "{{"}]}, "messages[0].content"),
        ({"messages": [{"role": "user", "content": "é" * (MAX_CONTENT_BYTES // 2)}]}, "messages"),
        ({"json_schema": {"type": "nonsense"}}, "json_schema"),
        ({"json_schema": {"properties": 5}}, "json_schema"),
        ({"parameters": {"bad name": {"type": "string"}}}, "parameters"),
    ],
)
def test_what_could_never_be_sent_is_refused(fields: dict[str, Any], param: str) -> None:
    with pytest.raises(InvalidField) as refused:
        checked(content(**fields), version=1)
    assert refused.value.param == param


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"json_schema": {"$ref": "http://127.0.0.1:9/nothing"}}, "json_schema"),  # refused, and not fetched
        ({"json_schema": {"$ref": "#/$defs/absent"}}, "json_schema"),
        ({"output_format": "structured"}, "json_schema"),
        ({"output_format": "structured", "response_format": {"type": "json_object"}}, "json_schema"),
        ({"max_tokens": 5, "max_completion_tokens": 5}, "max_completion_tokens"),
        ({"top_logprobs": 3}, "top_logprobs"),
    ],
)
def test_a_version_that_could_not_work_is_refused_when_it_is_saved(fields: dict[str, Any], param: str) -> None:
    with pytest.raises(InvalidField) as refused:
        checked(content(**fields), version=1)
    assert refused.value.param == param


@pytest.mark.parametrize(
    "fields",
    [
        {"json_schema": {"$defs": {"a": {"type": "string"}}, "$ref": "#/$defs/a"}},
        {"output_format": "structured", "response_format": {"type": "json_schema", "json_schema": {"name": "a", "schema": {}}}},
        {"max_completion_tokens": 5, "n": 2, "logprobs": True, "top_logprobs": 3, "parallel_tool_calls": False, "logit_bias": {"5": -1}},
    ],
)
def test_a_version_says_all_that_a_call_can(fields: dict[str, Any]) -> None:
    made = content(**fields)
    assert checked(made, version=1) and {name: made.fields()[name] for name in fields} == fields


@pytest.mark.parametrize("spare", [2, 3])
def test_only_an_earlier_version_stands_in_for_one(spare: int) -> None:
    assert checked(content(fallback_version=1), version=2)
    with pytest.raises(InvalidField) as refused:
        checked(content(fallback_version=spare), version=2)
    assert refused.value.param == "fallback_version"
