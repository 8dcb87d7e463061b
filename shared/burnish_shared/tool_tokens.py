"""What models of Anthropic's add to their input for tools, from above: for holds, which must not be too small. Pure.

By https://platform.claude.com/docs/en/about-claude/pricing#tool-use-pricing as it stood in November 2026: a system prompt wherever there is
a tool, of 286 to 804 tokens (Claude Opus 4.7, told to use one; of every other at most 589), and what the tools take that they know by type.
"""

import re
from collections.abc import Sequence
from typing import Any, Final

from burnish_shared.unpriced import OWN_TYPE

OF_TYPE: Final = {"bash": 325, "text_editor": 700, "computer": 735 + 499}
"""Tokens of a definition; a computer's with the further system prompt that comes with it."""

UNPUBLISHED: Final = max(OF_TYPE.values())
"""Of a type without a figure, as that of memory: what the largest of the others takes."""

PROMPT: Final = 589
PROMPTS: Final = ((re.compile(r"claude-opus-4[.-]7(?:\D|$)"), 804), (re.compile("claude"), PROMPT))
"""By the provider's name of a model, the first that fits; of others only where it is told of a tool by type."""

VERSION: Final = re.compile(r"_[0-9]{8}$")


def tokens_of_tools(tools: Sequence[Any], *, model: str) -> int:
    """`model`: as its provider calls it, empty where it is open. 0 where it is none of Anthropic's."""
    kinds = [kind for tool in tools if isinstance(tool, dict) and isinstance(kind := tool.get(OWN_TYPE), str)]
    prompt = next((tokens for pattern, tokens in PROMPTS if pattern.search(model.lower())), PROMPT if kinds else 0)
    return (prompt if tools else 0) + sum(OF_TYPE.get(VERSION.sub("", kind), UNPUBLISHED) for kind in kinds)
