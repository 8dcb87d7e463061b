"""Looks at a test split: each is counted and paid for once, out of the share of errors that the workspace allows (PROMISES O-03)."""

import asyncio
from uuid import UUID

import pytest

from burnish_gateway.datasets.leaks_store import looks_taken
from burnish_optimizer.io import datasets_store
from burnish_optimizer.io.datasets_store import TestSplit, TestSplitFacts
from burnish_shared.db.session import Database
from burnish_shared.ids import new_uuid
from tests.embedded.stack import Stack
from tests.integration.optimization.conftest import Desk
from tests.integration.optimization.test_test_runs import books

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.promise("O-03")]


async def test_a_look_is_paid_for_once_by_what_the_workspace_allows_and_readings_pay_nothing(stack: Stack, desk: Desk) -> None:
    workspace_id, dataset_id = desk.caller.workspace.workspace_id, UUID(desk.dataset_id)
    await books(
        stack,
        """INSERT INTO test_looks SELECT gen_random_uuid(), $1, $2, v, n, CASE WHEN n > 0 THEN 0.01 END, gen_random_uuid()
             FROM (SELECT 1, NULL::integer FROM generate_series(1, 6) UNION ALL SELECT 9, 1) l (v, n)""",
        workspace_id,
        dataset_id,
    )
    db = await Database.open(stack.urls["optimizer"], application_name="test")

    async def looked(job_id: UUID) -> TestSplit:
        async with db.unit_of_work(workspace=workspace_id) as tx:
            return await datasets_store.open_test_split(tx, workspace_id, dataset_id, version=1, job_id=job_id, error_share=0.12)

    async def facts(job_id: UUID) -> TestSplitFacts:
        async with db.unit_of_work(workspace=workspace_id) as tx:
            return await datasets_store.test_split_facts(tx, workspace_id, dataset_id, version=1, job_id=job_id)

    try:
        first, others = new_uuid(), [new_uuid() for _ in range(4)]
        before = await facts(first)
        assert (before.looks, before.reads, before.has_look_left) == (0, 6, True), "six test runs read it, and no search looked"
        assert [(one.look, one.alpha) for one in (await looked(first), await looked(first))] == [(1, 0.06)] * 2
        at_once = await asyncio.gather(*(looked(one) for one in others))
        assert sorted(one.look for one in at_once) == [2, 3, 4, 5]
        assert all(one.alpha == pytest.approx(0.12 / (one.look * (one.look + 1))) for one in at_once)
        assert [(await facts(one)).has_look_left for one in (first, others[0], new_uuid())] == [True, True, False]
        async with db.unit_of_work(workspace=workspace_id) as tx:
            assert await looks_taken(tx, workspace_id, dataset_id) == 5, "those of other test items count for themselves"
    finally:
        await db.close()
    paid = await books(
        stack, "SELECT sum(alpha) AS alpha FROM test_looks WHERE dataset_id = $1 AND test_version = 1 AND number > 0", dataset_id
    )
    assert float(paid[0]["alpha"]) == pytest.approx(0.12 * 5 / 6), "never more than all of it"
