"""SQL of backups and restores, on the operator's own connection: in a transaction each, past row-level security or as the owner."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, Literal

from burnish.embedded.child import StartFailed
from burnish_shared.contracts.erasures import Tombstone
from burnish_shared.ids import new_uuid

if TYPE_CHECKING:
    import asyncpg

OWNER: Final = "burnish_owner"
LOOKUP: Final = "burnish_lookup"
SCHEMA: Final = "burnish"

COUNTED: Final = ("workspaces", "prompt_versions", "executions", "transfers", "feedback", "webhook_deliveries", "erasures")
"""Tables whose rows are counted at the moment of the backup, and again when it is restored."""

RESTORED: Final = "restored"
"""Why deliveries and notices that came with a backup were not sent."""

ENDS_WORK: Final = (
    "execution.completed",
    "test_run.completed",
    "chain_test_run.completed",
    "batch.completed",
    "chain_run.completed",
    "optimization.completed",
    "optimization.failed",
    "report.ready",
    "data.erased",
    "feedback.created",
    "feedback.retracted",
)
"""Events that tell of the end of something: where that began before the restore, its end may have been told before, under another id."""


@asynccontextmanager
async def connected(url: str, *, as_owner: bool = False, reads_one_moment: bool = False) -> "AsyncIterator[asyncpg.Connection]":
    """A connection for one transaction. Raises StartFailed when PostgreSQL cannot be reached.

    `reads_one_moment`: everything is read as it was at the first statement, and nothing can be written.
    """
    import asyncpg

    try:
        connection = await asyncpg.connect(url, timeout=10)
    except (OSError, TimeoutError, asyncpg.PostgresError) as error:
        raise StartFailed(f"The database cannot be reached: {error}") from error
    try:
        async with connection.transaction(isolation="repeatable_read" if reads_one_moment else None, readonly=reads_one_moment):
            if as_owner:
                await connection.execute(f"SET LOCAL ROLE {OWNER}; SET LOCAL search_path = {SCHEMA}, pg_temp")
            yield connection
    finally:
        await connection.close(timeout=5)


async def has_schema(connection: "asyncpg.Connection") -> bool:
    return bool(await connection.fetchval("SELECT to_regclass('burnish_migrations.alembic_version') IS NOT NULL"))


async def sees_every_row(connection: "asyncpg.Connection") -> bool:
    """Whether no policy binds this login. Another would be shown a part of the rows, and nobody would notice."""
    return bool(await connection.fetchval("SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user"))


async def is_used(connection: "asyncpg.Connection") -> bool:
    """As the owner: whether somebody works with this database. A schema alone does not count."""
    return bool(await connection.fetchval("SELECT EXISTS (SELECT FROM workspaces) OR EXISTS (SELECT FROM users)"))


async def export_snapshot(connection: "asyncpg.Connection") -> str:
    """A name by which others see what this transaction sees, while it lasts."""
    return str(await connection.fetchval("SELECT pg_export_snapshot()"))


async def our_schemas(connection: "asyncpg.Connection") -> list[str]:
    """`auth` is another's in a Supabase project."""
    rows = await connection.fetch(
        """SELECT n.nspname FROM pg_namespace n
            WHERE n.nspname IN ('burnish', 'auth') AND n.nspowner = (SELECT oid FROM pg_roles WHERE rolname = 'burnish_owner') ORDER BY 1"""
    )
    return [row["nspname"] for row in rows]


async def lookup_functions(connection: "asyncpg.Connection") -> list[str]:
    """Those that look across workspaces, each with its schema and its arguments."""
    rows = await connection.fetch(
        """SELECT format('%I.%I(%s)', n.nspname, p.proname, pg_get_function_identity_arguments(p.oid)) AS signature
             FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
            WHERE n.nspname = 'burnish' AND p.proowner = (SELECT oid FROM pg_roles WHERE rolname = 'burnish_lookup') ORDER BY 1"""
    )
    return [row["signature"] for row in rows]


async def facts(connection: "asyncpg.Connection") -> dict[str, Any]:
    """`taken_at` (RFC 3339), `postgres` (its version), `revision` of the schema, and the sealed `check` of the key-encryption key."""
    row = await connection.fetchrow(
        """SELECT to_json(now()) #>> '{}' AS taken_at, current_setting('server_version') AS postgres,
                  (SELECT max(version_num) FROM burnish_migrations.alembic_version) AS revision,
                  (SELECT sealed FROM burnish.kek_check) AS check"""
    )
    return dict(row) if row is not None else {}


async def counts(connection: "asyncpg.Connection") -> dict[str, int]:
    """Rows of COUNTED, for a login that sees them all."""
    return {table: await connection.fetchval(f"SELECT count(*) FROM {SCHEMA}.{table}") for table in COUNTED}


