"""What an evaluation may cost at most: what must be left for it before it is sent. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from burnish_shared.contracts.executions import Route
from burnish_shared.money import markup_of, price_of
from burnish_shared.tokens import tokens_in_messages, tokens_in_text

SAFETY_PERCENT: Final = 5


def hold_nusd(messages: Sequence[dict[str, Any]], settings: Mapping[str, Any], route: Route) -> int:
    """Input with its safety, and the whole output cap; with the markup where the operator's key is used."""
    input_tokens = tokens_in_messages(messages) + (tokens_in_text(str(settings["tools"])) if settings.get("tools") else 0)
    output_tokens = settings.get("max_completion_tokens") or settings["max_tokens"]
    plain = price_of(-(-input_tokens * (100 + SAFETY_PERCENT) // 100), nusd_per_million=route.price.input_nusd_per_million) + price_of(
        output_tokens, nusd_per_million=route.price.output_nusd_per_million
    )
    return plain + (markup_of(plain, percent=route.markup_percent) if route.keys == "platform" else 0)
