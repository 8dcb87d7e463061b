"""`/v1/test-runs`, `/v1/optimizations` and `/v1/suggestions`."""

from functools import partial
from typing import Annotated, Any, Literal
from uuid import UUID

from asyncpg import Record
from fastapi import Query, Request
from fastapi.responses import Response
from pydantic import BaseModel

from burnish_gateway.access import audit
from burnish_gateway.access.principal import Principal
from burnish_gateway.deps import Editor, Gateway, GatewayParts, PromptEditor, Viewer, request_id_of
from burnish_gateway.error_answer import PAID
from burnish_gateway.execution.streaming import EventStream
from burnish_gateway.idempotency import run_once
from burnish_gateway.optimization import (
    answers,
    compare_runs_routes,
    decide,
    forecast_routes,
    proposals_routes,
    run_file_routes,
    store,
    suggest_routes,
    suggestion_answers,
    summary_routes,
)
from burnish_gateway.optimization.bodies import AcceptBody, OptimizationBody, RejectBody, TestRunBody
from burnish_gateway.optimization.follow import follow_job
from burnish_gateway.optimization.start import start_optimization
from burnish_gateway.optimization.start_run import start_test_runs
from burnish_gateway.optimization.store import RunKind
from burnish_gateway.optimization.wake import wake_test_runs
from burnish_gateway.paging import PAGE_DEFAULT, PAGE_MOST
from burnish_gateway.readable import read_or_later, readable
from burnish_gateway.still_allowed import while_allowed
from burnish_gateway.wire import include, make_router
from burnish_shared.db.session import Tx
from burnish_shared.errors import NotFound
from burnish_shared.slug import MAX_VERSION, parse_slug

router = make_router("optimization")
include(router, summary_routes.router)  # before the routes of one run, whose id would take its place
include(router, forecast_routes.router)
include(router, proposals_routes.router)
include(router, suggest_routes.router)
include(router, compare_runs_routes.router)
include(router, run_file_routes.router)

Limit = Annotated[int, Query(ge=1, le=PAGE_MOST)]
Slug = Annotated[str | None, Query(max_length=130, description="Only those of this prompt.")]
GOING_ON = ("pending", "running")
RunStatus = Literal["pending", "running", "completed", "failed", "cancelled"]
TestRunStatus = Literal["pending", "running", "paused", "completed", "failed", "cancelled"]


@router.post("/v1/test-runs", status_code=202, response_model=answers.StartedRunsAnswer, responses=PAID, summary="Start test runs")
async def create_test_run(request: Request, gateway: GatewayParts, principal: Editor, body: TestRunBody) -> Response:
    """Runs a version of a prompt, or several by several models, or of a chain, over a split of a dataset, in the background."""

    async def work(tx: Tx) -> answers.StartedRunsAnswer:
        started = await start_test_runs(tx, principal, body)
        for one in started:
            asked = _asked(body) | {"version": one.version} | ({"model": one.model} if one.model else {})
            await audit.note(tx, principal, action="test_run.started", kind="test_run", key=str(one.id), after=asked)
        return answers.started_runs_answer(started)

    return await _started(gateway, await run_once(gateway, request, principal, status=202, work=work))


@router.get("/v1/test-runs", summary="Test runs, the newest first")
async def list_test_runs(
    *,
    gateway: GatewayParts,
    principal: Viewer,
    prompt: Slug = None,
    chain: Annotated[str | None, Query(max_length=130, description="Only those of this chain.")] = None,
    status: TestRunStatus | None = None,
    dataset_id: Annotated[UUID | None, Query(description="Only the runs on this dataset, in whichever version.")] = None,
    group_id: Annotated[UUID | None, Query(description="Only the runs that one request started.")] = None,
    version: Annotated[
        int | None, Query(ge=1, le=MAX_VERSION, description="Only the runs of this version, of a prompt or a chain.")
    ] = None,
    source: Annotated[
        Literal["dataset", "test_cases"] | None, Query(description="Only runs over test cases of the version, or only the others.")
    ] = None,
    limit: Limit = PAGE_DEFAULT,
    cursor: str | None = None,
) -> answers.TestRunPage:
    of_cases = None if source is None else source == "test_cases"
    slug = None if chain is None else parse_slug(chain, param="chain")
    of = {"chain": slug, "dataset_id": dataset_id, "group_id": group_id, "version": version, "of_cases": of_cases}
    page = await _list(gateway, principal, "test_run", prompt=prompt, status=status, **of, limit=limit, cursor=cursor)
    data = readable(page["data"], partial(answers.test_run_answer, in_full=False), what="test run")
    return answers.TestRunPage(data=data, next_cursor=page["next_cursor"])