async def make_schemas(connection: "asyncpg.Connection", schemas: Sequence[str]) -> None:
    """Empty ones in the place of those that are there. They belong to the owner, who may not make schemas itself."""
    for schema in schemas:
        if await connection.fetchval("SELECT EXISTS (SELECT FROM pg_namespace WHERE nspname = $1)", schema):
            await connection.execute(f"SET LOCAL ROLE {OWNER}; DROP SCHEMA {schema} CASCADE; RESET ROLE")
        await connection.execute(f"CREATE SCHEMA {schema}; ALTER SCHEMA {schema} OWNER TO {OWNER}")


async def give_to_lookup(connection: "asyncpg.Connection", functions: Sequence[str]) -> None:
    """As the owner, and as `make_lookup_function` does it."""
    await connection.execute(f"GRANT CREATE ON SCHEMA {SCHEMA} TO {LOOKUP}")
    for function in functions:
        await connection.execute(f"ALTER FUNCTION {function} OWNER TO {LOOKUP}")
    await connection.execute(f"REVOKE CREATE ON SCHEMA {SCHEMA} FROM {LOOKUP}; SET LOCAL ROLE {LOOKUP}")
    for function in functions:
        await connection.execute(f"GRANT EXECUTE ON FUNCTION {function} TO {OWNER}")


async def set_revision(connection: "asyncpg.Connection", revision: str) -> None:
    await connection.execute("UPDATE burnish_migrations.alembic_version SET version_num = $1", revision)


async def hold(connection: "asyncpg.Connection", *, taken_at: str, tombstones: Sequence[Tombstone]) -> None:
    """As the owner: nothing is sent from now on, and the gateway is not ready before each erasure is applied again (PROMISES P-04).

    Nobody called since now: what a rate limit may have let in before, which a backup does not say, is over a minute from now (G-16).
    """
    await connection.execute("INSERT INTO rate_epoch (since) VALUES (clock_timestamp()) ON CONFLICT DO NOTHING")
    await connection.execute("INSERT INTO restores (restore_id, taken_at) VALUES ($1, $2::text::timestamptz)", new_uuid(), taken_at)
    await connection.executemany(
        "INSERT INTO erasures (erasure_id, workspace_id, subject_digest, requested_by, requested_at, restored)"
        " VALUES ($1, $2, $3, $4, $5, true) ON CONFLICT DO NOTHING",
        [(one.erasure_id, one.workspace_id, bytes.fromhex(one.subject_digest), one.requested_by, one.requested_at) for one in tombstones],
    )


async def note_taken(connection: "asyncpg.Connection", kind: Literal["whole", "erasures"]) -> None:
    """As the owner: a backup of this kind is complete now. Figures and alerts go by it."""
    await connection.execute("INSERT INTO backups (kind) VALUES ($1) ON CONFLICT (kind) DO UPDATE SET taken_at = excluded.taken_at", kind)


async def held_since(connection: "asyncpg.Connection") -> datetime | None:
    """As the owner: when the latest restore was that is still held. None: nothing is."""
    since: datetime | None = await connection.fetchval("SELECT max(restored_at) FROM restores WHERE released_at IS NULL")
    return since


async def keep_old(connection: "asyncpg.Connection", *, since: datetime) -> int:
    """As the owner: what waits from before, or tells of the end of something from before, is not sent. Returns how much that is."""
    deliveries = await connection.fetch(
        """UPDATE webhook_deliveries SET status = 'cancelled', reason = $2, settled_at = clock_timestamp(), leased_until = NULL
            WHERE status = 'pending'
              AND (event_id < moment_bound($1)
                   OR event_type = ANY ($3) AND CASE WHEN object_id ~ '^[0-9a-f-]{36}$' THEN object_id::uuid < moment_bound($1) END)
        RETURNING event_id""",
        since,
        RESTORED,
        list(ENDS_WORK),
    )
    notices = await connection.fetch(
        """UPDATE alert_notices SET status = 'failed', error = $2, settled_at = clock_timestamp(), leased_until = NULL
            WHERE status = 'pending' AND event_id < moment_bound($1) RETURNING event_id""",
        since,
        RESTORED,
    )
    mails = await connection.fetch(
        """UPDATE mails SET status = 'failed', error = $2, sealed = NULL, settled_at = clock_timestamp()
            WHERE status = 'pending' AND mail_id < moment_bound($1) RETURNING mail_id""",
        since,
        RESTORED,
    )
    return len(deliveries) + len(notices) + len(mails)


async def let_go(connection: "asyncpg.Connection") -> int:
    """As the owner: what waits is sent from now on. Returns how much that is."""
    waiting: int = await connection.fetchval(
        "SELECT (SELECT count(*) FROM webhook_deliveries WHERE status = 'pending')"
        " + (SELECT count(*) FROM alert_notices WHERE status = 'pending' AND next_attempt_at < 'infinity')"
        " + (SELECT count(*) FROM mails WHERE status = 'pending')"
    )
    await connection.execute("UPDATE restores SET released_at = clock_timestamp() WHERE released_at IS NULL")
    return waiting
