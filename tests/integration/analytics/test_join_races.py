"""An execution and its feedback that arrive at the same moment, held at a barrier between writing their own row and looking for the other's
(F1, F3): whichever commits first, the reaction is counted once, and of several the one accepted last."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest

from burnish_analytics.io import facts_store, feedback_store, rollup_store
from burnish_analytics.recount import recount
from burnish_shared.contracts.executions import CompletedItem
from tests.embedded.workspaces import Workspace
from tests.integration.analytics.traffic import NOON, Analytics, execution, feedback, records, thumb

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.capability("F1", "F3"), pytest.mark.promise("A-03", "A-04")]


class Barrier:
    """Stops the first call of a store's function just before it begins, or just after it is done."""

    def __init__(self, patch: pytest.MonkeyPatch, module: Any, name: str, *, after: bool) -> None:
        self.reached, self.opened, self.seen = asyncio.Event(), asyncio.Event(), False
        real: Callable[..., Awaitable[Any]] = getattr(module, name)

        async def held(*args: Any, **named: Any) -> Any:
            if self.seen:
                return await real(*args, **named)
            self.seen = True
            done = await real(*args, **named) if after else None
            self.reached.set()
            await self.opened.wait()
            return done if after else await real(*args, **named)

        patch.setattr(module, name, held)


@asynccontextmanager
async def held_at(barrier: Barrier, work: Awaitable[None]) -> AsyncIterator[None]:
    """While `work` stands at the barrier; it has ended afterwards."""
    async with asyncio.timeout(60):
        task = asyncio.ensure_future(work)
        await barrier.reached.wait()
        yield
        barrier.opened.set()
        await task


async def counted_once(analytics: Analytics, done: CompletedItem, *, up: int, down: int) -> None:
    """What is in the rollups, after housework has looked for whatever was missed, is what a recount says."""
    await analytics.housework.join_missed()
    counted = await analytics.rollup(done.workspace_id)
    assert (counted["executions"], counted["up"], counted["down"], counted["reactions"]) == (1, up, down, 1)
    result = await recount(analytics.db, done.workspace_id, start=NOON - timedelta(hours=1), end=NOON + timedelta(hours=1))
    assert result.differences == []


async def test_the_execution_commits_while_its_feedback_is_between_writing_and_looking(
    analytics: Analytics, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = execution(workspace.workspace_id)
    barrier = Barrier(monkeypatch, feedback_store, "lock_rows", after=True)
    async with held_at(barrier, analytics.intake.handle_feedback([feedback([thumb(done, 1)])])):
        await analytics.intake.handle_records([records([done])])
    assert await analytics.housework.join_missed() == 0, "the feedback has seen it"
    await counted_once(analytics, done, up=1, down=0)


async def test_the_feedback_commits_while_its_execution_is_between_writing_and_looking(
    analytics: Analytics, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = execution(workspace.workspace_id)
    barrier = Barrier(monkeypatch, facts_store, "add_facts", after=True)
    async with held_at(barrier, analytics.intake.handle_records([records([done])])):
        await analytics.intake.handle_feedback([feedback([thumb(done, 0)])])
    assert await analytics.housework.join_missed() == 0, "the execution has seen it"
    await counted_once(analytics, done, up=0, down=1)


async def test_both_look_before_either_commits(analytics: Analytics, workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither sees the other; housework joins them, once."""
    done = execution(workspace.workspace_id)
    looked = Barrier(monkeypatch, rollup_store, "add_deltas", after=False)
    wrote = Barrier(monkeypatch, facts_store, "add_facts", after=True)
    async with held_at(wrote, analytics.intake.handle_records([records([done])])):
        feeding = asyncio.create_task(analytics.intake.handle_feedback([feedback([thumb(done, 1)])]))
        await looked.reached.wait()
        wrote.opened.set()
        async with asyncio.timeout(60):  # the execution commits while the feedback, which did not see it, is not committed
            while (await analytics.rollup(workspace.workspace_id))["executions"] == 0:
                await asyncio.sleep(0.01)
        looked.opened.set()
        await feeding
    assert (await analytics.rollup(workspace.workspace_id))["reactions"] == 0
    assert await analytics.housework.join_missed() == 1
    await counted_once(analytics, done, up=1, down=0)


async def test_feedback_is_replaced_while_its_execution_joins_the_one_before(
    analytics: Analytics, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The execution holds the waiting reaction; the newer one waits for it, and moves what it has counted."""
    done = execution(workspace.workspace_id)
    first = thumb(done, 1)
    newer = first.model_copy(update={"value": 0.0, "accepted_at": first.accepted_at + timedelta(seconds=1)})
    await analytics.count(first)
    barrier = Barrier(monkeypatch, feedback_store, "lock_waiting", after=True)
    async with held_at(barrier, analytics.intake.handle_records([records([done])])):
        replacing = asyncio.create_task(analytics.intake.handle_feedback([feedback([newer])]))
        await asyncio.sleep(0.05)
        assert not replacing.done()
        barrier.opened.set()
        await replacing
    await counted_once(analytics, done, up=0, down=1)


async def test_an_execution_joins_while_its_feedback_is_being_replaced(
    analytics: Analytics, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The newer reaction holds the row; the execution waits for it, and counts what it says then. An older one comes last of all."""
    done = execution(workspace.workspace_id)
    votes = [thumb(done, value, accepted_at=NOON + timedelta(seconds=second)) for second, value in enumerate((1, 1, 0))]
    await analytics.count(votes[1])
    barrier = Barrier(monkeypatch, feedback_store, "replace", after=True)
    async with held_at(barrier, analytics.intake.handle_feedback([feedback([votes[2]])])):
        joining = asyncio.create_task(analytics.intake.handle_records([records([done])]))
        await asyncio.sleep(0.05)
        assert not joining.done()
        barrier.opened.set()
        await joining
    await analytics.count(votes[0])
    await counted_once(analytics, done, up=0, down=1)
