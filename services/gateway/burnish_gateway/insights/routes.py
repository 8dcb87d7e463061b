"""`/v1/analytics/…`: figures from rollups, in the same time however many executions stand behind them."""

import re
from typing import Annotated, Any, Final, Literal

from fastapi import Depends, Query
from fastapi.responses import Response
from pydantic import BaseModel

from burnish_gateway.deps import GatewayParts, Viewer
from burnish_gateway.insights import failure_group_routes, from_failures_routes, group_routes, recount_routes, store
from burnish_gateway.insights.answers import CostRow, CostsAnswer, Distinct, EffectivenessTargets, Point, SummaryAnswer, TimeseriesAnswer
from burnish_gateway.insights.csv_file import CSV_ANSWER, Format, csv_response, group_of, named
from burnish_gateway.insights.figures import counted, effectiveness_without, end_users_of, figures_of, named_metric
from burnish_gateway.insights.progress_store import counted_through
from burnish_gateway.insights.project_costs import Month, Series, month_series, project_rows, projection_of
from burnish_gateway.insights.ranges import Grain, Range, by_the_hour, range_of
from burnish_gateway.insights.store import BY_THE_MINUTE, DIMENSIONS, WHOLE_WORKSPACE, Filters, Totals
from burnish_gateway.moments import Moment
from burnish_gateway.wire import include, make_router
from burnish_shared.db.session import Tx
from burnish_shared.errors import InvalidField, NotFound
from burnish_shared.measures import EFFECTIVENESS_VERSION
from burnish_shared.money import credits_text
from burnish_shared.slug import LATEST, MAX_VERSION, parse_label, parse_slug

router = make_router("analytics")
include(router, recount_routes.router)
include(router, failure_group_routes.router)
include(router, from_failures_routes.router)
include(router, group_routes.router)

GroupBy = Literal["prompt", "version", "label", "model", "prompt_model", "traffic", "app", "api_key", "provider", "provider_key", "arm"]
CostGroup = Literal[
    "prompt", "version", "label", "model", "prompt_model", "traffic", "day", "app", "api_key", "provider", "provider_key", "arm"
]  # fmt: skip

AN_ARM: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/[a-z0-9][a-z0-9_-]{0,62}")

POINTS_MOST = 10_000
POINTS_WANTED = 2_000
"""Of a grouped time series, where nobody says how many groups: some 1.5 MB."""

GROUPS_LEAST, GROUPS_WANTED, GROUPS_MOST = 10, 50, 200
"""Told apart in a time series: at least, at most where nobody says, and at most."""

OTHERS = "(others)"
"""The group of the others in a file, whose rows are all of one kind."""

COST_ROWS_MOST = 1_000


def filters_of(
    *,
    prompt: Annotated[str | None, Query(max_length=63)] = None,
    version: Annotated[int | None, Query(ge=1, le=MAX_VERSION)] = None,
    label: Annotated[str | None, Query(max_length=63)] = None,
    model: Annotated[str | None, Query(max_length=200)] = None,
    traffic: Annotated[Literal["live", "batch"] | None, Query(description="`batch`: test runs and optimization. Absent: both.")] = None,
    app: Annotated[str | None, Query(max_length=200, description="Empty: calls that named none. By hour and day.")] = None,
    api_key: Annotated[str | None, Query(max_length=64, description="Id of the key that called. By hour and day.")] = None,
    provider: Annotated[str | None, Query(max_length=200, description="By hour and day.")] = None,
    provider_key: Annotated[
        str | None, Query(max_length=64, description="Id of the provider's key that was used. By hour and day.")
    ] = None,
    arm: Annotated[
        str | None,
        Query(max_length=200, description="Of an experiment: its id, a slash, and the name of the arm. By hour and day."),
    ] = None,
) -> Filters:
    """What to look at; each absent means whatever."""
    named = {"model": model, "app": app, "api_key": api_key, "provider": provider, "provider_key": provider_key, "arm": arm}
    for name, value in named.items():
        if value is not None and "\x00" in value:
            raise InvalidField(f"{name}: must not contain U+0000.", param=name)
    if arm is not None and not AN_ARM.fullmatch(arm):
        raise InvalidField("arm: must be the id of an experiment, a slash and the name of the arm.", param="arm")
    given = [name for name in DIMENSIONS if named[name] is not None]
    others = [name for name, value in (("version", version), ("label", label), ("model", model)) if value is not None]
    if len(given) > 1 or (given and others):
        both = [*given, *others]
        raise InvalidField(f"{both[1]}: figures are not kept by {' and '.join(both)} together; take one.", param=both[1])
    dimension = given[0] if given else None
    return Filters(
        slug=parse_slug(prompt, param="prompt") if prompt is not None else None,
        version=version,
        label=parse_label(label) if label is not None else None,
        model=model,
        traffic=traffic,
        dimension=dimension,
        value=named[dimension] if dimension else None,
    )


