"""Our migrations on a database that is a Supabase project already, and on one that is not."""

import asyncio
import re
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest
import pytest_asyncio

from burnish_shared.db.migrate import migrate
from burnish_shared.db.session import Database
from burnish_shared.ids import new_uuid
from tests.architecture.source import ROOT
from tests.embedded.databases import Cluster, DatabaseUrls
from tests.embedded.stack import running_stack
from tests.embedded.supabase import SupabaseCluster
from tests.embedded.workspaces import make_workspace

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.capability("T3")]

THEIRS = """
SELECT n.nspname, pg_get_userbyid(n.nspowner), n.nspacl::text, p.oid::regprocedure::text, pg_get_userbyid(p.proowner), p.proacl::text,
       p.prosrc
  FROM pg_namespace n LEFT JOIN pg_proc p ON p.pronamespace = n.oid
 WHERE n.nspname IN ('auth', 'vault', 'storage', 'realtime', 'extensions', 'public', 'graphql_public') ORDER BY 1, 4"""
"""What Supabase made, with its owners and grants."""

OURS = "SELECT c.relname FROM pg_class c WHERE c.relnamespace IN (to_regnamespace('burnish'), to_regnamespace('burnish_migrations'))"

GLOBAL_DEFAULTS = """
ALTER DEFAULT PRIVILEGES FOR ROLE postgres GRANT ALL ON TABLES TO anon, authenticated, service_role;
ALTER DEFAULT PRIVILEGES FOR ROLE postgres GRANT ALL ON SEQUENCES TO anon, authenticated, service_role;
ALTER DEFAULT PRIVILEGES FOR ROLE postgres GRANT ALL ON FUNCTIONS TO anon, authenticated, service_role;
ALTER DEFAULT PRIVILEGES FOR ROLE postgres GRANT ALL ON SCHEMAS TO anon, authenticated, service_role"""
"""Wider than Supabase's own, which are for schema `public`; projects have set these."""

STRANGERS = ("anon", "authenticated", "service_role", "authenticator", "supabase_auth_admin", "supabase_storage_admin")


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def project(supabase: SupabaseCluster) -> AsyncIterator[DatabaseUrls]:
    urls = await supabase.clone()
    yield urls
    await supabase.drop(urls)


async def _rows(url: str, sql: str, *args: Any) -> list[tuple[Any, ...]]:
    connection = await asyncpg.connect(url)
    try:
        return [tuple(row) for row in await connection.fetch(sql, *args)]
    finally:
        await connection.close()


@pytest.mark.promise("P-05")
async def test_migrations_go_up_down_and_up_again_in_a_supabase_project_and_leave_what_is_its_own(supabase: SupabaseCluster) -> None:
    fresh, urls = await supabase.empty(), await supabase.clone()
    before = await _rows(fresh["superuser"], THEIRS)
    first = await _rows(urls["superuser"], OURS)
    assert _without_grants_to_us(await _rows(urls["superuser"], THEIRS)) == before
    await asyncio.to_thread(migrate, urls["owner"], target="base", down=True)
    assert await _rows(urls["superuser"], THEIRS) == before
    await _execute(urls["superuser"], GLOBAL_DEFAULTS)
    await asyncio.to_thread(migrate, urls["owner"])
    assert len(first) > 100 and sorted(await _rows(urls["superuser"], OURS)) == sorted(first)
    assert _without_grants_to_us(await _rows(urls["superuser"], THEIRS)) == before
    assert not await _open_to_strangers(urls["superuser"])
    for one in (fresh, urls):
        await supabase.drop(one)


@pytest.mark.promise("T-02")
async def test_nothing_of_ours_is_open_to_the_roles_of_its_api(project: DatabaseUrls) -> None:
    assert not await _open_to_strangers(project["superuser"])


