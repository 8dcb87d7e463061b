"""The log narrowed by what stands beside an execution: metadata, what people said, what evaluators said (PRODUCT E13, F3, F4)."""

from typing import Any
from urllib.parse import quote
from uuid import UUID

import pytest

from burnish_gateway.execution import store
from burnish_shared.db.session import Database
from burnish_shared.ids import new_uuid
from tests.embedded.stack import Caller, Stack
from tests.embedded.superuser import as_superuser
from tests.integration.feedback_api.test_batch_and_sessions import send
from tests.integration.feedback_api.test_feedback_api import until

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.capability("E13", "F3", "F4")]


async def run(caller: Caller, **more: Any) -> str:
    body = {"messages": [{"role": "user", "content": "Hello."}], "model": "simulated/chat", **more}
    answer = await caller("POST", "/v1/executions", body)
    assert answer.status == 200, answer.body
    return str(answer.body["id"])


async def found(caller: Caller, query: str) -> list[str]:
    answer = await caller("GET", f"/v1/executions?{query}")
    assert answer.status == 200, answer.body
    return [row["id"] for row in answer.body["data"]]


def named(**metadata: str) -> str:
    return "&".join(f"{quote(f'metadata[{name}]')}={quote(value)}" for name, value in metadata.items())


async def test_metadata_is_found_by_its_keys_and_values(stack: Stack, caller: Caller) -> None:
    one = await run(caller, metadata={"plan": "pro", "n": 7, "beta": True, "device": {"os": "iOS 18"}, "a.b": "whole", "a": {"b": "deep"}})
    other = await run(caller, metadata={"plan": "free", "n": "7", "device": {"os": None}})
    none = await run(caller)
    theirs = await stack.caller()
    await run(theirs, metadata={"plan": "pro"})
    for query, wanted in (
        (named(plan="pro"), [one]), (named(plan="Pro"), []), (named(n="7"), [other, one]), (named(n="7", plan="free"), [other]),
        (named(n="7", plan="none"), []), (named(beta="true"), [one]), (named(**{"device.os": "iOS 18"}), [one]),
        (named(**{"a.b": "whole"}), [one]), (named(**{"a.b": "deep"}), []), (named(device='{"os": null}'), [other]),
        (named(**{"it's \" $1 {}": "x"}), []), (named(plan="pro") + "&model=simulated/chat&status=success", [one]),
    ):  # fmt: skip
        assert await found(caller, query) == wanted, query
    assert await found(caller, "limit=3") == [none, other, one]
    many = "&".join(named(**{f"k{number}": "x"}) for number in range(17))
    for query, param in (
        (many, "metadata"),
        ("metadata=pro", "metadata"),
        ("metadata[%00]=pro", "metadata[\\u0000]"),
        ("metadata[plan]=%00", "metadata[plan]"),
        (named(plan="pro") + "&" + named(plan="free"), "metadata[plan]"),
        (named(**{"pl\x00n": "pro"}), "metadata[pl\\u0000n]"),
    ):
        refused = await caller("GET", f"/v1/executions?{query}")
        assert (refused.status, refused.body["error"]["param"]) == (422, param), refused.body


async def test_runs_are_found_by_what_people_said_of_them(caller: Caller) -> None:
    up, down, scored, low, silent = [await run(caller, session_id="s") for _ in range(5)]
    said = [
        {"execution_id": up, "thumb": "up", "user_id": "ann"}, {"execution_id": down, "thumb": "down", "user_id": "ann"},
        {"execution_id": scored, "score": 0.8}, {"execution_id": low, "score": 0.2}, {"execution_id": low, "score": 0.9, "user_id": "bob"},
        {"session_id": "s", "thumb": "down"},
    ]  # fmt: skip
    assert (await send(caller, said)).status == 202

    async def all_counted() -> bool:
        return await found(caller, "reaction=any") == [low, scored, down, up]

    await until(all_counted)
    for query, wanted in (
        ("reaction=up", [up]), ("reaction=down", [down]), ("reaction=none", [silent]), ("min_score=0.5", [low, scored]),
        ("max_score=0.5", [low]), ("min_score=0.3&max_score=0.7", []), ("min_score=0.85&max_score=0.95", [low]),
        ("reaction=any&session_id=s&min_score=0", [low, scored]),
    ):  # fmt: skip
        assert await found(caller, query) == wanted, query
    [thumb] = (await caller("GET", f"/v1/feedback?execution_id={down}")).body["data"]
    assert (await caller("DELETE", f"/v1/feedback/{thumb['feedback_id']}")).status == 202

    async def taken_back() -> bool:
        return await found(caller, "reaction=none") == [silent, down]

    await until(taken_back)
    for query, param in (
        ("reaction=sideways", "reaction"), ("min_score=0.6&max_score=0.5", "min_score"), ("max_score=2", "max_score"),
        ("min_score=nan", "min_score"), ("reaction=none&min_score=0.1", "reaction"), ("evaluator_id=x", "evaluator_id"),
    ):  # fmt: skip
        refused = await caller("GET", f"/v1/executions?{query}")
        assert (refused.status, refused.body["error"]["param"]) == (422, param), refused.body


