"""Providers: their names, and how each one is spoken to. Adding one is a line here and, where it has an address, a row of `providers`.

What is not named here speaks OpenAI's format, as nearly everybody does. docs/guides/adding-a-provider.md goes through it.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

WireName = Literal["openai", "anthropic", "litellm"]


@dataclass(frozen=True, slots=True)
class Preset:
    """`base_url`: the provider's own address; empty for a server that has none of its own. `headers`: who we are, where a provider asks.

    `needs_key`: local servers ask for none. `key_variable`: where an operator's environment usually holds its key.
    `litellm`: what LiteLLM calls a provider that only it can speak to, or speaks to better than we would.
    """

    provider: str
    base_url: str
    wire: WireName = "openai"
    needs_key: bool = True
    headers: Mapping[str, str] = field(default_factory=dict)
    key_variable: str | None = None
    litellm: str | None = None


def _through_litellm(provider: str, base_url: str, *, name: str | None = None, key_variable: str | None = None) -> Preset:
    """`name`: LiteLLM's, where it is not ours. `base_url` says where the provider is; LiteLLM finds its way by itself."""
    return Preset(provider, base_url, wire="litellm", litellm=name or provider, key_variable=key_variable)


ATTRIBUTION: Final = {"X-Title": "Burnish"}
"""How OpenRouter names the application in its statistics, once `HTTP-Referer` says where it is (openrouter.ai/docs/app-attribution)."""

PRESETS: Final[Mapping[str, Preset]] = {
    preset.provider: preset
    for preset in (
        Preset("openai", "https://api.openai.com/v1", key_variable="OPENAI_API_KEY"),
        Preset("anthropic", "https://api.anthropic.com/v1", wire="anthropic", key_variable="ANTHROPIC_API_KEY"),
        Preset("openrouter", "https://openrouter.ai/api/v1", headers=ATTRIBUTION, key_variable="OPENROUTER_API_KEY"),
        Preset("deepseek", "https://api.deepseek.com/v1", key_variable="DEEPSEEK_API_KEY"),
        Preset("groq", "https://api.groq.com/openai/v1", key_variable="GROQ_API_KEY"),
        Preset("xai", "https://api.x.ai/v1", key_variable="XAI_API_KEY"),
        Preset("together_ai", "https://api.together.xyz/v1", key_variable="TOGETHERAI_API_KEY"),
        Preset("fireworks_ai", "https://api.fireworks.ai/inference/v1", key_variable="FIREWORKS_AI_API_KEY"),
        Preset("perplexity", "https://api.perplexity.ai", key_variable="PERPLEXITYAI_API_KEY"),
        Preset("cerebras", "https://api.cerebras.ai/v1", key_variable="CEREBRAS_API_KEY"),
        Preset("deepinfra", "https://api.deepinfra.com/v1/openai", key_variable="DEEPINFRA_API_KEY"),
        Preset("maitai", ""),
        Preset("openai_compatible", ""),
        Preset("ollama", "", needs_key=False),
        Preset("vllm", "", needs_key=False),
        Preset("llama_cpp", "", needs_key=False),
        _through_litellm("google", "https://generativelanguage.googleapis.com", name="gemini", key_variable="GEMINI_API_KEY"),
        _through_litellm("mistral", "https://api.mistral.ai/v1", key_variable="MISTRAL_API_KEY"),
        _through_litellm("cohere", "https://api.cohere.com", key_variable="COHERE_API_KEY"),
        _through_litellm("bedrock", "https://bedrock-runtime.amazonaws.com", key_variable="AWS_BEARER_TOKEN_BEDROCK"),
        _through_litellm("azure", ""),
        _through_litellm("voyage", "https://api.voyageai.com/v1", key_variable="VOYAGE_API_KEY"),
    )
}


TAKES_TOP_K: Final = frozenset(
    {"openrouter", "together_ai", "fireworks_ai", "deepinfra", "ollama", "vllm", "llama_cpp", "google", "bedrock"}
)
"""Providers that know `top_k` beside what OpenAI's format names, or pass over it; most others refuse a field that they do not know.

LiteLLM leaves it out for the models of Bedrock that know none, but hands it to Azure, Mistral and Cohere as it came.
"""


BY_NAME: Final = "litellm-"
"""A provider that begins with it is the one that LiteLLM calls by the rest, such as `litellm-replicate`: nothing here knows more of it."""

LITELLM_NAME: Final = re.compile(r"[a-z0-9_]{1,50}")

SIGNED_IN_AT_A_BROWSER: Final = frozenset({"chatgpt", "github_copilot"})
"""LiteLLM's names of providers that take no key: at a call LiteLLM waits, for minutes and with everybody's calls, until somebody signs in
(its `PROVIDERS_THAT_AUTHENTICATE_ON_PROVIDER_INFO`), and whoever did would be who all workspaces are."""


def wire_of(provider: str) -> WireName:
    """The format that this provider speaks, at its own address and at a workspace's."""
    preset = PRESETS.get(provider)
    if preset is None and provider.startswith(BY_NAME):
        return "litellm"
    return preset.wire if preset else "openai"


def is_no_name_of_litellms(provider: str) -> bool:
    """Whether it begins like one that LiteLLM knows, and goes on as no name of LiteLLM's does."""
    return provider.startswith(BY_NAME) and LITELLM_NAME.fullmatch(provider.removeprefix(BY_NAME)) is None


def is_signed_in_at_a_browser(provider: str) -> bool:
    return provider.startswith(BY_NAME) and provider.removeprefix(BY_NAME) in SIGNED_IN_AT_A_BROWSER


def litellm_name_of(provider: str) -> str:
    """What LiteLLM calls this provider. Raises KeyError for one that is not spoken to through it."""
    if provider not in PRESETS and provider.startswith(BY_NAME):
        return provider.removeprefix(BY_NAME)
    name = PRESETS[provider].litellm
    if name is None:
        raise KeyError(provider)
    return name


def headers_of(provider: str, *, public_url: str = "") -> Mapping[str, str]:
    """What this provider wants to hear of us with each call. `public_url`: where this installation is reached; empty: nobody is told."""
    preset = PRESETS.get(provider)
    if preset is None or not preset.headers or not public_url:
        return preset.headers if preset else {}
    return {**preset.headers, "HTTP-Referer": public_url}


KEY_VARIABLES: Final[Mapping[str, str]] = {name: preset.key_variable for name, preset in PRESETS.items() if preset.key_variable}
"""Where the operator's key of a provider comes from. `BURNISH_PROVIDER_KEY_<PROVIDER>` serves every other one."""

KEY_PREFIX: Final = "BURNISH_PROVIDER_KEY_"
