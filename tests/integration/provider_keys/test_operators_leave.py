"""Whether a workspace still lets the operator's keys be used, as executors ask of calls that waited (E7)."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from burnish_executor.io.operators_leave import OperatorsLeave
from burnish_shared.contracts.executions import ExecutionRequest, Lane
from burnish_shared.db.config_cache import ChangeFeed
from burnish_shared.db.session import Database
from burnish_shared.ids import new_uuid
from tests.embedded.stack import Caller
from tests.integration.billing.money import on_plan, operator_of
from tests.integration.provider_keys.conftest import Ground

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.capability("E7")]


@pytest_asyncio.fixture(loop_scope="session")
async def executors(ground: Ground) -> AsyncIterator[Database]:
    db = await Database.open(ground.stack.urls["executor"], application_name="test", max_size=2)
    yield db
    await db.close()


@pytest.mark.parametrize("by", ["workspace", "plan"])
async def test_what_workspace_or_plan_forbids_is_forbidden_as_soon_as_the_change_is_seen(
    ground: Ground, executors: Database, by: str
) -> None:
    caller: Caller = await ground.stack.caller()
    waited = ExecutionRequest.model_construct(lane=Lane.BATCH, workspace_id=caller.workspace.workspace_id)
    feed = ChangeFeed(executors)
    leave = OperatorsLeave.over(executors, feed=feed)
    await feed.start()
    assert await leave.holds_for(waited)
    if by == "plan":
        await on_plan(await operator_of(ground.stack), caller, "own-keys", platform_keys=False)
    else:
        said = await caller("PATCH", f"/v1/workspaces/{caller.workspace.workspace_id}", {"platform_keys": False})
        assert said.status == 200, said.body
    await feed.look()
    assert not await leave.holds_for(waited)


async def test_a_workspace_that_is_none_lets_nothing_be_used(executors: Database) -> None:
    leave = OperatorsLeave.over(executors, feed=ChangeFeed(executors))
    assert not await leave.holds_for(ExecutionRequest.model_construct(lane=Lane.BATCH, workspace_id=new_uuid()))
