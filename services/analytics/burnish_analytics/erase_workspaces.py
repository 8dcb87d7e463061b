"""Erasure of whole workspaces (PROMISES P-02): configuration goes in batches, retention with 0 days takes text and persons of the rest;
what nobody could handle goes with them."""

from functools import partial
from uuid import UUID

import structlog

from burnish_analytics.forget_old import Forgotten, forget_some
from burnish_analytics.io import erasures_store as store
from burnish_analytics.take_turns import each
from burnish_shared.db.session import Database
from burnish_shared.ids import new_uuid

log = structlog.get_logger("burnish.analytics")


async def erase_workspaces(db: Database, *, batch_rows: int) -> int:
    """Goes on with every workspace that is to be erased. Returns how many it finished. What is still under way is waited for."""
    async with db.unit_of_work(one_statement=True) as tx:
        due = await store.workspaces_due(tx)
    return await each("erase", due, partial(_erase, db, batch_rows=batch_rows))


async def _erase(db: Database, workspace_id: UUID, *, batch_rows: int) -> int:
    step = "more"
    while step == "more":
        async with db.unit_of_work() as tx:
            step = await store.erase_workspace_step(tx, workspace_id, at_most=batch_rows)
    if step != "done":
        return 0
    while await forget_some(db, workspace_id, Forgotten(), batch_rows=batch_rows):
        pass
    last: UUID | None = UUID(int=0)
    while last is not None:
        async with db.unit_of_work() as tx:
            last = await store.erase_letters_of_workspace(tx, workspace_id, after=last, at_most=batch_rows)
    async with db.unit_of_work(workspaces={workspace_id}) as tx:
        is_closed = await store.close_workspace(tx, workspace_id)
        if is_closed:
            await store.note_erased_workspace(tx, workspace_id, new_uuid())
    if is_closed:
        log.info("workspace_erased", workspace_id=str(workspace_id))
    return int(is_closed)
