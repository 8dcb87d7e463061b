"""A whole workspace is erased: nothing begins in it any more, nothing is left of its texts, and the ledger still adds up."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
import pytest
import pytest_asyncio
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from burnish_analytics.erase_workspaces import erase_workspaces
from burnish_analytics.forget_old import Forgotten, forget_some
from burnish_analytics.io import erasures_store
from burnish_gateway.privacy.receipt import signed_bytes
from burnish_shared.db.session import Database
from burnish_shared.ids import new_uuid
from tests.embedded.databases import DatabaseUrls
from tests.embedded.stack import Caller, Stack, running_stack
from tests.integration.billing.money import operator_of
from tests.integration.privacy.past import Past, days_ago

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.capability("T8"), pytest.mark.promise("P-02", "P-03")]

NAMES_OF_CONFIGURATION = ("audit_log", "executions", "execution_facts", "rollups", "usage_days")
"""What keeps numbers by prompt, or says who configured what, keeps the names of things; their texts are gone."""


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def stack(module_database_urls: DatabaseUrls, nats_server: Any) -> AsyncIterator[Stack]:
    async with running_stack(module_database_urls, nats_server) as running:
        yield running


async def furnished(caller: Caller, past: Past, word: str) -> None:
    """One of nearly everything, with the word in its texts."""
    message = {"role": "user", "content": f"{word} {{{{x}}}}"}
    assert (
        await caller("POST", "/v1/prompts", {"slug": "desk", "name": word, "messages": [message], "model": "simulated/chat"})
    ).status == 201
    for n in range(3):
        await caller("POST", "/v1/prompts/desk/versions", {"base_version": n + 1, "temperature": n / 10, "message": word})
    await caller("POST", "/v1/marketplace", {"prompt": "desk", "visibility": "public", "example": word})
    await caller("POST", "/v1/datasets", {"name": word, "items": [{"input": f"{word} {n}", "expected": word} for n in range(5)]})
    await caller("POST", "/v1/webhooks/endpoints", {"url": "http://127.0.0.1:9/x", "events": ["*"], "description": word})
    await caller("PUT", "/v1/alert-rules/desk", {"min_samples": 50})
    call = {"prompt": "desk", "variables": {"x": word}, "user_id": word, "session_id": word}
    execution = await caller("POST", "/v1/executions", call, headers={"idempotency-key": f"call-{word}"})
    assert execution.status == 200, execution.body
    old = await past.execution(caller.workspace.workspace_id, word, at=days_ago(2), session=word)
    await past.feedback(caller.workspace.workspace_id, word, at=days_ago(1), execution=old, replaced=True)


async def eventually(look: Callable[[], Awaitable[Any]]) -> None:
    async with asyncio.timeout(60):
        while not await look():
            await asyncio.sleep(0.02)


async def test_nothing_of_an_erased_workspace_is_left_but_amounts(
    stack: Stack, past: Past, superuser: asyncpg.Connection, db: Database
) -> None:
    caller, neighbour = await stack.caller(), await stack.caller()
    await furnished(caller, past, "vanishing")
    await furnished(neighbour, past, "staying")
    workspace, path = caller.workspace.workspace_id, f"/v1/workspaces/{caller.workspace.workspace_id}"
    await superuser.execute("DELETE FROM outbox WHERE sent_at IS NOT NULL")  # as the relay does after a day
    ledger = "SELECT kind, amount_nusd, execution_id, debit_account_id FROM transfers WHERE workspace_id = $1 ORDER BY transfer_id"
    before, theirs = await past.rows(ledger, workspace), await past.found("staying")

    assert (await neighbour("DELETE", f"{path}?confirm=test")).status == 404
    assert (await caller("DELETE", f"{path}?confirm=other")).status == 422
    answer = await caller("DELETE", f"{path}?confirm=test")
    assert answer.status == 202 and answer.body["completed_at"] is None

    async def is_out() -> bool:
        return (await caller("GET", "/v1/prompts")).status == 401

    await eventually(is_out)
    while not await erase_workspaces(db, batch_rows=2):
        await asyncio.sleep(0.02)
    left = {table: n for table, n in (await past.found("vanishing")).items() if table not in NAMES_OF_CONFIGURATION and table != "outbox"}
    assert left == {}
    texts = (
        "execution_contents",
        "prompt_versions",
        "dataset_items",
        "webhook_endpoints",
        "api_keys",
        "marketplace_entries",
        "feedback_history",
    )
    for table in texts:
        assert await superuser.fetchval(f"SELECT count(*) FROM {table} WHERE workspace_id = $1", workspace) == 0, table
    people = "SELECT count(*) FROM executions WHERE workspace_id = $1 AND (end_user IS NOT NULL OR session_id IS NOT NULL)"
    assert await superuser.fetchval(people, workspace) == 0
    assert await past.rows(ledger, workspace) == before and before
    assert await superuser.fetchval("SELECT count(*) FROM drift()") == 0
    assert {**theirs, "outbox": 0} == {**await past.found("staying"), "outbox": 0}, "nobody else loses anything"
    entries = await past.rows(
        "SELECT action FROM audit_log WHERE workspace_id = $1 AND object_kind = 'workspace' ORDER BY audit_id", workspace
    )
    assert [one["action"] for one in entries] == ["workspace.erasure_requested", "workspace.erased"]
    assert await erase_workspaces(db, batch_rows=100) == 0


async def test_what_is_being_erased_is_not_resumed_so_that_its_erasure_comes_to_its_end(
    stack: Stack, superuser: asyncpg.Connection, db: Database
) -> None:
    operator, home = await operator_of(stack), await stack.caller()
    made = (await home("POST", "/v1/workspaces", {"name": "second"})).body
    path, suspended = f"/v1/workspaces/{made['id']}", "SELECT suspended_at IS NOT NULL FROM workspaces WHERE workspace_id = $1"
    assert (await home("GET", f"{path}/erasure")).status == 404
    assert (await home("DELETE", f"{path}?confirm=second")).status == 202
    early = await home("GET", f"{path}/erasure/receipt")
    assert (early.status, early.body["error"]["param"]) == (409, "workspace_id")
    refused = await operator("POST", f"{path}/resume", {"reason": "paid"})
    assert (refused.status, refused.body["error"]["param"]) == (409, "workspace_id"), refused.body
    assert await superuser.fetchval(suspended, made["id"]), "nothing begins in it"

    async def is_erased() -> bool:
        return await erase_workspaces(db, batch_rows=100) == 1

    await eventually(is_erased)
    again = await operator("POST", f"{path}/resume", {"reason": "paid"})
    assert again.status == 409, "nor afterwards"

    assert (await (await stack.caller())("GET", f"{path}/erasure/receipt")).status == 404
    told, signed = await home("GET", f"{path}/erasure"), await home("GET", f"{path}/erasure/receipt")
    receipt = signed.body["receipt"]
    assert (told.status, signed.status, receipt["final"]) == (200, 200, True)
    assert receipt["stores"] == told.body["counts"] and receipt["stores"]["api_keys"] == 1, "its first key"
    assert datetime.fromisoformat(receipt["completed_at"]) == datetime.fromisoformat(told.body["completed_at"])
    assert receipt["requested_by"] == told.body["requested_by"] and receipt["workspace_id"] == made["id"]
    assert {"executions", "feedback"} <= set(receipt["emptied"]) and "audit log" in " ".join(receipt["stays"])
    assert "execution_contents" in receipt["removed_too"] and "that nobody could handle later" in " ".join(receipt["ages_out"])
    key = Ed25519PublicKey.from_public_bytes(base64.b64decode(signed.body["public_key"]))
    key.verify(base64.b64decode(signed.body["signature"]), signed_bytes(receipt))
    with pytest.raises(InvalidSignature):
        key.verify(base64.b64decode(signed.body["signature"]), signed_bytes(receipt | {"stores": {}}))


async def test_what_nobody_could_handle_goes_with_its_workspace_and_a_list_keeps_what_is_others(
    stack: Stack, superuser: asyncpg.Connection, db: Database
) -> None:
    home, neighbour = await stack.caller(), str(new_uuid())
    made = str((await home("POST", "/v1/workspaces", {"name": "second"})).body["id"])
    mine, others = {"workspace_id": made, "comment": "secret"}, {"workspace_id": neighbour, "comment": f"as good as {made}"}
    letters: dict[str, tuple[Any, str]] = {
        "a request": (mine, "s"),
        "no JSON": (b"\xff of " + made.encode(), "s"),
        "named by its subject": ({"text": "secret"}, f"burnish.v1.executions.requested.background.{made}"),
        "a list of its own": ({"items": [mine, mine]}, "s"),
        "a list that says once whose it is": ({"workspace_id": made, "items": [{"comment": "secret"}]}, "s"),
        "a list that does not say whose it is": ({"items": [{"text": "secret"}]}, f"burnish.v1.executions.requested.background.{made}"),
        "a list of both": ({"v": 1, "items": [others, mine, others]}, "s"),
        "a neighbour's": ({"items": [others]}, "s"),
        "a neighbour's request": (others, "s"),
        "without a body": (None, "s"),
    }
    ids = {name: new_uuid() for name in letters}
    for name, (body, subject) in letters.items():
        await superuser.execute(
            "INSERT INTO dead_letters (dead_letter_id, consumer, stream, stream_seq, subject, deliveries, reason, payload)"
            " VALUES ($1, 'c', 'BURIED', 1, $2, 1, 'r', $3)",
            ids[name], subject, body if body is None or isinstance(body, bytes) else json.dumps(body).encode(),
        )  # fmt: skip
    untouched = await superuser.fetchval("SELECT payload FROM dead_letters WHERE dead_letter_id = $1", ids["a neighbour's"])
    assert (await home("DELETE", f"/v1/workspaces/{made}?confirm=second")).status == 202

    async def is_erased() -> bool:
        return await erase_workspaces(db, batch_rows=2) == 1

    await eventually(is_erased)
    left = {row[0]: row[1] for row in await superuser.fetch("SELECT dead_letter_id, payload FROM dead_letters WHERE stream = 'BURIED'")}
    assert {name for name in letters if ids[name] in left} == {"a list of both", "a neighbour's", "a neighbour's request", "without a body"}
    assert json.loads(left[ids["a list of both"]]) == {"v": 1, "items": [others, others]}
    assert left[ids["a neighbour's"]] == untouched
    told = (await home("GET", f"/v1/workspaces/{made}/erasure")).body
    assert told["counts"]["dead_letters"] == 7
    await superuser.execute("DELETE FROM dead_letters WHERE stream = 'BURIED'")


async def test_the_erasure_of_a_workspace_waits_for_calls_under_way(stack: Stack, superuser: asyncpg.Connection, db: Database) -> None:
    """Else the prompt, the keys and the rows that a call needs to be booked went from under it."""
    home = await stack.caller()
    made = UUID((await home("POST", "/v1/workspaces", {"name": "second"})).body["id"])
    account = await superuser.fetchval("SELECT min(account_id) FROM accounts WHERE workspace_id = $1", made)
    await superuser.execute(
        """INSERT INTO holds (execution_id, workspace_id, amount_nusd, account_ids, lane, deadline)
           VALUES ($1, $2, 0, ARRAY[$3::bigint], 'interactive', clock_timestamp() + interval '1 hour')""",
        new_uuid(), made, account,
    )  # fmt: skip
    assert (await home("DELETE", f"/v1/workspaces/{made}?confirm=second")).status == 202
    keys = "SELECT count(*) FROM api_keys WHERE workspace_id = $1"
    before = await superuser.fetchval(keys, made)
    for _ in range(2):
        async with db.unit_of_work() as tx:
            assert await erasures_store.erase_workspace_step(tx, made, at_most=100) == "waits"
    assert await erase_workspaces(db, batch_rows=100) == 0 and await superuser.fetchval(keys, made) == before > 0
    await superuser.execute("DELETE FROM holds WHERE workspace_id = $1", made)
    assert await erase_workspaces(db, batch_rows=100) == 1 and await superuser.fetchval(keys, made) == 0


async def test_nobody_gives_credit_to_what_is_being_erased(stack: Stack) -> None:
    operator, home = await operator_of(stack), await stack.caller()
    made = (await home("POST", "/v1/workspaces", {"name": "second"})).body
    assert (await home("DELETE", f"/v1/workspaces/{made['id']}?confirm=second")).status == 202
    granted = await operator("POST", "/v1/credits/grants", {"workspace_id": made["id"], "amount_nusd": 5, "reason": "kind"})
    assert (granted.status, granted.body["error"]["param"]) == (409, "workspace_id"), granted.body
    moved = await home("POST", "/v1/credits/moves", {"to_workspace_id": made["id"], "amount_nusd": 5, "reason": "kind"})
    assert (moved.status, moved.body["error"]["param"]) == (409, "to_workspace_id"), moved.body


async def test_a_legal_hold_and_a_home_that_others_need_are_not_erased(stack: Stack, superuser: asyncpg.Connection) -> None:
    home = await stack.caller()
    made = (await home("POST", "/v1/workspaces", {"name": "second"})).body
    path = f"/v1/workspaces/{home.workspace.workspace_id}"
    assert (await home("DELETE", f"{path}?confirm=test")).status == 409
    second = Caller(home.session, home.url, made["api_key"], home.workspace)
    assert (await second("DELETE", f"{path}?confirm=test")).status == 403, "who does not govern the organization"
    assert (await second("DELETE", f"/v1/workspaces/{made['id']}?confirm=second")).status == 403
    assert (await home("DELETE", f"/v1/workspaces/{made['id']}?confirm=second")).status == 202
    held = await stack.caller()
    await superuser.execute("UPDATE workspaces SET legal_hold = true WHERE workspace_id = $1", held.workspace.workspace_id)
    assert (await held("DELETE", f"/v1/workspaces/{held.workspace.workspace_id}?confirm=test")).status == 409


async def test_a_legal_hold_that_comes_while_a_workspace_is_erased_keeps_what_is_left_and_nothing_says_that_it_is_done(
    stack: Stack, past: Past, superuser: asyncpg.Connection, db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    caller = await stack.caller()
    await furnished(caller, past, "awaited")
    workspace = caller.workspace.workspace_id
    assert (await caller("DELETE", f"/v1/workspaces/{workspace}?confirm=test")).status == 202
    hold = "UPDATE workspaces SET legal_hold = $2 WHERE workspace_id = $1"
    completed = "SELECT completed_at IS NOT NULL FROM workspace_erasures WHERE workspace_id = $1"

    await superuser.execute(hold, workspace, True)
    before = await past.found("awaited")
    async with db.unit_of_work() as tx:
        assert workspace not in await erasures_store.workspaces_due(tx)
        assert await erasures_store.erase_workspace_step(tx, workspace, at_most=100) == "waits"
    assert await past.found("awaited") == before
    await superuser.execute(hold, workspace, False)

    came: list[UUID] = []

    async def held_from_here(db: Database, workspace_id: UUID, done: Forgotten, *, batch_rows: int) -> bool:
        came.append(workspace_id)
        await superuser.execute(hold, workspace_id, True)
        return await forget_some(db, workspace_id, done, batch_rows=batch_rows)

    async def has_come() -> bool:
        assert await erase_workspaces(db, batch_rows=100) == 0
        return bool(came)

    with monkeypatch.context() as patched:
        patched.setattr("burnish_analytics.erase_workspaces.forget_some", held_from_here)
        await eventually(has_come)
    assert (await past.found("awaited"))["execution_contents"] and not await superuser.fetchval(completed, workspace)
    await superuser.execute(hold, workspace, False)
    assert await erase_workspaces(db, batch_rows=100) == 1 and await superuser.fetchval(completed, workspace)
    assert "execution_contents" not in await past.found("awaited")


async def test_the_text_of_every_provider_key_is_destroyed_however_many_were_revoked_since(
    stack: Stack, superuser: asyncpg.Connection
) -> None:
    caller = await stack.caller()
    workspace = caller.workspace.workspace_id
    add = (
        "INSERT INTO provider_keys (provider_key_id, workspace_id, provider, name, last4, created_by, sealed, status, revoked_at) "
        "SELECT (lpad(to_hex($2::integer + n), 8, '0') || substr(gen_random_uuid()::text, 9))::uuid, $1, 'openai', 'n', '', 'test', "
        "CASE $4 WHEN 'active' THEN 'x'::bytea END, $4, CASE $4 WHEN 'revoked' THEN now() END FROM generate_series(1, $3::integer) n"
    )
    await superuser.execute(add, workspace, 0, 60, "active")
    await superuser.execute(add, workspace, 1000, 1000, "revoked")
    assert (await caller("DELETE", f"/v1/workspaces/{workspace}?confirm=test")).status == 202
    kept = "SELECT count(*) FROM provider_keys WHERE workspace_id = $1 AND (status <> 'revoked' OR sealed IS NOT NULL)"
    assert await superuser.fetchval(kept, workspace) == 0
    told = "SELECT count(*) FROM audit_log WHERE workspace_id = $1 AND action = 'provider_key.revoked'"
    assert await superuser.fetchval(told, workspace) == 60


async def test_nobody_joins_what_is_being_erased(stack: Stack, superuser: asyncpg.Connection) -> None:
    home = await stack.caller()
    made = (await home("POST", "/v1/workspaces", {"name": "second"})).body
    second = Caller(home.session, home.url, made["api_key"], home.workspace)
    invited = await second("POST", "/v1/invitations", {"email": f"{new_uuid()}@example.test", "role": "admin"})
    assert invited.status == 201, invited.body
    assert (await home("DELETE", f"/v1/workspaces/{made['id']}?confirm=second")).status == 202
    accepting = {"token": invited.body["token"], "password": "a long and odd sentence", "name": "Ada"}
    async with home.session.post(f"{home.url}/v1/invitations/accept", json=accepting) as answer:
        status, body = answer.status, await answer.text()
    members = await superuser.fetchval("SELECT count(*) FROM members WHERE workspace_id = $1", made["id"])
    assert (status, members) == (404, 0), body


async def test_a_workspace_that_is_only_called_erased_still_needs_its_home(stack: Stack) -> None:
    home = await stack.caller()
    assert (await home("POST", "/v1/workspaces", {"name": "erased"})).status == 201
    refused = await home("DELETE", f"/v1/workspaces/{home.workspace.workspace_id}?confirm=test")
    assert (refused.status, refused.body["error"]["param"]) == (409, "workspace_id"), refused.body
