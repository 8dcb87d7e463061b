"""How many tokens, and what they cost. What a provider reports wins when it makes sense; else we estimate and say so (PROMISES E-06)."""

import math
from collections.abc import Sequence
from typing import Any

from burnish_shared.contracts.executions import Price, Usage
from burnish_shared.money import price_of
from burnish_shared.tokens import tokens_in_messages, tokens_in_text

TOKENS_MOST = 2**31 - 1


def reported(value: Any) -> Usage | None:
    """The `usage` object of an OpenAI-style answer, or None when it is missing or absurd (negative, NaN, no number)."""
    if not isinstance(value, dict):
        return None
    input_tokens, output_tokens = count_of(value.get("prompt_tokens")), count_of(value.get("completion_tokens"))
    if input_tokens is None or output_tokens is None:
        return None
    details = value.get("prompt_tokens_details")
    cached = count_of(details.get("cached_tokens")) if isinstance(details, dict) else 0
    return Usage(
        input_tokens=input_tokens, output_tokens=output_tokens, cached_input_tokens=min(cached or 0, input_tokens), source="provider"
    )


def estimated(messages: Sequence[dict[str, Any]], output: str) -> Usage:
    """Tokens by length, where the provider said nothing that makes sense. No output: nothing was generated."""
    return Usage(input_tokens=tokens_in_messages(messages), output_tokens=tokens_in_text(output) if output else 0, source="estimated")


def cost_nusd(usage: Usage, price: Price) -> int:
    """What the tokens cost at the price of admission. The same for streamed and buffered answers."""
    fresh = usage.input_tokens - usage.cached_input_tokens
    return (
        price_of(fresh, nusd_per_million=price.input_nusd_per_million)
        + price_of(usage.cached_input_tokens, nusd_per_million=price.cached_input_nusd_per_million)
        + price_of(usage.output_tokens, nusd_per_million=price.output_nusd_per_million)
    )


def count_of(value: Any) -> int | None:
    """A token count as an int, None for anything that is none."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value) or value < 0 or value > TOKENS_MOST:
        return None
    return int(value)
