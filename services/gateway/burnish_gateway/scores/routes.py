"""`/v1/scores`: what evaluators said of live traffic, one by one and summed up; apart from what people said."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import Query
from fastapi.responses import Response

from burnish_gateway.deps import GatewayParts, Viewer
from burnish_gateway.insights.ranges import Grain, range_of
from burnish_gateway.moments import Moment
from burnish_gateway.paging import PAGE_DEFAULT, PAGE_MOST
from burnish_gateway.scores import store
from burnish_gateway.scores.bodies import ScorePage, ScoreSummary, figures_of, score_answer
from burnish_gateway.wire import Text, json_response, make_router
from burnish_shared.errors import InvalidField
from burnish_shared.slug import MAX_VERSION, parse_label, parse_slug

router = make_router("evaluators")

LIST = "scores"

ROWS_MOST = 10_000

GroupBy = Literal["evaluator", "prompt", "version", "label", "model"]

Slug = Annotated[Text | None, Query(max_length=63)]


@router.get("/v1/scores", response_model=ScorePage, summary="Scores of live traffic, of the newest execution first")
async def list_scores(
    principal: Viewer,
    gateway: GatewayParts,
    evaluator_id: UUID | None = None,
    prompt: Slug = None,
    *,
    passed: bool | None = None,
    uncertain: Annotated[bool | None, Query(description="Jurors or orders disagree, or the score lies next to the threshold.")] = None,
    scored: Annotated[bool | None, Query(description="false: those without a score, with the reason.")] = None,
    cursor: Annotated[Text | None, Query(max_length=500)] = None,
    limit: Annotated[int, Query(ge=1, le=PAGE_MOST)] = PAGE_DEFAULT,
) -> Response:
    position = gateway.cursors.open(cursor, principal.workspace_id, of=LIST)
    after = (UUID(position[0]), UUID(position[1]), int(position[2])) if position else None
    filters = {
        "evaluator_id": evaluator_id,
        "prompt": parse_slug(prompt, param="prompt") if prompt is not None else None,
        "passed": passed,
        "uncertain": uncertain,
        "scored": scored,
    }
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
        rows = await store.list_scores(tx, after=after, limit=limit, filters=filters)
    page = gateway.cursors.page(
        rows,
        limit=limit,
        workspace_id=principal.workspace_id,
        of=LIST,
        position=lambda row: [str(row["execution_id"]), str(row["evaluator_id"]), row["evaluator_version"]],
    )
    return json_response(ScorePage(data=[score_answer(one) for one in page["data"]], next_cursor=page["next_cursor"]))


@router.get(
    "/v1/scores/summary", response_model=ScoreSummary, summary="Means and pass rates of scores in a range, as a whole or step by step"
)
async def summary(
    principal: Viewer,
    gateway: GatewayParts,
    evaluator_id: UUID | None = None,
    prompt: Slug = None,
    label: Slug = None,
    *,
    evaluator_version: Annotated[int | None, Query(ge=1, le=MAX_VERSION)] = None,
    version: Annotated[int | None, Query(ge=1, le=MAX_VERSION, description="Of the prompt.")] = None,
    model: Annotated[Text | None, Query(max_length=200)] = None,
    start: Annotated[Moment | None, Query(alias="from", description="RFC 3339; 24 hours before `to` where absent.")] = None,
    end: Annotated[Moment | None, Query(alias="to", description="RFC 3339; now where absent.")] = None,
    grain: Annotated[Grain | None, Query(description="Width of a step; chosen by the range where absent.")] = None,
    group_by: Annotated[GroupBy, Query(description="`evaluator`: by its id and version, as `ID@VERSION`.")] = "evaluator",
    steps: Annotated[bool, Query(description="One row for each step of the range.")] = False,
) -> Response:
    """By the time the executions finished. Rows are those of rollups, so the answer takes the same time however many scores there are."""
    wanted = range_of(start, end, grain=grain, now=gateway.clock.now())
    filters = {
        "evaluator_id": evaluator_id,
        "evaluator_version": evaluator_version,
        "prompt": parse_slug(prompt, param="prompt") if prompt is not None else None,
        "version": version,
        "label": parse_label(label) if label is not None else None,
        "model": model,
    }
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
        rows = await store.score_sums(tx, wanted, filters=filters, by_step=steps, group_by=group_by, at_most=ROWS_MOST + 1)
    if len(rows) > ROWS_MOST:
        raise InvalidField(f"group_by: more than {ROWS_MOST} rows; ask for a shorter range or filter.", param="group_by")
    found = ScoreSummary(start=wanted.start, end=wanted.end, grain=wanted.grain, group_by=group_by, data=[figures_of(one) for one in rows])
    return Response(found.model_dump_json(by_alias=True), media_type="application/json")
