"""Chats, transcripts and documents that become structured results: what is asked, and when it has ended. Both clients use it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, Literal

from typing_extensions import TypedDict

from burnish_client.paths import segment
from burnish_client.types import EnrichmentGroup
from burnish_client.wire import Call, without_nones

MOST_AT_ONCE: Final = 500
"""Contents that one call of the API takes; more are sent in several."""

FIRST_WAIT_S: Final = 20.0
"""How long the server itself waits for a result before the client begins to ask."""

ENDED: Final = frozenset({"completed", "failed", "cancelled"})

SourceType = Literal["conversation", "youtube", "document"]

Chat = str | Sequence[Mapping[str, Any]] | Mapping[str, Any]
"""A text; messages (`role`, `content`); or `messages`, `content`, `id` or `url` with `external_id`, `user_id`, `metadata`."""


class EnrichmentOptions(TypedDict, total=False):
    """`id`: of a stored content, in place of one that is sent; `url`: where it lies. `limit_s`: 0 returns at once."""

    id: str | None
    url: str | None
    external_id: str | None
    user_id: str | None
    metadata: Mapping[str, Any] | None
    limit_s: float | None
    idempotency_key: str | None


class EnrichmentCounts(TypedDict):
    """How many contents of all that were sent have come how far."""

    total: int
    pending: int
    processing: int
    completed: int
    failed: int
    cancelled: int


def content_of(chat: Chat) -> dict[str, Any]:
    """One content as the API takes it."""
    if isinstance(chat, str):
        return {"content": chat}
    if not isinstance(chat, Mapping):
        return {"content": {"messages": [dict(one) for one in chat]}}
    body = dict(chat)
    messages = body.pop("messages", None)
    return body if messages is None else {**body, "content": {"messages": [dict(one) for one in messages]}}


def enrich(source_type: SourceType, content: Chat | None, *, wait_s: float, **given: Any) -> Call:
    """POST /v1/enrichments. The server waits up to `wait_s` for the result."""
    key = given.pop("idempotency_key", None)
    body = {"source_type": source_type, **given, **({} if content is None else content_of(content))}
    headers = {"Idempotency-Key": key} if key else {}
    return Call("POST", "/v1/enrichments", without_nones(body), query={"wait_s": wait_s}, headers=headers)


def enrichment(enrichment_id: str) -> Call:
    return Call("GET", f"/v1/enrichments/{segment(enrichment_id)}")


def groups(source_type: SourceType, contents: Iterable[Chat]) -> list[Call]:
    """POST /v1/enrichments/batch, as often as it takes."""
    items = [content_of(one) for one in contents]
    parts = [items[at : at + MOST_AT_ONCE] for at in range(0, len(items), MOST_AT_ONCE)]
    return [Call("POST", "/v1/enrichments/batch", {"source_type": source_type, "items": part}) for part in parts]


def group(group_id: str) -> Call:
    return Call("GET", f"/v1/enrichments/groups/{segment(group_id)}")


def counts_of(answers: Sequence[EnrichmentGroup]) -> EnrichmentCounts:
    """Of several groups together."""
    return {
        "total": sum(one["total"] for one in answers),
        "pending": sum(one["pending"] for one in answers),
        "processing": sum(one["processing"] for one in answers),
        "completed": sum(one["completed"] for one in answers),
        "failed": sum(one["failed"] for one in answers),
        "cancelled": sum(one["cancelled"] for one in answers),
    }


def has_ended(counts: EnrichmentCounts) -> bool:
    return counts["pending"] + counts["processing"] == 0
