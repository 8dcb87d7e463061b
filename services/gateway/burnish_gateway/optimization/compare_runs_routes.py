"""`/v1/test-runs/{run_id}/compare/{base_id}`: two runs item by item."""

from uuid import UUID

from burnish_gateway.deps import GatewayParts, Viewer
from burnish_gateway.optimization.compare_runs import RunComparison
from burnish_gateway.optimization.compare_runs import compare_runs as compare
from burnish_gateway.wire import make_router

router = make_router("optimization")


@router.get("/v1/test-runs/{run_id}/compare/{base_id}", summary="Compare two test runs item by item")
async def compare_runs(gateway: GatewayParts, principal: Viewer, run_id: UUID, base_id: UUID) -> RunComparison:
    """What changed from the base to this run, over the items that both answered: what is fixed and what is broken, the difference with its
    interval, and whether it can be chance."""
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
        return await compare(tx, principal.workspace_id, run_id, base_id=base_id)
