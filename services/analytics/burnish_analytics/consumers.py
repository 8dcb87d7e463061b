"""The two streams that analytics alone reads: finished executions (RECORDS) and feedback (FEEDBACK)."""

from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Final, TypeVar
from uuid import UUID

from pydantic import BaseModel, ValidationError

from burnish_analytics import metrics
from burnish_analytics.ingest_batch import Ingested, Target, ingest_executions, ingest_feedback
from burnish_analytics.raise_alerts import KIND, judge_feedback
from burnish_analytics.settings import AnalyticsSettings
from burnish_shared import failpoints
from burnish_shared.bus.batch import Delivered, Poison
from burnish_shared.bus.retry import misfit
from burnish_shared.clock import Clock
from burnish_shared.contracts.feedback import FeedbackBatch
from burnish_shared.contracts.finished_columns import FinishedColumns
from burnish_shared.db.session import Database, Tx
from burnish_shared.metrics import events_dropped_total

RECORDS: Final = "analytics_records"
FEEDBACK: Final = "analytics_feedback"

Body = TypeVar("Body", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Intake:
    """Both handlers, and what they need. A handler may be called twice with the same messages: the second time changes nothing.

    `join_soon` is told of (workspace, execution) whose feedback came and whose execution was not seen, and of what more feedback waits for.
    """

    db: Database
    settings: AnalyticsSettings
    clock: Clock
    wake_relay: Callable[[], None]
    join_soon: Callable[[Collection[Target]], None] = lambda targets: None

    async def handle_records(self, messages: Sequence[Delivered]) -> None:
        """Counts finished executions, and the feedback that waited for them."""
        rows = FinishedColumns.joined([_parsed(message, FinishedColumns.read) for message in messages])
        for start in range(0, len(rows), self.settings.ingest_most_items):
            part = rows.take(slice(start, start + self.settings.ingest_most_items))
            await self._ingest(
                partial(ingest_executions, rows=part),
                consumer=RECORDS,
                workspaces={UUID(one) for one in set(part.workspace_id)},
                oldest=datetime.fromisoformat(min(part.finished_at)),
            )
        await failpoints.hit("analytics.records.committed")

    async def handle_feedback(self, messages: Sequence[Delivered]) -> None:
        """Counts feedback, and judges it against its thresholds."""
        items = [item for message in messages for item in _parsed(message, FeedbackBatch.model_validate_json).items]
        for start in range(0, len(items), self.settings.ingest_most_items):
            part = items[start : start + self.settings.ingest_most_items]
            await self._ingest(
                partial(ingest_feedback, items=part),
                consumer=FEEDBACK,
                workspaces={one.workspace_id for one in part},
                oldest=min(one.accepted_at for one in part),
            )
        await failpoints.hit("analytics.feedback.committed")

    async def _ingest(
        self, ingest: Callable[..., Awaitable[Ingested]], *, consumer: str, workspaces: Collection[UUID], oldest: datetime
    ) -> None:
        """One transaction of several, where there is much: each is complete, and what was done is not done again when a later one fails.

        `oldest`: when the first item of it came to be.
        """
        now = self.clock.now()
        async with self.db.unit_of_work(workspaces=workspaces) as tx:
            ingested = await ingest(tx, period_ms=self.settings.period_ms)
            raised = await self._judge(tx, ingested, now)
        _count(ingested, consumer=consumer, raised=raised)
        if ingested.labels:
            self.wake_relay()
        if ingested.unjoined or ingested.left_over:
            self.join_soon(ingested.unjoined | ingested.left_over)
        metrics.lag_seconds.labels(consumer).observe(max(0.0, (now - oldest).total_seconds()))

    async def _judge(self, tx: Tx, ingested: Ingested, now: datetime) -> int:
        return await judge_feedback(tx, ingested.labels, now=now, cooldown_s=self.settings.alert_cooldown_s)


def _parsed(message: Delivered, read: Callable[[bytes], Body]) -> Body:
    """The body. What does not fit the contract never will: Poison, which costs its neighbours nothing."""
    try:
        return read(message.data)
    except ValidationError as error:
        raise Poison(f"not a {error.title}: {misfit(error)}", stream_seq=message.stream_seq) from error


def _count(ingested: Ingested, *, consumer: str, raised: int) -> None:
    for outcome, count in ingested.outcomes.items():
        if outcome.startswith("refused_"):
            events_dropped_total.labels(consumer, outcome.removeprefix("refused_")).inc(count)
        else:
            metrics.items_total.labels(consumer, outcome).inc(count)
    metrics.joined_total.labels("records" if consumer == RECORDS else "feedback").inc(ingested.joined)
    metrics.alerts_raised_total.labels(KIND).inc(raised)
