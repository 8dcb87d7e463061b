"""`/v1/test-runs/{run_id}/compare/{base_id}`: two runs item by item."""

from typing import Annotated
from uuid import UUID

from fastapi import Query

from burnish_gateway.deps import GatewayParts, Viewer
from burnish_gateway.optimization import compared_items as items
from burnish_gateway.optimization.compare_runs import RunComparison
from burnish_gateway.optimization.compare_runs import compare_runs as compare
from burnish_gateway.paging import PAGE_DEFAULT, PAGE_MOST
from burnish_gateway.wire import Text, make_router

router = make_router("optimization")


@router.get("/v1/test-runs/{run_id}/compare/{base_id}", summary="Compare two test runs item by item")
async def compare_runs(gateway: GatewayParts, principal: Viewer, run_id: UUID, base_id: UUID) -> RunComparison:
    """What changed from the base to this run, over the items that both answered: what is fixed and what is broken, the difference with its
    interval, and whether it can be chance."""
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
        return await compare(tx, principal.workspace_id, run_id, base_id=base_id)


@router.get("/v1/test-runs/{run_id}/compare/{base_id}/items", summary="Items of two test runs that are compared")
async def list_compared_items(
    *,
    gateway: GatewayParts,
    principal: Viewer,
    run_id: UUID,
    base_id: UUID,
    change: Annotated[items.Change | None, Query(description="Only what is fixed, broken, or the same; all, unless given.")] = None,
    category: Annotated[Text | None, Query(max_length=16_384, description="Only items that expect this answer, after trimming.")] = None,
    limit: Annotated[int, Query(ge=1, le=PAGE_MOST)] = PAGE_DEFAULT,
    cursor: str | None = None,
) -> items.ComparedItemPage:
    """All that both runs answered: broken ones first, then fixed ones, then the same; within each in the order of the dataset."""
    wanted = None if category is None else category.strip()
    of = f"compared:{run_id}:{base_id}:{change}" + ("" if wanted is None else f":{wanted}")
    position = gateway.cursors.open(cursor, principal.workspace_id, of=of)
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
        found = await items.list_compared(
            tx, principal.workspace_id, run_id, base_id=base_id, change=change, category=wanted, after=position, limit=limit + 1
        )
    page = gateway.cursors.page(found, limit=limit, workspace_id=principal.workspace_id, of=of, position=items.position_of)
    return items.ComparedItemPage(data=[items.compared_item(row) for row in page["data"]], next_cursor=page["next_cursor"])


@router.get("/v1/test-runs/{run_id}/compare/{base_id}/items/{item_id}", summary="One item with the answers of two test runs")
async def read_compared_item(
    *,
    gateway: GatewayParts,
    principal: Viewer,
    run_id: UUID,
    base_id: UUID,
    item_id: UUID,
    repeat: Annotated[int, Query(ge=0, le=2**31 - 1, description="Which of the repeats, from 0.")] = 0,
) -> items.ComparedAnswers:
    """Its input, what is expected, and of each run the whole answer with what the run's evaluators said of it, its cost and its latency."""
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
        return await items.read_compared(
            tx, principal.workspace_id, run_id, base_id=base_id, item_id=item_id, repeat=repeat
        )  # fmt: skip
