"""What runs of chains keep goes with the days of the workspace and with the person, is masked, or not kept at all (PRODUCT T8, E13)."""

import json
from typing import Any

import pytest

from burnish_analytics.erase_subjects import erase_due
from burnish_analytics.forget_old import Forgotten, forget_some
from burnish_shared.clock import SystemClock
from burnish_shared.db.session import Database
from tests.embedded.stack import Caller, Stack
from tests.integration.chains.chains import call, make_chain, make_prompt, run
from tests.integration.execution.test_executions import books

PERSON = "ada@example.com"

KEPT = "SELECT * FROM chain_runs WHERE workspace_id = $1 ORDER BY run_id"


async def ready(caller: Caller) -> None:
    await make_prompt(caller, "reply")
    await make_chain(caller, "c", call("a"))


async def kept(stack: Stack, caller: Caller) -> list[Any]:
    return list(await books(stack, KEPT, caller.workspace.workspace_id))


@pytest.mark.capability("T8")
@pytest.mark.promise("P-01", "P-02")
async def test_texts_and_persons_go_and_numbers_stay(stack: Stack, caller: Caller) -> None:
    await ready(caller)
    await run(caller, "c", user_id=PERSON, session_id="s")
    await run(caller, "c", user_id="grace")
    db = await Database.open(stack.urls["analytics"], application_name="test")
    try:
        assert (await caller("POST", "/v1/erasures", {"user_id": PERSON})).status in (201, 202)
        assert await erase_due(db, SystemClock(), batch_rows=1) == 1
        gone, other = await kept(stack, caller)
        assert (gone["variables"], gone["output"], gone["end_user"], gone["session_id"]) == (None, None, None, None)
        assert gone["spent_nusd"] > 0 and other["output"] is not None and other["end_user"] == "grace"
        old = "UPDATE chain_runs SET finished_at = clock_timestamp() - interval '31 days' WHERE workspace_id = $1"
        await books(stack, old, caller.workspace.workspace_id)
        failed = """UPDATE chain_run_steps SET error = '{"code": "x", "message": "of grace"}' WHERE workspace_id = $1"""
        await books(stack, failed, caller.workspace.workspace_id)
        while await forget_some(db, caller.workspace.workspace_id, Forgotten(), batch_rows=1):
            pass
        assert [(one["variables"], one["output"], one["end_user"]) for one in await kept(stack, caller)] == [(None, None, None)] * 2
        steps = await books(stack, "SELECT error FROM chain_run_steps WHERE workspace_id = $1", caller.workspace.workspace_id)
        assert [json.loads(one["error"]) for one in steps] == [{"code": "x"}] * 2, "what failed is told, and no words of it"
    finally:
        await db.close()


@pytest.mark.capability("T8")
@pytest.mark.promise("P-02")
async def test_the_other_runs_of_a_persons_sessions_go_with_them(stack: Stack, caller: Caller) -> None:
    """As their other calls do: the first words of a talk are often said before anybody knows who speaks."""
    await ready(caller)
    await run(caller, "c", session_id="talk", variables={"topic": "I am Ada"})
    await run(caller, "c", session_id="elsewhere")
    await caller("POST", "/v1/executions", {"prompt": "reply", "variables": {"topic": "x"}, "user_id": PERSON, "session_id": "talk"})
    db = await Database.open(stack.urls["analytics"], application_name="test")
    try:
        asked = await caller("POST", "/v1/erasures", {"user_id": PERSON})
        since = await run(caller, "c", session_id="talk")
        assert await erase_due(db, SystemClock(), batch_rows=2) == 1
        gone, other, later = await kept(stack, caller)
        assert (gone["variables"], gone["output"], gone["session_id"], gone["keeps_text"]) == (None, None, None, False)
        assert other["output"] is not None and other["session_id"] == "elsewhere"
        assert str(later["run_id"]) == since["id"] and later["output"] is not None, "what came after is kept"
        assert (await caller("GET", f"/v1/erasures/{asked.body['id']}")).body["counts"]["chain_runs"] == 1
    finally:
        await db.close()


@pytest.mark.capability("T8")
@pytest.mark.promise("P-02")
async def test_a_run_under_way_for_an_erased_person_is_called_off(stack: Stack, caller: Caller) -> None:
    """It would write down what it still asks and hears."""
    await ready(caller)
    under_way, others = await run(caller, "c", user_id=PERSON), await run(caller, "c", user_id="grace")
    # As another gateway would be at them, which is heard of for an hour.
    for one in (under_way, others):
        await books(
            stack,
            """UPDATE chain_runs SET status = 'running', finished_at = NULL, leased_by = 'elsewhere',
                      leased_until = clock_timestamp() + interval '1 hour' WHERE run_id = $1::text::uuid""",
            one["id"],
        )
    # What the next steps need.
    given = 'UPDATE chain_run_steps SET result = \'{"output": "tea"}\' WHERE workspace_id = $1'
    await books(stack, given, caller.workspace.workspace_id)
    db = await Database.open(stack.urls["analytics"], application_name="test")
    try:
        assert (await caller("POST", "/v1/erasures", {"user_id": PERSON})).status in (201, 202)
        assert await erase_due(db, SystemClock(), batch_rows=1) == 1
        rows = await kept(stack, caller)
        assert [(one["cancel_requested"], one["variables"] is None) for one in rows] == [(True, True), (False, False)]
        results = "SELECT result IS NULL AS is_gone FROM chain_run_steps WHERE workspace_id = $1 ORDER BY run_id"
        assert [one["is_gone"] for one in await books(stack, results, caller.workspace.workspace_id)] == [True, False]
    finally:
        await books(stack, "UPDATE chain_runs SET status = 'cancelled', finished_at = now() WHERE status = 'running'")
        await db.close()


@pytest.mark.capability("E13")
async def test_who_waits_gets_the_whole_answer_and_the_record_is_masked(stack: Stack, caller: Caller) -> None:
    await ready(caller)
    assert (await caller("PUT", "/v1/masking", {"masking": {"kinds": ["email"]}})).status == 200
    ended = await run(caller, "c", variables={"topic": f"mail to {PERSON}"})
    assert PERSON in ended["output"]
    stored = (await caller("GET", f"/v1/chain-runs/{ended['id']}")).body
    assert PERSON not in str(stored["variables"]) and PERSON not in stored["output"]


@pytest.mark.capability("E13")
async def test_a_workspace_that_keeps_no_text_keeps_none_of_a_run(stack: Stack, caller: Caller) -> None:
    await ready(caller)
    workspace_id = caller.workspace.workspace_id
    assert (await caller("PATCH", f"/v1/workspaces/{workspace_id}", {"store_content": False})).status == 200
    ended = await run(caller, "c", metadata={"note": "secret"})
    assert ended["status"] == "success" and ended["output"]
    (row,) = await kept(stack, caller)
    assert (row["variables"], row["output"], row["metadata"]) == (None, None, "{}")
