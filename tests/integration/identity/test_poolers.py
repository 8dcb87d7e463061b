"""Behind a pooler in transaction mode: every setting is local to its transaction, no statement outlives it, and everything still works."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest
import pytest_asyncio

from burnish_shared.db.session import Database, DurableConnection
from burnish_shared.errors import Unavailable
from tests.embedded.databases import DatabaseUrls
from tests.embedded.pgbouncer import pgbouncer_before, program
from tests.embedded.stack import Answer, Caller, running_stack
from tests.embedded.workspaces import make_workspace

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.capability("T3")]

SETTINGS = "search_path statement_timeout lock_timeout idle_in_transaction_session_timeout jit timezone".split()
DURABLE = [*SETTINGS, "plan_cache_mode", "synchronous_commit"]
ASK = "SELECT " + ", ".join(f"current_setting('{name}') AS {name}" for name in DURABLE)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def through(module_database_urls: DatabaseUrls) -> AsyncIterator[DatabaseUrls]:
    if program() is None:
        pytest.skip("pgbouncer is not installed")
    async with pgbouncer_before(module_database_urls) as urls:
        yield urls


async def test_a_transaction_has_the_same_settings_with_and_without_a_pooler(module_database_urls: DatabaseUrls) -> None:
    seen = []
    for pooler in ("none", "transaction"):
        database = await Database.open(module_database_urls["gateway"], application_name="test", max_size=1, pooler=pooler)
        durable = DurableConnection(module_database_urls["gateway"], application_name="test", asynchronous=True, pooler=pooler)
        async with database.unit_of_work() as tx:
            row = await tx.fetchrow(ASK)
            assert row is not None
            seen.append({name: row[name] for name in SETTINGS})
        row = await durable.fetchrow(ASK)
        assert row is not None
        seen.append(dict(row))
        await durable.flush()
        await durable.close()
        await database.close()
    assert seen[0] == seen[2] and seen[1] == seen[3]
    assert seen[1]["synchronous_commit"] == "off" and seen[1]["lock_timeout"] == "250ms"


async def test_nothing_stays_on_the_connection(module_database_urls: DatabaseUrls) -> None:
    database = await Database.open(module_database_urls["gateway"], application_name="test", max_size=1, pooler="transaction")
    workspace = await make_workspace(module_database_urls["superuser"])
    async with database.unit_of_work(workspace=workspace.workspace_id, user=workspace.workspace_id) as tx:
        assert await tx.fetchval("SELECT count(*) FROM burnish.prompts") == 0
        first = tx.connection._con
        prepared = await tx.fetchval("SELECT count(*) FROM pg_prepared_statements WHERE name <> ''")
    async with database._pool.acquire() as same:
        assert same._con is first and prepared == 0
        left = await same.fetchrow(
            f"{ASK}, current_setting('app.workspace', true) AS workspace, current_setting('request.jwt.claims', true) AS claims"
        )
    assert not left["workspace"] and not left["claims"]
    assert (left["statement_timeout"], left["lock_timeout"], left["idle_in_transaction_session_timeout"]) == ("0", "0", "0")
    await database.close()


async def _ran(caller: Caller, body: dict[str, Any], put_off: list[Answer]) -> Answer:
    """Where rows stay locked for too long the answer is 503 with a time to wait, which a caller keeps to. `put_off` gets those answers."""
    answer = await caller("POST", "/v1/executions", body)
    for _ in range(2):
        if answer.status == 503:
            put_off.append(answer)
            await asyncio.sleep(answer.body["error"]["retry_after_s"])
            answer = await caller("POST", "/v1/executions", body)
    return answer


async def _work(urls: DatabaseUrls, nats_server: Any) -> None:
    """Everything that an execution needs, of two workspaces at once."""
    settings = {"pooler": "transaction"}
    async with running_stack(urls, nats_server, gateway=settings, executor=settings) as stack:
        callers = [await stack.caller(credit_nusd=10**12) for _ in range(2)]
        for n, caller in enumerate(callers):
            prompt = {"slug": "desk", "messages": [{"role": "user", "content": f"{n} greets {{{{name}}}}."}], "model": "simulated/chat"}
            assert (await caller("POST", "/v1/prompts", prompt)).status == 201
        body = {"prompt": "desk", "variables": {"name": "Ada"}}
        put_off: list[Answer] = []
        answers = await asyncio.gather(*(_ran(callers[n % 2], body, put_off) for n in range(40)))
        assert not [one.body for one in answers if one.status != 200]
        streamed = await callers[0].events("/v1/executions", body | {"stream": True})
        assert len(streamed) > 1
        for n, caller in enumerate(callers):
            reaction = await caller("POST", "/v1/feedback", {"execution_id": answers[n].body["id"], "thumb": "up"})
            assert reaction.status == 202
            assert (await caller("GET", f"/v1/executions/{answers[1 - n].body['id']}")).status == 404
            credit = (await caller("GET", "/v1/credits")).body
            assert credit["balance_nusd"] < 10**12
            assert credit["held_nusd"] == 0 or put_off, "what is held for a call that was answered 503 is the sweeper's"
        missing = await asyncio.gather(*(callers[n % 2]("GET", f"/v1/executions/{one.body['id']}") for n, one in enumerate(answers)))
        assert {one.status for one in missing} == {200}


async def test_executions_work_with_settings_of_transactions_alone(
    module_database_urls: DatabaseUrls, nats_server: Any, streams: None
) -> None:
    await _work(module_database_urls, nats_server)


async def test_executions_work_through_pgbouncer_in_transaction_mode(through: DatabaseUrls, nats_server: Any, streams: None) -> None:
    await _work(through, nats_server)


@pytest.mark.promise("T-04")
async def test_interleaved_tenants_through_pgbouncer_never_see_each_other(through: DatabaseUrls) -> None:
    database = await Database.open(through["gateway"], application_name="test", max_size=10, pooler="transaction")
    tenants = [(await make_workspace(through["superuser"])).workspace_id for _ in range(4)]
    crossed = []

    async def ask(n: int) -> None:
        tenant = tenants[n % 4] if n % 5 else None
        async with database.unit_of_work(workspace=tenant) as tx:
            rows = await tx.fetch("SELECT workspace_id FROM workspaces")
            if [row["workspace_id"] for row in rows] != ([tenant] if tenant else []):
                crossed.append(n)

    await asyncio.gather(*(ask(n) for n in range(300)))
    await database.close()
    assert not crossed


async def test_without_the_setting_pgbouncer_refuses_and_the_caller_hears_unavailable(through: DatabaseUrls) -> None:
    database = await Database.open(through["gateway"], application_name="test", max_size=1)
    with pytest.raises((Unavailable, asyncpg.PostgresError)):
        async with database.unit_of_work() as tx:
            await tx.fetchval("SELECT 1")
    await database.close()
