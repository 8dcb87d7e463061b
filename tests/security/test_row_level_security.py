"""Tenant isolation in PostgreSQL, seen from inside: as the services' own logins, with right, wrong and no context."""

import asyncio
import random
from uuid import UUID

import asyncpg
import pytest

from burnish_shared.db.migrate import migrate
from burnish_shared.db.session import Database, Tx
from burnish_shared.errors import BurnishError
from burnish_shared.ids import new_uuid
from tests.embedded.databases import Cluster, DatabaseUrls
from tests.embedded.signed_in import make_member, make_session
from tests.embedded.superuser import as_superuser
from tests.embedded.workspaces import Workspace, make_workspace

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.capability("T3")]

REQUESTS = 1000

NEW_PROMPT = "INSERT INTO prompts (prompt_id, workspace_id, slug, name, latest_version, created_by) VALUES ($1, $2, $3, 'x', 1, 'test')"


async def _open(urls: DatabaseUrls, role: str, *, connections: int = 2) -> Database:
    return await Database.open(urls[role], application_name=f"test-{role}", max_size=connections)


async def _two(urls: DatabaseUrls) -> tuple[Workspace, Workspace]:
    return await make_workspace(urls["superuser"]), await make_workspace(urls["superuser"])


async def _add_prompt(tx: Tx, workspace_id: UUID, *, slug: str = "desk") -> UUID:
    prompt_id = new_uuid()
    await tx.execute(NEW_PROMPT, prompt_id, workspace_id, slug)
    return prompt_id


@pytest.mark.promise("T-04")
async def test_a_thousand_interleaved_requests_over_two_connections_never_see_each_others_rows(module_database_urls: DatabaseUrls) -> None:
    database = await _open(module_database_urls, "gateway")
    tenants = [(await make_workspace(module_database_urls["superuser"])).workspace_id for _ in range(5)]
    for tenant in tenants:
        async with database.unit_of_work(workspace=tenant) as tx:
            await _add_prompt(tx, tenant)
    seen = 0
    dice = random.Random(2)

    async def ask(tenant: UUID | None, *, mishap: int) -> None:
        """One request; some break off in the middle, as cancelled and failing ones do."""
        nonlocal seen
        try:
            async with database.unit_of_work(workspace=tenant) as tx:
                rows = await tx.fetch("SELECT workspace_id FROM prompts")
                assert [row["workspace_id"] for row in rows] == ([tenant] if tenant else [])
                seen += 1
                if mishap == 0:
                    raise LookupError
                if mishap == 1:
                    await tx.fetchval("SELECT 1 / 0")
        except (LookupError, asyncpg.DivisionByZeroError):
            pass

    requests = [ask(dice.choice([*tenants, None]), mishap=dice.randrange(20)) for _ in range(REQUESTS)]
    for start in range(0, REQUESTS, 100):
        await asyncio.gather(*requests[start : start + 100])
    assert seen == REQUESTS
    await database.close()


@pytest.mark.promise("T-04")
async def test_the_context_ends_with_its_transaction(module_database_urls: DatabaseUrls) -> None:
    database = await _open(module_database_urls, "gateway", connections=1)
    first, _ = await _two(module_database_urls)
    async with database.unit_of_work(workspace=first.workspace_id) as tx:
        await _add_prompt(tx, first.workspace_id)
    async with database.unit_of_work() as tx:
        assert not await tx.fetchval("SELECT nullif(current_setting('app.workspace', true), '')")
        assert await tx.fetchval("SELECT count(*) FROM prompts") == 0
    await database.close()


@pytest.mark.promise("T-04")
async def test_person_and_organization_end_with_their_transaction_too(module_database_urls: DatabaseUrls) -> None:
    """One connection serves somebody who signed in, then nobody: of users, sessions, colleagues and organizations nothing is left."""
    database = await _open(module_database_urls, "gateway", connections=1)
    first, second = await _two(module_database_urls)
    async with as_superuser(module_database_urls["superuser"]) as connection:
        user_id = await make_member(connection, first.workspace_id, role="viewer")
        await make_session(connection, user_id)
    counts = "SELECT (SELECT count(*) FROM users), (SELECT count(*) FROM user_sessions), (SELECT count(*) FROM members), " + (
        "(SELECT count(*) FROM organizations)"
    )
    async with database.unit_of_work(user=user_id, organization=first.organization_id, workspace=first.workspace_id) as tx:
        assert tuple(await tx.fetchrow(counts) or ()) == (1, 1, 1, 1)
    async with database.unit_of_work(workspace=second.workspace_id) as tx:
        assert tuple(await tx.fetchrow(counts) or ()) == (0, 0, 0, 0)
    with pytest.raises(LookupError):
        async with database.unit_of_work(user=user_id, organization=first.organization_id) as tx:
            raise LookupError
    async with database.unit_of_work() as tx:
        assert tuple(await tx.fetchrow(counts) or ()) == (0, 0, 0, 0)
    await database.close()


