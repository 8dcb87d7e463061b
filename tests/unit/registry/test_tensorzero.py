"""Configurations of TensorZero, and templates of MiniJinja, in our terms (PRODUCT P10)."""

import json
import time
from datetime import UTC, datetime
from typing import Any

import pytest

from burnish_gateway.bundle.foreign.convert import convert
from burnish_gateway.bundle.foreign.draft import CannotTake, Drafts
from burnish_gateway.bundle.foreign.minijinja import in_ours
from burnish_gateway.bundle.foreign.tensorzero import read
from burnish_shared.errors import InvalidBody, InvalidField

pytestmark = pytest.mark.capability("P10", "E5")

NOW = datetime(2026, 11, 29, tzinfo=UTC)


def file(text: str) -> dict[str, str]:
    """As `burnish import` puts one in the place of its path."""
    return {"path": "x", "text": text}


def function(variants: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"functions": {"draft": {"type": "chat", "variants": variants, **more}}}


def variant(**more: Any) -> dict[str, Any]:
    return {"type": "chat_completion", "model": "openai::gpt-4o-mini", "user_template": file("Say {{ x }}")} | more


def versions(drafts: Drafts) -> list[dict[str, Any]]:
    return [content for one in drafts.prompts for _, content, _ in one.versions]


def said(drafts: Drafts) -> str:
    return "\n".join(drafts.notes.texts)


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("Share {{ topic }}.\n", "Share {{topic}}."),
        ("{{a.b.0}}{{ c | safe }}", "{{a.b.0}}{{c}}"),
        ("{% if a %}A{% elif b.c %}B{% else %}C{% endif %}", "{{#if a}}A{{else}}{{#if b.c}}B{{else}}C{{/if}}{{/if}}"),
        ("{%- for x in xs -%}\n {{ loop.index }}. {{ x.n }}\n{%- endfor %}", "{{#each xs as x}}{{@number}}. {{x.n}}{{/each}}"),
        ("{% raw %}{{x}}{% endraw %} {# not\nsaid #}z", "{{{{x}} z"),
        ("a {{- b -}} c", "a{{b}}c"),
        ("{ x }", "{ x }"),
    ],
)
def test_a_template_means_the_same(theirs: str, ours: str) -> None:
    assert in_ours(theirs) == ours


@pytest.mark.parametrize(
    "theirs",
    ["{{ x | tojson }}", "{{ f(x) }}", "{% if a == 1 %}x{% endif %}", "{% if not a %}x{% endif %}", "{% set a = 1 %}", "{{x}", "{{{x}}",
     "{% if a %}", "{% endif %}", "{% for a, b in c %}{% endfor %}", "{% for a in f(c) %}{% endfor %}", "{% include 'x' %}",
     "{{ loop.index }}",
     "{% if loop.last %}x{% endif %}", "{% raw %}x", "{# x", "{% if a %}" * 60, "{% if a %}{% endfor %}"],
)  # fmt: skip
def test_what_only_a_program_could_say_is_refused(theirs: str) -> None:
    with pytest.raises(CannotTake):
        in_ours(theirs)


def test_blanks_within_a_variable_take_no_time() -> None:
    began = time.process_time()
    with pytest.raises(CannotTake):
        in_ours("{{ x" + " " * 200_000 + "y }}")
    assert time.process_time() - began < 5


def test_variants_are_versions_with_labels_and_two_that_share_calls_an_experiment() -> None:
    given = function(
        {"short": variant(weight=0.25, temperature=0.5, stop_sequences=["."], retries={"num_retries": 2, "max_delay_s": 4}),
         "Long.2": variant(weight=0.75, system_template=file("Be kind."), timeouts={"non_streaming": {"total_ms": 1500}}, verbosity="low"),
         "best": {"type": "experimental_best_of_n", "candidates": ["short"]}},
        description="Drafts mail.",
    )  # fmt: skip
    drafts = read(given, model="auto")
    (draft,) = drafts.prompts
    assert draft.labels == {"short": 1, "long-2": 2, "production": 2} and draft.fields == {"description": "Drafts mail."}
    first, second = versions(drafts)
    assert first == {
        "messages": [{"role": "user", "content": "Say {{x}}"}], "model": "gpt-4o-mini", "temperature": 0.5, "stop": ["."],
        "retry_policy": {"retries": 2, "wait_most_s": 4},
    }  # fmt: skip
    assert second["messages"][0] == {"role": "system", "content": "Be kind."} and second["timeout_s"] == 1.5
    (experiment,) = drafts.experiments
    assert (experiment["control_prompt_id"], experiment["treatment_prompt_id"]) == ("draft::Long.2", "draft::short")
    assert experiment["traffic_split"] == 0.25
    assert "variants.best: left out" in said(drafts) and "Long.2: these are not taken: verbosity" in said(drafts)
    whole = convert(json.dumps(given).encode(), "tensorzero", model="auto", name=None, now=NOW)
    assert len(whole.experiments) == 1 and len(whole.prompts[0].form.versions) == 2