@pytest.mark.promise("T-04")
@pytest.mark.parametrize("role", ["anon", "authenticated", "service_role"])
async def test_a_signed_in_user_of_the_project_reads_none_of_our_tables(
    supabase: SupabaseCluster, project: DatabaseUrls, role: str
) -> None:
    """As PostgREST does it: the authenticator's login, the role, the claims of the token; even with our settings guessed."""
    workspace = await make_workspace(project["superuser"])
    connection = await asyncpg.connect(supabase.as_role(project, "authenticator"))
    tables = [name for (name,) in await _rows(project["superuser"], "SELECT tablename FROM pg_tables WHERE schemaname = 'burnish'")]
    seen = []
    try:
        for table in tables:
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                async with connection.transaction():
                    await connection.execute(f"SET LOCAL ROLE {role}")
                    await connection.execute(
                        "SELECT set_config('request.jwt.claims', $1, true), set_config('app.workspace', $2, true)",
                        f'{{"sub": "{new_uuid()}", "role": "{role}"}}', str(workspace.workspace_id),
                    )  # fmt: skip
                    seen += await connection.fetch(f"SELECT * FROM burnish.{table} LIMIT 1")
    finally:
        await connection.close()
    assert len(tables) > 40 and not seen


@pytest.mark.promise("T-03")
async def test_its_postgres_passes_policies_but_no_service_does(project: DatabaseUrls) -> None:
    """BYPASSRLS of `postgres` is Supabase's own; so no service of ours may log in as it or become it."""
    rows = await _rows(
        project["superuser"],
        "SELECT rolname FROM pg_roles WHERE rolname LIKE 'burnish%' AND (rolbypassrls OR rolsuper OR rolcreaterole "
        "OR pg_has_role(oid, 'postgres', 'MEMBER'))",
    )
    assert rows == []


@pytest.mark.parametrize("kind", ["plain", "supabase"])
async def test_a_policy_may_ask_who_signed_in_on_both_kinds_of_database(
    supabase: SupabaseCluster, postgres: Cluster, kind: str, project: DatabaseUrls, module_database_urls: DatabaseUrls
) -> None:
    """`by auth.uid() and workspace`: a table made as a later migration would make it, read by the gateway's login."""
    urls = project if kind == "supabase" else module_database_urls
    mine, other = new_uuid(), new_uuid()
    workspace = await make_workspace(urls["superuser"])
    owner = await asyncpg.connect(urls["owner"], server_settings={"search_path": "burnish"})
    await owner.execute(
        """SET ROLE burnish_owner; CREATE TABLE diaries (workspace_id uuid, user_id uuid); RESET ROLE;
           ALTER TABLE diaries ENABLE ROW LEVEL SECURITY; ALTER TABLE diaries FORCE ROW LEVEL SECURITY;
           CREATE POLICY own ON diaries TO burnish_app USING (user_id = (SELECT auth.uid())
             AND workspace_id = (SELECT nullif(current_setting('app.workspace', true), '')::uuid));
           SET ROLE burnish_owner; GRANT SELECT, INSERT ON diaries TO burnish_app; RESET ROLE"""
    )
    await owner.close()
    db = await Database.open(urls["gateway"], application_name="test")
    for user in (mine, other):
        async with db.unit_of_work(workspace=workspace.workspace_id, user=user) as tx:
            await tx.execute("INSERT INTO diaries VALUES ($1, $2)", workspace.workspace_id, user)
    async with db.unit_of_work(workspace=workspace.workspace_id, user=mine) as tx:
        assert [row["user_id"] for row in await tx.fetch("SELECT user_id FROM diaries")] == [mine]
    async with db.unit_of_work(workspace=workspace.workspace_id) as tx:
        assert not await tx.fetch("SELECT user_id FROM diaries")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with db.unit_of_work(workspace=workspace.workspace_id, user=mine) as tx:
            await tx.execute("INSERT INTO diaries VALUES ($1, $2)", workspace.workspace_id, other)
    await db.close()
    await _execute(urls["superuser"], "DROP TABLE burnish.diaries")