async def test_runs_are_found_by_what_an_evaluator_said_of_them(stack: Stack, caller: Caller) -> None:
    good, bad, unavailable = [await run(caller) for _ in range(3)]
    evaluator, other = new_uuid(), new_uuid()
    async with as_superuser(stack.urls["superuser"]) as connection:
        for execution, by, score in ((good, evaluator, 0.9), (bad, evaluator, 0.1), (bad, other, 0.95), (unavailable, evaluator, None)):
            await connection.execute(
                """INSERT INTO scores (workspace_id, execution_id, evaluator_id, evaluator_version, kind, slug, version, label, model,
                     finished_at, score, passed, unavailable, simulated)
                   VALUES ($1, $2, $3, 1, 'exact', '', 0, '', 'm', now(), $4, $5, $6, true)""",
                caller.workspace.workspace_id, UUID(execution), by, score, None if score is None else score > 0.5,
                "failed" if score is None else None,
            )  # fmt: skip
    assert await found(caller, f"evaluator_id={evaluator}") == [bad, good]
    assert await found(caller, f"evaluator_id={evaluator}&max_score=0.5") == [bad]
    assert await found(caller, f"evaluator_id={evaluator}&min_score=0.5&max_score=0.9") == [good]
    assert await found(caller, f"evaluator_id={new_uuid()}") == []
    assert await found(caller, "min_score=0") == [], "an evaluator is none of the people"
    assert await found(await stack.caller(), f"evaluator_id={evaluator}") == []


async def test_a_page_looks_so_far_back_for_what_stands_elsewhere(caller: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "LOOKED_ELSEWHERE_MOST", 2)
    ids = [await run(caller, metadata={"n": str(number % 4)}) for number in range(5)]
    pages, cursor = [], ""
    while cursor is not None:
        page = (await caller("GET", f"/v1/executions?{named(n='0')}{cursor and f'&cursor={cursor}'}")).body
        pages.append([row["id"] for row in page["data"]])
        assert (page["searched_to"] is None) == (page["next_cursor"] is None)
        cursor = page["next_cursor"]
    assert pages == [[ids[4]], [], [ids[0]]]


async def test_looking_elsewhere_is_by_an_index_and_ends(stack: Stack, caller: Caller) -> None:
    """As the gateway's own role, where nothing is found among many."""
    ids = [new_uuid() for _ in range(25_000)]
    async with as_superuser(stack.urls["superuser"]) as connection:
        await connection.execute(
            """INSERT INTO executions (execution_id, workspace_id, fence, lane, status, model, provider, input_tokens, output_tokens,
                 cached_input_tokens, usage_source, cost_nusd, latency_ms, finished_at)
               SELECT id, $1, 1, 'interactive', 'success', 'm', 'p', 20, 10, 0, 'provider', 1800, 120, now() FROM unnest($2::uuid[]) id""",
            caller.workspace.workspace_id, ids,
        )  # fmt: skip
        await connection.execute(
            """INSERT INTO execution_contents (execution_id, workspace_id, messages, variables, settings, metadata)
               SELECT id, $1, '[]', '{}', '{}', '{"plan": "free"}' FROM unnest($2::uuid[]) id""",
            caller.workspace.workspace_id, ids,
        )  # fmt: skip
        await connection.execute("ANALYZE executions, execution_contents, feedback, scores")
    db = await Database.open(stack.urls["gateway"], application_name="test-filters")
    rare: dict[str, Any] = {
        "metadata": {"plan": "pro"}, "reaction": "down", "scored": [0.5, 1.0], "judged": [str(new_uuid()), "0.0", "1.0"],
    }  # fmt: skip
    try:
        for name, value in rare.items():
            async with db.unit_of_work(workspace=caller.workspace.workspace_id, read_only=True) as tx:
                await tx.execute("SET LOCAL statement_timeout = '3s'")
                page = await store.list_executions(tx, after=None, limit=50, filters={name: value})
            assert (page.rows, page.searched_to) == ([], ids[5_000]), name
    finally:
        await db.close()
