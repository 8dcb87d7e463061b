"""Tells the optimizer that there is work. Only a wake-up: the row is what counts."""

import json
from uuid import UUID

from burnish_shared import subjects
from burnish_shared.db import outbox
from burnish_shared.db.session import Tx
from burnish_shared.ids import new_uuid

SERVICE = "gateway"


async def wake_test_runs(tx: Tx, run_id: UUID, *, workspace_id: UUID) -> None:
    """One that waits may go on. Under an id of its own: the bus drops a wake-up that it has seen."""
    body = json.dumps({"id": str(run_id), "workspace_id": str(workspace_id)}).encode()
    await outbox.put(tx, service=SERVICE, subject=subjects.TEST_RUNS_REQUESTED, message_id=str(new_uuid()), body=body)


async def wake(tx: Tx, subject: str, run_id: UUID, *, workspace_id: UUID) -> None:
    """One that came now."""
    body = json.dumps({"id": str(run_id), "workspace_id": str(workspace_id)}).encode()
    await outbox.put(tx, service=SERVICE, subject=subject, message_id=str(run_id), body=body)
