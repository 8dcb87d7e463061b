"""What was measured of a model's calls in this workspace: figures to put into its scores. Read from rollups."""

from typing import Any
from uuid import UUID

from burnish_gateway.models import store
from burnish_shared.clock import Clock
from burnish_shared.db.session import Tx
from burnish_shared.measures import merged, quantile


async def measure(tx: Tx, workspace_id: UUID, model: str, *, clock: Clock) -> dict[str, Any]:
    """Of the last seven days: how many executions, which share succeeded (cancelled and blocked ones aside), and what half of them took.

    All are None where there was none; nobody's scores are changed by it.
    """
    rows = await store.measured(tx, workspace_id, model, since=clock.now() - store.MEASURED_OVER)
    executions = sum(row["executions"] for row in rows)
    judged = executions - sum(row["cancelled"] + row["blocked"] for row in rows)
    counts: list[int] = []
    for row in rows:
        counts = merged(counts, row["latency"])
    half = quantile(counts, 0.5)
    return {
        "measured_executions": executions,
        "measured_reliability": round(sum(row["successes"] for row in rows) / judged, 4) if judged else None,
        "measured_latency_ms": None if half is None else round(half),
    }
