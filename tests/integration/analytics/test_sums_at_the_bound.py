"""Costs that no 64-bit number holds together: their sum stays at the bound, and takes nobody else's figures along (PROMISES A-08, M-08)."""

from datetime import timedelta
from uuid import UUID

import pytest

from burnish_analytics.recount import recount
from burnish_gateway.insights import store
from burnish_gateway.insights.ranges import Range
from burnish_gateway.insights.store import Filters
from burnish_shared.db.session import Database
from tests.embedded.databases import DatabaseUrls
from tests.embedded.workspaces import Workspace, make_workspace
from tests.integration.analytics.traffic import NOON, Analytics, execution, records

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.capability("A1"), pytest.mark.promise("A-01")]

MOST = 2**63 - 1
HUGE = 10**18
"""As much as a thousand executions at the most that one may cost (`MAX_AMOUNT_NUSD`)."""


async def days_of(analytics: Analytics, workspace_id: UUID) -> list[tuple[int, int]]:
    """(executions, cost) of the day by prompt, and of the whole workspace."""
    told = []
    for table in ("rollups", "rollup_sets"):
        which = " AND dimension = 'workspace'" if table == "rollup_sets" else ""
        rows = await analytics.rows(
            f"SELECT executions, cost_nusd FROM {table} WHERE workspace_id = $1 AND grain = 'day'{which}", workspace_id
        )
        told += [(row["executions"], row["cost_nusd"]) for row in rows]
    return told


async def test_a_sum_of_costs_that_overflows_takes_no_neighbour_along(analytics: Analytics, workspace: Workspace) -> None:
    neighbour = (await make_workspace(analytics.superuser_url)).workspace_id
    for times in (6, 6, 12):
        dear = [execution(workspace.workspace_id, cost_nusd=HUGE) for _ in range(times)]
        await analytics.intake.handle_records([records([*dear, execution(neighbour, cost_nusd=7)])])
    assert await days_of(analytics, neighbour) == [(3, 21), (3, 21)]
    assert await days_of(analytics, workspace.workspace_id) == [(24, MOST), (24, MOST)]


async def test_a_recount_of_such_costs_comes_to_the_same(analytics: Analytics, workspace: Workspace) -> None:
    await analytics.count(*(execution(workspace.workspace_id, cost_nusd=HUGE, end_user="ada") for _ in range(11)))
    start = NOON.replace(hour=0)
    assert not (await recount(analytics.db, workspace.workspace_id, start=start, end=start + timedelta(days=1))).differences
    assert await days_of(analytics, workspace.workspace_id) == [(11, MOST), (11, MOST)]


@pytest.mark.capability("A2")
async def test_figures_of_such_costs_can_be_read(analytics: Analytics, workspace: Workspace, module_database_urls: DatabaseUrls) -> None:
    await analytics.count(*(execution(workspace.workspace_id, cost_nusd=HUGE, slug=f"p{n}") for n in range(11)))
    wanted = Range(NOON.replace(hour=0), NOON.replace(hour=0) + timedelta(days=1), "hour")
    gateway = await Database.open(module_database_urls["gateway"], application_name="test-gateway", max_size=1)
    try:
        async with gateway.unit_of_work(workspace=workspace.workspace_id, read_only=True) as tx:
            totals = await store.totals(tx, wanted, Filters(), by_step=False, group_by=None)
            costs = await store.costs(tx, wanted, Filters(), group_by="model", at_most=5)
    finally:
        await gateway.close()
    assert totals[(None, "")].sums["cost_nusd"] == costs[0]["cost_nusd"] == MOST
