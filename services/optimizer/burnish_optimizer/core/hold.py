"""The cap on what a model may write, without which nothing could be held for it. Pure."""

from collections.abc import Mapping
from typing import Any, Final

from burnish_shared.prompt_settings import CAPS, cap_of

DEFAULT_OUTPUT_TOKENS: Final = 4096
"""The cap that is sent where the version names none: the gateway's (PROMISES 5.4), because what is measured is what is served."""


def capped(settings: Mapping[str, Any], *, output_tokens_most: int) -> dict[str, Any]:
    """The settings with one cap on the output, because the hold is counted by it: where both of its names are given, by the gateway's."""
    name = cap_of(settings)
    others = {one: value for one, value in settings.items() if one not in CAPS - {name}}
    return others | {name: settings.get(name) or min(DEFAULT_OUTPUT_TOKENS, output_tokens_most)}
