"""What a provider draws over its thoughts to know them again: changed by a letter, it refuses the next turn. Pure.

A seal is left alone by where it stands and by how it looks. What a person writes in its place is a text like any other.
"""

import re
from collections.abc import Mapping
from typing import Any, Final

from burnish_shared.guarding.secret_shapes import SHAPE, looks_drawn

NAMES: Final = frozenset({"signature", "encrypted_content", "thought_signature", "thought_signatures", "thoughtSignature"})
"""Anthropic's and OpenRouter's, OpenAI's, and Google's in its own form and in LiteLLM's."""

DATA_OF: Final = frozenset({"redacted_thinking", "reasoning.encrypted"})
"""Kinds of blocks, Anthropic's and OpenRouter's, whose `data` is a thought that only its provider can read."""

DRAWN: Final = re.compile(r"[A-Za-z0-9+/_-]{48,}={0,2}")


def is_sealed(name: str, block: Mapping[str, Any]) -> bool:
    """Whether a seal belongs into this field of a block."""
    return name in NAMES or (name == "data" and block.get("type") in DATA_OF)


def is_seal(value: str) -> bool:
    """Long, in the letters of base64 and as mixed as chance would have it; a key that is known by its shape is none."""
    raw = value.encode("utf-8", "surrogatepass")
    return DRAWN.fullmatch(value) is not None and looks_drawn(raw) and SHAPE.match(raw) is None
