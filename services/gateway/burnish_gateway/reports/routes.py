"""`/v1/reports`: made when asked for or by schedule, and kept."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Final
from uuid import UUID

from fastapi import Query, Request
from fastapi.responses import Response

from burnish_gateway.access import audit
from burnish_gateway.access.principal import Principal
from burnish_gateway.deps import Editor, Gateway, GatewayParts, Viewer
from burnish_gateway.idempotency import run_once
from burnish_gateway.insights.csv_file import CSV_ANSWER, Format, csv_response
from burnish_gateway.paging import PAGE_DEFAULT, PAGE_MOST
from burnish_gateway.reports import facts_store, schedule_routes, store
from burnish_gateway.reports.answers import ReportAnswer, ReportBody, ReportHead, ReportPage
from burnish_gateway.reports.in_words import ReportLine, lines_of
from burnish_gateway.reports.make_report import period_of
from burnish_gateway.reports.of_experiment import ended_experiment, target_of_experiment, time_of
from burnish_gateway.reports.schedule import Every
from burnish_gateway.reports.target import Kind, target_of
from burnish_gateway.reports.write_report import write_report
from burnish_gateway.wire import include, json_response, make_router
from burnish_shared.db.session import Tx
from burnish_shared.errors import InvalidField, NotFound
from burnish_shared.moments import in_utc

router = make_router("analytics")
include(router, schedule_routes.router)  # before the routes of one report, whose id would take its place

DEFAULT_RANGE: Final = timedelta(days=7)
LONGEST_RANGE: Final = timedelta(days=400)
LIST: Final = "reports"


@router.post("/v1/reports", status_code=201, response_model=ReportAnswer, summary="Make a report")
async def post_report(request: Request, body: ReportBody, principal: Editor, gateway: GatewayParts) -> Response:
    """Of the workspace, or of one prompt, version, model, API key or end user, beside the time of the same length before; or of an
    experiment that ended, with every figure of every arm, over the time that it ran."""
    if body.kind == "experiment":
        return await _of_experiment(request, body, principal, gateway)
    target, now = target_of(body.kind, body.target), gateway.clock.now()
    end = (body.end or now).astimezone(UTC)
    start = _start(body.start, end)
    period = period_of(start, end, target, now=now)
    named = f": '{target.name}' is not listed, and no call named it" if target.kind == "model" else ""

    async def work(tx: Tx) -> ReportAnswer:
        if not await facts_store.exists(tx, target):
            raise NotFound(f"There is no such {target.kind.replace('_', ' ')}{named}.", param="target")
        return await write_report(tx, principal.workspace_id, target, period, by=principal.actor, now=now)

    answer = await run_once(gateway, request, principal, status=201, work=work)
    gateway.relay.wake()
    return answer


async def _of_experiment(request: Request, body: ReportBody, principal: Principal, gateway: Gateway) -> Response:
    for param, given in (("from", body.start), ("to", body.end)):
        if given is not None:
            raise InvalidField(f"{param}: a report of an experiment is about the time that it ran; leave it out.", param=param)
    now = gateway.clock.now()

    async def work(tx: Tx) -> ReportAnswer:
        experiment = await ended_experiment(tx, principal.workspace_id, body.target)
        target = target_of_experiment(experiment)
        period = period_of(*time_of(experiment, longest=LONGEST_RANGE), target, now=now)
        return await write_report(tx, principal.workspace_id, target, period, by=principal.actor, now=now, experiment=experiment)

    answer = await run_once(gateway, request, principal, status=201, work=work)
    gateway.relay.wake()
    return answer


@router.get("/v1/reports", response_model=ReportPage, summary="Reports that were made")
async def list_reports(
    principal: Viewer,
    gateway: GatewayParts,
    *,
    kind: Kind | None = None,
    target: Annotated[str | None, Query(max_length=200)] = None,
    schedule: Every | None = None,
    limit: Annotated[int, Query(ge=1, le=PAGE_MOST)] = PAGE_DEFAULT,
    cursor: str | None = None,
) -> Response:
    if target is not None and "\x00" in target:
        raise InvalidField("target: must not contain U+0000.", param="target")
    position = gateway.cursors.open(cursor, principal.workspace_id, of=LIST)
    before = UUID(position[0]) if position else None
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
        found = await store.newest(tx, kind=kind, target=target, schedule=schedule, before=before, limit=limit + 1)
    page = found[:limit]
    more = gateway.cursors.make(principal.workspace_id, of=LIST, position=[page[-1].id]) if len(found) > limit else None
    return json_response(ReportPage(data=page, next_cursor=more))


@router.get("/v1/reports/{report_id}", response_model=ReportAnswer, responses=CSV_ANSWER, summary="A report")
async def get_report(
    principal: Viewer,
    gateway: GatewayParts,
    report_id: UUID,
    *,
    file: Annotated[Format, Query(alias="format", description="`csv`: each figure on a line of its own.")] = "json",
) -> Response:
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
        report = await store.find(tx, report_id)
    if report is None:
        raise _no_such_report()
    return csv_response(ReportLine, lines_of(report), name=f"report-{report.id}") if file == "csv" else json_response(report)


@router.delete("/v1/reports/{report_id}", response_model=ReportHead, summary="Delete a report")
async def delete_report(request: Request, principal: Editor, gateway: GatewayParts, report_id: UUID) -> Response:
    async def work(tx: Tx) -> ReportHead:
        gone = await store.delete(tx, report_id)
        if gone is None:
            raise _no_such_report()
        before = {"kind": gone.kind, "schedule": gone.schedule, "created_at": in_utc(gone.created_at)}
        await audit.note(tx, principal, action="report.deleted", kind="report", key=str(report_id), before=before)
        return gone

    return await run_once(gateway, request, principal, status=200, work=work)


def _start(asked: datetime | None, end: datetime) -> datetime:
    try:
        start = asked.astimezone(UTC) if asked is not None else end - DEFAULT_RANGE
        is_too_long = end - start > LONGEST_RANGE
        start - LONGEST_RANGE, end + timedelta(days=1)
    except OverflowError as error:
        raise InvalidField("from: the range reaches beyond the calendar.", param="from") from error
    if start >= end:
        raise InvalidField("from: must lie before `to`.", param="from")
    if is_too_long:
        raise InvalidField(f"from: a report looks at no more than {LONGEST_RANGE.days} days.", param="from")
    return start


def _no_such_report() -> NotFound:
    return NotFound("There is no such report in this workspace.", param="report_id")