@pytest.mark.promise("T-04")
async def test_a_setting_of_the_whole_session_is_gone_with_the_next_request(module_database_urls: DatabaseUrls) -> None:
    """Nobody of us writes `SET` without LOCAL; if somebody did, the end of the transaction takes it away."""
    database = await _open(module_database_urls, "gateway", connections=1)
    first, _ = await _two(module_database_urls)
    async with database.unit_of_work(workspace=first.workspace_id) as tx:
        await _add_prompt(tx, first.workspace_id)
        await tx.execute("SELECT set_config('app.workspace', $1, false), set_config('app.user', $1, false)", str(first.workspace_id))
    async with database.unit_of_work() as tx:
        assert await tx.fetchval("SELECT nullif(current_setting('app.workspace', true), '')") is None
        assert await tx.fetchval("SELECT nullif(current_setting('app.user', true), '')") is None
        assert await tx.fetchval("SELECT count(*) FROM prompts") == 0
    await database.close()


@pytest.mark.promise("T-02")
async def test_a_person_changes_no_other_persons_row(module_database_urls: DatabaseUrls) -> None:
    """A colleague is seen, and cannot be renamed; a session is one's own alone."""
    database = await _open(module_database_urls, "gateway")
    first, _ = await _two(module_database_urls)
    async with as_superuser(module_database_urls["superuser"]) as connection:
        one, other = [await make_member(connection, first.workspace_id, role="admin") for _ in range(2)]
        await make_session(connection, other)
    async with database.unit_of_work(workspace=first.workspace_id, user=one) as tx:
        assert await tx.fetchval("SELECT count(*) FROM users") == 2
        assert await tx.fetchval("SELECT count(*) FROM user_sessions") == 0
        assert await tx.execute("UPDATE user_sessions SET revoked_at = now()") == "UPDATE 0"
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with database.unit_of_work(workspace=first.workspace_id, user=one) as tx:
            await tx.execute("UPDATE users SET name = 'x' WHERE user_id = $1", other)
    await database.close()


@pytest.mark.promise("T-04")
async def test_without_context_no_table_of_a_workspace_shows_a_row(module_database_urls: DatabaseUrls) -> None:
    first, _ = await _two(module_database_urls)
    gateway = await _open(module_database_urls, "gateway")
    async with gateway.unit_of_work(workspace=first.workspace_id) as tx:
        await _add_prompt(tx, first.workspace_id)
        assert await tx.fetchval("SELECT count(*) FROM workspaces") == 1
    for role in ("gateway", "executor", "optimizer", "analytics", "webhooks"):
        database = await _open(module_database_urls, role)
        async with database.unit_of_work() as tx:
            tables = await tx.fetch(
                """SELECT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'workspace_id'
                    WHERE c.relnamespace = 'burnish'::regnamespace AND c.relrowsecurity AND has_table_privilege(c.oid, 'SELECT')"""
            )
            assert len(tables) > 10
            shown = [table[0] for table in tables if await tx.fetchval(f"SELECT EXISTS (SELECT FROM {table[0]})")]
            assert shown == [], role
        await database.close()
    await gateway.close()


@pytest.mark.promise("T-02", "T-04")
async def test_a_worker_with_one_workspace_cannot_write_another(module_database_urls: DatabaseUrls) -> None:
    first, second = await _two(module_database_urls)
    database = await _open(module_database_urls, "analytics")
    insert = "INSERT INTO label_feedback (workspace_id, slug, label, version) VALUES ($1, 'desk', 'production', 1)"
    async with database.unit_of_work(workspaces={second.workspace_id}) as tx:
        await tx.execute(insert, second.workspace_id)
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with database.unit_of_work(workspaces={first.workspace_id}) as tx:
            await tx.execute(insert.replace("'desk'", "'other'"), second.workspace_id)
    async with database.unit_of_work(workspaces={first.workspace_id}) as tx:
        assert await tx.execute("UPDATE label_feedback SET samples = 9 WHERE workspace_id = $1", second.workspace_id) == "UPDATE 0"
        await tx.execute(insert, first.workspace_id)
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with database.unit_of_work(workspaces={first.workspace_id}) as tx:
            await tx.execute("UPDATE label_feedback SET workspace_id = $1 WHERE workspace_id = $2", second.workspace_id, first.workspace_id)
    async with database.unit_of_work(workspaces={first.workspace_id, second.workspace_id}) as tx:
        assert await tx.fetchval("SELECT count(*) FROM label_feedback WHERE samples = 0") == 2
    await database.close()


@pytest.mark.promise("T-02", "T-04")
async def test_a_gateway_cannot_write_into_another_workspace(module_database_urls: DatabaseUrls) -> None:
    first, second = await _two(module_database_urls)
    database = await _open(module_database_urls, "gateway")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with database.unit_of_work(workspace=first.workspace_id) as tx:
            await _add_prompt(tx, second.workspace_id)
    await database.close()


