"""Which model may stand for another when it fails or ends. Pure."""

from collections.abc import Iterable

from burnish_gateway.routing.qualify import EMBEDDINGS, answers_chats
from burnish_shared.db.model_store import ModelFacts
from burnish_shared.errors import InvalidField


def check_does_as_much(capabilities: Iterable[str], other: ModelFacts, *, field: str) -> None:
    """Raises InvalidField where a model with these capabilities is called for chats or embeddings, and the other one for none of those."""
    own, others = frozenset(capabilities), frozenset(other.capabilities)
    if answers_chats(own) and not answers_chats(others):
        raise InvalidField(f"{field}: {other.model[:200]!r} makes embeddings and answers no chats; name one that does.", param=field)
    if not answers_chats(own) and not others & EMBEDDINGS:
        raise InvalidField(f"{field}: {other.model[:200]!r} makes no embeddings; name one that does.", param=field)
