"""A restored store counts its sequences from an earlier number again: nothing is known, or taken for known, by its number (M-03)."""

from dataclasses import replace

import pytest

from tests.embedded.workspaces import Workspace
from tests.integration.analytics.traffic import Analytics, execution, feedback, records, thumb

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.promise("M-03"), pytest.mark.capability("A1")]


async def test_a_number_that_comes_again_with_something_else_is_counted(analytics: Analytics, workspace: Workspace) -> None:
    for number in (9, 9, 3, 1):
        done = execution(workspace.workspace_id)
        await analytics.intake.handle_records([replace(records([done]), stream_seq=number)])
        await analytics.intake.handle_feedback([replace(feedback([thumb(done, 1)]), stream_seq=number)])
    counted = await analytics.rollup(workspace.workspace_id)
    assert (counted["executions"], counted["up"]) == (4, 4)


async def test_what_comes_again_under_another_number_is_counted_once(analytics: Analytics, workspace: Workspace) -> None:
    done = execution(workspace.workspace_id)
    batch, said = records([done]), feedback([thumb(done, 1)])
    for number in (7, 8, 2):
        await analytics.intake.handle_records([replace(batch, stream_seq=number)])
        await analytics.intake.handle_feedback([replace(said, stream_seq=number)])
    counted = await analytics.rollup(workspace.workspace_id)
    assert (counted["executions"], counted["up"]) == (1, 1)
