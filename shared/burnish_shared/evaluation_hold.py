"""What a call may cost at most: what must be left for it before it is sent. Pure; for executions and evaluations alike."""

from collections.abc import Mapping, Sequence
from typing import Any

from burnish_shared.contracts.executions import Route
from burnish_shared.pricing import most_nusd
from burnish_shared.prompt_settings import cap_of
from burnish_shared.tokens import input_tokens_of


def hold_nusd(messages: Sequence[dict[str, Any]], settings: Mapping[str, Any], route: Route) -> int:
    """Input with its safety and the whole cap of the output, each at the dearest rate that it can come to, and the markup where the key is
    the operator's.

    Where that key is only fallen back to, the executor holds the markup before it does.
    """
    output_tokens = settings[cap_of(settings)] * (settings.get("n") or 1)
    markup_percent = route.markup_percent if route.keys == "platform" else 0
    input_tokens = input_tokens_of(messages, settings)
    return most_nusd(route.price, input_tokens=input_tokens, output_tokens=output_tokens, markup_percent=markup_percent)
