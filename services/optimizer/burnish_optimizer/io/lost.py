"""Which executions are under way nowhere although their message was stored: an executor refused them, and nobody heard of it.

Their refusal is a frame on core NATS. Where the process that asked had died, or the frame was lost, there is no row to find, and the
stream takes the next message for a repeat.
"""

from collections.abc import Sequence
from uuid import UUID

from burnish_optimizer.io import evaluations_store
from burnish_optimizer.io.asked import Asked
from burnish_shared import subjects
from burnish_shared.bus.api import ApiError, ask
from burnish_shared.bus.connect import Bus
from burnish_shared.db.session import Database
from burnish_shared.errors import Unavailable
from burnish_shared.streams import EXECUTIONS


async def lost_of(silent: Sequence[Asked], *, db: Database, bus: Bus, workspace_id: UUID) -> set[UUID]:
    """The executions of those whose first message came to nothing while nobody listened: they may be sent again at once.

    Once: what was sent again comes to nothing for other reasons (it kills its executor, say), and waits its time.
    """
    first = {asked.execution_id: asked for asked in silent if asked.sent == 1}
    nowhere = await under_way_nowhere(db, bus, workspace_id, list(first)) if first else set()
    lost = {one for one in nowhere if first[one].execution_id == one and first[one].sent == 1}
    for one in lost:
        first[one].refused = 1
    return lost


async def under_way_nowhere(db: Database, bus: Bus, workspace_id: UUID, execution_ids: Sequence[UUID]) -> set[UUID]:
    """Those of executions of one workspace, whose messages the stream has acknowledged, that have come to nothing.

    Empty where that cannot be known: while any request of the workspace lies in the stream, or one of the two cannot be asked. An executor
    acknowledges a request only once it is booked or refused (and a copy at the end of the queue is written before), so what has no
    message first, and no row and no hold afterwards, is worked on by nobody. Should a new leader of the stream not have caught up, one
    more message is the worst of it: the claim in the books lets one of two be booked.
    """
    subject = subjects.executions_requested_batch(workspace_id)
    try:
        info = await ask(bus, f"STREAM.INFO.{EXECUTIONS.name}", {"subjects_filter": subject})
        if (info["state"].get("subjects") or {}).get(subject, 0):
            return set()
        async with db.unit_of_work(workspace=workspace_id) as tx:
            return set(execution_ids) - await evaluations_store.find_known(tx, execution_ids)
    except (ApiError, Unavailable):
        return set()
