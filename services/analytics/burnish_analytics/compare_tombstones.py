"""Compares the stream of erasures with the table (PROMISES P-04): after a restore of PostgreSQL the stream knows more, and the erasures
made since the backup are done again; after a loss of the stream the table knows more, and they are published again.
"""

import base64
import json
from collections.abc import Collection
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import structlog

from burnish_analytics.io import erasures_store as store
from burnish_analytics.io.erasures_store import Tombstone
from burnish_shared import streams
from burnish_shared.bus.api import ask
from burnish_shared.bus.connect import Bus
from burnish_shared.db.session import Database

log = structlog.get_logger("burnish.analytics")

STREAM: Final = streams.ERASURES.name
PAGE: Final = 100_000
"""Subjects that the server lists at once."""


async def restore_lost(db: Database, bus: Bus) -> int:
    """Puts erasures that only the stream knows back into the table. Returns how many. Raises Unavailable when NATS does not answer."""
    subjects = await _subjects(bus)
    if not subjects:
        return 0
    async with db.unit_of_work() as tx:
        known = await store.known(tx, subjects)
    lost = sorted(subjects.keys() - known)
    for erasure_id in lost:
        tombstone = await _read(bus, subjects[erasure_id])
        async with db.unit_of_work(workspaces={tombstone.workspace_id}) as tx:
            await store.restore(tx, [tombstone])
    if lost:
        log.warning("erasures_restored", erasures=len(lost))
    return len(lost)


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
    body: dict[str, Any] = json.loads(base64.b64decode(answer["message"]["data"]))
    return Tombstone(
        erasure_id=UUID(body["erasure_id"]),
        workspace_id=UUID(body["workspace_id"]),
        subject_digest=bytes.fromhex(body["subject_digest"]),
        requested_by=body["requested_by"],
        requested_at=datetime.fromisoformat(body["requested_at"]),
    )