def test_tools_schemas_and_json_come_along() -> None:
    schema = {"type": "object", "properties": {"x": {"type": "integer", "description": "How many."}, "unused": {"type": "string"}}}
    given = function(
        {"a": variant(json_mode="strict"), "b": variant(json_mode="on"), "c": variant(json_mode="off"), "d": variant(json_mode="tool")},
        type="json", output_schema=file('{"type": "object"}'), user_schema=file(json.dumps(schema)), tools=["find", "gone"],
        tool_choice={"specific": "find"},
    ) | {"tools": {"find": {"description": "Finds.", "parameters": file('{"type": "object"}'), "strict": True}}}  # fmt: skip
    drafts = read(given, model="auto")
    strict, on, off, tool = versions(drafts)
    assert strict["response_format"]["json_schema"]["schema"] == strict["json_schema"] == {"type": "object"}
    assert on["response_format"] == tool["response_format"] == {"type": "json_object"} and "response_format" not in off
    assert off["output_format"] == "structured" and off["parameters"] == {"x": {"type": "number", "description": "How many."}}
    (one,) = on["tools"]
    assert one["function"] == {"name": "find", "description": "Finds.", "parameters": {"type": "object"}, "strict": True}
    assert on["tool_choice"] == {"type": "function", "function": {"name": "find"}} and "gone is left out" in said(drafts)
    whole = convert(json.dumps(given).encode(), "tensorzero", model="auto", name=None, now=NOW)
    assert len(whole.prompts[0].form.versions) == 3, "on and tool are the same here"


def test_without_a_template_of_the_user_the_caller_gives_the_conversation() -> None:
    drafts = read(
        function({"a": {"type": "chat_completion", "model": "m", "templates": {"system": {"path": file("Be brief.")}}}}), model="auto"
    )
    assert versions(drafts)[0]["messages"] == [{"role": "system", "content": "Be brief."}, {"role": "placeholder", "name": "messages"}]
    drafts = read(function({"a": {"type": "chat_completion", "templates": {"topic": {"path": file("On {{ x }}")}}}}), model="house")
    assert versions(drafts)[0] == {"messages": [{"role": "user", "content": "On {{x}}"}], "model": "house"}
    drafts = read(
        function({"a": {"type": "chat_completion", "templates": {"a": {"path": file("A")}, "b": {"path": file("B")}}}}), model="m"
    )
    assert "these templates are not taken: a, b" in said(drafts)


