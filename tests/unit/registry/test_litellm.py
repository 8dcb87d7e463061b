"""Configurations of LiteLLM's proxy, however they are written (PRODUCT P10)."""

from collections.abc import Iterable
from typing import Any

import pytest

from burnish_gateway.bundle.foreign.draft import Drafts
from burnish_gateway.bundle.foreign.litellm import read
from burnish_gateway.models.bodies import NewModel
from burnish_shared.errors import InvalidField

pytestmark = pytest.mark.capability("P10", "E5")


TAKES = {"max_input_tokens": 8_000, "max_output_tokens": 500}


def row(name: str, model: str, *, info: dict[str, Any] | None = None, **params: Any) -> dict[str, Any]:
    return {"model_name": name, "litellm_params": {"model": model, **params}, "model_info": info or {}}


def of_keys(drafts: Drafts, refused: Iterable[str] = ()) -> list[str]:
    assert drafts.of_keys is not None
    return drafts.of_keys(set(refused))


def models_of(drafts: Drafts) -> dict[str, Any]:
    return {one.model: one for one in drafts.models}


@pytest.mark.parametrize(
    ("written", "address", "provider", "upstream", "base_url"),
    [
        ("gpt-4o", None, "openai", "gpt-4o", ""),
        ("openai/gpt-4o", None, "openai", "gpt-4o", ""),
        ("gemini/gemini-2.5-flash", None, "google", "gemini-2.5-flash", ""),
        ("bedrock/anthropic.claude-v2", None, "bedrock", "anthropic.claude-v2", ""),
        ("azure/eu", "https://x.openai.azure.com/", "azure", "eu", "https://x.openai.azure.com/"),
        ("openai/facebook/opt", "https://h.example.com/v1", "openai_compatible", "facebook/opt", "https://h.example.com/v1"),
        ("ollama_chat/mistral", "http://h:11434", "ollama", "mistral", "http://h:11434/v1"),
        ("replicate/meta/llama", "https://api.replicate.com", "litellm-replicate", "meta/llama", "https://api.replicate.com"),
        ("hosted_vllm/q", "http://h:8000/v1/", "vllm", "q", "http://h:8000/v1/"),
    ],
)
def test_a_name_of_litellm_is_a_provider_and_its_own_name(
    written: str, address: str | None, provider: str, upstream: str, base_url: str
) -> None:
    more = {"api_base": address} if address else {}
    drafts = read({"model_list": [row("m", written, api_key="sk-secret", **more)]}, model="auto")
    [one] = drafts.models
    assert (one.model, one.provider, one.upstream_model, one.base_url) == ("m", provider, upstream, base_url)
    assert "sk-secret" not in repr(drafts) and drafts.notes.lost == 0
    assert any("/v1/provider-keys" in note for note in drafts.notes.texts) == (provider not in {"ollama", "vllm"})


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (row("*", "openai/*"), "stands for many"),
        (row("m", "replicate/x"), "'litellm-replicate' needs an address"),
        (row("m", "Odd Name/x"), "names no provider"),
        (row("m", "my-own"), "names no provider"),
        (row("m", "azure/x"), "needs an address"),
        (row("m", "github_copilot/x", api_base="https://h.example.com"), "signs in at a browser"),
        (row("m", "azure/x", api_base="os.environ/AZURE_BASE"), "AZURE_BASE"),
        (row("auto", "gpt-4o"), "what chooses a model"),
        (row("bad name", "gpt-4o"), "left out"),
        ({"model_name": "m", "litellm_params": []}, "litellm_params: must be an object"),
        (row("m", "gpt-4o", temperature=0.2, rpm=6), "not taken: temperature."),
        (row("m", "gpt-4o", rpm="many"), "rpm is no number"),
        (row("m", "gpt-4o", tpm=0), "tpm is no number"),
    ],
)
def test_what_cannot_be_taken_is_named(given: dict[str, Any], says: str) -> None:
    drafts = read({"model_list": [given]}, model="auto")
    assert drafts.notes.lost == 1 and says in drafts.notes.texts[0]


@pytest.mark.parametrize("value", [[], {"model_list": {}}, {"model_list": [{}]}])
def test_a_file_of_another_shape_is_refused(value: Any) -> None:
    with pytest.raises(InvalidField):
        read(value, model="auto")


