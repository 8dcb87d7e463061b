"""How many tokens of which class. What a provider reports wins when it makes sense; else we estimate and say so (PROMISES E-06)."""

from typing import Any

from burnish_shared.contracts.executions import Usage
from burnish_shared.pricing import BASE_TIERS
from burnish_shared.tokens import tokens_in_bytes

TOKENS_MOST = 2**31 - 1


def reported(value: Any, *, service_tier: Any = None) -> Usage | None:
    """The `usage` object of an OpenAI-style answer, or None when it is missing or absurd (negative, NaN, no number).

    So are two zeros, by which servers that do not count fill the object: every call has an input.

    Providers that call themselves compatible differ in four points: where cached input stands (DeepSeek: `prompt_cache_hit_tokens`), what
    was written to a cache (OpenRouter: `cache_write_tokens`), whether thought counts as completion (xAI and Gemini count it in
    `total_tokens` alone), and where the class of service stands.
    """
    if not isinstance(value, dict):
        return None
    input_tokens, shown = count_of(value.get("prompt_tokens")), count_of(value.get("completion_tokens"))
    if input_tokens is None or shown is None or not (input_tokens or shown):
        return None
    of_input, of_output = _object(value, "prompt_tokens_details"), _object(value, "completion_tokens_details")
    cached = min(_first(of_input.get("cached_tokens"), value.get("prompt_cache_hit_tokens"), value.get("cached_tokens")), input_tokens)
    written = min(_first(of_input.get("cache_write_tokens"), value.get("cache_creation_input_tokens")), input_tokens - cached)
    beyond = max(0, (count_of(value.get("total_tokens")) or 0) - input_tokens - shown)
    output_tokens = min(shown + beyond, TOKENS_MOST)
    thought = min(max(_first(of_output.get("reasoning_tokens")), beyond), output_tokens)
    return Usage(
        input_tokens=input_tokens, output_tokens=output_tokens, cached_input_tokens=cached, cache_write_input_tokens=written,
        reasoning_tokens=thought, service_tier=tier_of(value.get("service_tier"), service_tier), source="provider",
    )  # fmt: skip


def tier_of(*said: Any) -> str | None:
    """The class of service as the first of them that says one names it; None for the usual one."""
    named = next((one for one in said if isinstance(one, str) and one), None)
    return None if named is None or named in BASE_TIERS else named[:40]


def estimated(input_tokens: int, *, output_bytes: int) -> Usage:
    """Tokens by length, where the provider said nothing that makes sense. No output: nothing was generated."""
    return Usage(input_tokens=input_tokens, output_tokens=tokens_in_bytes(output_bytes), source="estimated")


def count_of(value: Any) -> int | None:
    """A token count as an int, None for anything that is none."""
    if value is None or isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return int(value) if 0 <= value <= TOKENS_MOST else None  # NaN is neither; an integer of any length compares


def _first(*values: Any) -> int:
    """The first that is a count; 0 where none is."""
    for value in values:
        if value is not None and (count := count_of(value)) is not None:
            return count
    return 0


def _object(value: dict[str, Any], name: str) -> dict[str, Any]:
    inner = value.get(name)
    return inner if isinstance(inner, dict) else {}
