"""What batches keep goes with the workspace's days, and with the person whom it is about (PRODUCT T8)."""

import asyncio
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from burnish_analytics.erase_subjects import erase_due
from burnish_analytics.forget_old import Forgotten, forget_some
from burnish_analytics.io import erasures_store
from burnish_shared.clock import SystemClock
from burnish_shared.db.session import Database, Tx
from tests.embedded.stack import Caller, Stack
from tests.integration.batches.batches import CHAT, started
from tests.integration.execution.test_executions import books

PERSON = "ada@example.com"


async def waiting_batch(caller: Caller) -> str:
    """Three lines that nobody begins, one of them about PERSON."""
    lines = [{"custom_id": f"of-{one}", "body": CHAT | {"user_id": one}} for one in (PERSON, "grace", "joan")]
    uploaded = await caller("POST", "/v1/files", raw=b'{"body": {}, "custom_id": "ada@example.com"}\n')
    assert uploaded.status == 201
    return str((await started(caller, {"requests": lines, "paused": True}))["id"])


async def lines_of(stack: Stack, batch_id: str) -> list[asyncpg.Record]:
    sql = "SELECT custom_id, request, status, error->>'code' AS code FROM batch_lines WHERE batch_id = $1::text::uuid ORDER BY line"
    return list(await books(stack, sql, batch_id))


@pytest.mark.capability("T8")
@pytest.mark.promise("P-02")
async def test_a_person_who_is_erased_is_asked_about_no_more(stack: Stack, caller: Caller) -> None:
    batch_id = await waiting_batch(caller)
    assert (await caller("POST", "/v1/erasures", {"user_id": PERSON})).status in (201, 202)
    since = await caller("POST", "/v1/files", raw=b'{"body": {}, "custom_id": "of-joan"}\n')
    begun_since = (await started(caller, {"requests": [{"body": CHAT | {"user_id": PERSON}}], "paused": True}))["id"]
    db = await Database.open(stack.urls["analytics"], application_name="test")
    try:
        assert await erase_due(db, SystemClock(), batch_rows=1) == 1
    finally:
        await db.close()
    gone, *others = await lines_of(stack, batch_id)
    assert (gone["custom_id"], gone["request"], gone["status"], gone["code"]) == (None, None, "unsent", "erased")
    assert [(one["status"], one["request"] is not None) for one in others] == [(None, True)] * 2
    assert [one["id"] for one in (await caller("GET", "/v1/files")).body["data"]] == [since.body["id"]], "what came after stays"
    assert [one["status"] for one in await lines_of(stack, begun_since)] == [None]
    assert (await caller("GET", f"/v1/batches/{batch_id}")).body["request_counts"]["failed"] == 1


@pytest.mark.capability("T8")
@pytest.mark.promise("P-02")
async def test_waiting_lines_of_a_persons_sessions_are_asked_no_more(stack: Stack, caller: Caller) -> None:
    """As their other calls go: a line of the same talk need not name who speaks, and would be asked after the erasure."""
    await caller("POST", "/v1/executions", CHAT | {"user_id": PERSON, "session_id": "talk"})
    lines = [{"custom_id": one, "body": CHAT | {"session_id": one}} for one in ("talk", "elsewhere")]
    batch_id = str((await started(caller, {"requests": [*lines, {"body": CHAT}], "paused": True}))["id"])
    asked = await caller("POST", "/v1/erasures", {"user_id": PERSON})
    begun_since = (await started(caller, {"requests": [{"body": CHAT | {"session_id": "talk"}}], "paused": True}))["id"]
    db = await Database.open(stack.urls["analytics"], application_name="test")
    try:
        assert await erase_due(db, SystemClock(), batch_rows=1) == 1
    finally:
        await db.close()
    gone, *others = await lines_of(stack, batch_id)
    assert (gone["custom_id"], gone["request"], gone["status"], gone["code"]) == (None, None, "unsent", "erased")
    assert [(one["status"], one["request"] is not None) for one in others] == [(None, True)] * 2
    assert [one["status"] for one in await lines_of(stack, begun_since)] == [None]
    assert (await caller("GET", f"/v1/batches/{batch_id}")).body["request_counts"]["failed"] == 1
    assert (await caller("GET", f"/v1/erasures/{asked.body['id']}")).body["counts"]["batches"] == 1


