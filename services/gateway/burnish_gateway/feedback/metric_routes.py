"""`/v1/metrics`: what the names mean that feedback may carry."""

from datetime import datetime
from typing import Annotated, Any, Final

from asyncpg import Record
from fastapi import Path, Request
from fastapi.responses import Response
from pydantic import BaseModel, Field

from burnish_gateway.access.audit import note
from burnish_gateway.deps import Editor, GatewayParts, Viewer
from burnish_gateway.feedback import metric_store
from burnish_gateway.feedback.bodies import METRIC_NAME
from burnish_gateway.feedback.metric_definition import DEFINITIONS_MOST, Direction, MetricDefinition, MetricType, check_definition
from burnish_gateway.idempotency import run_once
from burnish_gateway.turns_store import take_turns
from burnish_gateway.wire import ApiModel, json_response, make_router
from burnish_shared.db.changes import note_change
from burnish_shared.db.session import Tx
from burnish_shared.errors import Conflict, NotFound

router = make_router("feedback")

KIND: Final = "metric"

MetricName = Annotated[str, Path(pattern=METRIC_NAME, max_length=63)]


class MetricBody(ApiModel):
    """What the values of a metric are, and which are better."""

    type: MetricType = Field(description="`binary`: 0 or 1; `duration_ms`: never negative; `money`: an amount in your currency.")
    direction: Direction = Field(description="Which values are better.")
    min: float | None = Field(default=None, description="The smallest value that is taken.")
    max: float | None = Field(default=None, description="The largest value that is taken.")


class MetricAnswer(BaseModel):
    name: str
    type: MetricType
    direction: Direction
    min: float | None = None
    max: float | None = None
    updated_by: str
    updated_at: datetime


class MetricPage(BaseModel):
    data: list[MetricAnswer]
    next_cursor: None = None


@router.get("/v1/metrics", response_model=MetricPage, summary="All declared metrics, by name")
async def list_metrics(principal: Viewer, gateway: GatewayParts) -> Response:
    """At most 200. A name that is not among them is taken as well: as any number of which nobody knows whether more is better."""
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
        rows = await metric_store.list_all(tx)
    return json_response(MetricPage(data=[_answer(row) for row in rows]))


@router.put("/v1/metrics/{metric}", response_model=MetricAnswer, summary="Declare what a metric means")
async def put_metric(metric: MetricName, request: Request, body: MetricBody, principal: Editor, gateway: GatewayParts) -> Response:
    """From then on values that do not fit are refused with 422. What was taken before stays as it is."""
    definition = MetricDefinition(metric, body.type, body.direction, body.min, body.max)
    check_definition(definition)

    async def work(tx: Tx) -> MetricAnswer:
        await take_turns(tx, principal.workspace_id, "metrics")
        before = await metric_store.find(tx, metric)
        if before is None and len(await metric_store.list_all(tx)) >= DEFINITIONS_MOST:
            raise Conflict(f"A workspace declares at most {DEFINITIONS_MOST} metrics; delete one first.")
        made = _answer(await metric_store.put(tx, principal.workspace_id, definition, author=principal.actor))
        await note(
            tx, principal, action="metric.declared", kind=KIND, key=metric, before=_facts(before), after=body.model_dump(exclude_none=True)
        )
        await note_change(tx, workspace_id=principal.workspace_id, kind="metric", key=metric)
        return made

    return await run_once(gateway, request, principal, status=200, work=work)


@router.delete("/v1/metrics/{metric}", response_model=MetricAnswer, summary="Forget a declaration; the values stay")
async def delete_metric(metric: MetricName, request: Request, principal: Editor, gateway: GatewayParts) -> Response:
    async def work(tx: Tx) -> MetricAnswer:
        gone = await metric_store.delete(tx, metric)
        if gone is None:
            raise NotFound("There is no declared metric of this name.", param="metric")
        await note(tx, principal, action="metric.deleted", kind=KIND, key=metric, before=_facts(gone))
        await note_change(tx, workspace_id=principal.workspace_id, kind="metric", key=metric)
        return _answer(gone)

    return await run_once(gateway, request, principal, status=200, work=work)


def _answer(row: Record) -> MetricAnswer:
    return MetricAnswer(
        name=row["name"], type=row["type"], direction=row["direction"], min=row["min_value"], max=row["max_value"],
        updated_by=row["updated_by"], updated_at=row["updated_at"],
    )  # fmt: skip


def _facts(row: Record | None) -> dict[str, Any] | None:
    if row is None:
        return None
    return _answer(row).model_dump(include={"type", "direction", "min", "max"}, exclude_none=True)
