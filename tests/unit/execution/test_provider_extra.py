"""Which further fields of a call go to its provider, and which would cost somebody else."""

from typing import Any

import pytest

from burnish_gateway.execution.known_words import check_words, without_idle_words
from burnish_gateway.models.known_tools import check_tools
from burnish_gateway.models.provider_extra import UnsupportedParameter, checked_extra
from burnish_shared.contracts.executions import Price, PriceTier, Route
from burnish_shared.errors import InvalidField
from burnish_shared.evaluation_hold import hold_nusd
from burnish_shared.unpriced import may_be_given, unpriced

RATES: dict[str, Any] = {"input_nusd_per_million": 1, "cached_input_nusd_per_million": 1, "output_nusd_per_million": 1}


def way(provider: str = "openai", *, keys: Any = "platform", tiers: Any = ()) -> Route:
    price = Price(version="t", tiers=[PriceTier(service_tier=one, **RATES) for one in tiers], **RATES)
    return Route(model="m", provider=provider, upstream_model="m", base_url="http://x", price=price, keys=keys)


def test_a_provider_of_the_same_format_gets_all_that_is_none_of_ours() -> None:
    given = {"verbosity": "low", "min_p": 0.1, "provider": {"only": ["x"]}, "cache": True, "usage": {"include": True}, "nothing": None}
    own = way(keys="own")
    assert checked_extra(given, route=own, spoken="openai") == {"verbosity": "low", "min_p": 0.1, "provider": {"only": ["x"]}}
    assert checked_extra({"top_k": 3, "thinking": {}}, route=way("anthropic"), spoken="anthropic") == {"top_k": 3, "thinking": {}}


def test_a_provider_of_another_format_gets_what_it_has_a_word_for_and_the_rest_is_refused_by_name() -> None:
    assert checked_extra({"top_k": 3, "verbosity": "low", "service_tier": "auto"}, route=way("anthropic"), spoken="openai") == {"top_k": 3}
    google = {"top_k": 3, "thinking": {"type": "enabled"}, "safety_settings": []}
    assert checked_extra({**google, "store": True}, route=way("google"), spoken="openai") == google, "LiteLLM has words for these"
    with pytest.raises(UnsupportedParameter, match="safety_settings"):
        checked_extra(google, route=way("anthropic"), spoken="openai")
    for provider in ("anthropic", "mistral"):
        with pytest.raises(UnsupportedParameter, match="chat_template_kwargs, min_p"):
            checked_extra({"min_p": 0.1, "chat_template_kwargs": {}}, route=way(provider), spoken="openai")
    claudes = {"top_k": 3, "context_management": {}}
    assert checked_extra(claudes, route=way(), spoken="anthropic") == {"top_k": 3}, "the rest was written for Claude alone"


@pytest.mark.parametrize(
    "name", ["model", "messages", "n", "max_tokens", "stream", "stream_options", "tools", "models", "route", "api_key", "base_url"]
)
@pytest.mark.parametrize("keys", ["own", "platform"])
def test_nothing_stands_in_for_what_is_held_for(name: str, keys: str) -> None:
    with pytest.raises(UnsupportedParameter) as refused:
        checked_extra({name: 1}, route=way(keys=keys), spoken="openai")
    assert refused.value.param == name


@pytest.mark.parametrize("name", ["user_id", "prompt_key", "label", "version", "mode", "response_shape"])
def test_a_field_of_our_own_route_is_not_passed_over_but_says_where_it_is_said(name: str) -> None:
    with pytest.raises(UnsupportedParameter, match=f"^{name}: ") as refused:
        checked_extra({name: "background"}, route=way(), spoken="openai")
    assert refused.value.param == name
    assert checked_extra({"mode": "sync"}, route=way(), spoken="openai") == {}


@pytest.mark.parametrize("name", ["mcp_servers", "container", "output_format", "inference_geo"])
def test_what_changes_an_answer_of_anthropics_is_not_passed_over_by_others(name: str) -> None:
    assert checked_extra({name: {}}, route=way("anthropic", keys="own"), spoken="anthropic") == {name: {}}
    for provider in ("openai", "google"):
        with pytest.raises(UnsupportedParameter) as refused:
            checked_extra({name: {}}, route=way(provider, keys="own"), spoken="anthropic")
        assert refused.value.param == name


FUNCTION = {"type": "function", "function": {"name": "look"}}


