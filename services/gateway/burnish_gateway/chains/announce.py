"""The event of a run that ended: ids and numbers, no text."""

from datetime import datetime
from typing import Any, Final

from burnish_shared.contracts.events import Event
from burnish_shared.db.outbox import put_event
from burnish_shared.db.session import Tx
from burnish_shared.ids import new_uuid

SERVICE: Final = "gateway"


async def run_completed(tx: Tx, run: Any, *, now: datetime) -> None:
    """`run`: its row, as it ended. Sent however it ended; `status` tells."""
    data = {
        "chain_run_id": str(run["run_id"]), "chain_id": str(run["chain_id"]), "slug": run["slug"], "version": run["version"],
        "status": run["status"], "failed_step": run["failed_step"], "cost_nusd": run["spent_nusd"],
        "error_code": run["error"]["code"] if run["error"] else None,
    }  # fmt: skip
    event = Event(
        id=new_uuid(), type="chain_run.completed", workspace_id=run["workspace_id"], occurred_at=now, object_id=str(run["run_id"]),
        simulated=run["simulated"], traceparent=run["traceparent"], hops=run["hops"], data=data,
    )  # fmt: skip
    await put_event(tx, event, service=SERVICE)