@router.get("/v1/test-runs/{run_id}", summary="One test run")
async def read_test_run(gateway: GatewayParts, principal: Viewer, run_id: UUID) -> answers.TestRunAnswer:
    return read_or_later(await _find(gateway, principal, "test_run", run_id), answers.test_run_answer, what="test run")


@router.post("/v1/test-runs/{run_id}/pause", response_model=answers.TestRunAnswer, summary="Pause a test run")
async def pause_test_run(request: Request, gateway: GatewayParts, principal: Editor, run_id: UUID) -> Response:
    """What is on its way comes to its end within seconds, and nothing more is asked until it is resumed. Its credit stays set aside.

    What is paused or has ended stays as it is.
    """

    async def work(tx: Tx) -> answers.TestRunAnswer:
        return answers.test_run_answer(await _set_paused(tx, principal, run_id, paused=True))

    return await run_once(gateway, request, principal, status=200, work=work)


@router.post("/v1/test-runs/{run_id}/resume", response_model=answers.TestRunAnswer, summary="Go on with a paused test run")
async def resume_test_run(request: Request, gateway: GatewayParts, principal: Editor, run_id: UUID) -> Response:
    """Goes on where it was: what was answered is not asked, or paid, again. One that is not paused stays as it is."""

    async def work(tx: Tx) -> answers.TestRunAnswer:
        return answers.test_run_answer(await _set_paused(tx, principal, run_id, paused=False))

    return await _started(gateway, await run_once(gateway, request, principal, status=200, work=work))


@router.post("/v1/test-runs/{run_id}/cancel", response_model=answers.TestRunAnswer, summary="Stop a test run")
async def cancel_test_run(request: Request, gateway: GatewayParts, principal: Editor, run_id: UUID) -> Response:
    """Stops within seconds. What has ended stays as it is."""

    async def work(tx: Tx) -> answers.TestRunAnswer:
        return answers.test_run_answer(await _cancel(tx, principal, "test_run", run_id))

    return await run_once(gateway, request, principal, status=200, work=work)


@router.post("/v1/optimizations", status_code=202, response_model=answers.StartedAnswer, responses=PAID, summary="Start an optimization")
async def create_optimization(request: Request, gateway: GatewayParts, principal: Editor, body: OptimizationBody) -> Response:
    """Searches a better prompt on train and validation, and measures it once on test, in the background."""

    async def work(tx: Tx) -> answers.StartedAnswer:
        started = await start_optimization(tx, principal, body)
        await audit.note(tx, principal, action="optimization.started", kind="optimization", key=str(started.id), after=_asked(body))
        return answers.started_answer(started)

    return await _started(gateway, await run_once(gateway, request, principal, status=202, work=work))


@router.get("/v1/optimizations", summary="Optimizations, the newest first")
async def list_optimizations(
    *,
    gateway: GatewayParts,
    principal: Viewer,
    prompt: Slug = None,
    status: RunStatus | None = None,
    limit: Limit = PAGE_DEFAULT,
    cursor: str | None = None,
) -> answers.OptimizationPage:
    page = await _list(gateway, principal, "optimization", prompt=prompt, status=status, limit=limit, cursor=cursor)
    data = readable(page["data"], partial(answers.optimization_answer, in_full=False), what="optimization")
    return answers.OptimizationPage(data=data, next_cursor=page["next_cursor"])


@router.get("/v1/optimizations/{job_id}", summary="One optimization")
async def read_optimization(gateway: GatewayParts, principal: Viewer, job_id: UUID) -> answers.OptimizationAnswer:
    return answers.optimization_answer(await _find(gateway, principal, "optimization", job_id))


