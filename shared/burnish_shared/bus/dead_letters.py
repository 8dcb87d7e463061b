"""Sending dead letters round again (PROMISES M-07)."""

from collections.abc import Sequence
from uuid import UUID

from burnish_shared.bus import dead_letters_store, users
from burnish_shared.db import outbox
from burnish_shared.db.session import Tx
from burnish_shared.ids import new_uuid


async def replay(tx: Tx, dead_letter_ids: Sequence[UUID]) -> int:
    """Puts the payloads of these letters into the outbox of a service that may publish them; returns how many. Raises LookupError.

    The body is the old one, so it carries the same event id, and a consumer that did the work before does nothing: replaying twice is
    harmless. Only the message id is new, because the stream still remembers the old one. Letters without a payload are passed over.
    """
    letters = await dead_letters_store.replayable(tx, dead_letter_ids)
    for _, subject, payload in letters:
        await outbox.put(tx, service=publisher_of(subject), subject=subject, message_id=f"replay:{new_uuid()}", body=payload)
    return len(letters)


async def unsendable(tx: Tx, dead_letter_ids: Sequence[UUID]) -> set[UUID]:
    """Those of these letters, of which the message is there, that no service may publish any more."""
    return {letter for letter, subject in await dead_letters_store.subjects(tx, dead_letter_ids) if not is_sent(subject)}


def is_sent(subject: str) -> bool:
    try:
        publisher_of(subject)
    except LookupError:
        return False
    return True


def publisher_of(subject: str) -> str:
    """The service whose relay may send `subject`. Raises LookupError when there is none."""
    for service in users.SERVICES:
        if any(_matches(pattern, subject) for pattern in users.permissions(service).publish):
            return service
    raise LookupError(f"no service publishes {subject}")


def _matches(pattern: str, subject: str) -> bool:
    """NATS wildcards: `*` is one token, a final `>` is one or more."""
    wanted, given = pattern.split("."), subject.split(".")
    if wanted[-1] == ">" and len(given) >= len(wanted):
        return all(one in ("*", other) for one, other in zip(wanted[:-1], given, strict=False))
    return len(wanted) == len(given) and all(one in ("*", other) for one, other in zip(wanted, given, strict=True))
