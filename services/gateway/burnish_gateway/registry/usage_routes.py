"""What a prompt was used for, and what a call of it would cost, over HTTP (PRODUCT P1)."""

from datetime import date, timedelta
from typing import Annotated, Any, Final

from fastapi import Path, Query
from fastapi.responses import Response
from pydantic import BaseModel, Field

from burnish_gateway.deps import Gateway, GatewayParts, Viewer
from burnish_gateway.models.book import CANNOT_BE_CALLED
from burnish_gateway.registry import store, usage_store
from burnish_gateway.registry.bodies import ModelName
from burnish_gateway.registry.call_cost import most_of_a_call
from burnish_gateway.registry.catalog import ResolvedVersion
from burnish_gateway.registry.prompt import no_such_prompt
from burnish_gateway.registry.text_answers import estimated
from burnish_gateway.wire import json_response, make_router
from burnish_shared.slug import MAX_VERSION, parse_slug

router = make_router("prompts")

DAYS_MOST: Final = 400
"""Numbers without text stay as long (PRODUCT T8)."""


class UsedAnswer(BaseModel):
    """Sums over live traffic. `satisfaction`: the share of thumbs that are up; null without any."""

    executions: int
    successes: int
    input_tokens: int
    output_tokens: int
    cost_nusd: int
    cost_nusd_mean: int | None
    thumbs_up: int
    thumbs_down: int
    satisfaction: float | None
    last_used_on: date | None


class UsedVersion(UsedAnswer):
    version: int


class PromptUsage(UsedAnswer):
    """Of the last `days` days, this one too; the newest version first."""

    slug: str
    days: int
    versions: list[UsedVersion]


class EstimateOfModel(BaseModel):
    """Of one call, from the text alone: variables come on top. `because`: why there is no cost."""

    model: str
    input_tokens: int
    output_tokens_most: int
    cost_nusd_most: int | None
    simulated: bool | None
    because: str | None = None


class EstimateAnswer(BaseModel):
    """For the version's model, or the one that is named, and those that are fallen back to, each with its own text."""

    slug: str
    version: int
    models: list[EstimateOfModel] = Field(description="In the order in which they are asked.")


@router.get("/v1/prompts/{slug}/usage", response_model=PromptUsage, summary="How much a prompt and each version of it was used")
async def usage(slug: str, principal: Viewer, gateway: GatewayParts, days: Annotated[int, Query(ge=1, le=DAYS_MOST)] = 30) -> Response:
    """Counts what applications did; evaluations and tests are left out. More figures: `GET /v1/analytics/summary?prompt=…`."""
    name = parse_slug(slug)
    since = gateway.clock.now().replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=days - 1)
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
        if await store.find_head(tx, principal.workspace_id, name) is None:
            raise no_such_prompt(name)
        rows = await usage_store.used(tx, principal.workspace_id, name, since=since)
    versions = [UsedVersion(version=row["version"], **_used([row])) for row in rows]
    return json_response(PromptUsage(slug=name, days=days, versions=versions, **_used(rows)))


@router.get(
    "/v1/prompts/{slug}/versions/{version}/estimate", response_model=EstimateAnswer, summary="What a call of a version costs at most"
)
async def estimate(
    slug: str,
    version: Annotated[int, Path(ge=1, le=MAX_VERSION)],
    principal: Viewer,
    gateway: GatewayParts,
    model: Annotated[ModelName | None, Query(description="In place of the version's own.")] = None,
) -> Response:
    """Calls nobody. What a call is held for is counted from its messages as they are sent, so it is more by what the variables add."""
    found = await gateway.catalog.resolve(principal.workspace_id, slug, version=version)
    names = [model or found.model, *found.fallback_models]
    models = [await _estimate(found, name, gateway, principal) for name in dict.fromkeys(names)]
    return json_response(EstimateAnswer(slug=found.slug, version=version, models=models))


async def _estimate(found: ResolvedVersion, model: str, gateway: Gateway, principal: Viewer) -> EstimateOfModel:
    try:
        facts, route = await gateway.models.route(principal.workspace, model)
    except CANNOT_BE_CALLED as error:
        tokens = estimated(found.record.content, found.text_for(model))
        return EstimateOfModel(
            model=model,
            input_tokens=tokens.input_tokens,
            output_tokens_most=tokens.output_tokens_most,
            cost_nusd_most=None,
            simulated=None,
            because=error.message,
        )
    most = most_of_a_call(found, facts, route)
    return EstimateOfModel(
        model=model,
        input_tokens=most.input_tokens,
        output_tokens_most=most.output_tokens,
        cost_nusd_most=most.cost_nusd,
        simulated=route.simulated,
    )


def _used(rows: Any) -> dict[str, Any]:
    sums = {name: sum(row[name] for row in rows) for name in usage_store.COUNTS}
    thumbs = sums["thumbs_up"] + sums["thumbs_down"]
    last = max((row["last_used"] for row in rows if row["last_used"] is not None), default=None)
    return sums | {
        "cost_nusd_mean": sums["cost_nusd"] // sums["executions"] if sums["executions"] else None,
        "satisfaction": round(sums["thumbs_up"] / thumbs, 4) if thumbs else None,
        "last_used_on": last.date() if last else None,
    }