@pytest.mark.promise("T-05")
async def test_a_reference_to_a_foreign_row_is_refused_as_if_it_were_absent(module_database_urls: DatabaseUrls) -> None:
    """PostgreSQL checks references past row-level security, so the workspace must be part of them."""
    first, second = await _two(module_database_urls)
    database = await _open(module_database_urls, "gateway")
    async with database.unit_of_work(workspace=first.workspace_id) as tx:
        foreign = await _add_prompt(tx, first.workspace_id)
    told = []
    for prompt_id in (foreign, new_uuid()):
        with pytest.raises(asyncpg.ForeignKeyViolationError) as refused:
            async with database.unit_of_work(workspace=second.workspace_id) as tx:
                await tx.execute(
                    """INSERT INTO prompt_label_moves (move_id, workspace_id, prompt_id, label, author, moved_at)
                       VALUES ($1, $2, $3, 'x', 'me', now())""",
                    new_uuid(), second.workspace_id, prompt_id,
                )  # fmt: skip
        told.append(refused.value.constraint_name)
    assert told[0] == told[1]
    await database.close()


@pytest.mark.promise("T-07")
async def test_a_read_only_unit_of_work_writes_nothing(module_database_urls: DatabaseUrls) -> None:
    first, _ = await _two(module_database_urls)
    database = await _open(module_database_urls, "gateway")
    with pytest.raises(asyncpg.ReadOnlySQLTransactionError):
        async with database.unit_of_work(workspace=first.workspace_id, read_only=True) as tx:
            await _add_prompt(tx, first.workspace_id)
    await database.close()


@pytest.mark.promise("T-02")
async def test_a_backfill_of_the_owner_changes_the_rows_of_every_workspace(module_database_urls: DatabaseUrls) -> None:
    """Under FORCE an owner without a policy changes 0 rows and is told nothing."""
    gateway = await _open(module_database_urls, "gateway")
    tenants = await _two(module_database_urls)
    for one in tenants:
        async with gateway.unit_of_work(workspace=one.workspace_id) as tx:
            await _add_prompt(tx, one.workspace_id, slug="filled")
    connection = await asyncpg.connect(module_database_urls["owner"], server_settings={"search_path": "burnish"})
    await connection.execute("SET ROLE burnish_owner")
    assert await connection.execute("UPDATE prompts SET description = 'later' WHERE slug = 'filled'") == "UPDATE 2"
    await connection.close()
    await gateway.close()


async def test_a_failing_statement_answers_with_an_error_that_is_ours_or_postgresqls(module_database_urls: DatabaseUrls) -> None:
    """The pool gives its connection back clean after any kind of end."""
    database = await _open(module_database_urls, "gateway", connections=1)
    for wrong in ("SELECT 1 / 0", "SELECT nothing FROM nowhere", "SELECT pg_terminate_backend(pg_backend_pid())"):
        with pytest.raises((asyncpg.PostgresError, BurnishError)):
            async with database.unit_of_work() as tx:
                await tx.execute(wrong)
    async with database.unit_of_work() as tx:
        assert await tx.fetchval("SELECT 1") == 1
    await database.close()


SHAPE = """
SELECT 'column', concat_ws(' ', c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, pg_get_expr(d.adbin, d.adrelid))
  FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
  LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
 WHERE c.relnamespace = 'burnish'::regnamespace AND c.relkind IN ('r', 'p', 'v')
UNION ALL SELECT 'constraint', concat_ws(' ', conrelid::regclass, conname, pg_get_constraintdef(oid)) FROM pg_constraint
           WHERE connamespace = 'burnish'::regnamespace
UNION ALL SELECT 'index', indexdef FROM pg_indexes WHERE schemaname = 'burnish'
UNION ALL SELECT 'policy', concat_ws(' ', tablename, policyname, roles, qual, with_check) FROM pg_policies WHERE schemaname = 'burnish'
UNION ALL SELECT 'grant', concat_ws(' ', relname, relacl) FROM pg_class WHERE relnamespace = 'burnish'::regnamespace
UNION ALL SELECT 'function', concat_ws(' ', oid::regprocedure, md5(prosrc), proacl, proconfig) FROM pg_proc
           WHERE pronamespace = 'burnish'::regnamespace
ORDER BY 1, 2"""
"""The whole schema as text."""


@pytest.mark.promise("P-05")
async def test_migrations_go_up_down_and_up_again_to_the_same_schema(postgres: Cluster) -> None:
    urls = await postgres.empty()
    await asyncio.to_thread(migrate, urls["owner"])
    async with as_superuser(urls["superuser"]) as connection:
        first = [tuple(row) for row in await connection.fetch(SHAPE)]
        await asyncio.to_thread(migrate, urls["owner"], target="base", down=True)
        assert await connection.fetchval("SELECT count(*) FROM pg_class WHERE relnamespace = to_regnamespace('burnish')") == 0
        await asyncio.to_thread(migrate, urls["owner"])
        again = [tuple(row) for row in await connection.fetch(SHAPE)]
    await postgres.drop(urls)
    assert len(first) > 300
    assert first == again
