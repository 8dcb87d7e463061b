"""`/v1/metrics/summary`, also as `/v1/test-runs/summary`: what test runs measured, side by side."""

from typing import Annotated, Final, Literal
from uuid import UUID

from fastapi import Query
from fastapi.responses import Response

from burnish_gateway.datasets.item import split_named
from burnish_gateway.deps import GatewayParts, Viewer
from burnish_gateway.insights.csv_file import CSV_ANSWER, Format, csv_response
from burnish_gateway.optimization import summary_store as store
from burnish_gateway.optimization.summary import SummaryRow, TestRunSummary, compared, lines, paired, to_pair
from burnish_gateway.wire import json_response, make_router
from burnish_shared.slug import parse_slug

router = make_router("optimization")

ROWS_MOST: Final = 500
PROMPTS_MOST: Final = 50


@router.get("/v1/metrics/summary", response_model=TestRunSummary, responses=CSV_ANSWER, summary="Compare prompts across test runs")
@router.get("/v1/test-runs/summary", response_model=TestRunSummary, responses=CSV_ANSWER, summary="The same, beside the test runs")
async def summary(
    *,
    gateway: GatewayParts,
    principal: Viewer,
    prompt: Annotated[list[str] | None, Query(max_length=PROMPTS_MOST, description="Only these; may be given several times.")] = None,
    chain: Annotated[list[str] | None, Query(max_length=PROMPTS_MOST, description="Only these chains, beside those prompts.")] = None,
    dataset_id: UUID | None = None,
    split: Literal["train", "validation", "val", "test"] | None = None,
    file: Annotated[Format, Query(alias="format", description="`csv`: the same as a file for spreadsheets.")] = "json",
) -> Response:
    """The newest completed run of each version and model, and of each version of a chain, beside the others over the same items of the same
    dataset. At most 500."""
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
        rows = await store.newest_runs(
            tx,
            slugs=[parse_slug(one, param="prompt") for one in prompt or []],
            chains=[parse_slug(one, param="chain") for one in chain or []],
            dataset_id=dataset_id,
            split=split_named(split),
            at_most=ROWS_MOST,
        )
        found = compared(dict(row) for row in rows)
        if pairs := to_pair(found):
            found = paired(found, map(dict, await store.scores_beside(tx, principal.workspace_id, pairs)))
    if file == "csv":
        return csv_response(SummaryRow, lines(found), name="test-runs")
    return json_response(TestRunSummary(data=found))
