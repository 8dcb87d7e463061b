"""`…/statistics`: how an endpoint does, day by day. Read from sums of days, however many attempts there were."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Annotated
from uuid import UUID

from fastapi import Query
from fastapi.responses import Response
from pydantic import BaseModel, Field

from burnish_gateway.deps import GatewayParts, Viewer
from burnish_gateway.webhooks import configure_endpoint, statistics_store
from burnish_gateway.webhooks.endpoint import endpoint_id_of
from burnish_gateway.webhooks.statistics_store import Day, Troubles
from burnish_gateway.wire import json_response, make_router
from burnish_shared.contracts.webhooks import message_id
from burnish_shared.measures import RELATIVE_ERROR, merged, quantile

router = make_router("webhooks")

DAYS_MOST = 90


class AttemptSums(BaseModel):
    """Attempts of a time. Percentiles are of the time until an attempt ended, in ms, within 2 %; null where there was none."""

    delivered: int
    failed: int
    success_share: float | None = Field(description="0 to 1; null where there was no attempt.")
    filtered: int = Field(description="Events that the condition kept back.")
    filter_failed: int = Field(description="Events for which the condition could not be evaluated; they were not sent.")
    p50_ms: float | None
    p95_ms: float | None


class DayAnswer(AttemptSums):
    day: date = Field(description="UTC")


class LastFailure(BaseModel):
    at: datetime
    error_class: str
    status_code: int | None
    delivery_id: str


class StatisticsAnswer(BaseModel):
    total: AttemptSums
    days: list[DayAnswer] = Field(description="The oldest first; days without anything are left out.")
    last_failure: LastFailure | None
    last_filter_error: str | None
    last_filter_error_at: datetime | None
    relative_error: float = Field(description="Of the percentiles.")


@router.get("/v1/webhooks/endpoints/{endpoint_id}/statistics", response_model=StatisticsAnswer, summary="How an endpoint does")
async def get_statistics(
    endpoint_id: str, principal: Viewer, gateway: GatewayParts, *, days: Annotated[int, Query(ge=1, le=DAYS_MOST)] = 30
) -> Response:
    """Success, time and what its condition kept back, in total and by day, and what went wrong last."""
    wanted = endpoint_id_of(endpoint_id)
    since = (gateway.clock.now() - timedelta(days=days - 1)).date()
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
        await configure_endpoint.find_endpoint(tx, principal, wanted)
        found = await statistics_store.days(tx, principal.workspace_id, wanted, since=since)
        troubles = await statistics_store.troubles(tx, principal.workspace_id, wanted)
    return json_response(
        StatisticsAnswer(
            total=_sums(found),
            days=[DayAnswer(day=one.day, **_sums([one]).model_dump()) for one in found],
            last_failure=_last_failure(troubles, wanted),
            last_filter_error=troubles.last_filter_error if troubles else None,
            last_filter_error_at=troubles.last_filter_error_at if troubles else None,
            relative_error=RELATIVE_ERROR,
        )
    )


def _sums(days: Sequence[Day]) -> AttemptSums:
    delivered, failed = sum(one.delivered for one in days), sum(one.failed for one in days)
    latency: list[int] = []
    for one in days:
        latency = merged(latency, one.latency)
    return AttemptSums(
        delivered=delivered,
        failed=failed,
        success_share=delivered / (delivered + failed) if delivered + failed else None,
        filtered=sum(one.filtered for one in days),
        filter_failed=sum(one.filter_failed for one in days),
        p50_ms=quantile(latency, 0.5),
        p95_ms=quantile(latency, 0.95),
    )


def _last_failure(troubles: Troubles | None, endpoint_id: UUID) -> LastFailure | None:
    if troubles is None or troubles.last_failed_at is None or troubles.last_failed_event is None:
        return None
    return LastFailure(
        at=troubles.last_failed_at,
        error_class=troubles.last_error_class or "http_status",
        status_code=troubles.last_status_code,
        delivery_id=message_id(troubles.last_failed_event, endpoint_id),
    )