def source_range(wanted: Range, which: Filters, group_by: str | None) -> Range:
    """The range in which the figures can be told. Raises InvalidField for what is not kept together."""
    grouped = group_by if group_by in DIMENSIONS else None
    if which.dimension is None and grouped is None:
        return wanted
    narrowed = [name for name, value in (("version", which.version), ("label", which.label), ("model", which.model)) if value is not None]
    is_kept = group_by in (None, "prompt", "traffic", "day") or grouped in (group_by, which.dimension)
    if narrowed or not is_kept or (which.dimension and grouped and which.dimension != grouped):
        other = narrowed[0] if narrowed else which.dimension
        raise InvalidField(f"group_by: figures are not kept by {group_by} and {other} together; take one.", param="group_by")
    return wanted if (grouped or which.dimension) in BY_THE_MINUTE else by_the_hour(wanted)


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
AsFile = Annotated[Format, Query(alias="format", description="`csv`: the same as a file for spreadsheets.")]


@router.get("/v1/analytics/summary", response_model=SummaryAnswer, responses=CSV_ANSWER, summary="Figures of a range")
async def summary(principal: Viewer, gateway: GatewayParts, wanted: Wanted, *, which: Which, file: AsFile = "json") -> Response:
    wanted = source_range(wanted, which, None)
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
        age = counted(*await counted_through(tx))
        found = await store.totals(tx, wanted, which, by_step=False, group_by=None)
        await _check_known(tx, which, has_figures=bool(found))
        prompts = await store.distinct_prompts(tx, wanted, which)
        sketches = await store.end_user_sketches(tx, wanted, which.slug or WHOLE_WORKSPACE) if has_end_users(wanted, which) else None
        metrics, left_out = await store.named_metrics(tx, wanted, which) if which.dimension is None else ({}, 0)
        waiting, orphans = await store.waiting_feedback(tx)
        targets = (await store.read_targets(tx)).of(which.slug)
    figures = figures_of(next(iter(found.values()), Totals()), targets)
    answer = SummaryAnswer(
        **figures.model_dump(),
        **age,
        start=wanted.start,
        end=wanted.end,
        grain=wanted.grain,
        effectiveness_version=EFFECTIVENESS_VERSION,
        effectiveness_without=effectiveness_without(figures, targets),
        effectiveness_targets=EffectivenessTargets(p95_ms=targets.p95_ms, cost_nusd=targets.cost_nusd),
        prompts=Distinct(value=prompts, relative_error=0),
        end_users=end_users_of(sketches) if sketches is not None else None,
        metrics=[named_metric(metric, sums=sums, executions=figures.executions) for metric, sums in metrics.items()],
        metrics_left_out=left_out,
        feedback_waiting=waiting,
        feedback_orphans=orphans,
    )
    return csv_response(SummaryAnswer, [answer], name=named("summary", wanted)) if file == "csv" else _answer(answer)


async def _check_known(tx: Tx, which: Filters, *, has_figures: bool) -> None:
    """Raises NotFound for a prompt that nothing of the workspace names, and for its version or label: zeros would look like those of what
    nobody uses.
    """
    if which.slug is None or has_figures:
        return
    if not await store.is_known(tx, which.slug):
        raise NotFound(f"There is no prompt '{which.slug}' here, and no figure or execution names it.", param="prompt")
    if which.version is not None and not await store.knows_version(tx, which.slug, which.version):
        raise NotFound(f"The prompt '{which.slug}' has no version {which.version}, and no figure or execution names it.", param="version")
    if which.label not in (None, LATEST) and not await store.knows_label(tx, which.slug, which.label):
        raise NotFound(f"The prompt '{which.slug}' has no label '{which.label}', and no figure or execution names it.", param="label")


def has_end_users(wanted: Range, which: Filters) -> bool:
    """Sketches are kept by hour and day, of a workspace and of each prompt."""
    narrowed = (which.version, which.label, which.model, which.dimension, which.traffic)
    return wanted.grain != "minute" and all(one is None for one in narrowed)


