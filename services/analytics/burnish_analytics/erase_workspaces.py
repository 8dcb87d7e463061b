"""Erasure of whole workspaces (PROMISES P-02): configuration goes in batches, retention with 0 days takes text and persons of the rest."""

import structlog

from burnish_analytics.forget_old import Forgotten, forget_some
from burnish_analytics.io import erasures_store as store
from burnish_shared.db.session import Database
from burnish_shared.ids import new_uuid

log = structlog.get_logger("burnish.analytics")


async def erase_workspaces(db: Database, *, batch_rows: int) -> int:
    """Goes on with every workspace that is to be erased. Returns how many it finished. What is still under way is waited for."""
    async with db.unit_of_work() as tx:
        due = await store.workspaces_due(tx)
    finished = 0
    for workspace_id in due:
        step = "more"
        while step == "more":
            async with db.unit_of_work() as tx:
                step = await store.erase_workspace_step(tx, workspace_id, at_most=batch_rows)
        if step != "done":
            continue
        while await forget_some(db, workspace_id, Forgotten(), batch_rows=batch_rows):
            pass
        async with db.unit_of_work(workspaces={workspace_id}) as tx:
            if await store.close_workspace(tx, workspace_id):
                await store.note_erased_workspace(tx, workspace_id, new_uuid())
                finished += 1
        log.info("workspace_erased", workspace_id=str(workspace_id))
    return finished
