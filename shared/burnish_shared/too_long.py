"""How a failure says that its model cannot take so much input, in words that programs look for. Pure.

No code is common to providers, so clients read messages: "prompt is too long" (Anthropic's tools, LangChain, LiteLLM and what rests on it,
as DSPy) and `context_length_exceeded` (OpenAI's `code`; LangChain, CrewAI), to send less or to ask a larger model. Whichever provider said
it in whatever words, both stand there.
"""

from typing import Final

CODE: Final = "context_length_exceeded"
"""https://platform.openai.com/docs/guides/error-codes"""

BEGINS: Final = f"The prompt is too long for this model ({CODE})."
WORDS: Final = "prompt is too long"


def in_words(message: str) -> str:
    """`message`: what the caller is told of the provider's refusal."""
    return f"{BEGINS} {message}" if WORDS not in message else f"{message} ({CODE})"


def is_said_in(message: str) -> bool:
    """As `in_words` makes it."""
    return message.startswith(BEGINS) or message.endswith(f" ({CODE})")
