"""What a model is able to, by what is said of it and of its provider. Pure (PRODUCT E12)."""

from collections.abc import Iterable
from typing import Final

from burnish_shared.db.model_store import ModelFacts
from burnish_shared.providers import wire_of

EMBEDDINGS: Final = frozenset({"embedding", "embeddings"})


def answers_chats(capabilities: Iterable[str]) -> bool:
    """Whether a model does: all but those that say that they make embeddings, and not that they chat."""
    able = frozenset(capabilities)
    return not able & EMBEDDINGS or "chat" in able


def makes_embeddings(capabilities: Iterable[str]) -> bool:
    """Whether a model does: all but those that say that they chat, and not that they make embeddings."""
    able = frozenset(capabilities)
    return "chat" not in able or bool(able & EMBEDDINGS)


FETCHES_FILES: Final = frozenset({"anthropic", "openrouter"})
"""Providers that fetch a document from its address; the chat completions of others have no word for one.

OpenAI's Responses have, and models of OpenAI's are asked by chat completions here. Gemini takes an https address since its version 3, but
LiteLLM, which asks Google here, would fetch it itself first: from our network, and however large it is (1.109.1, `_ai_studio_inlines`).
"""


def fetches_files(facts: ModelFacts) -> bool:
    return facts.simulated or facts.provider in FETCHES_FILES


def cites_files(facts: ModelFacts) -> bool:
    """Whether an answer may tell which places of a document it rests on: a feature of Anthropic's format."""
    return wire_of(facts.provider) == "anthropic"
