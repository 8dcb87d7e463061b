"""Providers that are called directly: their names, and the format that each one speaks. Adding one is a line here and a row of `providers`.

What is not named here speaks OpenAI's format, as nearly everybody does.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

WireName = Literal["openai", "anthropic"]


@dataclass(frozen=True, slots=True)
class Preset:
    """`base_url`: the provider's own address; empty for a server that has none of its own. `headers`: who we are, where a provider asks.

    `needs_key`: local servers ask for none. `key_variable`: where an operator's environment usually holds its key.
    """

    provider: str
    base_url: str
    wire: WireName = "openai"
    needs_key: bool = True
    headers: Mapping[str, str] = field(default_factory=dict)
    key_variable: str | None = None


ATTRIBUTION: Final = {"X-Title": "Burnish"}
"""How OpenRouter names the application in its statistics (openrouter.ai/docs/app-attribution)."""

PRESETS: Final[Mapping[str, Preset]] = {
    preset.provider: preset
    for preset in (
        Preset("openai", "https://api.openai.com/v1", key_variable="OPENAI_API_KEY"),
        Preset("anthropic", "https://api.anthropic.com/v1", wire="anthropic", key_variable="ANTHROPIC_API_KEY"),
        Preset("openrouter", "https://openrouter.ai/api/v1", headers=ATTRIBUTION, key_variable="OPENROUTER_API_KEY"),
        Preset("maitai", ""),
        Preset("openai_compatible", ""),
        Preset("ollama", "", needs_key=False),
        Preset("vllm", "", needs_key=False),
        Preset("llama_cpp", "", needs_key=False),
    )
}


def wire_of(provider: str) -> WireName:
    """The format that this provider speaks, at its own address and at a workspace's."""
    preset = PRESETS.get(provider)
    return preset.wire if preset else "openai"


def headers_of(provider: str) -> Mapping[str, str]:
    """What this provider wants to hear of us with each call."""
    preset = PRESETS.get(provider)
    return preset.headers if preset else {}


KEY_VARIABLES: Final[Mapping[str, str]] = {name: preset.key_variable for name, preset in PRESETS.items() if preset.key_variable}
"""Where the operator's key of a provider comes from. `BURNISH_PROVIDER_KEY_<PROVIDER>` serves every other one."""

KEY_PREFIX: Final = "BURNISH_PROVIDER_KEY_"
