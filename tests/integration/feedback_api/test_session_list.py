"""`GET /v1/sessions`: conversations, the one that went on last first (PRODUCT E13, F1)."""

from typing import Any
from urllib.parse import quote

import pytest

from burnish_gateway.sessions import list_store
from burnish_shared.db.session import Database
from burnish_shared.ids import new_uuid
from tests.embedded.stack import Caller, Stack
from tests.embedded.superuser import as_superuser
from tests.integration.feedback_api.test_batch_and_sessions import execute, send
from tests.integration.feedback_api.test_feedback_api import until

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.capability("E13", "F1")]


async def run(caller: Caller, session_id: str | None, **more: Any) -> dict[str, Any]:
    body = {"messages": [{"role": "user", "content": "Hello."}], "model": "simulated/chat", "session_id": session_id, **more}
    answer = await caller("POST", "/v1/executions", body)
    assert answer.status == 200, answer.body
    return dict(answer.body)


async def listed(caller: Caller, query: str = "") -> list[dict[str, Any]]:
    answer = await caller("GET", f"/v1/sessions{query}")
    assert answer.status == 200, answer.body
    return list(answer.body["data"])


async def test_sessions_are_listed_by_their_newest_execution_with_what_they_came_to(caller: Caller) -> None:
    assert (await caller("GET", "/v1/sessions")).body == {"data": [], "next_cursor": None, "searched_to": None}
    first = [await run(caller, "a/1 é", user_id="ann"), await run(caller, "b", user_id="ben")]
    await run(caller, None, user_id="ann")
    routed = await execute(caller, "a/1 é")
    last = await run(caller, "b", user_id="cleo")
    for reaction in ({"execution_id": routed, "thumb": "down"}, {"session_id": "a/1 é", "thumb": "up"}, {"session_id": "c", "thumb": "up"}):
        assert (await send(caller, [reaction])).status == 202

    async def counted() -> Any:
        found = await listed(caller)
        return found if found[1]["reactions"] == 2 else None

    b, a = await until(counted)
    assert (b["session_id"], b["executions"], b["successes"], b["user_id"], b["users"], b["prompts"]) == ("b", 2, 2, None, 2, [])
    assert (a["session_id"], a["executions"], a["user_id"], a["users"], a["prompts"]) == ("a/1 é", 2, "ann", 1, ["route"])
    assert (a["reactions"], a["thumbs_up"], a["thumbs_down"], a["simulated"], a["is_cut"]) == (2, 1, 1, True, False)
    assert (b["reactions"], b["thumbs_up"], b["thumbs_down"]) == (0, 0, 0)
    assert b["cost_nusd"] == first[1]["cost_nusd"] + last["cost_nusd"]
    begun = [(await caller("GET", f"/v1/executions/{one['id']}")).body["created_at"] for one in (first[1], last)]
    assert [b["started_at"], b["last_at"]] == begun
    totals = (await caller("GET", f"/v1/sessions/{quote('a/1 é', safe='')}")).body["totals"]
    assert {name: a[name] for name in totals.keys() & a.keys()} == {name: totals[name] for name in totals.keys() & a.keys()}


async def test_lists_are_narrowed_by_what_one_execution_is_and_show_whole_sessions(caller: Caller) -> None:
    await run(caller, "mixed", user_id="ann")
    await execute(caller, "routed")
    await execute(caller, "mixed")
    middle = (await run(caller, "plain", user_id="ann"))["id"]
    await run(caller, "mixed", user_id="ben")
    at = quote((await caller("GET", f"/v1/executions/{middle}")).body["created_at"])
    for query, wanted in (
        ("", ["mixed", "plain", "routed"]),
        ("?prompt=route", ["mixed", "routed"]),
        ("?user_id=ann", ["plain", "mixed"]),
        ("?user_id=ann&prompt=route", []),
        ("?prompt=nobodys", []),
        (f"?from={at}", ["mixed", "plain"]),
        (f"?to={at}", ["mixed", "routed"]),
        (f"?to={at}&user_id=ann", ["mixed"]),
    ):
        found = await listed(caller, query)
        assert [one["session_id"] for one in found] == wanted, query
        assert {one["executions"] for one in found if one["session_id"] == "mixed"} <= {3}, "figures are of the whole session"
    for wrong in ("user_id=%00", "from=yesterday", f"from={at}&to=2020-01-01T00:00:00Z", "limit=0", "limit=201", "cursor=x", "colour=red"):
        refused = await caller("GET", f"/v1/sessions?{wrong}")
        assert refused.status == 422 and refused.body["error"]["param"] in wrong, (wrong, refused.body)


