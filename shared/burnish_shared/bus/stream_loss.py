"""Finding out that a stream went back in time, and making PostgreSQL's copies due again (PROMISES M-05, DESIGN section 3).

A wiped store is seen by the stream's time of creation, one restored from an older copy by a last sequence below the mark. Every relay
looks before it publishes on a new connection, so the first to do so sees the stream as it came back.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

import nats.errors
import structlog

from burnish_shared import metrics
from burnish_shared.bus import outbox_store, users
from burnish_shared.bus.connect import Bus
from burnish_shared.bus.outbox_store import Mark, Sent
from burnish_shared.db.session import Database
from burnish_shared.errors import Unavailable

log = structlog.get_logger("burnish.relay")

MARGIN_MESSAGES: Final = 1_000
"""Messages that were on their way when the server died may arrive before anybody looked, and hide as many lost ones. What is sent again
without need is dropped by its id."""

DOUBTFUL_S: Final = 10.0
"""Rows acknowledged so shortly before a connection was lost are sent again: their acknowledgement may have outlived them, and their
mark may have been written after another relay put it back."""

STREAM_INFO: Final = "$JS.API.STREAM.INFO."
API_TIMEOUT_S: Final = 2.0


async def look_at_streams(db: Database, bus: Bus, *, service: str, unanswered: int) -> None:
    """Compares every stream that `service` publishes to with its mark, and makes due again what was lost or may have been.

    `unanswered`: how many rows this relay published on former connections without an acknowledgement; they may stand in the stream in
    place of as many lost ones. Raises Unavailable while a stream is missing or NATS is silent.
    """
    for subject in users.permissions(service).publish:
        if not subject.startswith(STREAM_INFO):
            continue
        stream = subject.removeprefix(STREAM_INFO)
        now = await _stand(bus, stream)
        async with db.unit_of_work() as tx:
            mark = await outbox_store.lock_mark(tx, stream, created_at=now.created_at, highest_seq=now.highest_seq)
            rows = 0
            if mark.created_at != now.created_at:
                rows = await outbox_store.send_again(tx, stream, above_seq=0)
            elif now.highest_seq - unanswered < mark.highest_seq:
                rows = await outbox_store.send_again(tx, stream, above_seq=now.highest_seq - MARGIN_MESSAGES)
            else:
                above_seq, within_s = mark.highest_seq - MARGIN_MESSAGES, DOUBTFUL_S + bus.last_absence_s
                await outbox_store.send_recent_again(tx, stream, service=service, above_seq=above_seq, within_s=within_s)
                continue
            await outbox_store.set_mark(tx, stream, now)
        _report(stream, mark=mark, now=now, rows=rows)


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
        async with db.unit_of_work() as tx:
            mark = await outbox_store.lock_mark(tx, stream, created_at=before.created_at, highest_seq=seq)
            rows = await outbox_store.send_again(tx, stream, above_seq=seq - 1 - MARGIN_MESSAGES)
            highest = max(one.stream_seq for one in fresh if one.stream == stream)
            await outbox_store.set_mark(tx, stream, Mark(mark.created_at, highest))
        _report(stream, mark=before, now=Mark(before.created_at, seq), rows=rows)


async def _stand(bus: Bus, stream: str) -> Mark:
    """When the stream was created and how far it has come."""
    try:
        answer = json.loads((await bus.nc.request(f"{STREAM_INFO}{stream}", timeout=API_TIMEOUT_S)).data)
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
