"""Versions of a prompt beside each other, with their figures, over HTTP (PRODUCT P4)."""

from collections.abc import Mapping
from typing import Annotated, Any

from asyncpg import Record
from fastapi import Query
from fastapi.responses import Response
from pydantic import Field

from burnish_gateway.deps import GatewayParts, Viewer
from burnish_gateway.insights.figures import figures_of
from burnish_gateway.insights.ranges import range_of
from burnish_gateway.insights.store import Totals, read_targets
from burnish_gateway.insights.targets import Targets
from burnish_gateway.moments import Moment
from burnish_gateway.registry import compare_store, lines, store
from burnish_gateway.registry.history_answers import ModelFigures, RunOfVersion, VersionColumn, VersionComparison
from burnish_gateway.registry.prompt import Head, Version, no_such_prompt
from burnish_gateway.wire import make_router
from burnish_shared.prompt_settings import DEFAULT_QUALITY_THRESHOLD
from burnish_shared.slug import MAX_VERSION, parse_slug

router = make_router("prompts")

VERSIONS_MOST = 10


@router.get(
    "/v1/prompts/{slug}/compare", response_model=VersionComparison, summary="Versions beside each other, with their figures and test runs"
)
async def compare(
    slug: str,
    principal: Viewer,
    gateway: GatewayParts,
    *,
    version: Annotated[list[Annotated[int, Field(ge=1, le=MAX_VERSION)]] | None, Query(max_length=VERSIONS_MOST)] = None,
    start: Annotated[Moment | None, Query(alias="from", description="RFC 3339; 24 hours before `to` where absent.")] = None,
    end: Annotated[Moment | None, Query(alias="to", description="RFC 3339; now where absent.")] = None,
) -> Response:
    """`version` once for each, at most 10; without, the newest and those that labels name.

    Figures are of live traffic, in all and by model; how texts differ tells `…/diff/…`.
    """
    name, wanted = parse_slug(slug), range_of(start, end, grain=None, now=gateway.clock.now())
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
        head = await store.find_head(tx, principal.workspace_id, name)
        if head is None:
            raise no_such_prompt(name)
        numbers = list(dict.fromkeys(version or sorted(_named(head), reverse=True)[:VERSIONS_MOST]))
        for number in numbers:
            head.named(label=None, version=number)
        versions = await lines.versions_of(tx, head.prompt, numbers)
        figures = await compare_store.figures_by_model(tx, wanted, head.prompt, numbers)
        reviews = await compare_store.open_reviews(tx, head.prompt, numbers)
        runs = await compare_store.newest_runs(tx, head.prompt, numbers)
        targets = (await read_targets(tx)).of(name)
    columns = [
        _column(
            head,
            versions[one],
            figures=figures,
            targets=targets,
            status=reviews.get(one, "draft"),
            runs=[run for run in runs if run["version"] == one],
        )
        for one in numbers
    ]
    answer = VersionComparison(slug=name, start=wanted.start, end=wanted.end, data=columns)
    return Response(answer.model_dump_json(by_alias=True), media_type="application/json")


def _named(head: Head) -> set[int]:
    return {head.prompt.latest_version, *(placed.version for placed in head.labels.values())}


def _column(
    head: Head, version: Version, *, figures: Mapping[tuple[int, str], Totals], targets: Targets, status: Any, runs: list[Record]
) -> VersionColumn:
    own = {model: totals for (number, model), totals in figures.items() if number == version.version}
    return VersionColumn(
        version=version.version,
        labels=[placed.label for placed in head.labels.values() if placed.version == version.version],
        status=status,
        model=version.content.model,
        quality_threshold=version.content.spec.get("quality_threshold", DEFAULT_QUALITY_THRESHOLD),
        figures=figures_of(_sum(list(own.values())), targets) if own else None,
        models=[ModelFigures(**figures_of(totals, targets).model_dump(), model=model) for model, totals in own.items()],
        test_runs=[_run(one) for one in runs],
    )


def _sum(parts: list[Totals]) -> Totals:
    whole = Totals(sums={name: sum(one.sums[name] for one in parts) for name in parts[0].sums})
    for name in ("latency", "first_token"):
        counts = [getattr(one, name) for one in parts]
        longest = max((len(one) for one in counts), default=0)
        setattr(whole, name, [sum(one[place] for one in counts if place < len(one)) for place in range(longest)])
    return whole


def _run(row: Record) -> RunOfVersion:
    return RunOfVersion(
        id=row["test_run_id"], model=row["model"], dataset_id=row["dataset_id"], split=row["split"], accuracy=row["accuracy"],
        total=row["total"], simulated=row["simulated"], finished_at=row["finished_at"],
    )  # fmt: skip
