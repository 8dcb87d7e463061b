"""Executions and feedback for tests, as the executor and the gateway would send them, and what the tables then say."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from burnish_analytics.consumers import Intake
from burnish_analytics.housework import Housework
from burnish_analytics.settings import AnalyticsSettings
from burnish_shared.bus.batch import Delivered
from burnish_shared.clock import SetClock
from burnish_shared.contracts.executions import CompletedBatch, CompletedItem, Lane, Status
from burnish_shared.contracts.feedback import FeedbackBatch, FeedbackItem
from burnish_shared.db.session import Database
from burnish_shared.ids import new_uuid
from tests.embedded.superuser import as_superuser

NOON = datetime(2026, 11, 19, 12, 0, 7, tzinfo=UTC)


def settings(**changed: Any) -> AnalyticsSettings:
    given = {
        "DATABASE_URL": "postgresql://unused",
        "NATS_URL": "unused",
        "kek": "unused",
        "period_ms": 50,
        "join_interval_s": 0.1,
        "watch_interval_s": 0.1,
        "adopt_interval_s": 0.1,
    }
    return AnalyticsSettings.model_validate(given | changed)


def execution(workspace_id: UUID, **changed: Any) -> CompletedItem:
    given: dict[str, Any] = {
        "execution_id": new_uuid(),
        "workspace_id": workspace_id,
        "lane": Lane.INTERACTIVE,
        "status": Status.SUCCESS,
        "slug": "route",
        "version": 1,
        "label": "production",
        "model": "simulated/reader",
        "provider": "simulated",
        "input_tokens": 10,
        "output_tokens": 2,
        "cost_nusd": 1800,
        "latency_ms": 120,
        "first_token_ms": 40,
        "simulated": True,
        "finished_at": NOON,
    }
    return CompletedItem.model_validate(given | changed)


def thumb(target: CompletedItem, verdict: int, **changed: Any) -> FeedbackItem:
    given: dict[str, Any] = {
        "feedback_id": new_uuid(),
        "workspace_id": target.workspace_id,
        "target_kind": "execution",
        "target_id": str(target.execution_id),
        "kind": "thumb",
        "value": verdict,
        "user_id": f"user-of-{target.execution_id}",
        "accepted_at": NOON + timedelta(minutes=1),
    }
    return FeedbackItem.model_validate(given | changed)


def records(items: Sequence[CompletedItem]) -> Delivered:
    return _delivered(CompletedBatch(event_id=str(new_uuid()), items=list(items)))


def feedback(items: Sequence[FeedbackItem]) -> Delivered:
    return _delivered(FeedbackBatch(event_id=str(new_uuid()), items=list(items)))


def _delivered(batch: CompletedBatch | FeedbackBatch) -> Delivered:
    return Delivered(batch.model_dump_json().encode(), "subject", 1, 1, {}, batch.event_id)


@dataclass(slots=True)
class Analytics:
    """Handlers and housework on one database, and a superuser's view of it."""

    db: Database
    intake: Intake
    housework: Housework
    clock: SetClock
    superuser_url: str

    async def count(self, *items: CompletedItem | FeedbackItem) -> None:
        """Delivers each kind as one batch, executions first."""
        executions = [one for one in items if isinstance(one, CompletedItem)]
        reactions = [one for one in items if isinstance(one, FeedbackItem)]
        if executions:
            await self.intake.handle_records([records(executions)])
        if reactions:
            await self.intake.handle_feedback([feedback(reactions)])

    async def rows(self, sql: str, *args: object) -> list[dict[str, Any]]:
        async with as_superuser(self.superuser_url, decoded=True) as connection:
            return [dict(row) for row in await connection.fetch(sql, *args)]

    async def rollup(self, workspace_id: UUID, *, grain: str = "day") -> dict[str, int]:
        """Sums over all rollup rows of one grain."""
        [row] = await self.rows(
            """SELECT coalesce(sum(executions), 0)::bigint AS executions, coalesce(sum(thumbs_up), 0)::bigint AS up,
                      coalesce(sum(thumbs_down), 0)::bigint AS down, coalesce(sum(scores), 0)::bigint AS scores,
                      coalesce(sum(score_sum_micro), 0)::bigint AS score_sum, coalesce(sum(reactions), 0)::bigint AS reactions
                 FROM rollups WHERE workspace_id = $1 AND grain = $2""",
            workspace_id,
            grain,
        )
        return row

    async def alerts(self, workspace_id: UUID) -> list[dict[str, Any]]:
        return await self.rows("SELECT * FROM alerts WHERE workspace_id = $1 ORDER BY raised_at", workspace_id)

    async def events(self, workspace_id: UUID) -> list[dict[str, Any]]:
        """Events of a workspace in the outbox, in order."""
        rows = await self.rows("SELECT convert_from(body, 'UTF8') AS event FROM outbox WHERE service = 'analytics' ORDER BY outbox_id")
        events = [json.loads(row["event"]) for row in rows]
        return [one for one in events if one["workspace_id"] == str(workspace_id)]


def analytics_on(db: Database, superuser_url: str, **changed: Any) -> Analytics:
    clock = SetClock(NOON + timedelta(hours=1))
    chosen = settings(**changed)
    return Analytics(
        db=db,
        intake=Intake(db, chosen, clock, wake_relay=lambda: None),
        housework=Housework(db, chosen, clock, wake_relay=lambda: None),
        clock=clock,
        superuser_url=superuser_url,
    )