def test_prices_and_limits_are_those_of_the_file_and_of_the_model_that_it_is() -> None:
    info = {"max_input_tokens": 32000, "max_output_tokens": 4000, "supports_vision": True, "mode": "chat", "input_cost_per_token": 1e-6}
    drafts = read(
        {
            "data": [
                row("own", "openai/own", api_base="https://h.example.com/v1", output_cost_per_token=2.5e-6, info=info),
                row("eu", "azure/eu", api_base="https://x.openai.azure.com", info={"base_model": "azure/gpt-4o"}),
                row("e", "openai/e", api_base="https://h.example.com/v1", info={"mode": "embedding", "max_input_tokens": 512}),
            ]
        },
        model="auto",
    )
    own, eu, embeds = drafts.models
    assert (own.input_price_nusd_per_million, own.output_price_nusd_per_million) == (1_000_000_000, 2_500_000_000)
    assert (own.context_tokens, own.output_tokens, own.capabilities) == (32_000, 4_000, ["chat", "vision"])
    assert eu.context_tokens == 128_000 and eu.input_price_nusd_per_million == 2_500_000_000 and "azure/gpt-4o" in eu.notes
    assert (embeds.capabilities, embeds.context_tokens, embeds.output_tokens, embeds.input_price_nusd_per_million) == (
        ["embeddings"], 512, 1, None,
    )  # fmt: skip


def test_deployments_and_fallbacks_stand_behind_each_other_and_a_circle_ends() -> None:
    value = {
        "model_list": [row("big", "gpt-4o"), row("big", "gpt-4o-mini"), row("small", "gpt-4o-mini"), row("other", "gpt-4o")],
        "litellm_settings": {"fallbacks": [{"big": ["small", "other"]}, {"small": ["big"]}], "num_retries": 3, "drop_params": True},
        "router_settings": {"model_group_alias": {"gpt-4": "big", "none": "nowhere"}, "redis_password": "hidden"},
        "general_settings": {"master_key": "sk-1"},
    }
    drafts = read(value, model="auto")
    found = models_of(drafts)
    assert {name: one.fallback_model for name, one in found.items()} == {
        "big": "big@2", "big@2": "small", "small": None, "other": None, "gpt-4": "big@2",
    }  # fmt: skip
    names = [one.model for one in drafts.models]
    assert all(one.fallback_model is None or names.index(one.fallback_model) < names.index(one.model) for one in drafts.models)
    told = " ".join(drafts.notes.texts)
    for part in (
        "fallbacks of big",
        "not spread",
        "'none'",
        "big is not asked when small fails",
        "general_settings",
        "litellm_settings.num_retries",
    ):
        assert part in told, part
    assert "hidden" not in told and "sk-1" not in told


def test_behind_an_alias_comes_what_comes_behind_its_group() -> None:
    value = {
        "model_list": [row("one", "gpt-4o"), row("two", "gpt-4o"), row("two", "gpt-4o-mini"), row("last", "gpt-4o-mini")],
        "litellm_settings": {"fallbacks": [{"one": ["two"]}, {"b": ["last"]}, {"c": ["last"]}]},
        "router_settings": {"model_group_alias": {"a": "one", "b": "one", "c": "two"}},
    }
    drafts = read(value, model="auto")
    found = {name: one.fallback_model for name, one in models_of(drafts).items()}
    assert (found["a"], found["b"], found["c"]) == ("two", "last", "two@2")
    assert "fallbacks of c: last is left out" in " ".join(drafts.notes.texts)


def test_deployments_are_told_by_where_they_stand_and_not_by_how_they_are_called() -> None:
    dated = ["c@2024", "c@2025", "a@2", "a", "a"]
    value = {"model_list": [row(name, "gpt-4o") for name in dated], "router_settings": {"default_fallbacks": ["c@2024"]}}
    found = models_of(read(value, model="auto"))
    assert {name: one.fallback_model for name, one in found.items()} == {
        "c@2024": None, "c@2025": "c@2024", "a@2": "c@2024", "a": "a@3", "a@3": "c@2024",
    }  # fmt: skip


ODD = [float("inf"), float("nan"), float("-inf")]


@pytest.mark.parametrize("odd", ODD)
def test_a_number_that_is_none_is_as_if_it_were_not_said(odd: float) -> None:
    info = {"max_tokens": odd, "max_output_tokens": odd, "output_cost_per_token": odd}
    drafts = read(
        {"model_list": [row("m", "openai/own", api_base="https://h.example.com/v1", input_cost_per_token=odd, info=info)]}, model="auto"
    )
    [one] = drafts.models
    assert (one.output_tokens, one.input_price_nusd_per_million, one.output_price_nusd_per_million) == (None, None, None)


