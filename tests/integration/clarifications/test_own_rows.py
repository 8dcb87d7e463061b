"""A session is its owner's alone: at the database, whatever ids are forged, and over HTTP (PRODUCT S1, T3)."""

from uuid import UUID

import asyncpg
import pytest

from burnish_shared.ids import new_uuid
from tests.embedded.signed_in import sign_in
from tests.embedded.stack import Caller, Stack
from tests.integration.clarifications.sessions import ROUGH, read, reply, start, write

pytestmark = [pytest.mark.capability("S1", "T3"), pytest.mark.promise("T-02")]

TABLES = ("clarifications", "clarification_messages", "clarification_feedback")


async def two_people(stack: Stack) -> tuple[tuple[Caller, UUID], tuple[Caller, UUID]]:
    """Of one workspace, both admins."""
    first = await stack.caller()
    return await sign_in(stack, first.workspace, role="admin"), await sign_in(stack, first.workspace, role="admin")


async def seen_by(stack: Stack, workspace_id: UUID, user_id: UUID | None, session_id: str) -> list[int]:
    """How many rows of each table the gateway's own login sees, on a connection of its own, as this person."""
    connection = await asyncpg.connect(stack.urls["gateway"], server_settings={"search_path": "burnish"})
    try:
        async with connection.transaction():
            await connection.execute("SELECT set_config('app.workspace', $1, true)", str(workspace_id))
            await connection.execute("SELECT set_config('app.user', $1, true)", str(user_id or ""))
            wanted = UUID(session_id)
            return [await connection.fetchval(f"SELECT count(*) FROM {one} WHERE session_id = $1", wanted) for one in TABLES]
    finally:
        await connection.close()


async def test_two_users_do_not_see_each_others_sessions_on_a_direct_connection(stack: Stack) -> None:
    (ada, ada_id), (_, grace_id) = await two_people(stack)
    session = await start(ada)
    assert (await ada("POST", f"/v1/clarifications/{session['id']}/feedback", {"rating": 5})).status == 201
    workspace_id = ada.workspace.workspace_id
    own = await seen_by(stack, workspace_id, ada_id, session["id"])
    assert all(count > 0 for count in own)
    for somebody in (grace_id, new_uuid(), workspace_id, None):
        assert await seen_by(stack, workspace_id, somebody, session["id"]) == [0, 0, 0], somebody
    assert await seen_by(stack, (await stack.caller()).workspace.workspace_id, ada_id, session["id"]) == [0, 0, 0]


async def test_a_forged_owner_is_refused_and_nothing_of_others_is_changed(stack: Stack) -> None:
    (ada, ada_id), (_, grace_id) = await two_people(stack)
    session = await start(ada)
    workspace_id = ada.workspace.workspace_id
    connection = await asyncpg.connect(stack.urls["gateway"], server_settings={"search_path": "burnish"})
    try:
        async with connection.transaction():
            await connection.execute(
                "SELECT set_config('app.workspace', $1, true), set_config('app.user', $2, true)", str(workspace_id), str(grace_id)
            )
            for change in (
                "UPDATE clarifications SET status = 'failed'",
                "DELETE FROM clarifications",
                "DELETE FROM clarification_messages",
            ):
                assert (await connection.execute(f"{change} WHERE session_id = $1", UUID(session["id"]))).endswith(" 0")
        for sql in (
            """INSERT INTO clarifications (session_id, workspace_id, owner_id, initial_prompt, ask_model, write_model, actor, expires_at)
               VALUES ($1, $2, $3, 'x', 'm', 'm', 'x', now())""",
            """INSERT INTO clarification_messages (message_id, workspace_id, owner_id, session_id, role, kind, content)
               SELECT $1, $2, $3, $4, 'user', 'note', 'x'""",
        ):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                async with connection.transaction():
                    await connection.execute(
                        "SELECT set_config('app.workspace', $1, true), set_config('app.user', $2, true)", str(workspace_id), str(grace_id)
                    )
                    values = [new_uuid(), workspace_id, ada_id, *([UUID(session["id"])] if "$4" in sql else [])]
                    await connection.execute(sql, *values)
    finally:
        await connection.close()
    assert (await read(ada, session))["status"] == "clarifying"


async def test_over_http_a_colleague_an_admin_and_another_key_find_nothing(stack: Stack) -> None:
    (ada, _), (grace, _) = await two_people(stack)
    session = await start(ada)
    key = await stack.caller(workspace=ada.workspace)
    path = f"/v1/clarifications/{session['id']}"
    for other in (grace, key, await stack.caller()):
        assert (await other("GET", "/v1/clarifications")).body["data"] == []
        refused = [
            await other("GET", path),
            await other("POST", f"{path}/answers", {"answers": [{"question_id": "q1_1", "answer": "x"}]}),
            await other("POST", f"{path}/final-prompt"),
            await other("POST", f"{path}/feedback", {"rating": 1}),
            await other("POST", f"{path}/save", {"slug": "stolen"}),
            await other("GET", f"{path}/events"),
            await other("DELETE", path),
        ]
        assert [one.status for one in refused] == [404] * 7
    assert len((await reply(ada, session))["answered"]) == 3
    exported = {one: (await caller("GET", "/v1/export")).raw for one, caller in (("own", ada), ("other", grace))}
    assert session["id"].encode() in exported["own"] and session["id"].encode() not in exported["other"]


@pytest.mark.promise("G-04")
async def test_an_idempotency_key_of_somebody_else_tells_a_colleague_nothing_of_their_session(stack: Stack) -> None:
    (ada, _), (grace, _) = await two_people(stack)
    once = {"idempotency-key": "first"}
    begun = await ada("POST", "/v1/clarifications", ROUGH, headers=once)
    assert begun.status < 300, begun.body
    refused = await grace("POST", "/v1/clarifications", ROUGH, headers=once)
    assert (refused.status, refused.body["error"]["code"]) == (422, "idempotency_mismatch")
    assert begun.body["id"] not in refused.raw.decode()
    again = await ada("POST", "/v1/clarifications", ROUGH, headers=once)
    assert again.headers["idempotent-replayed"] == "true" and again.body["id"] == begun.body["id"]


async def test_a_rotated_key_goes_on_with_the_sessions_of_its_line(stack: Stack) -> None:
    caller = await stack.caller()
    made = (await caller("POST", "/v1/api-keys", {"name": "clarifier", "role": "admin"})).body
    first = Caller(caller.session, caller.url, made["key"], caller.workspace)
    session = await start(first)
    rotated = await caller("POST", f"/v1/api-keys/{made['id']}/rotate")
    assert rotated.status in (200, 201), rotated.body
    second = Caller(caller.session, caller.url, rotated.body["key"], caller.workspace)
    assert (await write(second, session))["status"] == "finalized"
    assert (await caller("POST", "/v1/clarifications", ROUGH)).status == 201