@router.get("/v1/optimizations/{job_id}/events", response_class=EventStream, summary="Follow an optimization as it goes")
async def follow_optimization(request: Request, gateway: GatewayParts, principal: Viewer, job_id: UUID) -> Response:
    """Server-sent events: `progress` as it changes, `done` with the job at the end; `error` where this gateway is stopped: ask again."""
    await _find(gateway, principal, "optimization", job_id)
    events = follow_job(gateway, principal.workspace_id, job_id, request_id=request_id_of(request))
    return EventStream(while_allowed(events, request, principal), headers={})


@router.post("/v1/optimizations/{job_id}/cancel", response_model=answers.OptimizationAnswer, summary="Stop an optimization")
async def cancel_optimization(request: Request, gateway: GatewayParts, principal: Editor, job_id: UUID) -> Response:
    """Stops within seconds; what was not spent goes back. What has ended stays as it is."""

    async def work(tx: Tx) -> answers.OptimizationAnswer:
        return answers.optimization_answer(await _cancel(tx, principal, "optimization", job_id))

    return await run_once(gateway, request, principal, status=200, work=work)


@router.get("/v1/suggestions", summary="Suggestions, the newest first")
async def list_suggestions(
    *,
    gateway: GatewayParts,
    principal: Viewer,
    prompt: Slug = None,
    status: Literal["open", "accepted", "rejected"] | None = None,
    limit: Limit = PAGE_DEFAULT,
    cursor: str | None = None,
) -> suggestion_answers.SuggestionPage:
    position = gateway.cursors.open(cursor, principal.workspace_id, of="suggestions")
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
        found = await store.list_suggestions(
            tx,
            principal.workspace_id,
            slug=None if prompt is None else parse_slug(prompt, param="prompt"),
            status=status,
            before=UUID(position[0]) if position else None,
            limit=limit + 1,
        )
    page = _page(gateway, principal, found, limit=limit, of="suggestions", column="suggestion_id")
    return suggestion_answers.SuggestionPage(
        data=[suggestion_answers.suggestion_answer(row) for row in page["data"]], next_cursor=page["next_cursor"]
    )


@router.get("/v1/suggestions/{suggestion_id}", summary="One suggestion with its evidence")
async def read_suggestion(gateway: GatewayParts, principal: Viewer, suggestion_id: UUID) -> suggestion_answers.SuggestionAnswer:
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
        row = await store.find_suggestion(tx, principal.workspace_id, suggestion_id)
    if row is None:
        raise decide.no_such_suggestion()
    return suggestion_answers.suggestion_answer(row)


@router.get("/v1/suggestions/{suggestion_id}/cases", summary="List the cases that change")
async def read_suggestion_cases(gateway: GatewayParts, principal: Viewer, suggestion_id: UUID) -> suggestion_answers.CasesAnswer:
    """Test items that it breaks and fixes, at most 50 of each, with both answers."""
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
        row = await store.find_suggestion(tx, principal.workspace_id, suggestion_id)
        if row is None:
            raise decide.no_such_suggestion()
        return suggestion_answers.cases_answer(
            await store.changed_cases(tx, principal.workspace_id, row["job_id"], row["evidence"]), row["evidence"]
        )


@router.post(
    "/v1/suggestions/{suggestion_id}/accept",
    response_model=suggestion_answers.AcceptedAnswer,
    summary="Accept a suggestion: it becomes a version",
)
async def accept_suggestion(
    request: Request, gateway: GatewayParts, principal: PromptEditor, suggestion_id: UUID, body: AcceptBody | None = None
) -> Response:
    """Makes what was measured the next version, and moves a label to it (`production`, unless another or null is given).

    With `rollout` the label stays for now: a guarded rollout begins, which gives the new version to more and more calls while its
    guardrails hold, and moves the label at its end.
    """

    async def work(tx: Tx) -> suggestion_answers.AcceptedAnswer:
        accepted = await decide.accept(tx, principal, suggestion_id, body or AcceptBody.model_construct(), clock=gateway.clock)
        row = await store.find_suggestion(tx, principal.workspace_id, suggestion_id)
        return suggestion_answers.AcceptedAnswer(
            id=suggestion_id, prompt=row["slug"] if row else "", version=accepted.version, label=accepted.label,
            experiment_id=accepted.experiment_id, rollout_warning=accepted.rollout_warning,
        )  # fmt: skip

    answer = await run_once(gateway, request, principal, status=200, work=work)
    await gateway.catalog.catch_up()
    return answer


