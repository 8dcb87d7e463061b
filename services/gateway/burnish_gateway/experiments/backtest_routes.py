"""`/v1/experiments/backtests`: other versions or models on the inputs of a past week."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from asyncpg import Record
from fastapi import Query, Request
from fastapi.responses import Response
from pydantic import BaseModel, Field

from burnish_gateway.deps import Editor, GatewayParts, Viewer, request_id_of
from burnish_gateway.error_answer import PAID
from burnish_gateway.experiments import backtest_store
from burnish_gateway.experiments.backtest import BacktestPlan, begin, plan_backtest
from burnish_gateway.experiments.backtest_bodies import NewBacktest
from burnish_gateway.idempotency import replay, run_once
from burnish_gateway.paging import PAGE_DEFAULT, PAGE_MOST
from burnish_gateway.wire import make_router
from burnish_shared.db.session import Tx
from burnish_shared.errors import NotFound
from burnish_shared.money import credits_text
from burnish_shared.slug import parse_slug

router = make_router("experiments")


class BacktestFigures(BaseModel):
    """What an arm came to on the inputs that it has answered, beside what was answered then."""

    arm: str
    version: int
    model: str | None
    answered: int
    successes: int
    cost_nusd: int
    mean_cost_nusd: int | None
    mean_latency_ms: float | None
    p95_ms: float | None
    mean_output_tokens: float | None
    before_mean_cost_nusd: int | None
    before_mean_latency_ms: float | None
    before_mean_output_tokens: float | None
    same_answer: float | None = Field(description="Share of the answers that are letter for letter those of then.")


class BacktestAnswer(BaseModel):
    """`batch_id`: its batch; `POST /v1/batches/{batch_id}/pause|resume|cancel` stand for it, and its results are read there."""

    id: UUID
    prompt: str
    experiment_id: UUID | None
    arms: list[dict[str, Any]]
    window_from: datetime
    window_to: datetime
    found: int = Field(description="Executions among which inputs were chosen.")
    inputs: int
    status: str = Field(description="pending | running | paused | completed | failed | cancelled | expired")
    total: int
    done: int
    most_nusd: int
    set_aside_nusd: int
    cost_nusd: int
    credits: str
    pause_reason: str | None
    batch_id: UUID
    simulated: bool
    created_by: str
    created_at: datetime
    finished_at: datetime | None
    figures: list[BacktestFigures] | None = None


class BacktestPage(BaseModel):
    data: list[BacktestAnswer]
    next_cursor: str | None


class BacktestForecast(BaseModel):
    """What it would be and cost. `left_out`: executions that cannot be asked again as they were."""

    prompt: str
    arms: list[dict[str, Any]]
    found: int
    inputs: int
    left_out: int
    calls: int
    most_nusd: int
    likely_nusd: int
    likely_credits: str


@router.post("/v1/experiments/backtests", status_code=202, response_model=BacktestAnswer, responses=PAID, summary="Start a backtest")
async def create_backtest(request: Request, gateway: GatewayParts, principal: Editor, body: NewBacktest) -> Response:
    """Takes inputs of past executions of a prompt, spread over the days, and asks each of its arms on the batch lane. Nobody sees the
    answers; nothing of it counts as live."""
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
        stored = await replay(gateway, tx, request, principal)
    if stored is not None:
        return stored
    planned = await plan_backtest(body, gateway=gateway, principal=principal, request_id=request_id_of(request))

    async def work(tx: Tx) -> BacktestAnswer:
        backtest_id = await begin(tx, body, planned, gateway=gateway, principal=principal)
        return backtest_answer(await _found(tx, principal.workspace_id, backtest_id))

    response = await run_once(gateway, request, principal, status=202, work=work)
    gateway.relay.wake()
    return response


@router.post("/v1/experiments/backtests/forecast", response_model=BacktestForecast, summary="Forecast a backtest")
async def forecast_backtest(request: Request, gateway: GatewayParts, principal: Editor, body: NewBacktest) -> Response:
    """What it would be and cost. Nothing is begun and nothing set aside."""
    planned = await plan_backtest(body, gateway=gateway, principal=principal, request_id=request_id_of(request))

    async def work(_: Tx) -> BacktestForecast:
        return _forecast(planned)

    return await run_once(gateway, request, principal, status=200, work=work)


@router.get("/v1/experiments/backtests", summary="List backtests")
async def list_backtests(
    *,
    gateway: GatewayParts,
    principal: Viewer,
    prompt: Annotated[str | None, Query(max_length=130)] = None,
    limit: Annotated[int, Query(ge=1, le=PAGE_MOST)] = PAGE_DEFAULT,
    cursor: Annotated[str | None, Query(max_length=500)] = None,
) -> BacktestPage:
    """Newest first, without figures."""
    position = gateway.cursors.open(cursor, principal.workspace_id, of="backtests")
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
        rows = await backtest_store.list_page(
            tx, principal.workspace_id, slug=None if prompt is None else parse_slug(prompt, param="prompt"),
            before=UUID(position[0]) if position else None, limit=limit + 1,
        )  # fmt: skip
    page = gateway.cursors.page(
        rows, limit=limit, workspace_id=principal.workspace_id, of="backtests", position=lambda row: [str(row["backtest_id"])]
    )
    return BacktestPage(data=[backtest_answer(row) for row in page["data"]], next_cursor=page["next_cursor"])


@router.get("/v1/experiments/backtests/{backtest_id}", summary="Read a backtest")
async def read_backtest(gateway: GatewayParts, principal: Viewer, backtest_id: UUID) -> BacktestAnswer:
    """With what each arm came to so far."""
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
        row = await _found(tx, principal.workspace_id, backtest_id)
        return backtest_answer(row, figures=await backtest_store.figures(tx, principal.workspace_id, row["batch_id"]))


async def _found(tx: Tx, workspace_id: UUID, backtest_id: UUID) -> Record:
    row = await backtest_store.find(tx, workspace_id, backtest_id)
    if row is None:
        raise NotFound("There is no such backtest in this workspace.", param="backtest_id")
    return row


def backtest_answer(row: Record, *, figures: list[Record] | Any = None) -> BacktestAnswer:
    return BacktestAnswer(
        id=row["backtest_id"], prompt=row["slug"], experiment_id=row["experiment_id"], arms=row["arms"], window_from=row["window_from"],
        window_to=row["window_to"], found=row["found"], inputs=row["inputs"], status=row["status"], total=row["total"],
        done=row["succeeded"] + row["failed"], most_nusd=row["most_nusd"], set_aside_nusd=row["set_aside_nusd"],
        cost_nusd=row["spent_nusd"], credits=credits_text(row["spent_nusd"]), pause_reason=row["pause_reason"], batch_id=row["batch_id"],
        simulated=row["simulated"], created_by=row["created_by"], created_at=row["created_at"], finished_at=row["finished_at"],
        figures=None if figures is None else [_figures(one, row["arms"][one["arm"]]) for one in figures],
    )  # fmt: skip


def _figures(row: Record, arm: dict[str, Any]) -> BacktestFigures:
    told = {name: row[name] for name in BacktestFigures.model_fields if name in row and name not in ("arm", "same_answer")}
    same = row["same_answer"] / row["compared"] if row["compared"] else None
    return BacktestFigures(arm=arm["arm"], version=arm["version"], model=arm["model"], same_answer=same, **told)


def _forecast(planned: BacktestPlan) -> BacktestForecast:
    return BacktestForecast(
        prompt=planned.slug, arms=[{"arm": one.arm, "version": one.version, "model": one.model} for one in planned.arms],
        found=planned.found, inputs=planned.inputs, left_out=planned.left_out, calls=len(planned.plan.lines),
        most_nusd=planned.plan.most_nusd, likely_nusd=planned.plan.likely_nusd, likely_credits=credits_text(planned.plan.likely_nusd),
    )  # fmt: skip
