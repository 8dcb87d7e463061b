"""How a model was asked, in the parameters of a provider's request, as attributes of `gen_ai.request.*`. Pure."""

import math
from collections.abc import Mapping
from typing import Any, Final

SETTINGS: Final = {
    **{name: (name,) for name in ("temperature", "top_p", "top_k", "frequency_penalty", "presence_penalty", "seed")},
    "max_tokens": ("max_tokens", "max_completion_tokens", "max_output_tokens"),
    "stop_sequences": ("stop", "stop_sequences"),
}
"""Of `gen_ai.request.…`, and what providers call them."""

NUMBERS: Final = ("temperature", "top_p", "top_k", "max_tokens", "frequency_penalty", "presence_penalty", "seed")
"""Of `gen_ai.request.…`: settings that are called the same here."""


def settings_asked(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Those that say anything; values as they came."""
    said = {
        f"gen_ai.request.{name}": next((parameters[theirs] for theirs in names if parameters.get(theirs) is not None), None)
        for name, names in SETTINGS.items()
    }
    stop = said["gen_ai.request.stop_sequences"]
    made = said | ({"gen_ai.request.stop_sequences": [stop]} if isinstance(stop, str) else {})
    return {name: value for name, value in made.items() if value is not None}


def settings_told(asked: Mapping[str, Any]) -> dict[str, Any]:
    """How the model was asked, of attributes of `gen_ai.request.*`, under our names; without what is no number."""
    found = {name: said for name in NUMBERS if _is_number(said := asked.get(f"gen_ai.request.{name}"))}
    stop = asked.get("gen_ai.request.stop_sequences")
    is_told = isinstance(stop, list) and stop and all(isinstance(one, str) for one in stop)
    return found | ({"stop": stop} if is_told else {})


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
