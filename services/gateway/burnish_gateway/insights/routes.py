"""`/v1/analytics/…`: figures from rollups, in the same time however many executions stand behind them."""

from typing import Annotated, Literal

from fastapi import Depends, Query
from fastapi.responses import Response
from pydantic import BaseModel

from burnish_gateway.deps import GatewayParts, Viewer
from burnish_gateway.insights import store
from burnish_gateway.insights.answers import CostRow, CostsAnswer, Point, SummaryAnswer, TimeseriesAnswer
from burnish_gateway.insights.figures import figures_of
from burnish_gateway.insights.ranges import Grain, Range, range_of
from burnish_gateway.insights.store import Filters, Totals
from burnish_gateway.wire import Moment, make_router
from burnish_shared.errors import InvalidField
from burnish_shared.measures import EFFECTIVENESS_VERSION
from burnish_shared.money import credits_text
from burnish_shared.slug import MAX_VERSION, parse_label, parse_slug

router = make_router("analytics")

GroupBy = Literal["prompt", "version", "label", "model", "traffic"]
CostGroup = Literal["prompt", "version", "label", "model", "traffic", "day"]

POINTS_MOST = 10_000
COST_ROWS_MOST = 1_000


def filters_of(
    *,
    prompt: Annotated[str | None, Query(max_length=63)] = None,
    version: Annotated[int | None, Query(ge=1, le=MAX_VERSION)] = None,
    label: Annotated[str | None, Query(max_length=63)] = None,
    model: Annotated[str | None, Query(max_length=200)] = None,
    traffic: Annotated[Literal["live", "batch"] | None, Query(description="`batch`: test runs and optimization. Absent: both.")] = None,
) -> Filters:
    """What to look at; each absent means whatever."""
    if model is not None and "\x00" in model:
        raise InvalidField("model: must not contain U+0000.", param="model")
    return Filters(
        slug=parse_slug(prompt, param="prompt") if prompt is not None else None,
        version=version,
        label=parse_label(label) if label is not None else None,
        model=model,
        traffic=traffic,
    )


def range_asked(
    gateway: GatewayParts,
    *,
    start: Annotated[Moment | None, Query(alias="from", description="RFC 3339; 24 hours before `to` where absent.")] = None,
    end: Annotated[Moment | None, Query(alias="to", description="RFC 3339; now where absent.")] = None,
    grain: Annotated[Grain | None, Query(description="Width of a step; chosen by the range where absent.")] = None,
) -> Range:
    return range_of(start, end, grain=grain, now=gateway.clock.now())


Wanted = Annotated[Range, Depends(range_asked)]
Which = Annotated[Filters, Depends(filters_of)]


@router.get("/v1/analytics/summary", response_model=SummaryAnswer, summary="Figures of a range")
async def summary(principal: Viewer, gateway: GatewayParts, wanted: Wanted, which: Which) -> Response:
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
        found = await store.totals(tx, wanted, which, by_step=False, group_by=None)
        waiting, orphans = await store.waiting_feedback(tx)
    figures = figures_of(next(iter(found.values()), Totals()))
    return _answer(
        SummaryAnswer(
            **figures.model_dump(),
            start=wanted.start,
            end=wanted.end,
            grain=wanted.grain,
            effectiveness_version=EFFECTIVENESS_VERSION,
            feedback_waiting=waiting,
            feedback_orphans=orphans,
        )
    )


@router.get("/v1/analytics/timeseries", response_model=TimeseriesAnswer, summary="Figures of a range, step by step")
async def timeseries(
    principal: Viewer, gateway: GatewayParts, wanted: Wanted, which: Which, *, group_by: GroupBy | None = None
) -> Response:
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
        found = await store.totals(tx, wanted, which, by_step=True, group_by=group_by)
    if len(found) > POINTS_MOST:
        raise InvalidField(f"group_by: more than {POINTS_MOST} points; ask for a shorter range or filter.", param="group_by")
    points = [
        Point(**figures_of(totals).model_dump(), at=at, group=group if group_by is not None else None)
        for (at, group), totals in found.items()
    ]
    return _answer(TimeseriesAnswer(start=wanted.start, end=wanted.end, grain=wanted.grain, data=points))


@router.get("/v1/analytics/costs", response_model=CostsAnswer, summary="Where the money went")
async def costs(principal: Viewer, gateway: GatewayParts, wanted: Wanted, which: Which, *, group_by: CostGroup = "prompt") -> Response:
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
        rows = await store.costs(tx, wanted, which, group_by=group_by, at_most=COST_ROWS_MOST)
        total = await store.total_cost(tx, wanted, which)
    data = [CostRow(group=row.pop("key"), credits=credits_text(row["cost_nusd"]), **row) for row in rows]
    return _answer(CostsAnswer(start=wanted.start, end=wanted.end, grain=wanted.grain, group_by=group_by, total_nusd=total, data=data))


def _answer(answer: BaseModel) -> Response:
    return Response(answer.model_dump_json(by_alias=True), media_type="application/json")