@pytest.mark.capability("T8")
@pytest.mark.promise("P-01", "P-02")
@pytest.mark.parametrize("comes", ["before the sessions are gone through", "behind the last step"])
async def test_a_legal_hold_that_comes_late_in_a_pass_is_heard(
    stack: Stack, caller: Caller, monkeypatch: pytest.MonkeyPatch, comes: str
) -> None:
    await caller("POST", "/v1/executions", CHAT | {"user_id": PERSON, "session_id": "talk"})
    lines = [{"body": CHAT | {"session_id": "talk"}}, {"body": CHAT | {"user_id": PERSON}}]
    batch_id = str((await started(caller, {"requests": lines, "paused": True}))["id"])
    erasure_id = (await caller("POST", "/v1/erasures", {"user_id": PERSON})).body["id"]
    set_hold = "UPDATE workspaces SET legal_hold = $2 WHERE workspace_id = $1"
    stage = "SELECT stage FROM erasures WHERE erasure_id = $1::text::uuid"
    step = erasures_store.step

    async def step_and_hold(tx: Tx, erasure: UUID, *, at_most: int) -> erasures_store.Step:
        (row,) = await books(stack, stage, erasure_id)
        if comes.startswith("before") and row["stage"] == "sessions":
            await books(stack, set_hold, caller.workspace.workspace_id, True)
        said = await step(tx, erasure, at_most=at_most)
        if said == "done":
            await books(stack, set_hold, caller.workspace.workspace_id, True)
        return said

    monkeypatch.setattr(erasures_store, "step", step_and_hold)
    db = await Database.open(stack.urls["analytics"], application_name="test")
    try:
        assert await erase_due(db, SystemClock(), batch_rows=100) == 0
        kept = [one["request"] is not None for one in await lines_of(stack, batch_id)]
        assert kept == ([True, True] if comes.startswith("before") else [False, True])
        assert (await caller("GET", f"/v1/erasures/{erasure_id}")).body["completed_at"] is None
        monkeypatch.setattr(erasures_store, "step", step)
        await books(stack, set_hold, caller.workspace.workspace_id, False)
        assert await erase_due(db, SystemClock(), batch_rows=100) == 1
    finally:
        await db.close()
    assert [one["status"] for one in await lines_of(stack, batch_id)] == ["unsent", "unsent"]


@pytest.mark.capability("T8")
@pytest.mark.promise("P-01")
async def test_lines_go_with_the_days_of_their_batch_and_files_after_their_own(stack: Stack, caller: Caller) -> None:
    batch_id, workspace_id = await waiting_batch(caller), caller.workspace.workspace_id
    db = await Database.open(stack.urls["analytics"], application_name="test")

    async def forget() -> None:
        while await forget_some(db, workspace_id, Forgotten(), batch_rows=2):
            await asyncio.sleep(0)

    async def counted() -> tuple[Any, Any]:
        files = await books(stack, "SELECT 1 FROM files WHERE workspace_id = $1", workspace_id)
        return len(files), len(await lines_of(stack, batch_id))

    try:
        await forget()
        assert await counted() == (1, 3)
        old = "clock_timestamp() - interval '31 days'"
        await books(stack, f"UPDATE files SET created_at = {old} WHERE workspace_id = $1", workspace_id)
        await forget()
        assert await counted() == (0, 3), "a batch that has not ended keeps its lines"
        await books(stack, f"UPDATE batches SET status = 'completed', finished_at = {old} WHERE workspace_id = $1", workspace_id)
        await forget()
        assert await counted() == (0, 0)
    finally:
        await db.close()
