"""Comments on executions, sessions and runs of chains: threads, inboxes, who may, the filter of the list, and how they end (E13, T8)."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio

from burnish.embedded.nats import ADMINISTRATOR
from burnish_analytics.erase_subjects import erase_due
from burnish_analytics.forget_old import forget_old
from burnish_analytics.io import erasures_store, retention_store
from burnish_shared.clock import SystemClock
from burnish_shared.db.session import Database
from burnish_shared.ids import new_uuid
from tests.embedded.databases import DatabaseUrls
from tests.embedded.stack import Stack, running_stack
from tests.embedded.streams import empty_streams
from tests.embedded.superuser import as_superuser
from tests.integration.access.browser import Browser, join, newcomer
from tests.integration.access.conftest import CHEAP

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.capability("E13", "U1", "T8")]

ABSENT = "01a21e69-0000-7000-8000-000000000001"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def stack(module_database_urls: DatabaseUrls, nats_server: Any) -> AsyncIterator[Stack]:
    async with running_stack(module_database_urls, nats_server, gateway={**CHEAP, "sign_up": "open"}) as running:
        yield running
    await empty_streams(nats_server.url(ADMINISTRATOR))


@pytest_asyncio.fixture(autouse=True, loop_scope="session")
async def no_tries_yet(stack: Stack) -> None:
    """All sign-ins come from one address."""
    async with as_superuser(stack.urls["superuser"]) as connection:
        await connection.execute("DELETE FROM burnish.sign_in_tries")


async def done(person: Browser, method: str, path: str, body: Any = None) -> Any:
    answer = await person(method, path, body)
    assert answer.status in (200, 201, 202, 204), answer.body
    return answer.body


async def ran(person: Browser, **more: Any) -> str:
    call = {"model": "simulated/chat", "messages": [{"role": "user", "content": "Hello."}], **more}
    made: str = (await done(person, "POST", "/v1/executions", call))["id"]

    async def booked() -> bool:
        return (await person("GET", f"/v1/executions/{made}")).body["status"] == "success"

    await eventually(booked)
    return made


async def eventually(look: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(30):
        while not await look():
            await asyncio.sleep(0.02)


async def chain_ran(person: Browser, **more: Any) -> tuple[str, str]:
    """A chain of one step, and a run of it."""
    slug = f"chain-{new_uuid().hex[-12:]}"
    await done(person, "POST", "/v1/prompts", {"slug": slug, "template": "Hello {{x}}", "model": "simulated/chat", "label": "production"})
    await done(person, "POST", "/v1/chains", {"slug": slug, "steps": [{"id": "one", "prompt": slug, "variables": {"x": "variables.x"}}]})
    return slug, (await done(person, "POST", f"/v1/chains/{slug}/runs", {"variables": {"x": "y"}, **more}))["id"]


async def places(person: Browser, **more: Any) -> dict[str, str]:
    """A run, its session and a run of a chain: name of the id → where their comments are."""
    session = f"talk/{new_uuid()}"
    execution = await ran(person, session_id=session, **more)
    _, chain_run = await chain_ran(person, **more)
    return {
        "execution_id": f"/v1/executions/{execution}/comments",
        "session_id": f"/v1/sessions/{session}/comments",
        "chain_run_id": f"/v1/chain-runs/{chain_run}/comments",
    }


async def texts(person: Browser, path: str) -> list[str]:
    return [one["body"] for one in (await done(person, "GET", path))["data"]]


async def rows(stack: Stack, sql: str, *values: Any) -> list[dict[str, Any]]:
    async with as_superuser(stack.urls["superuser"]) as connection:
        await connection.execute("SET search_path = burnish")
        return [dict(row) for row in await connection.fetch(sql, *values)]


async def event_of(stack: Stack, comment_id: str, kind: str) -> dict[str, Any]:
    sql = """SELECT body FROM outbox WHERE subject LIKE '%run.comment.' || $1 || '.%'
                AND position(convert_to($2, 'UTF8') IN body) > 0 ORDER BY outbox_id"""
    row, *_ = await rows(stack, sql, kind, comment_id)
    data: dict[str, Any] = json.loads(row["body"])["data"]
    return data


async def test_whoever_is_mentioned_or_answered_is_led_to_what_was_run(stack: Stack) -> None:
    ada = await newcomer(stack)
    bob, cleo = [await join(stack, ada, role="editor") for _ in range(2)]
    for name, path in (await places(ada)).items():
        first = await done(ada, "POST", path, {"body": f"Look at this answer, @{bob.email}"})
        assert [name for name in ("execution_id", "session_id", "chain_run_id") if first[name] is not None] == [name]
        assert first[name] in path and [one["user_id"] for one in first["mentions"]] == [bob.user_id]
        (told, *_) = (await done(bob, "GET", "/v1/inbox?unread=true"))["data"]
        assert (told["kind"], told["text"], told[name], told["comment_id"]) == ("mention", first["body"], first[name], first["id"])
        assert (told["slug"] is not None, told["version"]) == (name == "chain_run_id", None)
        answer = await done(cleo, "POST", path, {"body": "Fine.", "reply_to": first["id"]})
        deeper = await done(bob, "POST", path, {"body": "Yes.", "reply_to": answer["id"], "mentions": [cleo.user_id]})
        assert answer["reply_to"] == deeper["reply_to"] == first["id"], "an answer to an answer is one to the same"
        heard = (await done(ada, "GET", "/v1/inbox"))["data"][:2]
        assert [(one["kind"], one["text"]) for one in heard] == [("answer", "Yes."), ("answer", "Fine.")]
        assert (await done(bob, "GET", "/v1/inbox"))["unread"] == 0, "who answers has read the thread"
        page = await done(bob, "GET", f"{path}?limit=2")
        rest = await done(bob, "GET", f"{path}?limit=2&cursor={page['next_cursor']}")
        assert [one["body"] for one in page["data"] + rest["data"]] == ["Yes.", "Fine.", first["body"]] and rest["next_cursor"] is None

        settled = await done(cleo, "PATCH", f"{path}/{first['id']}", {"resolved": True})
        assert settled["resolved_by"] == f"user:{cleo.user_id}" and await texts(ada, f"{path}?open=true") == []
        assert len(await texts(ada, f"{path}?open=false")) == 3, "answers are settled with what they answer"
        assert [(await done(one, "GET", "/v1/inbox"))["unread"] for one in (ada, bob, cleo)] == [0, 0, 0]
        assert (await cleo("PATCH", f"{path}/{first['id']}", {"body": "Mine now."})).status == 403
        assert (await done(ada, "PATCH", f"{path}/{first['id']}", {"body": "Look."}))["edited_at"] is not None
        assert (await bob("DELETE", f"{path}/{first['id']}")).status == 403, "an editor deletes only their own"
        created, resolved = [await event_of(stack, first["id"], kind) for kind in ("created", "resolved")]
        assert created[name] == first[name] == resolved[name] and "body" not in created
        await done(ada, "DELETE", f"{path}/{first['id']}")
        assert await texts(ada, path) == [] and (await done(bob, "GET", "/v1/inbox"))["data"] == [], "all of it goes with the first"
    log = (await done(ada, "GET", "/v1/audit?object_kind=comment&limit=100"))["data"]
    assert {one["action"].removeprefix("run.comment.") for one in log} >= {"added", "changed", "resolved", "deleted"}
    assert "talk/" not in json.dumps(log), "the log outlives sessions, so it names none"


async def test_who_may_and_what_is_refused(stack: Stack) -> None:
    ada, eve = await newcomer(stack), await newcomer(stack)
    bob, viewer = [await join(stack, ada, role=role) for role in ("editor", "viewer")]
    there = await places(ada)
    others = [(await done(ada, "POST", path, {"body": "Hm."}))["id"] for path in there.values()]
    for path in there.values():
        assert (await viewer("POST", path, {"body": "I see."})).status == 403 and await texts(viewer, path) == ["Hm."]
        assert [(await eve(method, path, {"body": "x"} if method == "POST" else None)).status for method in ("GET", "POST")] == [404, 404]
        long, stranger = {"body": "x" * 10_001}, {"body": "x", "mentions": [eve.user_id]}
        versions = {"body": "x", "version": 1}
        for body, param in (({"body": " "}, "body"), (long, "body"), ({}, "body"), (versions, "version"), (stranger, "mentions")):
            refused = await bob("POST", path, body)
            assert (refused.status, refused.body["error"]["param"]) == (422, param), refused.body
        theirs = [(await done(bob, "GET", path))["data"][0]["id"]]
        for elsewhere in set(others) - set(theirs):
            wrong = await bob("POST", path, {"body": "x", "reply_to": elsewhere})
            assert (wrong.status, wrong.body["error"]["param"]) == (404, "reply_to"), "a thread of something else"
            assert (await ada("DELETE", f"{path}/{elsewhere}")).status == 404
    for path in (f"/v1/executions/{ABSENT}/comments", "/v1/sessions/nobody/comments", f"/v1/chain-runs/{ABSENT}/comments"):
        assert [(await ada(method, path, {"body": "x"} if method == "POST" else None)).status for method in ("GET", "POST")] == [404, 404]
    listed = await done(ada, "GET", "/v1/prompt-comments")
    assert listed["data"] == [], "that list is of versions"


async def test_where_the_workspace_masks_a_comment_says_no_more_than_the_record(stack: Stack) -> None:
    """All but the addresses of members who are mentioned."""
    ada = await newcomer(stack)
    bob = await join(stack, ada, role="editor")
    await done(ada, "PUT", "/v1/masking", {"masking": {"kinds": ["email"]}})
    there = await places(ada)
    written = f"Ann wrote from ann@example.com, @{bob.email}. So did @eve@example.org, {bob.email} says."
    kept = f"Ann wrote from [EMAIL], @{bob.email}. So did @[EMAIL], [EMAIL] says."
    for path in there.values():

        async def masks(path: str = path) -> bool:
            made = await done(ada, "POST", path, {"body": written})
            masked: bool = "ann@" not in made["body"]
            return masked

        await eventually(masks)
        made = await done(ada, "POST", path, {"body": written})
        assert made["body"] == kept and [one["user_id"] for one in made["mentions"]] == [bob.user_id]
        changed = await done(ada, "PATCH", f"{path}/{made['id']}", {"body": f"No: dan@example.com, @{bob.email}"})
        assert changed["body"] == f"No: [EMAIL], @{bob.email}" and [one["user_id"] for one in changed["mentions"]] == [bob.user_id]
        settled = await done(ada, "PATCH", f"{path}/{made['id']}", {"resolved": True})
        assert settled["body"] == changed["body"]
    long = await ada("POST", there["session_id"], {"body": "a@b.co " * 1_428})
    assert (long.status, long.body["error"]["param"]) == (422, "body"), long.body


async def test_runs_are_found_by_their_comments(stack: Stack) -> None:
    ada = await newcomer(stack)
    first, second, third = [await ran(ada) for _ in range(3)]
    for execution, count in ((first, 1), (third, 2)):
        for _ in range(count):
            await done(ada, "POST", f"/v1/executions/{execution}/comments", {"body": "See."})

    async def found(query: str) -> list[tuple[str, int]]:
        return [(one["id"], one["comments"]) for one in (await done(ada, "GET", f"/v1/executions?{query}"))["data"]]

    assert await found("") == [(third, 2), (second, 0), (first, 1)]
    assert await found("has_comments=true") == [(third, 2), (first, 1)]
    assert await found("has_comments=false") == [(second, 0)]
    assert await found("has_comments=true&status=success&model=simulated/chat&limit=1") == [(third, 2)]
    assert (await ada("GET", "/v1/executions?has_comments=perhaps")).status == 422


async def test_comments_go_with_the_workspaces_days(stack: Stack, db: Database) -> None:
    ada = await newcomer(stack)
    there = await places(ada)
    kept = await places(ada)
    for path in (*there.values(), *kept.values()):
        await done(ada, "POST", path, {"body": "It said: your card is 4111."})
    execution, chain_run = (UUID(there[name].split("/")[3]) for name in ("execution_id", "chain_run_id"))
    old = "clock_timestamp() - interval '31 days'"
    await rows(stack, f"UPDATE chain_runs SET finished_at = {old} WHERE run_id = $1", chain_run)
    await rows(stack, f"UPDATE prompt_comments SET created_at = {old} WHERE session_id = $1", there["session_id"][13:-9])
    await rows(
        stack,
        f"""UPDATE prompt_comments SET execution_id =
              (left(moment_bound({old})::text, 14) || right(execution_id::text, 22))::uuid WHERE execution_id = $1""",
        execution,
    )
    await done(ada, "PATCH", f"/v1/workspaces/{ada.workspace}", {"legal_hold": True})
    await forget_old(db, batch_rows=100)
    assert len(await rows(stack, "SELECT FROM prompt_comments WHERE workspace_id = $1", UUID(ada.workspace))) == 6, "held"
    await done(ada, "PATCH", f"/v1/workspaces/{ada.workspace}", {"legal_hold": False})
    await forget_old(db, batch_rows=100)
    assert [await texts(ada, path) for path in there.values()] == [[], [], []]
    assert [len(await texts(ada, path)) for path in kept.values()] == [1, 1, 1]
    refused = await ada("POST", there["chain_run_id"], {"body": "Late."})
    assert refused.status == 409 and "30 days" in refused.body["error"]["message"], "it would go at once"


async def test_a_comment_goes_with_a_text_that_goes_before_its_days(stack: Stack, db: Database) -> None:
    ada = await newcomer(stack)
    quoted, other = await ran(ada), await ran(ada)
    _, chain_run = await chain_ran(ada)
    paths = [f"/v1/executions/{quoted}/comments", f"/v1/chain-runs/{chain_run}/comments"]
    unstored = await ran(ada, overrides={"extra": {"store": False}})
    for path in (*paths, f"/v1/executions/{other}/comments", f"/v1/executions/{unstored}/comments"):
        await done(ada, "POST", path, {"body": "It said so."})
    await rows(stack, "DELETE FROM execution_contents WHERE execution_id = $1", UUID(quoted))
    await rows(stack, "UPDATE chain_runs SET keeps_text = false WHERE run_id = $1", UUID(chain_run))
    await forget_old(db, batch_rows=100)
    assert [await texts(ada, path) for path in paths] == [[], []]
    assert await texts(ada, f"/v1/executions/{other}/comments") == ["It said so."]
    assert await texts(ada, f"/v1/executions/{unstored}/comments") == ["It said so."], "no text of it was ever kept; it goes with its days"


async def test_a_workspace_that_keeps_texts_for_no_day_has_no_such_comments(stack: Stack) -> None:
    ada = await newcomer(stack)
    there = await places(ada)
    await done(ada, "PATCH", f"/v1/workspaces/{ada.workspace}", {"retention_days": 0})

    async def refused() -> bool:
        return {(await ada("POST", path, {"body": "See."})).status for path in there.values()} == {409}

    await eventually(refused)


async def test_an_erased_end_user_takes_comments_on_their_runs_and_sessions_along(stack: Stack, db: Database) -> None:
    ada = await newcomer(stack)
    theirs, others = await places(ada, user_id="customer-17"), await places(ada, user_id="customer-18")
    session = theirs["session_id"].split("/", 3)[3].removesuffix("/comments")
    beside = f"/v1/executions/{await ran(ada, session_id=session)}/comments"
    unstored = f"/v1/executions/{await ran(ada, user_id='customer-17', overrides={'extra': {'store': False}})}/comments"
    for path in (*theirs.values(), *others.values(), beside, unstored):
        first = await done(ada, "POST", path, {"body": "Customer says: I moved."})
        await done(ada, "POST", path, {"body": "Noted.", "reply_to": first["id"]})
    asked = await done(ada, "POST", "/v1/erasures", {"user_id": "customer-17"})
    await erase_due(db, SystemClock(), batch_rows=2)
    told = await done(ada, "GET", f"/v1/erasures/{asked['id']}")
    assert (told["status"], told["counts"]["prompt_comments"]) == ("completed", 10), told
    sql = "SELECT session_id FROM prompt_comments WHERE workspace_id = $1"
    left = await rows(stack, sql, UUID(ada.workspace))
    assert len(left) == 6 and session not in {one["session_id"] for one in left}
    assert [len(await texts(ada, path)) for path in others.values()] == [2, 2, 2]
    receipt = await done(ada, "GET", f"/v1/erasures/{asked['id']}/receipt")
    assert receipt["receipt"]["stores"]["prompt_comments"] == 10


async def test_an_erasure_reads_a_long_session_once_and_not_for_each_comment_on_it(stack: Stack, db: Database) -> None:
    """5,000 runs of others and 600 comments: each pair of them looked at takes longer than a statement may."""
    ada = await newcomer(stack)
    session = f"long-{new_uuid()}"
    await ran(ada, session_id=session, user_id="customer-1")
    await done(ada, "POST", f"/v1/sessions/{session}/comments", {"body": "See."})
    async with as_superuser(stack.urls["superuser"]) as connection:
        for table, key, many, more in (
            ("executions", "execution_id", 5_000, {"end_user": "'customer-' || (n % 100)"}),
            ("prompt_comments", "comment_id", 600, {}),
        ):
            names = await connection.fetch(
                "SELECT attname FROM pg_attribute WHERE attrelid = $1::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = ''",
                table,
            )
            made = {one["attname"]: one["attname"] for one in names} | {key: "uuidv7(interval '-1 second')"} | more
            await connection.execute(
                f"INSERT INTO {table} ({', '.join(made)}) SELECT {', '.join(made.values())} FROM {table} t, generate_series(1, {many}) n "
                f"WHERE t.session_id = '{session}'"
            )
    for who, left in (("nobody", 601), ("customer-42", 0)):
        asked = await done(ada, "POST", "/v1/erasures", {"user_id": who})
        async with db.unit_of_work() as tx:
            await tx.execute("SET LOCAL statement_timeout = '5s'")
            await erasures_store.erase_comments(tx, UUID(asked["id"]), after=UUID(int=0), at_most=1_000)
        counted = await rows(stack, "SELECT count(*) AS n FROM prompt_comments WHERE session_id = $1", session)
        assert counted[0]["n"] == left, who


async def test_retention_deletes_comments_in_the_order_of_their_ids(stack: Stack, db: Database) -> None:
    """So that no two who delete wait for each other: whoever waits for the first one holds none that comes after."""
    ada = await newcomer(stack)
    path = f"/v1/executions/{(run := await ran(ada))}/comments"
    first = UUID((await done(ada, "POST", path, {"body": "See."}))["id"])
    for _ in range(8):
        await done(ada, "POST", path, {"body": "Seen.", "reply_to": str(first)})
    await rows(stack, "DELETE FROM execution_contents WHERE execution_id = $1", UUID(run))

    async def forget() -> int:
        async with db.unit_of_work() as tx:
            return await retention_store.forget_comments(tx, UUID(ada.workspace), at_most=10)

    async def waits() -> bool:
        return bool(
            await rows(
                stack, "SELECT FROM pg_stat_activity WHERE wait_event IN ('transactionid', 'tuple') AND datname = current_database()"
            )
        )

    async with as_superuser(stack.urls["superuser"]) as connection:
        async with connection.transaction():
            await connection.fetch("SELECT FROM prompt_comments WHERE comment_id = $1 FOR UPDATE", first)
            forgetting = asyncio.create_task(forget())
            await eventually(waits)
            await connection.fetch("SELECT FROM prompt_comments WHERE reply_to = $1 FOR UPDATE NOWAIT", first)
        assert await forgetting == 9
    assert await texts(ada, path) == []


async def test_an_erased_workspace_and_an_export_hold_all_of_them(stack: Stack, db: Database) -> None:
    ada = await newcomer(stack)
    there = await places(ada)
    for path in there.values():
        await done(ada, "POST", path, {"body": "See."})
    key = (await done(ada, "POST", "/v1/api-keys", {"name": "export", "role": "admin"}))["key"]
    async with stack.session.get(f"{ada.url}/v1/export?scope=everything", headers={"authorization": f"Bearer {key}"}) as answer:
        lines = [json.loads(line) for line in (await answer.text()).splitlines()]
    saved = [one["row"] for one in lines if one.get("table") == "prompt_comments"]
    assert sorted(name for one in saved for name in there if one[name] is not None) == sorted(there)
    workspace = UUID(ada.workspace)
    ended = "suspended_at = clock_timestamp(), retention_days = 0, store_content = false"
    await rows(stack, f"UPDATE workspaces SET {ended} WHERE workspace_id = $1", workspace)
    await rows(stack, "INSERT INTO workspace_erasures (workspace_id, requested_by) VALUES ($1, 'test')", workspace)
    step = "more"
    while step == "more":
        async with db.unit_of_work() as tx:
            step = await erasures_store.erase_workspace_step(tx, workspace, at_most=1000)
    assert await rows(stack, "SELECT FROM prompt_comments WHERE workspace_id = $1", workspace) == []
