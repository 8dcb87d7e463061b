"""Which model may stand for another when it fails or ends. Pure."""

from collections.abc import Iterable

from burnish_gateway.models.abilities import EMBEDDINGS, answers_chats
from burnish_shared.db.model_store import ModelFacts
from burnish_shared.errors import InvalidField


def check_does_as_much(capabilities: Iterable[str], other: ModelFacts, *, field: str) -> None:
    """Raises InvalidField where a model with these capabilities is called for chats or embeddings, and the other one for none of those."""
    if does_as_much(own := frozenset(capabilities), other.capabilities):
        return
    what = "makes embeddings and answers no chats" if answers_chats(own) else "makes no embeddings"
    raise InvalidField(f"{field}: {other.model[:200]!r} {what}; name one that does.", param=field)


def does_as_much(capabilities: Iterable[str], others: Iterable[str]) -> bool:
    """Whether a model with `others` may stand for one with these: `check_does_as_much` without a word of why."""
    own, their = frozenset(capabilities), frozenset(others)
    return answers_chats(their) if answers_chats(own) else bool(their & EMBEDDINGS)
