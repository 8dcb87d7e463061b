"""Two admins who demote or remove each other at the same moment: one of them stays (PRODUCT T2)."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from uuid import UUID

import asyncpg
import pytest

from burnish_gateway.team.manage_members import change_role, remove_member
from burnish_shared.db.session import Database, Tx
from burnish_shared.errors import BurnishError, Forbidden, LastAdmin
from tests.embedded.stack import Stack
from tests.integration.access.browser import join, newcomer

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.capability("T2"), pytest.mark.promise("T-01")]

Step = Callable[[Tx, UUID, UUID, UUID | None], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class By:
    actor: str = "test"


async def demote(tx: Tx, workspace: UUID, user_id: UUID, acting: UUID | None) -> None:
    await change_role(tx, workspace, By(), user_id=user_id, role="viewer", acting_user=acting)


async def remove(tx: Tx, workspace: UUID, user_id: UUID, acting: UUID | None) -> None:
    await remove_member(tx, workspace, By(), user_id=user_id, acting_user=acting)


async def until_somebody_waits(connection: asyncpg.Connection, *, task: "asyncio.Task[None]") -> None:
    """Until a transaction of ours waits for a lock that another holds; fails where the task ends without."""
    waiting = "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE application_name = 'second-admin' AND wait_event_type = 'Lock')"
    async with asyncio.timeout(60):
        while not await connection.fetchval(waiting):
            assert not task.done(), "the second one did not wait for the first"
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("step", [demote, remove])
@pytest.mark.parametrize(("by_person", "refusal"), [(True, Forbidden), (False, LastAdmin)], ids=["persons", "keys"])
async def test_of_two_admins_who_end_each_other_at_once_one_stays(
    stack: Stack, step: Step, by_person: bool, refusal: type[BurnishError]
) -> None:
    ada = await newcomer(stack)
    bob = await join(stack, ada, role="admin")
    workspace, first, second = UUID(ada.workspace), UUID(ada.user_id), UUID(bob.user_id)
    superuser = await asyncpg.connect(stack.urls["superuser"], server_settings={"search_path": "burnish"})
    one = await Database.open(stack.urls["gateway"], application_name="first-admin", max_size=1)
    other = await Database.open(stack.urls["gateway"], application_name="second-admin", max_size=1)

    async def bobs_turn() -> None:
        async with other.unit_of_work(workspace=workspace) as tx:
            await step(tx, workspace, first, second if by_person else None)

    try:
        async with one.unit_of_work(workspace=workspace) as tx:
            await step(tx, workspace, second, first if by_person else None)
            task = asyncio.create_task(bobs_turn())
            await until_somebody_waits(superuser, task=task)
        with pytest.raises(refusal):
            await task
        admins = await superuser.fetch("SELECT user_id FROM members WHERE workspace_id = $1 AND role = 'admin'", workspace)
        assert [row["user_id"] for row in admins] == [first]
    finally:
        for db in (one, other):
            await db.close()
        await superuser.close()
