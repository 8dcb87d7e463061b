"""Reactions one by one, and taken back (F1, A2)."""

from typing import Any

import pytest

from burnish_shared.ids import new_uuid
from tests.embedded.stack import Caller, Stack
from tests.integration.feedback_api.test_feedback_api import execute, feedback_shown, until

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.capability("F1")]


async def say(caller: Caller, **body: Any) -> str:
    answer = await caller("POST", "/v1/feedback", body)
    assert answer.status == 202, answer.body
    return str(answer.body["feedback_id"])


async def listed(caller: Caller, query: str = "") -> list[dict[str, Any]]:
    answer = await caller("GET", f"/v1/feedback?{query}")
    assert answer.status == 200, answer.body
    return list(answer.body["data"])


async def summary(caller: Caller) -> tuple[int, int, int]:
    found = (await caller("GET", "/v1/analytics/summary?prompt=route")).body
    return found["reactions"], found["thumbs_up"], found["thumbs_down"]


@pytest.mark.promise("A-01", "A-03")
async def test_what_is_taken_back_counts_nowhere_and_stands_in_the_history(caller: Caller) -> None:
    execution_id = await execute(caller)
    feedback_id = await say(caller, execution_id=execution_id, thumb="down", comment="meant for another", user_id="ann")
    await say(caller, execution_id=execution_id, thumb="up", user_id="bob")

    async def counted(expected: tuple[int, int, int]) -> bool:
        return await summary(caller) == expected

    await until(lambda: counted((2, 1, 1)))
    for _ in range(2):  # The second comes before the first has its effect, and moves nothing more.
        answer = await caller("DELETE", f"/v1/feedback/{feedback_id}")
        assert (answer.status, answer.body) == (202, {"feedback_id": feedback_id})
    await until(lambda: counted((1, 1, 0)))
    assert [one["user_id"] for one in await feedback_shown(caller, execution_id)] == ["bob"]
    assert [one["user_id"] for one in await listed(caller)] == ["bob"]
    assert (await caller("DELETE", f"/v1/feedback/{feedback_id}")).status == 202

    [was] = [one for one in await listed(caller, f"history=true&execution_id={execution_id}") if one["user_id"] == "ann"]
    assert (was["thumb"], was["comment"], was["feedback_id"]) == ("down", "meant for another", feedback_id)
    assert was["taken_back_at"].endswith("Z") and was["taken_back_at"] > was["accepted_at"] and was["taken_back_by"] == was["sent_by"]
    audit = (await caller("GET", "/v1/audit?action=feedback.taken_back")).body["data"]
    assert {one["object_id"] for one in audit} == {feedback_id}

    await say(caller, execution_id=execution_id, thumb="up", user_id="ann")  # Whoever says something later is heard again.
    await until(lambda: counted((2, 2, 0)))
    [now] = [one for one in await listed(caller, "history=true") if one["user_id"] == "ann"]
    assert (now["thumb"], now["taken_back_at"]) == ("up", None)
    assert [(one["thumb"], one["taken_back_at"] is not None) for one in now["replaced"]] == [("down", True)]
    [now] = [one for one in await feedback_shown(caller, execution_id) if one["user_id"] == "ann"]
    assert [one["taken_back_at"].endswith("Z") for one in now["replaced"]] == [True], "of the execution as in the list"


async def test_what_was_replaced_is_not_taken_back_and_what_nobody_said_is_not_found(caller: Caller, stack: Stack) -> None:
    execution_id = await execute(caller)
    first = await say(caller, execution_id=execution_id, score=0.1, user_id="ann")
    second = await say(caller, execution_id=execution_id, score=0.9, user_id="ann")

    async def replaced() -> bool:
        return [one["feedback_id"] for one in await feedback_shown(caller, execution_id)] == [second]

    await until(replaced)
    answer = await caller("DELETE", f"/v1/feedback/{first}")
    assert answer.status == 409 and "take that one back" in answer.body["error"]["message"]
    assert [one["score"] for one in await listed(caller)] == [0.9]
    [shown] = await listed(caller, "history=true")
    assert [one["score"] for one in shown["replaced"]] == [0.1]
    stranger = await stack.caller()
    answers = [await stranger("DELETE", f"/v1/feedback/{second}"), await caller("DELETE", f"/v1/feedback/{new_uuid()}")]
    assert [one.status for one in answers] == [404, 404]
    assert answers[0].body["error"]["message"] == answers[1].body["error"]["message"]
    assert await listed(stranger, "history=true") == []


async def test_reactions_are_found_by_what_they_are_about_who_said_them_and_of_which_kind(caller: Caller) -> None:
    answer = await caller("POST", "/v1/executions", {"prompt": "route", "variables": {"text": "a"}, "session_id": "s_1"})
    one, other = str(answer.body["id"]), await execute(caller)
    await say(caller, execution_id=one, thumb="up", comment="fine", user_id="ann")
    await say(caller, execution_id=one, metric={"name": "a_b", "value": 2}, user_id="ann")
    await say(caller, execution_id=other, comment="slow", user_id="bob")
    await say(caller, execution_id=other, metric={"name": "axb", "value": 3}, user_id="bob")
    await say(caller, session_id="s_1", score=0.5)

    async def all_there() -> bool:
        return len(await listed(caller)) == 5 and all(row["prompt"] for row in await listed(caller))

    await until(all_there)

    async def kinds(query: str) -> list[str]:
        return [row["kind"] for row in await listed(caller, query)]

    assert await kinds("") == ["score", "metric", "comment", "metric", "thumb"]
    assert await kinds(f"execution_id={one}") == ["metric", "thumb"]
    assert await kinds("session_id=s_1") == ["score", "metric", "thumb"]
    assert await kinds("user_id=bob") == ["metric", "comment"]
    assert await kinds("kind=comment") == ["comment", "thumb"]
    assert [row["metric"]["value"] for row in await listed(caller, "metric=a_b")] == [2]
    assert await kinds("kind=metric") == ["metric", "metric"]
    assert (await kinds("prompt=route&version=1"), await kinds("prompt=route&version=2"), await kinds("prompt=none")) == (
        ["score", "metric", "comment", "metric", "thumb"], [], [],
    )  # fmt: skip
    assert await kinds("from=2001-01-01T00:00:00Z&to=2002-01-01T00:00:00Z") == []
    for query, param in (("version=1", "version"), (f"execution_id={one}&session_id=s", "session_id"), ("metric=a&kind=thumb", "metric")):
        refused = await caller("GET", f"/v1/feedback?{query}")
        assert (refused.status, refused.body["error"]["param"]) == (422, param)