def test_providers_of_a_model_stand_behind_each_other_with_prices_and_without_keys() -> None:
    cost = [
        {"pointer": "/usage/prompt_tokens", "cost_per_million": 2.5, "required": True},
        {"pointer_nonstreaming": "/usage/completion_tokens", "pointer_streaming": "/x", "cost_per_million": 10},
        {"pointer": "/usage/prompt_tokens_details/cached_tokens", "cost_per_million": -1.25},
        {"pointer": "/usage/searches", "cost_per_unit": 0.01},
    ]
    providers = {
        "openai": {"type": "openai", "model_name": "gpt-4o", "api_key_location": "env::KEY", "cost": cost, "extra_body": []},
        "azure": {"type": "azure", "deployment_id": "eu", "endpoint": "https://x.openai.azure.com"},
        "cloud": {"type": "aws_sagemaker", "endpoint_name": "e", "secret_access_key": "sk-plain"},
        "hidden": {"type": "azure", "deployment_id": "us", "endpoint": "env::ENDPOINT"},
    }
    drafts = read(
        {"models": {"chat": {"routing": ["openai", "azure", "cloud", "hidden"], "providers": providers, "timeouts": {}}}}, model="m"
    )
    models = {one.model: one for one in drafts.models}
    assert list(models) == ["chat@2", "chat"], "who is asked next stands first"
    chat = models["chat"]
    assert (chat.provider, chat.upstream_model, chat.fallback_model) == ("openai", "gpt-4o", "chat@2")
    assert (chat.input_price_nusd_per_million, chat.output_price_nusd_per_million, chat.cached_input_price_nusd_per_million) == (
        2_500_000_000, 10_000_000_000, 1_250_000_000,
    )  # fmt: skip
    assert models["chat@2"].context_tokens and models["chat@2"].input_price_nusd_per_million, "those of the model that it serves"
    assert (models["chat@2"].provider, models["chat@2"].base_url) == ("azure", "https://x.openai.azure.com")
    for told in ("/usage/searches", "extra_body", "aws_sagemaker", "address does not stand in the file",
                 "chat: these are not taken: timeouts",
                 "add those of azure, openai"):  # fmt: skip
        assert told in said(drafts), told
    assert "sk-plain" not in said(drafts) and "KEY)" not in said(drafts)


def test_the_rest_is_told_by_name() -> None:
    given = {
        "metrics": {"liked": {"type": "boolean", "optimize": "max", "level": "inference"}, "said": {"type": "comment"}},
        "gateway": {"bind_address": "x"}, "rate_limiting": {}, "functions": {"empty": {"type": "chat"}, "files": {
            "type": "chat", "experimentation": {"type": "static", "candidate_variants": ["a", "b", "c"], "fallback_variants": ["a"]},
            "variants": {name: variant(user_template=file(name)) for name in "abc"} | {"d": variant(user_template="./d.minijinja")},
        }},
    }  # fmt: skip
    drafts = read(given, model="m")
    for told in ('metrics.liked: declare it by PUT /v1/metrics/NAME with {"type": "binary", "direction": "higher"}', "metrics.said",
                 "gateway, rate_limiting",
                 "functions.empty: left out", "variants.d: left out", "burnish import --format tensorzero",
                 "not spread over its 3 variants",
                 "fallback_variants are not asked"):  # fmt: skip
        assert told in said(drafts), told
    assert drafts.experiments == []


@pytest.mark.parametrize(
    ("given", "param"),
    [
        (["x"], None), ({"functions": []}, "functions"), ({"functions": {"a": 5}}, "functions.a"),
        ({"models": {"a": {"routing": "x"}}}, "models.a.routing"),
        ({"functions": {"a": {"variants": {"b": 5}}}}, "functions.a.variants.b"), ({"models": {"a": {"routing": [5]}}}, "models.a.routing"),
        ({"metrics": 5}, "metrics"), ({"functions": {"a": {"tools": 5}}}, "functions.a.tools"),
        ({"models": {str(n): {} for n in range(2_000)}}, "models"),
    ],
)  # fmt: skip
def test_another_shape_is_refused_by_its_place(given: Any, param: str | None) -> None:
    with pytest.raises(InvalidField) as refused:
        read(given, model="m")
    assert refused.value.param == param


def test_toml_is_read_within_bounds() -> None:
    text = '[functions.draft]\ntype = "chat"\n[functions.draft.variants.a]\nuser_template = {path = "x", text = "Say {{ x }}"}\nseed = 5\n'
    whole = convert(b"\xef\xbb\xbf" + text.encode(), "tensorzero", model="auto", name=None, now=NOW)
    assert [one.form.slug for one in whole.prompts] == ["draft"]
    for wrong in (b"x = [", b"\xff", b"x = 1\nx = 2", b"x = " + b"[" * 5_000, b"x = " + b"9" * 5_000,
                  b"a." * 100 + b"a = 1", b"x" * 1_100_000, b"x = 0x" + b"f" * 40):  # fmt: skip
        with pytest.raises((InvalidBody, InvalidField)):
            convert(wrong, "tensorzero", model="auto", name=None, now=NOW)
    began = time.monotonic()
    with pytest.raises(InvalidBody):
        convert(b"a." * 400_000 + b"a = 1", "tensorzero", model="auto", name=None, now=NOW)
    assert time.monotonic() - began < 5, "a key of many parts takes the square of its length"