async def test_pages_end_where_the_next_one_begins_and_no_session_stands_twice(caller: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    names = ["one", "two", "one", "three", "two", "four"]
    for name in names:
        await run(caller, name)
    pages, cursor = [], ""
    while cursor is not None:
        page = (await caller("GET", f"/v1/sessions?limit=1{cursor and f'&cursor={cursor}'}")).body
        pages.append([one["session_id"] for one in page["data"]])
        cursor = page["next_cursor"]
    assert pages == [["four"], ["two"], ["three"], ["one"]]
    monkeypatch.setattr(list_store, "LOOKED_AT_MOST", 2)
    pages, cursor, searched = [], "", []
    while cursor is not None:
        page = (await caller("GET", f"/v1/sessions?{cursor and f'cursor={cursor}'}")).body
        pages.append([one["session_id"] for one in page["data"]])
        searched.append(page["searched_to"])
        cursor = page["next_cursor"]
    assert pages == [["four", "two"], ["three", "one"], [], []]
    assert all(searched[:-1]) and searched[-1] is None and searched[:-1] == sorted(searched[:-1], reverse=True)
    other = await caller("GET", f"/v1/executions?limit=1&cursor={(await caller('GET', '/v1/sessions?limit=1')).body['next_cursor']}")
    assert other.status == 422, "a cursor is of one list"


async def test_of_a_session_that_everything_goes_to_the_newest_are_counted(caller: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(list_store, "COUNTED_MOST", 2)
    made = [await run(caller, "default", user_id=user) for user in ("ann", "ben", "ben")]
    [found] = await listed(caller)
    assert (found["executions"], found["user_id"], found["is_cut"]) == (2, "ben", True)
    assert found["cost_nusd"] == made[1]["cost_nusd"] + made[2]["cost_nusd"]
    assert found["started_at"] == (await caller("GET", f"/v1/executions/{made[0]['id']}")).body["created_at"]
    monkeypatch.setattr(list_store, "COUNTED_MOST", 3)
    [found] = await listed(caller)
    assert (found["executions"], found["is_cut"]) == (3, False)


async def test_another_workspace_sees_none_of_it(stack: Stack, caller: Caller) -> None:
    await run(caller, "ours", user_id="ann")
    other = await stack.caller()
    await run(other, "theirs")
    assert [one["session_id"] for one in await listed(other)] == ["theirs"]
    assert await listed(other, "?user_id=ann") == []
    cursor = (await caller("GET", "/v1/sessions?limit=1")).body["next_cursor"]
    assert cursor is None
    await run(caller, "ours-2")
    cursor = (await caller("GET", "/v1/sessions?limit=1")).body["next_cursor"]
    assert (await other("GET", f"/v1/sessions?cursor={cursor}")).status == 422


async def test_a_page_takes_no_longer_where_one_session_has_nearly_everything(stack: Stack, caller: Caller) -> None:
    """As the gateway's own role. Each look at what came later, at the figures and at reactions is by an index."""
    ids = [new_uuid() for _ in range(30_000)]
    async with as_superuser(stack.urls["superuser"]) as connection:
        await connection.execute(
            """INSERT INTO executions (execution_id, workspace_id, fence, lane, status, slug, version, label, model, provider, input_tokens,
                 output_tokens, cached_input_tokens, usage_source, cost_nusd, latency_ms, simulated, end_user, session_id, finished_at)
               SELECT id, $1, 1, 'interactive', 'success', 'route', 1, 'production', 'simulated/chat', 'simulated', 20, 10, 0, 'provider',
                      1800, 120, true, 'person', CASE WHEN n % 1000 = 0 THEN 'rare-' || n ELSE 'default' END, now()
                 FROM unnest($2::uuid[]) WITH ORDINALITY AS made(id, n)""",
            caller.workspace.workspace_id,
            ids,
        )
        await connection.execute("ANALYZE executions")
    db = await Database.open(stack.urls["gateway"], application_name="test-sessions")
    try:
        for filters in ({}, {"prompt": "route"}, {"user_id": "person"}):
            async with db.unit_of_work(workspace=caller.workspace.workspace_id, read_only=True) as tx:
                await tx.execute("SET LOCAL statement_timeout = '3s'")
                found = await list_store.list_newest(tx, after=None, limit=50, filters=filters)
                assert len(found.rows) == 21 and found.searched_to == ids[10_000], len(found.rows)
                figures = await list_store.figures_of(tx, [row["session_id"] for row in found.rows])
            assert [row["executions"] for row in figures].count(1_000) == 1
    finally:
        await db.close()