@router.post(
    "/v1/suggestions/{suggestion_id}/reject",
    response_model=suggestion_answers.SuggestionAnswer,
    summary="Reject a suggestion, with a reason",
)
async def reject_suggestion(
    request: Request, gateway: GatewayParts, principal: PromptEditor, suggestion_id: UUID, body: RejectBody
) -> Response:
    async def work(tx: Tx) -> suggestion_answers.SuggestionAnswer:
        await decide.reject(tx, principal, suggestion_id, reason=body.reason, clock=gateway.clock)
        row = await store.find_suggestion(tx, principal.workspace_id, suggestion_id)
        if row is None:
            raise decide.no_such_suggestion()
        return suggestion_answers.suggestion_answer(row)

    return await run_once(gateway, request, principal, status=200, work=work)


async def _started(gateway: Gateway, response: Response) -> Response:
    """The wake-up leaves at once."""
    gateway.relay.wake()
    return response


async def _find(gateway: Gateway, principal: Principal, kind: RunKind, run_id: UUID) -> Record:
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
        row = await store.find_run(tx, principal.workspace_id, kind, run_id)
    if row is None:
        raise _no_such(kind)
    return row


async def _cancel(tx: Tx, principal: Principal, kind: RunKind, run_id: UUID) -> Record:
    before = await store.find_run(tx, principal.workspace_id, kind, run_id)
    await store.ask_to_cancel(tx, principal.workspace_id, kind, run_id)
    row = await store.find_run(tx, principal.workspace_id, kind, run_id)
    if row is None or before is None:
        raise _no_such(kind)
    if before["status"] in GOING_ON:
        was, now = {"status": before["status"]}, {"status": row["status"], "cancel_requested": True}
        await audit.note(tx, principal, action=f"{kind}.cancelled", kind=kind, key=str(run_id), before=was, after=now)
    return row


async def _set_paused(tx: Tx, principal: Principal, run_id: UUID, *, paused: bool) -> Record:
    changed = await store.set_paused(tx, principal.workspace_id, run_id, paused=paused)
    row = await store.find_run(tx, principal.workspace_id, "test_run", run_id)
    if row is None:
        raise _no_such("test_run")
    if changed:
        if not paused:
            await wake_test_runs(tx, run_id, workspace_id=principal.workspace_id)
        action = "test_run.paused" if paused else "test_run.resumed"
        await audit.note(
            tx, principal, action=action, kind="test_run", key=str(run_id), before={"paused": not paused}, after={"paused": paused}
        )
    return row


def _asked(body: BaseModel) -> dict[str, Any]:
    """What was asked for, as the audit log keeps it: names, ids and numbers."""
    return body.model_dump(mode="json", exclude_none=True)


async def _list(
    gateway: Gateway,
    principal: Principal,
    kind: RunKind,
    *,
    prompt: str | None,
    status: str | None,
    limit: int,
    cursor: str | None,
    **of: Any,
) -> dict[str, Any]:
    """`of`: what the store may look for besides."""
    position = gateway.cursors.open(cursor, principal.workspace_id, of=kind)
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
        found = await store.list_runs(
            tx,
            principal.workspace_id,
            kind,
            slug=None if prompt is None else parse_slug(prompt, param="prompt"),
            status=status,
            **of,
            before=UUID(position[0]) if position else None,
            limit=limit + 1,
        )
    return _page(gateway, principal, found, limit=limit, of=kind, column="test_run_id" if kind == "test_run" else "job_id")


def _page(gateway: Gateway, principal: Principal, rows: list[Any], *, limit: int, of: str, column: str) -> dict[str, Any]:
    return gateway.cursors.page(rows, limit=limit, workspace_id=principal.workspace_id, of=of, position=lambda row: [row[column]])


def _no_such(kind: RunKind) -> NotFound:
    return NotFound(f"There is no such {'test run' if kind == 'test_run' else 'optimization'} in this workspace.")