async def test_the_functions_that_we_made_say_who_signed_in(module_database_urls: DatabaseUrls) -> None:
    connection = await asyncpg.connect(module_database_urls["gateway"])
    user, claimed = new_uuid(), new_uuid()
    ask = "SELECT auth.uid() AS uid, auth.jwt() AS jwt"
    try:
        nobody = await connection.fetchrow(ask)
        assert (nobody["uid"], nobody["jwt"]) == (None, None)
        async with connection.transaction():
            await connection.execute("SELECT set_config('app.user', $1, true)", str(user))
            assert await connection.fetchval("SELECT auth.uid()") == user
            await connection.execute("SELECT set_config('request.jwt.claims', $1, true)", f'{{"sub": "{claimed}"}}')
            assert await connection.fetchval("SELECT auth.jwt() ->> 'sub'") == str(claimed)
            assert await connection.fetchval("SELECT auth.uid()") == claimed
        after = await connection.fetchrow(ask)
        assert (after["uid"], after["jwt"]) == (None, None)
    finally:
        await connection.close()


@pytest_asyncio.fixture(loop_scope="session")
async def without_auth(postgres: Cluster) -> AsyncIterator[DatabaseUrls]:
    """A migrated plain database as it was before the last step."""
    urls = await postgres.clone()
    for table in ("clarifications", "clarification_messages", "clarification_feedback"):  # Of a later step, which would go first.
        await _execute(urls["superuser"], f"DROP POLICY app ON burnish.{table}")
    await _step(urls["owner"], "0011_auth_functions.down.sql")
    assert await _rows(urls["owner"], "SELECT to_regnamespace('auth')") == [(None,)]
    yield urls
    await postgres.drop(urls)


async def test_a_schema_auth_of_somebody_else_gets_what_it_lacks_and_loses_only_that(without_auth: DatabaseUrls) -> None:
    owner = without_auth["owner"]
    await _execute(owner, "CREATE SCHEMA auth; CREATE FUNCTION auth.jwt() RETURNS jsonb LANGUAGE sql AS $$ SELECT '{\"own\": 1}'::jsonb $$")
    before = await _rows(owner, THEIRS)
    await _step(owner, "0011_auth_functions.sql")
    assert await _rows(owner, "SELECT auth.jwt(), auth.uid()") == [('{"own": 1}', None)]
    await _step(owner, "0011_auth_functions.down.sql")
    after = await _rows(owner, THEIRS)
    assert [row[3:] for row in after] == [row[3:] for row in before] and "burnish_owner" not in str(after)


async def test_the_migration_goes_on_where_schema_auth_is_closed_to_it(without_auth: DatabaseUrls) -> None:
    await _execute(without_auth["superuser"], "CREATE SCHEMA auth")
    for step in ("0011_auth_functions.sql", "0011_auth_functions.down.sql"):
        await _step(without_auth["owner"], step)
        assert await _rows(without_auth["superuser"], "SELECT 1 FROM pg_proc WHERE pronamespace = 'auth'::regnamespace") == []


async def test_a_policy_of_others_keeps_our_function_alive_when_we_leave(without_auth: DatabaseUrls) -> None:
    owner, superuser = without_auth["owner"], without_auth["superuser"]
    await _step(owner, "0011_auth_functions.sql")
    await _execute(superuser, "CREATE VIEW public.me AS SELECT auth.uid() AS id")
    await _step(owner, "0011_auth_functions.down.sql")
    assert await _rows(superuser, "SELECT id FROM public.me") == [(None,)]
    assert await _rows(superuser, "SELECT to_regprocedure('auth.jwt()')") == [(None,)]
    await _step(owner, "0011_auth_functions.sql")
    assert await _rows(superuser, "SELECT auth.uid(), auth.jwt()") == [(None, None)]