@pytest.mark.parametrize(
    "router",
    [
        {"model_group_alias": {"x": ["m"]}},
        {"model_group_alias": {"x": {"model": {"m": 1}}}},
        {"model_group_alias": {"bad name !": "m"}},
        {"default_fallbacks": [{"m": "n"}]},
        {"fallbacks": [["m"], {"m": "n"}]},
        {"fallbacks": [{"m": ["bad name !"]}]},
        {"default_fallbacks": ["n" * 201]},
    ],
)
def test_what_names_no_model_costs_no_more_than_itself(router: dict[str, Any]) -> None:
    drafts = read({"model_list": [row("m", "gpt-4o")], "router_settings": router}, model="auto")
    assert [(one.model, one.fallback_model) for one in drafts.models] == [("m", None)]


def test_an_address_that_is_no_text_is_none() -> None:
    drafts = read({"model_list": [row("m", "gpt-4o", api_base=["https://h.example.com"])]}, model="auto")
    assert drafts.models == [] and "api_base" in drafts.notes.texts[0]


def test_more_models_than_may_come_are_refused_before_they_are_read() -> None:
    with pytest.raises(InvalidField, match="at most 200"):
        read({"model_list": [row("m", "gpt-4o")] * 5_000}, model="auto")
    whole = read({"model_list": [row("m", "gpt-4o")] * 200}, model="auto")
    assert len(whole.models) == 200 and whole.models[-1].model == "m"


@pytest.mark.parametrize(
    ("written", "info", "is_told"),
    [
        ("anthropic/claude-of-before", {}, True),
        ("anthropic/claude-of-before", {"max_input_tokens": 200_000}, True),
        ("anthropic/claude-of-before", {"max_input_tokens": 200_000, "max_output_tokens": 8_192}, False),
        ("openai/gpt-4o", {}, False),
    ],
)
def test_limits_that_nobody_knows_are_asked_for_in_words_of_the_file(written: str, info: dict[str, Any], is_told: bool) -> None:
    drafts = read({"model_list": [row("m", written, info=info)]}, model="auto")
    told = [note for note in drafts.notes.texts if "max_input_tokens" in note]
    assert [note.startswith("model_list[0] (m): ") for note in told] == [True] * is_told and drafts.notes.lost == 0


def test_what_deployments_may_be_asked_in_a_minute_is_told_of_the_keys_of_their_providers() -> None:
    rows = [
        row("chat", "openai/gpt-4o", rpm=100, tpm=40_000),
        row("chat", "openai/gpt-4o", rpm="50", tpm=10_000.0),
        row("own", "hosted_vllm/q", info=TAKES, api_base="http://h:8000/v1", tpm=9_000),
        row("other", "hosted_vllm/r", info=TAKES, api_base="http://h:8000/v1"),
        row("free", "anthropic/claude-sonnet-4-5", rpm=None),
        row("*", "mistral/*", rpm=7),
    ]
    drafts = read({"model_list": rows}, model="auto")
    [of_openai, of_own] = of_keys(drafts)
    assert "chat, chat@2" in of_openai and "give that of openai requests_per_minute 150 and tokens_per_minute 50000 (" in of_openai
    assert "own" in of_own and "vllm at http://h:8000/v1 tokens_per_minute 9000 (" in of_own and "Others there" in of_own
    assert "Others there" not in of_openai
    assert not any("rpm" in note or "tpm" in note for note in drafts.notes.texts)


def test_deployments_that_use_different_keys_at_one_address_are_told_apart() -> None:
    at_own = {"info": TAKES, "api_base": "http://h:8000/v1"}
    rows = [
        row("a", "openai/gpt-4o", rpm=100, api_key="os.environ/OPENAI_API_KEY"),
        row("a", "openai/gpt-4o", rpm=10),
        row("a", "openai/gpt-4o", rpm=50, api_key="os.environ/SECOND"),
        row("b", "hosted_vllm/q", tpm=9_000, api_key="sk-hidden-1", **at_own),
        row("b", "hosted_vllm/q", tpm=500, api_key="sk-hidden-2", **at_own),
        row("c", "hosted_vllm/r", tpm=70, litellm_credential_name="lab", **at_own),
    ]
    drafts = read({"model_list": rows}, model="auto")
    told = of_keys(drafts)
    wanted = [
        ("a, a@2 ", "openai that these use, one of 2 there, requests_per_minute 110 ("),
        ("a@3 ", "openai that is in SECOND requests_per_minute 50 ("),
        ("b ", "http://h:8000/v1 that these use, one of 3 there, tokens_per_minute 9000 ("),
        ("b@2 ", "one of 3 there, tokens_per_minute 500 ("),
        ("c ", "http://h:8000/v1 that LiteLLM calls 'lab' tokens_per_minute 70 ("),
    ]  # fmt: skip
    assert len(told) == len(wanted)
    for note, words in zip(told, wanted, strict=True):
        assert all(one in note for one in words), note
    assert "hidden" not in " ".join([*told, *drafts.notes.texts])
    assert ["one of" in note or "that is in" in note for note in of_keys(drafts, {"a@3", "b", "b@2"})] == [False, False]


