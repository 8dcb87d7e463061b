"""`/v1/optimization-schedules`: optimizations that begin by the clock (PRODUCT O1)."""

from datetime import datetime
from typing import Annotated, Any, Final
from uuid import UUID

from asyncpg import Record
from fastapi import Query, Request
from fastapi.responses import Response

from burnish_gateway.access import audit
from burnish_gateway.access.principal import Principal
from burnish_gateway.datasets.dataset import check_unarchived, no_such_dataset
from burnish_gateway.datasets.store import hold_dataset
from burnish_gateway.deps import Editor, Gateway, GatewayParts, Viewer
from burnish_gateway.idempotency import run_once
from burnish_gateway.optimization.bodies import OptimizationBody
from burnish_gateway.optimization.start import JobPlan, check_budget, least_credits, try_plan
from burnish_gateway.optimization.store import take_back_trial
from burnish_gateway.paging import PAGE_DEFAULT, PAGE_MOST
from burnish_gateway.schedules import answers, store
from burnish_gateway.schedules.bodies import ChangeSchedule, ScheduleBody
from burnish_gateway.schedules.rhythm import Rhythm
from burnish_gateway.schedules.start_due import left_of_month
from burnish_gateway.turns_store import take_turns
from burnish_gateway.wire import Text, json_response, make_router
from burnish_shared.db.session import Tx
from burnish_shared.errors import Conflict, InvalidField, NoProviderKey, NotFound
from burnish_shared.ids import new_uuid
from burnish_shared.money import MAX_AMOUNT_NUSD, NUSD_PER_CREDIT
from burnish_shared.slug import parse_slug

router = make_router("optimization")

LIST = "optimization-schedules"
KIND: Final = "schedule"

Limit = Annotated[int, Query(ge=1, le=PAGE_MOST)]
Cursor = Annotated[Text | None, Query(max_length=500)]


@router.post(
    "/v1/optimization-schedules", status_code=201, response_model=answers.ScheduleAnswer, summary="Start optimizations by the clock"
)
async def create_schedule(request: Request, body: ScheduleBody, principal: Editor, gateway: GatewayParts) -> Response:
    """Hourly, daily, or by a cron line in a time zone. A time that was missed is made up for once. While a job of the prompt is under way,
    or the month's cap is reached, a run is left out, and its entry in `…/runs` says so."""

    async def work(tx: Tx) -> answers.ScheduleAnswer:
        rhythm = Rhythm.of(body.line(), body.time_zone)
        await take_turns(tx, principal.workspace_id, "optimization_schedules")
        plan = await _planned(tx, principal, body.optimization)
        _check_month(plan, _nusd(body.month_credits))
        prompt = plan.subject.prompt
        if await store.count_of(tx, principal.workspace_id, prompt.prompt_id) >= store.OF_PROMPT_MOST:
            raise Conflict(f"The prompt '{prompt.slug}' has {store.OF_PROMPT_MOST} schedules, which is the most; remove one first.")
        schedule_id, now = new_uuid(), gateway.clock.now()
        await store.insert(
            tx,
            schedule_id=schedule_id,
            workspace_id=principal.workspace_id,
            prompt_id=prompt.prompt_id,
            slug=prompt.slug,
            name=body.name,
            cron=rhythm.cron,
            time_zone=body.time_zone,
            request=_request(body.optimization),
            month_cap_nusd=_nusd(body.month_credits),
            next_at=None if body.paused else rhythm.next_after(now),
            paused_at=now if body.paused else None,
            created_by=principal.actor,
        )
        made = await _find(tx, principal, schedule_id)
        await audit.note(tx, principal, action="schedule.created", kind=KIND, key=str(schedule_id), after=_audited(made))
        return answers.schedule_answer(made)

    return await run_once(gateway, request, principal, status=201, work=work)