async def test_a_gateway_and_an_executor_work_in_a_supabase_project(supabase: SupabaseCluster, nats_server: Any, streams: None) -> None:
    urls = await supabase.clone()
    async with running_stack(urls, nats_server) as stack:
        caller = await stack.caller()
        prompt = {"slug": "desk", "messages": [{"role": "user", "content": "Hello {{name}}."}], "model": "simulated/chat"}
        assert (await caller("POST", "/v1/prompts", prompt)).status == 201
        answer = await caller("POST", "/v1/executions", {"prompt": "desk", "variables": {"name": "Ada"}})
        assert answer.status == 200, answer.body
        assert (await caller("GET", f"/v1/executions/{answer.body['id']}")).body["status"] == "success"
    await supabase.drop(urls)


async def test_the_vault_of_the_fixture_behaves_as_documented(project: DatabaseUrls) -> None:
    connection = await asyncpg.connect(project["owner"])
    try:
        secret_id = await connection.fetchval("SELECT vault.create_secret('sk-canary', 'first', 'a key')")
        stored = await connection.fetchrow("SELECT secret, name FROM vault.secrets WHERE id = $1", secret_id)
        assert "sk-canary" not in stored["secret"] and stored["name"] == "first"
        read = "SELECT decrypted_secret FROM vault.decrypted_secrets WHERE id = $1"
        assert await connection.fetchval(read, secret_id) == "sk-canary"
        await connection.execute("SELECT vault.update_secret($1, 'sk-other')", secret_id)
        assert await connection.fetchval(read, secret_id) == "sk-other"
        for refused in (
            "INSERT INTO vault.secrets (secret) VALUES ('x')",
            "UPDATE vault.secrets SET secret = 'x'",
            "SELECT * FROM vault.stand_in_key",
        ):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(refused)
        assert await connection.execute("DELETE FROM vault.secrets WHERE id = $1", secret_id) == "DELETE 1"
    finally:
        await connection.close()


def _without_grants_to_us(rows: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """The vault is open to the functions that keep provider keys there, and to nothing else of ours."""
    return [tuple(re.sub(r",burnish_lookup=[^,}]*", "", one) if isinstance(one, str) else one for one in row) for row in rows]


async def _step(url: str, name: str) -> None:
    """One migration's SQL, in a transaction as alembic runs it."""
    script = (ROOT / "shared/burnish_shared/db/sql" / name).read_text()
    connection = await asyncpg.connect(url)
    try:
        async with connection.transaction():
            await connection.execute(script)
    finally:
        await connection.close()


async def _execute(url: str, sql: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(sql)
    finally:
        await connection.close()


async def _open_to_strangers(url: str) -> list[tuple[Any, ...]]:
    """Schemas, tables and functions that look across which PUBLIC or a role of the API may use, read, change or call."""
    return await _rows(
        url,
        """SELECT r.role, n.nspname, 'schema' FROM pg_namespace n, unnest($1::text[] || ARRAY['public']) r(role)
            WHERE n.nspname IN ('burnish', 'burnish_migrations')
              AND (has_schema_privilege(r.role, n.oid, 'USAGE') OR has_schema_privilege(r.role, n.oid, 'CREATE'))
           UNION ALL
           SELECT r.role, c.oid::regclass::text, p.kind FROM pg_class c, unnest($1::text[] || ARRAY['public']) r(role),
                  unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE']) p(kind)
            WHERE c.relnamespace IN ('burnish'::regnamespace, 'burnish_migrations'::regnamespace) AND c.relkind IN ('r', 'p', 'v', 'm')
              AND has_table_privilege(r.role, c.oid, p.kind)
           UNION ALL
           SELECT r.role, p.oid::regprocedure::text, 'EXECUTE' FROM pg_proc p, unnest($1::text[] || ARRAY['public']) r(role)
            WHERE p.pronamespace = 'burnish'::regnamespace AND p.prosecdef AND has_function_privilege(r.role, p.oid, 'EXECUTE')""",
        list(STRANGERS),
    )
