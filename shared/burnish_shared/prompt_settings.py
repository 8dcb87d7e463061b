"""Which fields of a prompt version go to the provider, under these names. Pure; for the gateway and the optimizer."""

from collections.abc import Mapping
from typing import Any, Final

SETTING_FIELDS: Final = (
    "temperature",
    "max_tokens",
    "max_completion_tokens",
    "top_p",
    "frequency_penalty",
    "presence_penalty",
    "stop",
    "seed",
    "reasoning_effort",
    "response_format",
    "tools",
    "tool_choice",
    "parallel_tool_calls",
    "n",
    "logprobs",
    "top_logprobs",
    "logit_bias",
)
"""One that was not given is not stored and not sent."""

CAPS: Final = frozenset({"max_tokens", "max_completion_tokens"})
"""Two names of one thing, the cap of the output. Providers refuse a call that names both."""

CACHE_MOST_S: Final = 604_800
"""A week: for how long an answer of the cache is kept at most."""

FALLBACKS_MOST: Final = 5
"""Models that are asked one after the other, besides the first."""

DEFAULT_TIMEOUT_S: Final = 30.0
"""PRODUCT P1: where nothing is said."""

DEFAULT_QUALITY_THRESHOLD: Final = 0.8
"""The same: what share of a test run must be right, and of reactions good."""

DEFAULT_OUTPUT_TOKENS: Final = 4096
"""The cap that is held for and sent where the caller names none (PROMISES 5.4); never the model's whole output limit."""


def settings_of(content: Mapping[str, Any]) -> dict[str, Any]:
    """Only what was given; a null is a field that was not given."""
    return {name: content[name] for name in SETTING_FIELDS if content.get(name) is not None}


def extra_of(content: Mapping[str, Any]) -> dict[str, Any]:
    """Fields of the provider's own format that a version says; a null is a field that was not given."""
    return {name: value for name, value in (content.get("extra") or {}).items() if value is not None}


def with_overrides(settings: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """What is given put over the settings, or over the whole content, of a version; a null is not given.

    Of the two names of the cap one is left: the one that is given.
    """
    said = {name: value for name, value in given.items() if value is not None}
    merged = {**settings, **said}
    caps = said if said.keys() & CAPS else merged
    kept = "max_completion_tokens" if caps.get("max_completion_tokens") is not None else "max_tokens"
    return {name: value for name, value in merged.items() if name == kept or name not in CAPS}


def cap_of(settings: Mapping[str, Any]) -> str:
    """Under which of its two names the cap of the output stands."""
    return "max_completion_tokens" if settings.get("max_completion_tokens") else "max_tokens"
