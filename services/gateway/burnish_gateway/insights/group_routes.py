"""`/v1/analytics/groups`: the figures of a range group by group, as a list beside them wants them."""

from datetime import datetime
from typing import Annotated, Literal

from fastapi import Query
from fastapi.responses import Response
from pydantic import Field

from burnish_gateway.access.principal import Principal
from burnish_gateway.deps import Gateway, GatewayParts, Viewer
from burnish_gateway.insights.answers import Counted, Figures
from burnish_gateway.insights.csv_file import CSV_ANSWER, Format, csv_response, group_of, named
from burnish_gateway.insights.figures import counted, figures_of
from burnish_gateway.insights.group_store import group_totals, top_users
from burnish_gateway.insights.progress_store import counted_through
from burnish_gateway.insights.ranges import Grain, Range, by_the_hour, of_end_users, range_of
from burnish_gateway.insights.store import BY_THE_MINUTE, DIMENSIONS, read_targets
from burnish_gateway.moments import Moment
from burnish_gateway.wire import make_router
from burnish_shared.errors import InvalidField
from burnish_shared.slug import parse_slug

router = make_router("analytics")

GROUPS_MOST = 200

Slugs = list[Annotated[str, Field(max_length=63)]]


class GroupFigures(Figures):
    """`group`: the slug, `slug@version`, `slug@label`, the model, the app (empty: none was named), the API key's id, the
    provider, the id of the provider's key (empty: none was used), the experiment's id, a slash and the name of its arm, or the end user."""

    group: str


class GroupsAnswer(Counted):
    """Those with the most executions first. `is_whole` false: there are more groups than are told, or end users of what is not counted yet.

    Of end users: `through` is until when hours were over and counted, and whoever is not told had at most `others_executions` executions
    and `others_cost_nusd` of cost.
    """

    start: datetime = Field(serialization_alias="from")
    end: datetime = Field(serialization_alias="to")
    grain: Grain
    group_by: str
    is_whole: bool = Field(
        description="Of end users never true of a range that ends now: the hour or day that runs is counted once it is over (`through`)."
    )
    through: datetime | None = None
    others_executions: int | None = None
    others_cost_nusd: int | None = None
    data: list[GroupFigures]


@router.get("/v1/analytics/groups", response_model=GroupsAnswer, responses=CSV_ANSWER, summary="Figures of a range, group by group")
async def groups(
    principal: Viewer,
    gateway: GatewayParts,
    *,
    group_by: Literal["prompt", "version", "label", "model", "app", "api_key", "provider", "provider_key", "arm", "end_user"] = "prompt",
    prompt: Annotated[Slugs | None, Query(max_length=GROUPS_MOST, description="Only of these; may be given several times.")] = None,
    traffic: Annotated[Literal["live", "batch"] | None, Query(description="`batch`: test runs and optimization. Absent: both.")] = None,
    unnamed: Annotated[
        bool, Query(description="Also what named no prompt, such as searches: as prompt ``, version `@0` and label `@`.")
    ] = False,
    model: Annotated[str | None, Query(max_length=200, description="Not together with apps, keys, providers and arms.")] = None,
    start: Annotated[Moment | None, Query(alias="from", description="RFC 3339; 24 hours before `to` where absent.")] = None,
    end: Annotated[Moment | None, Query(alias="to", description="RFC 3339; now where absent.")] = None,
    grain: Annotated[
        Grain | None, Query(description="How finely the borders of the range are kept; chosen by its length where absent.")
    ] = None,
    file: Annotated[Format, Query(alias="format", description="`csv`: the same as a file for spreadsheets.")] = "json",
) -> Response:
    """At most 200 groups. Calls that named no prompt are left out of prompts, versions and labels, unless asked for. Providers, their
    keys and arms of experiments are told by hour and day.

    End users are those of live traffic with the most executions and the highest cost, 200 of each for every hour or day that is over, as it
    stood when it ended; `others_…` says what that leaves out.
    """
    if model is not None and "\x00" in model:
        raise InvalidField("model: must not contain U+0000.", param="model")
    if model is not None and group_by in DIMENSIONS:
        raise InvalidField("model: apps, keys, providers and arms are not kept by model; leave it out.", param="model")
    wanted = range_of(start, end, grain=grain, now=gateway.clock.now())
    if group_by == "end_user":
        _check_unfiltered(prompt=prompt, traffic=traffic, model=model)
        return await _top_users(principal, gateway, of_end_users(wanted, now=gateway.clock.now()), file=file)
    if group_by in DIMENSIONS and group_by not in BY_THE_MINUTE:
        wanted = by_the_hour(wanted)
    slugs = None if prompt is None else [parse_slug(one, param="prompt") for one in prompt]
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
        age = counted(*await counted_through(tx))
        found = await group_totals(
            tx, wanted, group_by=group_by, slugs=slugs, traffic=traffic, model=model, unnamed=unnamed, at_most=GROUPS_MOST + 1
        )
        targets = await read_targets(tx)
    only = slugs[0] if slugs is not None and len(slugs) == 1 else None
    data = [
        GroupFigures(**figures_of(totals, targets.of_group(group, by=group_by, slug=only)).model_dump(), group=group)
        for group, totals in list(found.items())[:GROUPS_MOST]
    ]
    if file == "csv":
        in_file = [one.model_copy(update={"group": group_of(one.group, by=group_by)}) for one in data]
        return csv_response(GroupFigures, in_file, name=named("groups", wanted))
    answer = GroupsAnswer(
        **age, start=wanted.start, end=wanted.end, grain=wanted.grain, group_by=group_by, is_whole=len(found) <= GROUPS_MOST, data=data
    )
    return Response(answer.model_dump_json(by_alias=True), media_type="application/json")


def _check_unfiltered(**filters: object) -> None:
    """Raises InvalidField."""
    for name, value in filters.items():
        if value is not None:
            raise InvalidField(f"{name}: end users are told for the whole workspace and live traffic; leave it out.", param=name)


async def _top_users(principal: Principal, gateway: Gateway, wanted: Range, *, file: Format) -> Response:
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
        age = counted(*await counted_through(tx))
        top = await top_users(tx, wanted, at_most=GROUPS_MOST + 1)
        own = (await read_targets(tx)).own
    data = [GroupFigures(**figures_of(totals, own).model_dump(), group=group) for group, totals in list(top.found.items())[:GROUPS_MOST]]
    if file == "csv":
        return csv_response(GroupFigures, data, name=named("groups", wanted))
    answer = GroupsAnswer(
        **age,
        start=wanted.start,
        end=wanted.end,
        grain=wanted.grain,
        group_by="end_user",
        is_whole=len(top.found) <= GROUPS_MOST and top.others_executions == 0 and top.through is not None and top.through >= wanted.end,
        data=data,
        through=min(top.through, wanted.end) if top.through is not None else None,
        others_executions=top.others_executions,
        others_cost_nusd=top.others_cost_nusd,
    )
    return Response(answer.model_dump_json(by_alias=True), media_type="application/json")
