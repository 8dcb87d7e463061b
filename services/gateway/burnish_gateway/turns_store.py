"""One at a time, where rows are counted, or a name is looked for, before one more is written."""

from typing import Literal
from uuid import UUID

from burnish_shared.db.session import Tx

What = Literal[
    "alert_channels",
    "budgets",
    "clarifications",
    "evaluators",
    "experiment_namespaces",
    "guardrails",
    "inbound_endpoints",
    "invitations",
    "live_evaluations",
    "metrics",
    "model_migrations",
    "optimization_schedules",
    "provider_keys",
    "recounts",
    "saved_views",
    "test_set",
    "webhook_endpoints",
]


async def take_turns(tx: Tx, workspace_id: UUID, what: What) -> None:
    """Until the commit nobody else writes such a row of the workspace, so that what was counted or looked for stays so.

    Taken before anything of it is read; a transaction takes turns at one thing only.
    """
    await tx.execute("SELECT pg_advisory_xact_lock(hashtextextended('burnish.' || $1 || ':' || $2, 0))", what, str(workspace_id))
