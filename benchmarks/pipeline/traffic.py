"""Executions and reactions as executor and gateway would send them."""

import random
from datetime import UTC, datetime, timedelta
from uuid import UUID

from burnish_shared.contracts.executions import CompletedItem, Lane, Status
from burnish_shared.contracts.feedback import FeedbackItem
from burnish_shared.ids import new_uuid

BATCH = 500
PER_SECOND = 50
"""Arrivals, as the bursts of the Azure traces. They decide how many rollup rows a batch touches."""

MIDNIGHT = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def executions(workspace_id: UUID, count: int, *, span_s: float) -> list[CompletedItem]:
    """One after the other over `span_s` before midnight; eight prompts, two models, three apps, a thousand end users."""
    dice = random.Random(count)
    return [
        CompletedItem(
            execution_id=new_uuid(), workspace_id=workspace_id, lane=Lane.INTERACTIVE, status=Status.SUCCESS, slug=f"p{n % 8}", version=1,
            label="production", model=f"m{n % 2}", provider="simulated", app=f"app-{n % 3}", end_user=f"user-{dice.randrange(1000)}",
            input_tokens=dice.randrange(2000), output_tokens=dice.randrange(400), cost_nusd=dice.randrange(10**6),
            latency_ms=dice.randrange(50, 5000), first_token_ms=40, finished_at=MIDNIGHT - timedelta(seconds=span_s * (1 - n / count)),
        )
        for n in range(count)
    ]  # fmt: skip


def reactions(done: list[CompletedItem]) -> list[FeedbackItem]:
    return [
        FeedbackItem(
            feedback_id=new_uuid(), workspace_id=one.workspace_id, target_kind="execution", target_id=str(one.execution_id), kind="thumb",
            value=float(n % 3 > 0), user_id=one.end_user, accepted_at=datetime.now(UTC),
        )
        for n, one in enumerate(done[::10])
    ]  # fmt: skip
