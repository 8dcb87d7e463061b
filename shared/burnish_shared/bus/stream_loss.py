"""Finding out that a stream went back in time, and making PostgreSQL's copies due again (PROMISES M-05, DESIGN section 3).

A wiped store is seen by the stream's time of creation, one restored from an older copy by a last sequence below the mark. Every relay
looks before it publishes on a new connection, so the first to do so sees the stream as it came back.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Final

import nats.errors
import structlog

from burnish_shared import failpoints, metrics
from burnish_shared.bus import outbox_store, users
from burnish_shared.bus.connect import Bus
from burnish_shared.bus.outbox_store import Mark, Sent
from burnish_shared.db.session import Database
from burnish_shared.errors import Unavailable

log = structlog.get_logger("burnish.relay")

MARGIN_MESSAGES: Final = 1_000
"""Messages that were on their way when the server died may arrive before anybody looked, and hide as many lost ones. What is sent again
without need is dropped by its id, or where rows were joined into one message by who reads it: these may be very many rows."""

DOUBTFUL_S: Final = 10.0
"""Rows acknowledged so shortly before a connection was lost are sent again: their acknowledgement may have outlived them, and their
mark may have been written after another relay put it back."""

PIECE_ROWS: Final = 5_000
"""Rows that one transaction makes due again: a fraction of a second, where a day's rows would take longer than a statement may."""

STREAM_INFO: Final = "$JS.API.STREAM.INFO."
API_TIMEOUT_S: Final = 2.0


async def look_at_streams(db: Database, bus: Bus, *, service: str, unanswered: int) -> None:
    """Compares every stream that `service` publishes to with its mark, and makes due again what was lost or may have been.

    `unanswered`: how many messages this relay published on former connections without an acknowledgement; they may stand in the stream
    in place of as many lost ones. Raises Unavailable while a stream is missing or NATS is silent.
    """
    for subject in users.permissions(service).publish:
        if subject.startswith(STREAM_INFO):
            stream = subject.removeprefix(STREAM_INFO)
            metrics.stream_losses_total.labels(stream)  # A series that begins at 1 has not grown: the first loss would ring nowhere.
            await _look_at(db, bus, stream, service=service, unanswered=unanswered)


async def _look_at(db: Database, bus: Bus, stream: str, *, service: str, unanswered: int) -> None:
    async with db.unit_of_work(read_only=True) as tx:
        before = (await outbox_store.marks(tx)).get(stream)
    now = await _stand(bus, stream)

    def is_lost(mark: Mark) -> bool:
        return mark.created_at != now.created_at or now.highest_seq - unanswered < mark.highest_seq

    async with db.unit_of_work() as tx:
        mark = await outbox_store.lock_mark(tx, stream, created_at=now.created_at, highest_seq=now.highest_seq)
    # Both: a mark that another relay raised since the stream was asked is no loss, and one that it put back is made good already.
    if before is not None and is_lost(before) and is_lost(mark):
        from_seq = 1 if mark.created_at != now.created_at else now.highest_seq - MARGIN_MESSAGES + 1
        rows, is_finished = await _send_again(db, stream, from_seq=from_seq, found=now, is_lost=is_lost)
        _report(stream, mark=mark, now=now, rows=rows)
        if is_finished:
            return
        mark = now  # Another relay put the mark back meanwhile, perhaps before it could see what this one had acknowledged last.
    await _send_recent_again(db, stream, service=service, from_seq=mark.highest_seq - MARGIN_MESSAGES + 1, absence_s=bus.last_absence_s)


async def look_at_acknowledgements(db: Database, marks: Mapping[str, Mark], fresh: Sequence[Sent]) -> None:
    """Catches a loss that no reconnect told of: a new message got a sequence that was given out before it was published.

    `marks` were read before publishing, so each fresh sequence must lie above them.
    """
    lowest: dict[str, int] = {}
    for one in fresh:
        lowest[one.stream] = min(one.stream_seq, lowest.get(one.stream, one.stream_seq))
    for stream, seq in sorted(lowest.items()):
        before = marks.get(stream)
        if before is None or seq > before.highest_seq:
            continue
        found = Mark(before.created_at, max(one.stream_seq for one in fresh if one.stream == stream))
        rows, _ = await _send_again(db, stream, from_seq=seq - MARGIN_MESSAGES, found=found, is_lost=lambda _: True)
        _report(stream, mark=before, now=Mark(before.created_at, seq), rows=rows)


async def _send_again(db: Database, stream: str, *, from_seq: int, found: Mark, is_lost: Callable[[Mark], bool]) -> tuple[int, bool]:
    """Makes all rows from `from_seq` on due again, in transactions of PIECE_ROWS, and puts the mark to `found` with the last of them.

    Whoever is killed in between leaves the mark where it was, so the next look finds the loss again; the lowest go first, because the
    sequence that the next look starts from may have grown by then. Returns how many rows, and False when the mark was put back by
    another relay before this one came to the end.
    """
    rows = 0
    while True:
        async with db.unit_of_work() as tx:
            mark = await outbox_store.lock_mark(tx, stream, created_at=found.created_at, highest_seq=found.highest_seq)
            if not is_lost(mark):
                return rows, False
            piece = await outbox_store.send_piece_again(tx, stream, from_seq=from_seq, most=PIECE_ROWS)
            if piece.rows < PIECE_ROWS:
                await outbox_store.set_mark(tx, stream, found)
                return rows + piece.rows, True
        rows, from_seq = rows + piece.rows, piece.last_seq
        await failpoints.hit("stream_piece_sent_again")


async def _send_recent_again(db: Database, stream: str, *, service: str, from_seq: int, absence_s: float) -> None:
    """Makes those rows due again that the own service sent shortly before the connection was lost, in pieces too."""
    while True:
        async with db.unit_of_work() as tx:
            piece = await outbox_store.send_piece_again(
                tx, stream, from_seq=from_seq, most=PIECE_ROWS, service=service, within_s=DOUBTFUL_S + absence_s
            )
        if piece.rows < PIECE_ROWS:
            return
        from_seq = piece.last_seq


async def _stand(bus: Bus, stream: str) -> Mark:
    """When the stream was created and how far it has come."""
    try:
        answer = json.loads((await bus.request(f"{STREAM_INFO}{stream}", timeout_s=API_TIMEOUT_S)).data)
    except (nats.errors.Error, TimeoutError, OSError) as error:
        raise Unavailable("The message bus cannot be reached at the moment.", retry_after_s=1) from error
    if "error" in answer:
        raise Unavailable(f"The stream {stream} is not there yet.", retry_after_s=1)
    return Mark(_time(answer["created"]), int(answer["state"]["last_seq"]))


def _time(text: str) -> datetime:
    """RFC 3339 with nanoseconds, cut to the microseconds that PostgreSQL keeps."""
    whole, _, fraction = text.removesuffix("Z").partition(".")
    return datetime.fromisoformat(f"{whole}.{fraction[:6].ljust(6, '0')}+00:00")


def _report(stream: str, *, mark: Mark, now: Mark, rows: int) -> None:
    if mark.created_at == now.created_at and mark.highest_seq <= now.highest_seq:
        log.info("stream_in_doubt", stream=stream, highest_seq=mark.highest_seq, found_seq=now.highest_seq, rows_sent_again=rows)
        return
    metrics.stream_losses_total.labels(stream).inc()
    log.error("stream_lost_messages", stream=stream, highest_seq=mark.highest_seq, found_seq=now.highest_seq, rows_sent_again=rows)
