"""SQL of the relay: claim rows of `outbox`, mark them sent, keep `stream_marks`, and make lost rows due again."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from burnish_shared.db.session import Tx


@dataclass(frozen=True, slots=True)
class Row:
    """One message that is due."""

    outbox_id: int
    subject: str
    message_id: str
    body: bytes
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Sent:
    """Where a row came to lie."""

    outbox_id: int
    stream: str
    stream_seq: int


@dataclass(frozen=True, slots=True)
class Mark:
    """The highest sequence that any relay ever had acknowledged, in the stream that was created at `created_at`."""

    created_at: datetime
    highest_seq: int


@dataclass(frozen=True, slots=True)
class Piece:
    """How many rows were made due again in one go, and the highest sequence among them."""

    rows: int
    last_seq: int


async def claim(tx: Tx, *, service: str, lease_s: float, most_rows: int, most_bytes: int) -> list[Row]:
    """Leases the oldest due rows, in order. Rows that another relay has leased or locked are passed over.

    The lease is a write, so this transaction's commit flushes the log up to here, and with it every row it saw: a row that came from
    an asynchronous commit is on disk before anybody hears of it (ADMISSION, early lock release).
    """
    rows = await tx.fetch(
        """
        WITH locked AS MATERIALIZED (
          SELECT outbox_id, octet_length(body) AS bytes FROM outbox
           WHERE service = $1 AND sent_at IS NULL AND (leased_until IS NULL OR leased_until < clock_timestamp())
           ORDER BY outbox_id LIMIT $3 FOR UPDATE SKIP LOCKED),
        due AS (
          SELECT outbox_id FROM (SELECT outbox_id, sum(bytes) OVER (ORDER BY outbox_id) - bytes AS before_it FROM locked) l
           WHERE before_it < $4)
        UPDATE outbox o SET leased_until = clock_timestamp() + $2 * interval '1 second' FROM due WHERE o.outbox_id = due.outbox_id
        RETURNING o.outbox_id, o.subject, o.message_id, o.body, o.headers
        """,
        service,
        lease_s,
        most_rows,
        most_bytes,
    )
    claimed = [Row(row["outbox_id"], row["subject"], row["message_id"], row["body"], row["headers"] or {}) for row in rows]
    return sorted(claimed, key=lambda row: row.outbox_id)


async def mark_sent(tx: Tx, sent: Sequence[Sent]) -> None:
    """Notes where each row lies, and raises the marks of their streams."""
    await tx.execute(
        "UPDATE outbox o SET sent_at = clock_timestamp(), leased_until = NULL, stream = s.stream, stream_seq = s.seq"
        " FROM unnest($1::bigint[], $2::text[], $3::bigint[]) s(id, stream, seq) WHERE o.outbox_id = s.id",
        [one.outbox_id for one in sent],
        [one.stream for one in sent],
        [one.stream_seq for one in sent],
    )
    highest: dict[str, int] = {}
    for one in sent:
        highest[one.stream] = max(one.stream_seq, highest.get(one.stream, 0))
    for stream in sorted(highest):
        await tx.execute(
            "UPDATE stream_marks SET highest_seq = $2, marked_at = clock_timestamp() WHERE stream = $1 AND highest_seq < $2",
            stream,
            highest[stream],
        )


async def release(tx: Tx, outbox_ids: Sequence[int], *, after_s: float) -> None:
    """Makes leased rows due again in `after_s` seconds."""
    await tx.execute(
        "UPDATE outbox SET leased_until = clock_timestamp() + $2 * interval '1 second' WHERE outbox_id = ANY ($1) AND sent_at IS NULL",
        list(outbox_ids),
        after_s,
    )


async def marks(tx: Tx) -> dict[str, Mark]:
    """All marks, by stream."""
    rows = await tx.fetch("SELECT stream, created_at, highest_seq FROM stream_marks")
    return {row["stream"]: Mark(row["created_at"], row["highest_seq"]) for row in rows}


async def lock_mark(tx: Tx, stream: str, *, created_at: datetime, highest_seq: int) -> Mark:
    """The mark of one stream, locked; made from the arguments when there is none."""
    await tx.execute("INSERT INTO stream_marks VALUES ($1, $2, $3) ON CONFLICT DO NOTHING", stream, created_at, highest_seq)
    row = await tx.fetchrow("SELECT created_at, highest_seq FROM stream_marks WHERE stream = $1 FOR UPDATE", stream)
    return Mark(row["created_at"], row["highest_seq"]) if row is not None else Mark(created_at, highest_seq)


async def set_mark(tx: Tx, stream: str, mark: Mark) -> None:
    """Puts the mark where the stream now stands, also backwards."""
    await tx.execute(
        "UPDATE stream_marks SET created_at = $2, highest_seq = $3, marked_at = clock_timestamp() WHERE stream = $1",
        stream,
        mark.created_at,
        mark.highest_seq,
    )


async def send_piece_again(
    tx: Tx, stream: str, *, from_seq: int, most: int, service: str | None = None, within_s: float | None = None
) -> Piece:
    """Makes up to `most` sent rows of `stream` due again, from sequence `from_seq` upwards: the lowest first.

    `service`: only its rows; None: those of every service. `within_s`: only what was sent that many seconds ago at most.
    """
    row = await tx.fetchrow(
        """
        WITH picked AS MATERIALIZED (
          SELECT outbox_id, stream_seq FROM outbox
           WHERE stream = $1 AND stream_seq >= $2 AND sent_at IS NOT NULL AND ($4::text IS NULL OR service = $4)
             AND ($5::float8 IS NULL OR sent_at > clock_timestamp() - $5::float8 * interval '1 second')
           ORDER BY stream_seq LIMIT $3),
        due AS (
          UPDATE outbox o SET sent_at = NULL, leased_until = NULL, stream = NULL, stream_seq = NULL
            FROM picked p WHERE o.outbox_id = p.outbox_id AND o.sent_at IS NOT NULL)
        SELECT count(*) AS rows, coalesce(max(stream_seq), $2) AS last_seq FROM picked
        """,
        stream,
        from_seq,
        most,
        service,
        within_s,
    )
    return Piece(row["rows"], row["last_seq"]) if row is not None else Piece(0, from_seq)


async def waiting(tx: Tx, service: str) -> tuple[int, float]:
    """How many rows wait to be sent, and the age of the oldest in seconds (0 when none waits)."""
    row = await tx.fetchrow(
        "SELECT count(*) AS rows, coalesce(extract(epoch FROM clock_timestamp() - min(created_at)), 0)::float8 AS oldest_s"
        " FROM outbox WHERE service = $1 AND sent_at IS NULL",
        service,
    )
    return (row["rows"], row["oldest_s"]) if row is not None else (0, 0.0)


async def forget_sent(tx: Tx, *, older_s: float, most: int) -> int:
    """Deletes up to `most` rows, of every service, that were sent longer ago than `older_s`: the oldest first. Returns how many."""
    done = await tx.execute(
        "DELETE FROM outbox WHERE outbox_id IN (SELECT outbox_id FROM outbox"  # now() and not clock_timestamp(): an index can find it
        " WHERE sent_at < now() - $1 * interval '1 second' ORDER BY sent_at LIMIT $2 FOR UPDATE SKIP LOCKED)",
        older_s,
        most,
    )
    return int(done.rpartition(" ")[2])