@router.get("/v1/optimization-schedules", response_model=answers.SchedulePage, summary="Schedules of optimizations, the newest first")
async def list_schedules(
    *,
    principal: Viewer,
    gateway: GatewayParts,
    prompt: Annotated[Text | None, Query(max_length=130)] = None,
    cursor: Cursor = None,
    limit: Limit = PAGE_DEFAULT,
) -> Response:
    position = gateway.cursors.open(cursor, principal.workspace_id, of=LIST)
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
        rows = await store.page(
            tx,
            principal.workspace_id,
            slug=None if prompt is None else parse_slug(prompt, param="prompt"),
            before=UUID(position[0]) if position else None,
            limit=limit + 1,
        )
    page = gateway.cursors.page(
        rows, limit=limit, workspace_id=principal.workspace_id, of=LIST, position=lambda row: [str(row["schedule_id"])]
    )
    data = [answers.schedule_answer(row) for row in page["data"]]
    return json_response(answers.SchedulePage(data=data, next_cursor=page["next_cursor"]))


@router.get("/v1/optimization-schedules/{schedule_id}", response_model=answers.WholeScheduleAnswer, summary="One schedule")
async def read_schedule(schedule_id: UUID, principal: Viewer, gateway: GatewayParts) -> Response:
    """With its next times, and what its runs of this month cost."""
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
        row = await _find(tx, principal, schedule_id)
        left = await left_of_month(tx, principal.workspace_id, row, clock=gateway.clock)
    return json_response(answers.whole_answer(row, spent_nusd=row["month_cap_nusd"] - left))


@router.get(
    "/v1/optimization-schedules/{schedule_id}/runs", response_model=answers.RunPage, summary="What came of each time, the newest first"
)
async def list_runs(
    schedule_id: UUID, *, principal: Viewer, gateway: GatewayParts, cursor: Cursor = None, limit: Limit = PAGE_DEFAULT
) -> Response:
    of = f"{LIST}/{schedule_id}"
    position = gateway.cursors.open(cursor, principal.workspace_id, of=of)
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
        await _find(tx, principal, schedule_id)
        before = datetime.fromisoformat(position[0]) if position else None
        rows = await store.runs(tx, principal.workspace_id, schedule_id, before=before, limit=limit + 1)
    page = gateway.cursors.page(
        rows, limit=limit, workspace_id=principal.workspace_id, of=of, position=lambda row: [row["due_at"].isoformat()]
    )
    return json_response(answers.RunPage(data=[answers.run_answer(row) for row in page["data"]], next_cursor=page["next_cursor"]))


@router.patch(
    "/v1/optimization-schedules/{schedule_id}", response_model=answers.ScheduleAnswer, summary="Change, pause or resume a schedule"
)
async def patch_schedule(
    schedule_id: UUID, *, request: Request, body: ChangeSchedule, principal: Editor, gateway: GatewayParts
) -> Response:
    """`{"paused": true}` pauses it: what is under way goes on."""

    async def work(tx: Tx) -> answers.ScheduleAnswer:
        before = await _find(tx, principal, schedule_id, for_update=True)
        await _change(tx, gateway, principal, before, body)
        after = await _find(tx, principal, schedule_id)
        if _audited(before) != _audited(after):
            await audit.note(
                tx, principal, action="schedule.changed", kind=KIND, key=str(schedule_id), before=_audited(before), after=_audited(after)
            )
        return answers.schedule_answer(after)

    return await run_once(gateway, request, principal, status=200, work=work)


@router.delete("/v1/optimization-schedules/{schedule_id}", response_model=answers.RemovedSchedule, summary="Remove a schedule")
async def delete_schedule(schedule_id: UUID, request: Request, principal: Editor, gateway: GatewayParts) -> Response:
    """With its list of runs. Optimizations that it began stay, also what is under way."""

    async def work(tx: Tx) -> answers.RemovedSchedule:
        gone = await _find(tx, principal, schedule_id, for_update=True)
        await store.remove(tx, principal.workspace_id, schedule_id)
        await audit.note(tx, principal, action="schedule.removed", kind=KIND, key=str(schedule_id), before=_audited(gone))
        return answers.RemovedSchedule(id=schedule_id)

    return await run_once(gateway, request, principal, status=200, work=work)


