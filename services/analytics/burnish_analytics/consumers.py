"""The two streams that analytics alone reads: finished executions (RECORDS) and feedback (FEEDBACK)."""

from collections.abc import Awaitable, Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, TypeVar
from uuid import UUID

from pydantic import BaseModel, ValidationError

from burnish_analytics import metrics
from burnish_analytics.ingest_batch import Ingested, ingest_executions, ingest_feedback
from burnish_analytics.raise_alerts import KIND, judge_feedback
from burnish_analytics.settings import AnalyticsSettings
from burnish_shared import failpoints
from burnish_shared.bus.batch import Delivered, Poison
from burnish_shared.clock import Clock
from burnish_shared.contracts.executions import CompletedBatch, CompletedItem
from burnish_shared.contracts.feedback import FeedbackBatch, FeedbackItem
from burnish_shared.db.session import Database, Tx
from burnish_shared.metrics import events_dropped_total

RECORDS: Final = "analytics_records"
FEEDBACK: Final = "analytics_feedback"

Item = TypeVar("Item", CompletedItem, FeedbackItem)
Batch = TypeVar("Batch", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Intake:
    """Both handlers, and what they need. A handler may be called twice with the same messages: the second time changes nothing.

    `join_soon` is told of (workspace, execution) whose feedback came and whose execution was not seen.
    """

    db: Database
    settings: AnalyticsSettings
    clock: Clock
    wake_relay: Callable[[], None]
    join_soon: Callable[[Collection[tuple[UUID, UUID]]], None] = lambda executions: None

    async def handle_records(self, messages: Sequence[Delivered]) -> None:
        """Counts finished executions, and the feedback that waited for them."""
        items = [item for message in messages for item in _parsed(message, CompletedBatch).items]
        await self._ingest(items, ingest_executions, consumer=RECORDS, at=lambda item: item.finished_at)
        await failpoints.hit("analytics.records.committed")

    async def handle_feedback(self, messages: Sequence[Delivered]) -> None:
        """Counts feedback, and judges it against its thresholds."""
        items = [item for message in messages for item in _parsed(message, FeedbackBatch).items]
        await self._ingest(items, ingest_feedback, consumer=FEEDBACK, at=lambda item: item.accepted_at)
        await failpoints.hit("analytics.feedback.committed")

    async def _ingest(
        self,
        items: Sequence[Item],
        ingest: Callable[..., Awaitable[Ingested]],
        *,
        consumer: str,
        at: Callable[[Item], datetime],
    ) -> None:
        """Several transactions where there is much: each is complete, and what was done is not done again when a later one fails."""
        for part in _parts(items, self.settings.ingest_most_items):
            now = self.clock.now()
            workspaces: set[UUID] = {one.workspace_id for one in part}
            async with self.db.unit_of_work(workspaces=workspaces) as tx:
                ingested = await ingest(tx, part, period_ms=self.settings.period_ms)
                raised = await self._judge(tx, ingested, now)
            _count(ingested, consumer=consumer, raised=raised)
            if ingested.labels:
                self.wake_relay()
            if ingested.unjoined:
                self.join_soon(ingested.unjoined)
            for one in part:
                metrics.lag_seconds.labels(consumer).observe(max(0.0, (now - at(one)).total_seconds()))

    async def _judge(self, tx: Tx, ingested: Ingested, now: datetime) -> int:
        return await judge_feedback(tx, ingested.labels, now=now, cooldown_s=self.settings.alert_cooldown_s)


def _parsed(message: Delivered, contract: type[Batch]) -> Batch:
    """The body. What does not fit the contract never will: Poison, which costs its neighbours nothing."""
    try:
        return contract.model_validate_json(message.data)
    except ValidationError as error:
        raise Poison(f"not a {contract.__name__}: {error.error_count()} problems", stream_seq=message.stream_seq) from error


def _parts(items: Sequence[Item], size: int) -> Iterator[Sequence[Item]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]


def _count(ingested: Ingested, *, consumer: str, raised: int) -> None:
    for outcome, count in ingested.outcomes.items():
        if outcome.startswith("refused_"):
            events_dropped_total.labels(consumer, outcome.removeprefix("refused_")).inc(count)
        else:
            metrics.items_total.labels(consumer, outcome).inc(count)
    metrics.joined_total.labels("records" if consumer == RECORDS else "feedback").inc(ingested.joined)
    metrics.alerts_raised_total.labels(KIND).inc(raised)