@pytest.mark.parametrize("provider", ["openai", "anthropic", "google"])
@pytest.mark.parametrize("keys", ["own", "platform"])
@pytest.mark.parametrize("tool", [{"type": "custom", "custom": {"name": "x"}}, {"type": "browser_search"}, {"type": "function"}, {}])
def test_a_tool_that_is_no_function_is_passed_on_or_refused_by_its_place(provider: str, keys: str, tool: dict[str, Any]) -> None:
    route = way(provider, keys=keys)
    check_tools({"tools": [FUNCTION]}, route=route)
    check_tools({}, route=route)
    if provider != "anthropic" and keys == "own" and tool.get("type") != "custom":
        check_tools({"tools": [FUNCTION, tool]}, route=route)
        return
    with pytest.raises(UnsupportedParameter) as refused:
        check_tools({"tools": [FUNCTION, tool]}, route=route)
    assert refused.value.param == "tools[1].type"


@pytest.mark.parametrize(
    ("said", "param"),
    [
        ({"tool_choice": "any"}, "tool_choice"),
        ({"tool_choice": {"type": "some"}}, "tool_choice"),
        ({"tool_choice": {"type": "function", "function": {}}}, "tool_choice"),
        ({"response_format": {"type": "yaml"}}, "response_format.type"),
        ({"response_format": {"type": "json_schema"}}, "response_format.json_schema"),
    ],
)
def test_a_word_that_anthropics_format_lacks_is_refused_and_others_hear_it(said: dict[str, Any], param: str) -> None:
    check_words(said, route=way("openai"))
    with pytest.raises(InvalidField) as refused:
        check_words(said, route=way("anthropic"))
    assert refused.value.param == param


@pytest.mark.parametrize(
    ("provider", "gives_one"), [("openai", False), ("google", False), ("anthropic", True), ("mistral", True), ("bedrock", True)]
)
def test_several_answers_are_refused_where_one_would_come(provider: str, gives_one: bool) -> None:
    """LiteLLM leaves `n` out for these two: whoever asks for two answers got one, and was not told."""
    check_words({"n": 1}, route=way(provider))
    if not gives_one:
        return check_words({"n": 2}, route=way(provider))
    with pytest.raises(InvalidField, match=r"^n: "):
        check_words({"n": 2}, route=way(provider))
    return None


@pytest.mark.parametrize("choice", ["auto", "required", {"type": "function", "function": {"name": "look"}},
                                    {"type": "allowed_tools", "allowed_tools": {"mode": "auto", "tools": []}}])  # fmt: skip
def test_a_choice_that_it_has_is_taken(choice: Any) -> None:
    check_words({"tool_choice": choice, "response_format": {"type": "json_object"}}, route=way("anthropic"))


def test_what_is_said_of_tools_where_there_are_none_is_left_out_or_refused() -> None:
    said = {"tool_choice": "auto", "parallel_tool_calls": False}
    assert without_idle_words(said | {"seed": 1}) == {"seed": 1}
    assert without_idle_words(said | {"tools": [FUNCTION]}) == said | {"tools": [FUNCTION]}
    with pytest.raises(InvalidField, match=r"^tool_choice: "):
        without_idle_words({"tool_choice": "required"})


@pytest.mark.parametrize(("name", "value"), [("web_search_options", {}), ("plugins", []), ("best_of", 9), ("service_tier", "priority")])
def test_what_has_no_price_is_bought_with_an_own_key_only(name: str, value: Any) -> None:
    assert checked_extra({name: value}, route=way(keys="own"), spoken="openai") == {name: value}
    with pytest.raises(UnsupportedParameter):
        checked_extra({name: value}, route=way(), spoken="openai")
    assert checked_extra({"service_tier": "priority"}, route=way(tiers=["priority"]), spoken="openai") == {"service_tier": "priority"}


NO_PRICE: list[tuple[str, str, dict[str, Any]]] = [
    ("xai", "search_parameters", {"search_parameters": {"mode": "on", "max_search_results": 30}}),
    ("openrouter", "provider", {"provider": {"order": ["dearest"]}}),
    ("openrouter", "prompt", {"prompt": "hi"}),
    ("openai", "functions", {"functions": [{"name": "f", "description": "x" * 60_000}]}),
    ("openai", "audio", {"audio": {"voice": "alloy", "format": "wav"}}),
    ("openai", "modalities", {"modalities": ["text", "audio"]}),
    ("openai", "prediction", {"prediction": {"type": "content", "content": "x" * 60_000}}),
    ("perplexity", "search_mode", {"search_mode": "academic"}),
    ("anthropic", "speed", {"speed": "fast"}),
    ("anthropic", "inference_geo", {"inference_geo": "us"}),
    ("anthropic", "context_management", {"context_management": {"edits": [{"type": "compact_20260112"}]}}),
    ("anthropic", "container", {"container": {"skills": []}}),
    ("openai", "whatever_comes_next", {"whatever_comes_next": True}),
]


