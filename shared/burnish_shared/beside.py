"""What a model says besides its text and tool calls, under the names that chat completions have for it. Pure."""

from collections.abc import Mapping
from typing import Any, Final

CHAT_NAMES: Final[Mapping[str, str]] = {
    "reasoning": "reasoning_content",
    "thinking": "thinking_blocks",
    "reasoning_details": "reasoning_details",
    "refusal": "refusal",
    "annotations": "annotations",
}
"""Field of `Beside` → field of a message or delta: DeepSeek's and vLLM's name, LiteLLM's, OpenRouter's, and twice OpenAI's own."""

THOUGHTS: Final = frozenset({"reasoning_content", "reasoning", "thinking_blocks", "reasoning_details"})
"""Fields of a message that say what the model thought."""


def message_fields(beside: Mapping[str, Any] | None) -> dict[str, Any]:
    """Fields of a message, or of one delta that tells all at once; empty where nothing was said besides."""
    return {} if not beside else {name: beside[field] for field, name in CHAT_NAMES.items() if beside.get(field)}


def reasoning_in(blocks: Any) -> str:
    """The text of thinking blocks."""
    listed = blocks if isinstance(blocks, list) else []
    return "\n".join(
        one["thinking"] for one in listed if isinstance(one, dict) and isinstance(one.get("thinking"), str) and one["thinking"]
    )
