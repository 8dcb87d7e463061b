"""SQL of `dead_letters`: what could not be handled, with its payload, until somebody replays or discards it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Literal
from uuid import UUID

from asyncpg import Record

from burnish_shared.db.session import Tx
from burnish_shared.ids import derived_uuid

NAMESPACE: Final = UUID("0b7e1f3a-5f0c-5f0e-9d3f-6a1d3f8f2c11")
REASON_MAX_CHARS: Final = 500

State = Literal["waiting", "replayed", "ended"]
"""`ended`: an execution that used up its deliveries was ended by the sweeper, and needs nobody."""

_STATE: Final = """CASE WHEN replayed_at IS NOT NULL THEN 'replayed'
          WHEN stream = 'EXECUTIONS' AND reason = 'deliveries spent' THEN 'ended' ELSE 'waiting' END"""
_SHOWN: Final = f"""dead_letter_id, consumer, stream, stream_seq, subject, message_id, deliveries, reason, length(payload) AS payload_bytes,
       at, replayed_at, {_STATE} AS state"""


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """`identity` is what tells one delivery's letter from another's of the same sequence, which may come again after a lost store."""

    consumer: str
    stream: str
    stream_seq: int
    subject: str
    deliveries: int
    reason: str
    identity: str
    payload: bytes | None = None
    message_id: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def dead_letter_id(self) -> UUID:
        return derived_uuid(NAMESPACE, f"{self.consumer}/{self.stream}/{self.stream_seq}/{self.identity}")


async def write(tx: Tx, letters: Sequence[DeadLetter]) -> None:
    """Adds the letters; one that is there already stays as it is."""
    for one in letters:
        await tx.execute(
            "INSERT INTO dead_letters"
            " (dead_letter_id, consumer, stream, stream_seq, subject, message_id, deliveries, reason, payload, headers)"
            " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT DO NOTHING",
            one.dead_letter_id,
            one.consumer,
            one.stream,
            one.stream_seq,
            one.subject,
            one.message_id,
            one.deliveries,
            _storable(one.reason)[:REASON_MAX_CHARS],
            one.payload,
            dict(one.headers),
        )


async def has_letter(tx: Tx, *, consumer: str, stream: str, stream_seq: int, since: datetime) -> bool:
    """Whether the message has a letter not older than `since` (sequences come again after a lost store, PROMISES M-03)."""
    return bool(
        await tx.fetchval(
            "SELECT EXISTS (SELECT FROM dead_letters WHERE consumer = $1 AND stream = $2 AND stream_seq = $3 AND at >= $4)",
            consumer,
            stream,
            stream_seq,
            since,
        )
    )


async def replayable(tx: Tx, dead_letter_ids: Sequence[UUID]) -> Sequence[tuple[UUID, str, bytes]]:
    """Id, subject and payload of those letters that have a payload, locked and marked as replayed now."""
    rows = await tx.fetch(
        "UPDATE dead_letters SET replayed_at = clock_timestamp() WHERE dead_letter_id = ANY ($1) AND payload IS NOT NULL"
        " RETURNING dead_letter_id, subject, payload",
        list(dead_letter_ids),
    )
    return [(row["dead_letter_id"], row["subject"], row["payload"]) for row in rows]


async def listed(tx: Tx, *, consumer: str | None, with_replayed: bool, limit: int) -> Sequence[Record]:
    """Letters in the order in which they came, without their payloads, of which `payload_bytes` is None where the message was lost."""
    return await tx.fetch(
        "SELECT dead_letter_id, consumer, stream, stream_seq, subject, message_id, deliveries, reason, length(payload) AS payload_bytes,"
        " at, replayed_at FROM dead_letters WHERE ($1::text IS NULL OR consumer = $1) AND ($2 OR replayed_at IS NULL)"
        " ORDER BY at, dead_letter_id LIMIT $3",
        consumer,
        with_replayed,
        limit,
    )


async def newest(
    tx: Tx, *, consumer: str | None, state: State | None, before: tuple[datetime, UUID] | None, limit: int
) -> Sequence[Record]:
    """As `listed`, the newest first; `before` is (at, id) of the last one seen. `state` None: any."""
    return await tx.fetch(
        f"SELECT {_SHOWN} FROM dead_letters WHERE ($1::text IS NULL OR consumer = $1) AND ($2::text IS NULL OR {_STATE} = $2)"
        " AND ($3::timestamptz IS NULL OR (at, dead_letter_id) < ($3, $4::uuid)) ORDER BY at DESC, dead_letter_id DESC LIMIT $5",
        consumer,
        state,
        *(before or (None, None)),
        limit,
    )


async def find(tx: Tx, dead_letter_id: UUID) -> Record | None:
    """One letter with its headers and its payload."""
    return await tx.fetchrow(f"SELECT {_SHOWN}, headers, payload FROM dead_letters WHERE dead_letter_id = $1", dead_letter_id)


async def waiting_messages(tx: Tx, consumer: str) -> Sequence[tuple[UUID, str | None]]:
    """Letters of a consumer that need somebody, in the order in which they came; with the subject, or None where the message is lost."""
    sql = (
        "SELECT dead_letter_id, CASE WHEN payload IS NOT NULL THEN subject END AS subject FROM dead_letters"
        f" WHERE consumer = $1 AND {_STATE} = 'waiting' ORDER BY at, dead_letter_id"
    )
    return [(row["dead_letter_id"], row["subject"]) for row in await tx.fetch(sql, consumer)]


async def waiting(tx: Tx, consumer: str) -> Sequence[UUID]:
    """Letters of a consumer that nobody has replayed, in the order in which they came."""
    sql = "SELECT dead_letter_id FROM dead_letters WHERE consumer = $1 AND replayed_at IS NULL ORDER BY at, dead_letter_id"
    return [row["dead_letter_id"] for row in await tx.fetch(sql, consumer)]


async def open_counts(tx: Tx) -> Mapping[str, int]:
    """How many letters of each consumer wait to be replayed or discarded; consumers without any are left out.

    As `burnish doctor --audit` counts them: those that `State` calls ended need nobody.
    """
    rows = await tx.fetch(f"SELECT consumer, count(*) AS letters FROM dead_letters WHERE {_STATE} = 'waiting' GROUP BY consumer")
    return {row["consumer"]: row["letters"] for row in rows}


async def there(tx: Tx, dead_letter_ids: Sequence[UUID]) -> set[UUID]:
    """Which of these letters there are."""
    rows = await tx.fetch("SELECT dead_letter_id FROM dead_letters WHERE dead_letter_id = ANY ($1)", list(dead_letter_ids))
    return {row["dead_letter_id"] for row in rows}


async def without_payload(tx: Tx, dead_letter_ids: Sequence[UUID]) -> Sequence[UUID]:
    """Those of these letters whose message was lost before anybody kept it."""
    sql = "SELECT dead_letter_id FROM dead_letters WHERE dead_letter_id = ANY ($1) AND payload IS NULL ORDER BY at, dead_letter_id"
    return [row["dead_letter_id"] for row in await tx.fetch(sql, list(dead_letter_ids))]


async def subjects(tx: Tx, dead_letter_ids: Sequence[UUID]) -> Sequence[tuple[UUID, str]]:
    """Id and subject of those of these letters that have a payload."""
    sql = "SELECT dead_letter_id, subject FROM dead_letters WHERE dead_letter_id = ANY ($1) AND payload IS NOT NULL"
    return [(row["dead_letter_id"], row["subject"]) for row in await tx.fetch(sql, list(dead_letter_ids))]


async def discard(tx: Tx, dead_letter_ids: Sequence[UUID]) -> int:
    """Removes these letters with their payloads, for good; how many there were."""
    rows = await tx.fetch("DELETE FROM dead_letters WHERE dead_letter_id = ANY ($1) RETURNING dead_letter_id", list(dead_letter_ids))
    return len(rows)


def _storable(text: str) -> str:
    return text.replace("\x00", "\ufffd").encode("utf-8", "replace").decode()