@router.get("/v1/analytics/timeseries", response_model=TimeseriesAnswer, responses=CSV_ANSWER, summary="Figures of a range, step by step")
async def timeseries(
    principal: Viewer,
    gateway: GatewayParts,
    wanted: Wanted,
    which: Which,
    *,
    group_by: GroupBy | None = None,
    groups: Annotated[
        int | None,
        Query(
            ge=1,
            le=GROUPS_MOST,
            description="With `group_by`: so many of the busiest groups are told apart, the others together in `others`; more than "
            f"{POINTS_MOST:,} points are refused. Absent: 9 to 50, the fewer the more steps there are.",
        ),
    ] = None,
    metric: Annotated[str | None, Query(max_length=63, description="A named metric to show beside the figures.")] = None,
    file: AsFile = "json",
) -> Response:
    wanted = source_range(wanted, which, group_by)
    if metric is not None and ("\x00" in metric or which.dimension is not None or group_by in DIMENSIONS):
        raise InvalidField("metric: named metrics are not kept by app, key or provider; their names hold no U+0000.", param="metric")
    of_metric: dict[tuple[Any, str | None], tuple[int, int, float]] = {}
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
        age = counted(*await counted_through(tx))
        apart = await _told_apart(tx, wanted, which, group_by, groups)
        found = await store.totals(tx, wanted, which, by_step=True, group_by=group_by, points_most=POINTS_MOST, apart=apart)
        await _check_known(tx, which, has_figures=bool(found))
        _check_few(len(found))
        targets = await store.read_targets(tx)
        if metric is not None:
            sums = await store.metric_sums(
                tx, wanted, which, metric=metric, by_step=True, group_by=group_by, apart=apart, at_most=POINTS_MOST + 1
            )
            _check_few(len(sums))
            of_metric = {(at, group): one for (at, group, _), one in sums.items()}
    points: list[Point] = []
    others: list[Point] = []
    for (at, group), totals in found.items():
        own = targets.of(which.slug) if group is None else targets.of_group(group, by=group_by, slug=which.slug)
        figures = figures_of(totals, own)
        if group is None:
            figures.effectiveness = None  # Without their latency it would be told of less than that of the groups beside them.
        sums_of_metric = of_metric.get((at, group)) if metric is not None else None
        point = Point(
            **figures.model_dump(),
            at=at,
            group=group if group_by is not None else None,
            metric=named_metric(metric, sums=sums_of_metric, executions=totals.sums["executions"]) if metric and sums_of_metric else None,
        )
        (others if group is None else points).append(point)
    if file == "csv":
        in_file = [one.model_copy(update={"group": group_of(one.group, by=group_by)}) if one.group is not None else one for one in points]
        in_file += [one.model_copy(update={"group": OTHERS}) for one in others]
        return csv_response(Point, in_file, name=named("timeseries", wanted))
    answer = TimeseriesAnswer(
        **age, start=wanted.start, end=wanted.end, grain=wanted.grain, is_whole=apart is None, data=points, others=others
    )
    return _answer(answer)


def _check_few(points: int) -> None:
    if points > POINTS_MOST:
        raise InvalidField(f"groups: more than {POINTS_MOST} points; ask for fewer groups, or a shorter range.", param="groups")


async def _told_apart(tx: Tx, wanted: Range, which: Filters, group_by: str | None, groups: int | None) -> list[str] | None:
    """The busiest groups, where there are more than are told apart; None: each is."""
    if group_by is None:
        return None
    steps = wanted.steps
    fit = max(1, POINTS_MOST // steps - 1)  # With the others' steps, so that only who asks for more groups is ever refused.
    most = groups or min(fit, max(GROUPS_LEAST, min(GROUPS_WANTED, POINTS_WANTED // steps)))
    found = await store.busiest(tx, wanted, which, group_by=group_by, at_most=most + 1)
    return found[:most] if len(found) > most else None


@router.get("/v1/analytics/costs", response_model=CostsAnswer, responses=CSV_ANSWER, summary="Where the money went, and will go")
async def costs(
    principal: Viewer,
    gateway: GatewayParts,
    wanted: Wanted,
    which: Which,
    *,
    group_by: CostGroup = "prompt",
    projection: Annotated[bool, Query(description="This month at its end as well, with an interval and how well it did before.")] = False,
    file: AsFile = "json",
) -> Response:
    wanted = source_range(wanted, which, group_by)
    month = Month(gateway.clock.now())
    whole: dict[str, Series] = {}
    by_group: dict[str, Series] = {}
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
        age = counted(*await counted_through(tx))
        rows = await store.costs(tx, wanted, which, group_by=group_by, at_most=COST_ROWS_MOST)
        await _check_known(tx, which, has_figures=bool(rows))
        total = await store.total_cost(tx, wanted, which)
        if projection:
            whole = await month_series(tx, which, month, group_by=None)
            by_group = await month_series(tx, which, month, group_by=group_by) if group_by != "day" else {}
    data = [CostRow(group=row.pop("key"), credits=credits_text(row["cost_nusd"]), **row) for row in rows]
    if projection:
        data = await project_rows(data, by_group, month)
    if file == "csv":
        in_file = [one.model_copy(update={"group": group_of(one.group, by=group_by)}) for one in data]
        return csv_response(CostRow, in_file, name=named("costs", wanted))
    ahead = await projection_of(whole[""], month) if projection else None
    return _answer(
        CostsAnswer(
            **age, start=wanted.start, end=wanted.end, grain=wanted.grain, group_by=group_by, total_nusd=total, projection=ahead, data=data
        )
    )


def _answer(answer: BaseModel) -> Response:
    return Response(answer.model_dump_json(by_alias=True), media_type="application/json")