@pytest.mark.parametrize("place", ["router_settings", "litellm_settings"])
def test_aliases_are_counted_before_any_is_looked_at(place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """60,000 of them took half a minute to be refused."""
    looked_at = 0

    def count(_: Any) -> None:
        nonlocal looked_at
        looked_at += 1

    monkeypatch.setattr(NewModel, "model_validate", count)
    rows, aliases = [row("m", "gpt-4o")] * 150, {f"a{number}": "m" for number in range(51)}
    with pytest.raises(InvalidField) as refused:
        read({"model_list": rows, place: {"model_group_alias": aliases}}, model="auto")
    assert (
        refused.value.param == f"{place}.model_group_alias"
        and "51 aliases" in refused.value.message
        and "at most 200" in refused.value.message
    )
    assert not looked_at


@pytest.mark.parametrize(
    ("entry", "params", "info", "told"),
    [
        ({"rpm": 5}, {"rpm": 6, "tpm": 70}, {"rpm": 7, "tpm": 80}, "requests_per_minute 5 and tokens_per_minute 70 ("),
        ({"rpm": None}, {}, {"rpm": 7, "tpm": "80"}, "requests_per_minute 7 and tokens_per_minute 80 ("),
        ({"tpm": 9}, {"rpm": 6}, {}, "requests_per_minute 6 and tokens_per_minute 9 ("),
    ],
)
def test_limits_of_a_deployment_are_read_where_the_router_of_litellm_reads_them(
    entry: dict[str, Any], params: dict[str, Any], info: dict[str, Any], told: str
) -> None:
    drafts = read({"model_list": [row("m", "openai/gpt-4o", info=info, **params) | entry]}, model="auto")
    [note] = of_keys(drafts)
    assert f"give that of openai {told}" in note and "Others there" not in note and drafts.notes.lost == 0


def test_of_models_that_are_refused_no_limits_are_told() -> None:
    """Nobody needs a key for them, and they are no others without limits either."""
    new = row("new", "hosted_vllm/new", api_base="http://h:8000/v1", rpm=5)
    own = row("own", "hosted_vllm/q", info=TAKES, api_base="http://h:8000/v1", rpm=20, tpm=9_000)
    drafts = read({"model_list": [new, own]}, model="auto")
    [note] = of_keys(drafts, {"new"})
    assert "requests_per_minute 20 and" in note and "new" not in note and "Others there" not in note
    assert of_keys(drafts, {"new", "own"}) == []
    assert "requests_per_minute 25 and" in of_keys(drafts)[0]


def test_limits_of_keys_that_are_made_later_are_told_and_the_rest_is_named() -> None:
    given = {"default_key_generate_params": {"rpm_limit": 60, "tpm_limit": 1_000, "max_budget": 5}, "upperbound_key_generate_params": 7}
    drafts = read({"model_list": [row("m", "gpt-4o")], "litellm_settings": given}, model="auto")
    told = " ".join(drafts.notes.texts)
    assert "give each API key rate_limit_per_minute 60 and token_limit_per_minute 1000 (POST /v1/api-keys)" in told
    assert "not taken: max_budget." in told and "litellm_settings.upperbound_key_generate_params" in told
    assert "litellm_settings.default_key_generate_params." not in told and drafts.notes.lost == 2


def test_an_upper_bound_of_keys_is_told_as_the_most_and_a_default_as_what_each_is_given() -> None:
    given = {"default_key_generate_params": {"rpm_limit": 30}, "upperbound_key_generate_params": {"rpm_limit": 60, "tpm_limit": 900}}
    drafts = read({"model_list": [row("m", "gpt-4o")], "litellm_settings": given}, model="auto")
    [each, most] = [note for note in drafts.notes.texts if "key_generate_params" in note]
    assert "give each API key rate_limit_per_minute 30 (" in each
    assert "give no API key more than rate_limit_per_minute 60 and token_limit_per_minute 900" in most and "each" not in most
    assert "workspace" not in each + most and drafts.notes.lost == 0
