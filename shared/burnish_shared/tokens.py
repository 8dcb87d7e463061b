"""Token counts by length, where no tokenizer of the model is at hand: for holds (which must not be too small) and missing usage.

`input_tokens_of` is what is held for, what a ticket reserves, and what is charged where a provider says nothing: one count for all.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal

BYTES_PER_TOKEN = 3
"""English text has about 4 bytes a token with the tokenizers of OpenAI (their help page 'What are tokens'), Chinese about 3.

The smaller is safer: a hold must not be too small.
"""

TOKENS_PER_MESSAGE = 6
"""Role and separators: 3 to 4 tokens in OpenAI's cookbook, rounded up."""

TOKENS_PER_IMAGE = 1500
"""About what a high-detail image of 1024 × 1024 costs (OpenAI's vision guide: 765 to 1445)."""


SPOKEN_OF: Final = ("tools", "response_format")
"""Settings that the model reads as part of its input."""


def input_tokens_of(messages: Sequence[dict[str, Any]], settings: Mapping[str, Any], *, kind: Literal["chat", "embedding"] = "chat") -> int:
    """An estimate from above of all that a call sends: messages, tools and schema of a chat, texts and tokens of an embedding."""
    if kind == "embedding":
        return sum(len(one["tokens"]) if "tokens" in one else tokens_in_text(one["content"]) for one in messages)
    return tokens_in_messages(messages) + sum(tokens_in_text(str(settings[name])) for name in SPOKEN_OF if settings.get(name))


def tokens_in_bytes(count: int) -> int:
    """Of text of which only the length is known."""
    return -(-count // BYTES_PER_TOKEN)


def tokens_in_text(text: str) -> int:
    """At least 1."""
    return max(1, -(-len(text.encode("utf-8", "replace")) // BYTES_PER_TOKEN))


def tokens_in_messages(messages: Sequence[dict[str, Any]]) -> int:
    """An estimate from above for the input of a chat call."""
    return (
        sum(
            TOKENS_PER_MESSAGE + _tokens_in_content(message.get("content")) + _tokens_in_calls(message.get("tool_calls"))
            for message in messages
        )
        + 3
    )


def _tokens_in_content(content: Any) -> int:
    if isinstance(content, str):
        return tokens_in_text(content)
    if isinstance(content, list):
        return sum(
            TOKENS_PER_IMAGE if part.get("type") == "image_url" else tokens_in_text(str(part.get("text", "")))
            for part in content
            if isinstance(part, dict)
        )
    return 0


def _tokens_in_calls(calls: Any) -> int:
    return tokens_in_text(str(calls)) if calls else 0
