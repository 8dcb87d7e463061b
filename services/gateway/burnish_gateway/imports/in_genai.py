"""What readers of other conventions have in common: they put a span's attributes into those of `gen_ai.*`, which are then read. Pure."""

from collections.abc import Mapping
from typing import Any, Final

TAGS: Final = ("burnish.prompt", "burnish.version", "burnish.label")
"""What a call counts for: attributes of its span, or in the metadata that a convention has."""


def in_genai(attributes: Mapping[str, Any], found: Mapping[str, Any]) -> dict[str, Any]:
    """Beside what was there, which stands where both say something; what nothing says is left out."""
    return {**{name: value for name, value in found.items() if value is not None}, **attributes}


def no_call(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """As it was, without what would make a call of a model of it."""
    return {name: value for name, value in attributes.items() if not name.startswith("gen_ai.")}
