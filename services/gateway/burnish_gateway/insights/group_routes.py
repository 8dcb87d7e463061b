"""`/v1/analytics/groups`: the figures of a range for each prompt, version, label, model, app or key, as a list beside them wants them."""

from datetime import datetime
from typing import Annotated, Literal

from fastapi import Query
from fastapi.responses import Response
from pydantic import BaseModel, Field

from burnish_gateway.deps import GatewayParts, Viewer
from burnish_gateway.insights.answers import Figures
from burnish_gateway.insights.csv_file import CSV_ANSWER, Format, csv_response, named
from burnish_gateway.insights.figures import figures_of
from burnish_gateway.insights.group_store import group_totals
from burnish_gateway.insights.ranges import Grain, range_of
from burnish_gateway.insights.store import DIMENSIONS
from burnish_gateway.wire import Moment, make_router
from burnish_shared.errors import InvalidField
from burnish_shared.slug import parse_slug

router = make_router("analytics")

GROUPS_MOST = 200

Slugs = list[Annotated[str, Field(max_length=63)]]


class GroupFigures(Figures):
    """`group`: the slug, `slug@version`, `slug@label`, the model, the app (empty: none was named) or the id of the API key."""

    group: str


class GroupsAnswer(BaseModel):
    """Those with the most executions first. `is_whole` false: there are more groups than are told."""

    start: datetime = Field(serialization_alias="from")
    end: datetime = Field(serialization_alias="to")
    grain: Grain
    group_by: str
    is_whole: bool
    data: list[GroupFigures]


@router.get("/v1/analytics/groups", response_model=GroupsAnswer, responses=CSV_ANSWER, summary="Figures of a range, group by group")
async def groups(
    principal: Viewer,
    gateway: GatewayParts,
    *,
    group_by: Literal["prompt", "version", "label", "model", "app", "api_key"] = "prompt",
    prompt: Annotated[Slugs | None, Query(max_length=GROUPS_MOST, description="Only of these; may be given several times.")] = None,
    traffic: Annotated[Literal["live", "batch"] | None, Query(description="`batch`: test runs and optimization. Absent: both.")] = None,
    model: Annotated[str | None, Query(max_length=200, description="Not together with `app` and `api_key`.")] = None,
    start: Annotated[Moment | None, Query(alias="from", description="RFC 3339; 24 hours before `to` where absent.")] = None,
    end: Annotated[Moment | None, Query(alias="to", description="RFC 3339; now where absent.")] = None,
    grain: Annotated[
        Grain | None, Query(description="How finely the borders of the range are kept; chosen by its length where absent.")
    ] = None,
    file: Annotated[Format, Query(alias="format", description="`csv`: the same as a file for spreadsheets.")] = "json",
) -> Response:
    """At most 200 groups. Calls that named no prompt are left out of prompts, versions and labels."""
    if model is not None and "\x00" in model:
        raise InvalidField("model: must not contain U+0000.", param="model")
    if model is not None and group_by in DIMENSIONS:
        raise InvalidField("model: apps and keys are not kept by model; leave it out.", param="model")
    wanted = range_of(start, end, grain=grain, now=gateway.clock.now())
    slugs = None if prompt is None else [parse_slug(one, param="prompt") for one in prompt]
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
        found = await group_totals(tx, wanted, group_by=group_by, slugs=slugs, traffic=traffic, model=model, at_most=GROUPS_MOST + 1)
    data = [GroupFigures(**figures_of(totals).model_dump(), group=group) for group, totals in list(found.items())[:GROUPS_MOST]]
    if file == "csv":
        return csv_response(GroupFigures, data, name=named("groups", wanted))
    answer = GroupsAnswer(
        start=wanted.start, end=wanted.end, grain=wanted.grain, group_by=group_by, is_whole=len(found) <= GROUPS_MOST, data=data
    )
    return Response(answer.model_dump_json(by_alias=True), media_type="application/json")
