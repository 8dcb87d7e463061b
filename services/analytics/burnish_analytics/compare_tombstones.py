"""Compares the stream of erasures with the table (PROMISES P-04): after a restore of PostgreSQL the stream knows more, and the erasures
made since the backup are done again; after a loss of the stream the table knows more, and they are published again.
"""

import base64
from collections.abc import Collection
from typing import Final
from uuid import UUID

import structlog

from burnish_analytics.io import erasures_store as store
from burnish_shared import streams, subjects
from burnish_shared.bus.api import ask
from burnish_shared.bus.connect import Bus
from burnish_shared.contracts.erasures import Tombstone
from burnish_shared.db import outbox
from burnish_shared.db.session import Database

log = structlog.get_logger("burnish.analytics")

STREAM: Final = streams.ERASURES.name
PAGE: Final = 100_000
"""Subjects that the server lists at once."""

PUBLISHER: Final = "gateway"
"""Whose relay may publish tombstones."""

MOST_AT_ONCE: Final = 500


async def compare_tombstones(db: Database, bus: Bus) -> tuple[int, int]:
    """How many erasures were put back into the table, and how many into the stream. Raises Unavailable when NATS does not answer."""
    published = await _subjects(bus)
    return await _restore(db, bus, published), await _publish_again(db, published)


async def _restore(db: Database, bus: Bus, published: dict[UUID, str]) -> int:
    if not published:
        return 0
    async with db.unit_of_work(read_only=True) as tx:
        known = await store.known(tx, published)
    lost = sorted(published.keys() - known)
    for erasure_id in lost:
        tombstone = await _read(bus, published[erasure_id])
        async with db.unit_of_work(workspaces={tombstone.workspace_id}) as tx:
            await store.restore(tx, tombstone)
    if lost:
        log.warning("erasures_restored", erasures=len(lost))
    return len(lost)


async def _publish_again(db: Database, published: Collection[UUID]) -> int:
    async with db.unit_of_work(read_only=True) as tx:
        missing = await store.beside(tx, published, at_most=MOST_AT_ONCE)
    for workspace_id, erasure_id in missing:
        async with db.unit_of_work(workspaces={workspace_id}) as tx:
            tombstone = await store.tombstone_of(tx, workspace_id, erasure_id)
            await outbox.put(
                tx,
                service=PUBLISHER,
                subject=subjects.erasure_recorded(workspace_id, erasure_id),
                message_id=tombstone.message_id(),
                body=tombstone.model_dump_json().encode(),
            )
    if missing:
        log.warning("tombstones_published_again", erasures=len(missing))
    return len(missing)


async def _subjects(bus: Bus) -> dict[UUID, str]:
    """Erasure → its subject, of everything in the stream."""
    found: dict[UUID, str] = {}
    while True:
        answer = await ask(bus, f"STREAM.INFO.{STREAM}", {"subjects_filter": ">", "offset": len(found)})
        page: Collection[str] = answer["state"].get("subjects") or ()
        found |= {UUID(subject.rpartition(".")[2]): subject for subject in page}
        if len(page) < PAGE:
            return found


async def _read(bus: Bus, subject: str) -> Tombstone:
    answer = await ask(bus, f"STREAM.MSG.GET.{STREAM}", {"last_by_subj": subject})
    return Tombstone.model_validate_json(base64.b64decode(answer["message"]["data"]))
