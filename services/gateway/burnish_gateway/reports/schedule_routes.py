"""`/v1/reports/schedule`: the digest of the workspace."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from fastapi import Request
from fastapi.responses import Response
from pydantic import BaseModel

from burnish_gateway.access import audit
from burnish_gateway.deps import Admin, GatewayParts, Viewer
from burnish_gateway.idempotency import run_once
from burnish_gateway.reports import schedule_store as store
from burnish_gateway.reports.answers import ReportHead, ScheduleAnswer, ScheduleBody
from burnish_gateway.reports.schedule import WEEKDAYS, Rhythm, next_due, zone_named
from burnish_gateway.reports.write_report import write_digest
from burnish_gateway.wire import json_response, make_router
from burnish_shared.db.session import Tx
from burnish_shared.errors import InvalidField, NotFound

router = make_router("analytics")

OBJECT: Final = "report_schedule"


class ScheduleList(BaseModel):
    """One, or none where no digest is set up."""

    data: list[ScheduleAnswer]


@router.get("/v1/reports/schedules", response_model=ScheduleList, summary="The digest, if one is set up")
async def list_schedules(principal: Viewer, gateway: GatewayParts) -> Response:
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
        found = await store.find(tx)
    return json_response(ScheduleList(data=[] if found is None else [found]))


@router.get("/v1/reports/schedule", response_model=ScheduleAnswer, summary="When the digest comes, and to whom")
async def get_schedule(principal: Viewer, gateway: GatewayParts) -> Response:
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
        return json_response(await _schedule(tx))


@router.put("/v1/reports/schedule", response_model=ScheduleAnswer, summary="Have a digest made every day or week")
async def put_schedule(request: Request, body: ScheduleBody, principal: Admin, gateway: GatewayParts) -> Response:
    """Of the day, or the seven days, before it. It is kept as a report, told as `report.ready`, and sent to the channels."""
    now = gateway.clock.now()
    rhythm = Rhythm(body.every, WEEKDAYS.index(body.weekday), body.hour, zone_named(body.time_zone))

    async def work(tx: Tx) -> ScheduleAnswer:
        await _check_channels(tx, body.channels)
        before = await store.find(tx)
        made = await store.put(tx, principal.workspace_id, body, next_at=next_due(rhythm, after=now), by=principal.actor)
        await audit.note(
            tx, principal, action="report_schedule.set", kind=OBJECT, key="digest", before=before.for_audit() if before else None,
            after=made.for_audit(),
        )  # fmt: skip
        return made

    return await run_once(gateway, request, principal, status=200, work=work)


@router.delete("/v1/reports/schedule", response_model=ScheduleAnswer, summary="Have no digest made")
async def delete_schedule(request: Request, principal: Admin, gateway: GatewayParts) -> Response:
    async def work(tx: Tx) -> ScheduleAnswer:
        gone = await store.delete(tx)
        if gone is None:
            raise _no_schedule()
        await audit.note(tx, principal, action="report_schedule.deleted", kind=OBJECT, key="digest", before=gone.for_audit())
        return gone

    return await run_once(gateway, request, principal, status=200, work=work)


@router.post("/v1/reports/schedule/run", status_code=201, response_model=ReportHead, summary="Make the digest now")
async def run_schedule(request: Request, principal: Admin, gateway: GatewayParts) -> Response:
    """Of the last whole day, or seven days; sent to the channels like any other. The next one comes when it is due."""
    now = gateway.clock.now()

    async def work(tx: Tx) -> ReportHead:
        made = await write_digest(tx, principal.workspace_id, await _schedule(tx), at=now, by=principal.actor, now=now)
        return ReportHead.model_validate(made.model_dump(exclude={"content"}))

    answer = await run_once(gateway, request, principal, status=201, work=work)
    gateway.relay.wake()
    return answer


async def _schedule(tx: Tx) -> ScheduleAnswer:
    found = await store.find(tx)
    if found is None:
        raise _no_schedule()
    return found


async def _check_channels(tx: Tx, channels: Sequence[UUID]) -> None:
    kinds = await store.channel_kinds(tx, channels)
    for one in channels:
        if one not in kinds:
            raise NotFound(f"There is no alert channel {one}.", param="channels")
        if kinds[one] == "pagerduty":
            raise InvalidField(f"channels: {one} is PagerDuty, which takes incidents, not reports.", param="channels")


def _no_schedule() -> NotFound:
    return NotFound("No digest is set up; PUT /v1/reports/schedule sets one up.")