async def test_reactions_are_found_by_what_they_say(caller: Caller) -> None:
    run = await execute(caller)
    for user, said in (("ann", {"thumb": "up"}), ("bob", {"thumb": "down"}), ("cyd", {"score": 0.2}), ("dan", {"score": 0.9})):
        await say(caller, execution_id=run, user_id=user, **said)
    await say(caller, execution_id=run, user_id="eve", metric={"name": "seconds", "value": 0})

    async def people(query: str) -> list[str]:
        return sorted(row["user_id"] for row in await listed(caller, f"execution_id={run}&{query}"))

    async def all_there() -> bool:
        return len(await people("")) == 5

    await until(all_there)
    assert (await people("thumb=up"), await people("thumb=down"), await people("kind=thumb&thumb=down")) == (["ann"], ["bob"], ["bob"])
    assert (await people("max_score=0.5"), await people("min_score=0.5"), await people("min_score=0.2&max_score=0.9")) == (
        ["cyd"], ["dan"], ["cyd", "dan"],
    )  # fmt: skip
    taken = next(row["feedback_id"] for row in await listed(caller, f"execution_id={run}&thumb=down"))
    assert (await caller("DELETE", f"/v1/feedback/{taken}")).status == 202

    async def is_gone() -> bool:
        return await people("thumb=down") == []

    await until(is_gone)
    assert (await people("thumb=down&history=true"), await people("max_score=1&history=true")) == (["bob"], ["cyd", "dan"])
    for query, param in (
        ("kind=score&thumb=up", "thumb"), ("metric=a&thumb=up", "thumb"), ("kind=comment&max_score=1", "max_score"),
        ("thumb=up&min_score=0", "min_score"), ("min_score=0.6&max_score=0.5", "min_score"), ("max_score=2", "max_score"),
        ("thumb=sideways", "thumb"),
    ):  # fmt: skip
        refused = await caller("GET", f"/v1/feedback?{query}")
        assert (refused.status, refused.body["error"]["param"]) == (422, param), query
    for none in ("nan", "inf", "-inf", "1e999"):
        refused = await caller("GET", f"/v1/feedback?min_score={none}")
        assert (refused.status, refused.body["error"]["message"]) == (422, "min_score: must be a finite number"), refused.body


async def test_pages_follow_one_another_without_a_gap(caller: Caller) -> None:
    execution_id = await execute(caller)
    for number in range(5):
        await say(caller, execution_id=execution_id, thumb="up", score=1, user_id=f"user-{number}")

    async def all_there() -> bool:
        return len(await listed(caller)) == 10

    await until(all_there)
    seen: list[tuple[str, str]] = []
    cursor = ""
    while True:
        page = (await caller("GET", f"/v1/feedback?limit=3{cursor}")).body
        seen += [(one["user_id"], one["kind"]) for one in page["data"]]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert seen == [(f"user-{number}", kind) for number in (4, 3, 2, 1, 0) for kind in ("thumb", "score")]


async def test_a_search_ends_where_it_has_looked_through_enough_and_goes_on_from_there(
    caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    from burnish_gateway.feedback import list_store

    monkeypatch.setattr(list_store, "LISTS", {to: sql.replace("LIMIT 20000", "LIMIT 2") for to, sql in list_store.LISTS.items()})
    monkeypatch.setattr(list_store, "ENDS", {to: sql.replace("OFFSET 20000 - 1", "OFFSET 1") for to, sql in list_store.ENDS.items()})
    execution_id = await execute(caller)
    for number in range(3):
        await say(caller, execution_id=execution_id, thumb="up", user_id=f"user-{number}")

    async def all_there() -> bool:
        page = (await caller("GET", "/v1/feedback?prompt=none")).body
        return page["next_cursor"] is not None and len(await feedback_shown(caller, execution_id)) == 3

    await until(all_there)
    first = (await caller("GET", "/v1/feedback?prompt=none")).body
    assert first["data"] == [] and first["searched_to"] is not None
    last = (await caller("GET", f"/v1/feedback?prompt=none&cursor={first['next_cursor']}")).body
    assert (last["data"], last["next_cursor"], last["searched_to"]) == ([], None, None)
    for query in ("user_id=user-0", "kind=score", "kind=thumb&user_id=user-0"):  # What no index knows is looked for in as many.
        first = (await caller("GET", f"/v1/feedback?{query}")).body
        assert first["data"] == [] and first["searched_to"] is not None, query
        last = (await caller("GET", f"/v1/feedback?{query}&cursor={first['next_cursor']}")).body
        assert [one["user_id"] for one in last["data"]] == ([] if query == "kind=score" else ["user-0"]) and last["next_cursor"] is None
    whole = (await caller("GET", "/v1/feedback")).body
    assert [one["user_id"] for one in whole["data"]] == ["user-2", "user-1"], "a page ends where it was looked through enough, too"