async def _change(tx: Tx, gateway: Gateway, principal: Principal, row: Record, body: ChangeSchedule) -> None:
    """Raises InvalidField, NotFound, Conflict."""
    rhythm = Rhythm.of(body.cron or row["cron"], body.time_zone or row["time_zone"])
    request = row["request"]
    month_cap_nusd = row["month_cap_nusd"] if body.month_credits is None else _nusd(body.month_credits)
    if body.optimization is not None:
        if parse_slug(body.optimization.prompt, param="optimization.prompt") != row["slug"]:
            raise InvalidField("optimization.prompt: a schedule stays with its prompt; make another one.", param="optimization.prompt")
        if body.optimization.budget.credits is None:
            raise InvalidField("optimization.budget.credits: a schedule needs a cap for each run.", param="optimization.budget.credits")
        _check_month(await _planned(tx, principal, body.optimization), month_cap_nusd)
        request = _request(body.optimization)
    elif body.month_credits is not None:
        await _check_new_month(tx, principal, row, month_cap_nusd)
    paused = row["paused_at"] is not None if body.paused is None else body.paused
    moved = body.cron is not None or body.time_zone is not None or row["next_at"] is None
    next_at = None if paused else rhythm.next_after(gateway.clock.now()) if moved else row["next_at"]
    await store.change(
        tx,
        principal.workspace_id,
        row["schedule_id"],
        name=row["name"] if body.name is None else body.name,
        cron=rhythm.cron,
        time_zone=body.time_zone or row["time_zone"],
        request=request,
        month_cap_nusd=month_cap_nusd,
        next_at=next_at,
    )


async def _planned(tx: Tx, principal: Principal, body: OptimizationBody) -> JobPlan:
    """What each time would begin. Its dataset stays in use until the schedule is written: a trial gives back whatever it held.

    Raises what planning raises.
    """
    plan = await try_plan(tx, principal, body)
    check_budget(plan, body.budget, within="optimization.")
    dataset = await hold_dataset(tx, principal.workspace_id, plan.subject.dataset.dataset_id)
    if dataset is not None:
        check_unarchived(dataset, param="source" if body.dataset_id is None else "dataset_id")
    elif body.dataset_id is not None:
        raise no_such_dataset()
    return plan


def _check_month(plan: JobPlan, month_cap_nusd: int) -> None:
    """Refuses a cap of the month that no run would fit in. Raises InvalidField."""
    needed_nusd = plan.least_nusd + plan.fee_nusd
    if plan.least_evaluations is not None and month_cap_nusd < needed_nusd:
        raise InvalidField(
            f"month_credits: no run would fit in it: the least for this dataset may cost {least_credits(needed_nusd)} credits.",
            param="month_credits",
            details={"least": least_credits(needed_nusd)},
        )


async def _check_new_month(tx: Tx, principal: Principal, row: Record, month_cap_nusd: int) -> None:
    """The same for what the schedule begins already; while that cannot be planned (its dataset is gone, its model retired) any cap will do.

    Raises InvalidField.
    """
    body = OptimizationBody.model_validate(row["request"] | {"prompt": row["slug"]})
    try:
        plan = await try_plan(tx, principal, body)
    except (NotFound, Conflict, InvalidField, NoProviderKey):
        await take_back_trial(tx)
        return
    _check_month(plan, month_cap_nusd)


async def _find(tx: Tx, principal: Principal, schedule_id: UUID, *, for_update: bool = False) -> Record:
    """Raises NotFound."""
    row = await store.find(tx, principal.workspace_id, schedule_id, for_update=for_update)
    if row is None:
        raise NotFound("There is no such schedule in this workspace.", param="schedule_id")
    return row


def _request(body: OptimizationBody) -> dict[str, Any]:
    return body.model_dump(mode="json", exclude_none=True, exclude={"prompt"})


def _nusd(credits: float) -> int:
    return min(MAX_AMOUNT_NUSD, max(1, round(credits * NUSD_PER_CREDIT)))


def _audited(row: Record) -> dict[str, Any]:
    names = ("slug", "name", "cron", "time_zone", "month_cap_nusd")
    return {name: row[name] for name in names} | {"paused": row["paused_at"] is not None, "budget": row["request"]["budget"]}
