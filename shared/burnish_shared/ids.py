"""Identifiers. Every id of ours is a UUIDv7: sortable by time of creation, unguessable in its last 62 bits."""

from datetime import UTC, datetime
from hashlib import sha256
from typing import NewType
from uuid import UUID, uuid5

from uuid_utils.compat import uuid7

OrganizationId = NewType("OrganizationId", UUID)
WorkspaceId = NewType("WorkspaceId", UUID)
PromptId = NewType("PromptId", UUID)
ExecutionId = NewType("ExecutionId", UUID)
EventId = NewType("EventId", UUID)
FeedbackId = NewType("FeedbackId", UUID)
EndpointId = NewType("EndpointId", UUID)
DatasetId = NewType("DatasetId", UUID)
JobId = NewType("JobId", UUID)
AccountId = NewType("AccountId", int)


def new_uuid() -> UUID:
    """A fresh UUIDv7 (RFC 9562), increasing within this process."""
    return uuid7()


def derived_uuid(namespace: UUID, name: str) -> UUID:
    """The same id for the same name, for ids that must survive a retry (UUIDv5, RFC 9562)."""
    return uuid5(namespace, name)


def derived_uuid7(origin: UUID, name: str) -> UUID:
    """The same UUIDv7 for the same name, with the time of `origin` (a UUIDv7): it falls into the partition of the day of its origin.

    The rest are bits of a SHA-256, so that PostgreSQL's `derived_uuid7` can make the same id.
    """
    rest = int.from_bytes(sha256(f"{origin}{name}".encode()).digest()[:10], "big")
    layout = (rest & ~(0xF << 76) & ~(0x3 << 62)) | 0x7 << 76 | 0x2 << 62
    return UUID(int=(origin.int >> 80 << 80) | layout)


def first_id_at(moment: datetime) -> UUID:
    """No UUIDv7 that was made from this moment on is smaller, none from before is greater or equal."""
    return UUID(int=max(0, int(moment.timestamp() * 1000)) << 80)


def created_at(identifier: UUID) -> datetime:
    """The time in a UUIDv7, in UTC, with a resolution of 1 ms. For any other version the answer means nothing."""
    return datetime.fromtimestamp((identifier.int >> 80) / 1000, tz=UTC)


def created_s(identifier: str) -> int:
    """The same as whole seconds since 1970, of one as text in its usual form, without taking it apart."""
    return int(identifier[:8] + identifier[9:13], 16) // 1000
