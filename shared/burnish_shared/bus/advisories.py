"""The dead-letter indexer: reconciles JetStream's advisories with `dead_letters` (PROMISES M-09).

A message that ran out of deliveries while its consumer was dead, or that somebody terminated by hand, has no letter yet; it gets one
here. Runs inside analytics. The advisories lie in a stream, so a restart misses none, and each may come twice.
"""

import asyncio
import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import nats.errors
import structlog

from burnish_shared import metrics, streams
from burnish_shared.bus import dead_letters_store
from burnish_shared.bus.batch import Delivered, consume
from burnish_shared.bus.connect import MESSAGE_ID_HEADER, Bus
from burnish_shared.bus.dead_letters_store import DeadLetter
from burnish_shared.bus.headers import parse_headers
from burnish_shared.bus.users import READABLE_BY_INDEXER
from burnish_shared.db.session import Database
from burnish_shared.errors import Unavailable

log = structlog.get_logger("burnish.advisories")

SAME_MESSAGE: Final = timedelta(days=1)
"""A letter at most this much older than the advisory is about the same message, not about an earlier one of that sequence."""

DELETED: Final = "Unacknowledged message was deleted"
"""The server's reason where a message that a consumer still had in hand left its stream. In a work queue, where nobody may delete or purge,
that is one whose acknowledgement removed it from the stream and had not reached the consumer's other copies when their leader died (seen
with nats-server 2.15 and three copies): it was handled. By age it takes a week with nobody reading, which other alarms tell of."""

API_TIMEOUT_S: Final = 2.0


@dataclass(frozen=True, slots=True)
class Advisory:
    """What JetStream says about one message. `at` is the server's time."""

    advisory_id: str
    kind: str
    stream: str
    consumer: str
    stream_seq: int
    deliveries: int
    at: datetime
    reason: str = ""

    @property
    def is_of_handled(self) -> bool:
        """Whether it tells of nothing but the end of a message that was acknowledged."""
        work_queues = {one.name for one in streams.STREAMS if one.retention == "workqueue"}
        return self.kind == "terminated" and self.reason == DELETED and self.stream in work_queues


async def index_advisories(bus: Bus, *, db: Database, stop: asyncio.Event) -> None:
    """Reads the ADVISORY stream until `stop`, and makes the missing dead letters."""

    async def handle(batch: Sequence[Delivered]) -> None:
        for one in batch:
            await index_one(one.data, bus=bus, db=db)

    await consume(bus, streams.ADVISORY_INDEX, handle, db=db, stop=stop)


async def index_one(data: bytes, *, bus: Bus, db: Database) -> None:
    """Makes the dead letter that `data` tells of, unless there is one. Idempotent. Raises Unavailable."""
    advisory = parse(data)
    if advisory is None:
        log.warning("advisory_unreadable", bytes=len(data))
        metrics.events_dropped_total.labels(streams.ADVISORY_INDEX.durable, "unreadable").inc()
        return
    if advisory.consumer not in {one.durable for one in streams.CONSUMERS}:
        return
    if advisory.is_of_handled:
        log.info("acknowledged_message_deleted", consumer=advisory.consumer, stream_seq=advisory.stream_seq)
        return
    message = await _fetch(bus, advisory)
    async with db.unit_of_work() as tx:
        since = advisory.at - SAME_MESSAGE
        if await dead_letters_store.has_letter(
            tx, consumer=advisory.consumer, stream=advisory.stream, stream_seq=advisory.stream_seq, since=since
        ):
            return
        await dead_letters_store.write(tx, [_letter(advisory, message)])
    metrics.events_dropped_total.labels(advisory.consumer, "deliveries_spent" if advisory.kind == "max_deliver" else "terminated").inc()
    log.warning("dead_letter_indexed", consumer=advisory.consumer, stream_seq=advisory.stream_seq, kind=advisory.kind)


def parse(data: bytes) -> Advisory | None:
    """None for bytes that are no advisory of the two kinds."""
    try:
        raw = json.loads(data)
        kind = str(raw["type"]).removeprefix("io.nats.jetstream.advisory.v1.")
        if kind not in ("max_deliver", "terminated"):
            return None
        at = datetime.fromisoformat(raw["timestamp"][:19] + "+00:00")
        return Advisory(
            str(raw["id"]), kind, str(raw["stream"]), str(raw["consumer"]), int(raw["stream_seq"]), int(raw.get("deliveries", 0)), at,
            str(raw.get("reason", "")),
        )  # fmt: skip
    except (ValueError, KeyError, TypeError):
        return None


def _letter(advisory: Advisory, message: dict[str, Any]) -> DeadLetter:
    headers = parse_headers(base64.b64decode(message.get("hdrs", "")))
    return DeadLetter(
        consumer=advisory.consumer,
        stream=advisory.stream,
        stream_seq=advisory.stream_seq,
        subject=str(message.get("subject", "")),
        deliveries=advisory.deliveries,
        reason="deliveries spent" if advisory.kind == "max_deliver" else "terminated by its consumer without a letter",
        identity=advisory.advisory_id,
        payload=base64.b64decode(message["data"]) if "data" in message else None,
        message_id=headers.get(MESSAGE_ID_HEADER),
        headers=headers,
    )


async def _fetch(bus: Bus, advisory: Advisory) -> dict[str, Any]:
    """The message as the stream holds it; empty where it is gone (a terminated one of a work queue) or not for this service to see."""
    if advisory.stream not in READABLE_BY_INDEXER:
        return {}
    try:
        request = json.dumps({"seq": advisory.stream_seq}).encode()
        answer = json.loads((await bus.request(f"$JS.API.STREAM.MSG.GET.{advisory.stream}", request, timeout_s=API_TIMEOUT_S)).data)
    except (nats.errors.Error, TimeoutError, OSError) as error:
        raise Unavailable("The message bus cannot be reached at the moment.", retry_after_s=1) from error
    found: dict[str, Any] = answer.get("message", {})
    return found
