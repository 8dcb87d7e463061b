"""What an evaluation may cost at most: what must be left for it before it is sent. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any

from burnish_shared.contracts.executions import Route
from burnish_shared.pricing import most_nusd
from burnish_shared.tokens import tokens_in_messages, tokens_in_text


def hold_nusd(messages: Sequence[dict[str, Any]], settings: Mapping[str, Any], route: Route) -> int:
    """Input with its safety, and the whole output cap; with the markup where the operator's key is used."""
    input_tokens = tokens_in_messages(messages) + (tokens_in_text(str(settings["tools"])) if settings.get("tools") else 0)
    output_tokens = settings.get("max_completion_tokens") or settings["max_tokens"]
    markup_percent = route.markup_percent if route.keys == "platform" else 0
    return most_nusd(route.price, input_tokens=input_tokens, output_tokens=output_tokens, markup_percent=markup_percent)
