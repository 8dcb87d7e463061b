"""A job's progress as server-sent events, read from its row: what is told is what is written."""

import asyncio
import json
from collections.abc import AsyncGenerator
from uuid import UUID

from burnish_gateway.deps import Gateway
from burnish_gateway.execution.streaming import KEEP_ALIVE, KEEP_ALIVE_S, error_event
from burnish_gateway.optimization import answers, store
from burnish_shared.errors import Unavailable

LOOK_EVERY_S = 0.5

ENDED = frozenset({"completed", "failed", "cancelled"})


async def follow_job(gateway: Gateway, workspace_id: UUID, job_id: UUID, *, request_id: str) -> AsyncGenerator[bytes, None]:
    """`progress` whenever it changed, `done` with the whole job at the end, comments in between so that proxies keep the line open.

    Ends without `done` where the job is removed meanwhile, with the prompt that it belongs to, and with `error` where this gateway is
    stopped and gives no more time; the job goes on.
    """
    told, silent_s = b"", 0.0
    while True:
        try:
            async with gateway.db.unit_of_work(workspace=workspace_id, read_only=True) as tx:
                row = await store.find_run(tx, workspace_id, "optimization", job_id)
        except Unavailable:
            row = None
        else:
            if row is None:
                return
        if row is not None and row["status"] in ENDED:
            yield _event("done", answers.optimization_answer(row).model_dump_json().encode())
            return
        if row is not None:
            event = _event(
                "progress", json.dumps({"id": str(job_id), "status": row["status"], "progress": answers.progress_of(row)}).encode()
            )
            if event != told:
                told, silent_s = event, 0.0
                yield event
        if gateway.inbox.is_over:
            yield error_event(
                Unavailable("This gateway is stopped, and the job goes on: follow it again.", retry_after_s=1), request_id=request_id
            )
            return
        if silent_s >= KEEP_ALIVE_S:
            silent_s = 0.0
            yield KEEP_ALIVE
        await asyncio.sleep(LOOK_EVERY_S)
        silent_s += LOOK_EVERY_S


def _event(name: str, data: bytes) -> bytes:
    return b"event: %s\ndata: %s\n\n" % (name.encode(), data)
