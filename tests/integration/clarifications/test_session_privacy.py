"""Sessions go with the days of the workspace and with the person whom they are about (PRODUCT T8)."""

import pytest

from burnish_analytics.erase_subjects import erase_due
from burnish_analytics.forget_old import Forgotten, forget_some
from burnish_shared.clock import SystemClock
from burnish_shared.db.session import Database
from tests.embedded.stack import Caller, Stack
from tests.integration.clarifications.sessions import start
from tests.integration.execution.test_executions import books

PERSON = "ada@example.com"


@pytest.mark.capability("T8")
@pytest.mark.promise("P-01", "P-02")
async def test_sessions_are_forgotten_whole(stack: Stack, caller: Caller) -> None:
    for user in (PERSON, "grace", None):
        await start(caller, **({"user_id": user} if user else {}))
    workspace_id = caller.workspace.workspace_id
    sql = "SELECT end_user FROM clarifications WHERE workspace_id = $1 ORDER BY session_id"
    db = await Database.open(stack.urls["analytics"], application_name="test")
    try:
        assert (await caller("POST", "/v1/erasures", {"user_id": PERSON})).status in (201, 202)
        assert await erase_due(db, SystemClock(), batch_rows=1) == 1
        assert [row["end_user"] for row in await books(stack, sql, workspace_id)] == ["grace", None]
        old = "UPDATE clarifications SET updated_at = clock_timestamp() - interval '31 days' WHERE workspace_id = $1"
        await books(stack, old, workspace_id)
        while await forget_some(db, workspace_id, Forgotten(), batch_rows=1):
            pass
    finally:
        await db.close()
    assert await books(stack, sql, workspace_id) == []
    assert await books(stack, "SELECT 1 FROM clarification_messages WHERE workspace_id = $1", workspace_id) == []
