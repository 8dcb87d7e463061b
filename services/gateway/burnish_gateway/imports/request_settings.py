"""How a model was asked, in the parameters of a provider's request, as attributes of `gen_ai.request.*`. Pure."""

from collections.abc import Mapping
from typing import Any, Final

SETTINGS: Final = {
    **{name: (name,) for name in ("temperature", "top_p", "top_k", "frequency_penalty", "presence_penalty", "seed")},
    "max_tokens": ("max_tokens", "max_completion_tokens", "max_output_tokens"),
    "stop_sequences": ("stop", "stop_sequences"),
}
"""Of `gen_ai.request.…`, and what providers call them."""


def settings_asked(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Those that say anything; values as they came."""
    said = {
        f"gen_ai.request.{name}": next((parameters[theirs] for theirs in names if parameters.get(theirs) is not None), None)
        for name, names in SETTINGS.items()
    }
    stop = said["gen_ai.request.stop_sequences"]
    made = said | ({"gen_ai.request.stop_sequences": [stop]} if isinstance(stop, str) else {})
    return {name: value for name, value in made.items() if value is not None}
