"""What a provider draws over its thoughts to know them again: changed by a letter, it refuses the next turn. Pure.

A seal is left alone by where it stands and by how it looks: in the thoughts of a model, and in what its provider hangs on its turns and
calls. What a person writes in its place, or what looks like one elsewhere, is a text like any other.
"""

import re
from collections.abc import Mapping
from typing import Any, Final

from burnish_shared.guarding.secret_shapes import SHAPE, looks_drawn

PLACES: Final = frozenset(
    {"thinking_blocks", "thinking", "reasoning_details", "reasoning_items", "extra_content", "provider_specific_fields"}
)
"""Fields of a model's turn, and the last two of its calls too, in which seals stand: Anthropic's, OpenRouter's and OpenAI's thoughts; what
Google hangs on a call, in its own form and in LiteLLM's."""

THOUGHTS: Final = frozenset({"thinking", "redacted_thinking", "reasoning"})
"""Kinds of blocks and items; OpenRouter's begin with `reasoning.`."""

OF_THOUGHTS: Final = frozenset({"signature", "data", "encrypted_content"})

DEEP_MOST: Final = 8
"""How deep the blocks of thoughts lie at most in a field of a turn."""

GOOGLES: Final = frozenset({"thought_signature", "thought_signatures", "thoughtSignature"})

SEARCHED: Final = {"encrypted_content": "web_search_result", "encrypted_index": "web_search_result_location"}
"""Anthropic's search: what it found, and where in that a citation stands, by the kind of block that holds it."""

DRAWN: Final = re.compile(r"[A-Za-z0-9+/_-]{48,}={0,2}")


def is_thought(block: Mapping[str, Any]) -> bool:
    kind = block.get("type")
    return isinstance(kind, str) and (kind in THOUGHTS or kind.startswith("reasoning."))


def is_sealed(name: str, block: Mapping[str, Any]) -> bool:
    """Whether a seal belongs into this field of a block that stands in such a place."""
    return name in GOOGLES or (name in OF_THOUGHTS and is_thought(block))


def is_sealed_in_part(name: str, block: Mapping[str, Any]) -> bool:
    """The same of a block that is a part of a model's turn, or stands in one: a thought, or what its provider's search found."""
    return (name in OF_THOUGHTS and is_thought(block)) or (name in SEARCHED and block.get("type") == SEARCHED[name])


OF_TEXTS: Final = ("signature", "data")
"""Seals over what stands in the same block: without its own text the provider refuses it."""


def unbroken(before: Any, after: Any, depth: int = 0) -> Any:
    """`after`, which is `before` with some texts changed, without the thoughts that were sealed and changed."""
    if depth >= DEEP_MOST:
        return after
    if isinstance(before, list | tuple) and isinstance(after, list | tuple) and len(before) == len(after):
        return [unbroken(was, one, depth + 1) for was, one in zip(before, after, strict=True) if not _is_broken(was, one)]
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        return {name: unbroken(before.get(name), one, depth + 1) for name, one in after.items()}
    return after


def _is_broken(before: Any, after: Any) -> bool:
    return isinstance(before, Mapping) and is_thought(before) and any(before.get(name) for name in OF_TEXTS) and before != after


def is_seal(value: str) -> bool:
    """Long, in the letters of base64 and as mixed as chance would have it; a key that is known by its shape is none."""
    raw = value.encode("utf-8", "surrogatepass")
    return DRAWN.fullmatch(value) is not None and looks_drawn(raw) and SHAPE.match(raw) is None