@pytest.mark.promise("C-03")
@pytest.mark.parametrize(("provider", "field", "extra"), NO_PRICE)
def test_with_the_operators_key_only_what_is_known_to_cost_no_more_is_passed_on(provider: str, field: str, extra: dict[str, Any]) -> None:
    spoken = "anthropic" if provider == "anthropic" else "openai"
    with pytest.raises(UnsupportedParameter, match="has a price that is not known here") as refused:
        checked_extra(extra, route=way(provider), spoken=spoken)
    assert refused.value.param == field
    assert unpriced({}, extra, way(provider).price) == field and not may_be_given({}, extra, route=way(provider))
    assert checked_extra(extra, route=way(provider, keys="own"), spoken=spoken) == extra
    fallen_back_to = way(provider, keys="own").model_copy(update={"platform_fallback": True})
    assert checked_extra(extra, route=fallen_back_to, spoken=spoken) == extra, "the operator's key is then not fallen back to"


@pytest.mark.parametrize("extra", [{"plugins": [{"id": "web"}]}, {"web_search_options": {}}, {"service_tier": "priority"}], ids=str)
def test_what_surely_costs_more_is_refused_where_the_operators_key_might_be_fallen_back_to(extra: dict[str, Any]) -> None:
    """Else a call with it would fail as soon as no own key can be used, without a word of why the operator's is not."""
    own = way("openrouter", keys="own")
    assert checked_extra(extra, route=own, spoken="openai") == extra
    with pytest.raises(UnsupportedParameter):
        checked_extra(extra, route=own.model_copy(update={"platform_fallback": True}), spoken="openai")


def test_a_tool_that_its_provider_runs_is_refused_where_the_operators_key_might_be_fallen_back_to() -> None:
    own, tools = way(keys="own"), {"tools": [{"type": "web_search"}]}
    check_tools(tools, route=own)
    with pytest.raises(UnsupportedParameter, match="needs a provider key of your own"):
        check_tools(tools, route=own.model_copy(update={"platform_fallback": True}))


@pytest.mark.parametrize(
    ("provider", "extra"),
    [
        ("openai", {"verbosity": "low", "prompt_cache_key": "k", "store": True, "modalities": ["text"]}),
        ("openrouter", {"reasoning": {"effort": "high"}, "min_p": 0.1, "transforms": []}),
        ("openai_compatible", {"chat_template_kwargs": {"enable_thinking": False}, "guided_json": {}, "top_k": 3}),
        ("anthropic", {"thinking": {"type": "adaptive"}, "context_management": {"edits": [{"type": "clear_tool_uses_20250919"}]}}),
        ("anthropic", {"cache_control": {"type": "ephemeral"}, "output_config": {"effort": "low"}, "top_k": 3}),
    ],
)
def test_how_a_model_thinks_and_draws_is_said_with_the_operators_key_too(provider: str, extra: dict[str, Any]) -> None:
    spoken = "anthropic" if provider == "anthropic" else "openai"
    assert checked_extra(extra, route=way(provider), spoken=spoken) == extra and unpriced({}, extra, way(provider).price) is None


def test_a_class_of_service_without_a_price_is_asked_for_by_no_lane_with_the_operators_key() -> None:
    """A test run asks what its version says, and a fallback is asked what another model was: no gateway looks at those."""
    dear, plain, known = {"service_tier": "priority"}, way(), way(tiers=["priority"])
    assert unpriced({}, dear, plain.price) == "service_tier" and unpriced({}, dear, known.price) is None
    assert not may_be_given({}, dear, route=plain) and may_be_given({}, dear, route=known) and may_be_given({}, dear, route=way(keys="own"))
    assert all(unpriced({}, {"service_tier": one}, plain.price) is None for one in ("auto", "default", "flex", None))
    assert unpriced({}, {"service_tier": {"of": 1}}, plain.price) == "service_tier"


def test_an_hour_in_the_cache_that_the_whole_call_asks_for_is_held_for() -> None:
    messages = [{"role": "user", "content": "x" * 30_000_000}]
    usual, hour = ({"cache_control": {"type": "ephemeral", "ttl": ttl}} for ttl in ("5m", "1h"))
    assert hold_nusd(messages, {"max_tokens": 1}, way(), extra=hour) > 1.9 * hold_nusd(messages, {"max_tokens": 1}, way(), extra=usual)


def test_it_is_bounded() -> None:
    for given in ({"x": "y" * 65_536}, {f"f{n}": 1 for n in range(65)}):
        with pytest.raises(InvalidField):
            checked_extra(given, route=way(keys="own"), spoken="openai")
