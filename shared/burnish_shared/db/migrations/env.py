"""Runs migrations over asyncpg as `burnish_owner`, one runner at a time.

`DATABASE_URL` names a login that may create roles and is, or may become, `burnish_owner` (a superuser, or a Supabase `postgres`).
"""

import asyncio
import os

from alembic import context
from sqlalchemy import text
from sqlalchemy.engine import Connection
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

MIGRATION_LOCK = 0x6275726E697368  # "burnish" in ASCII
"""Advisory lock of migrations."""


VERSIONS = """
CREATE TABLE IF NOT EXISTS burnish_migrations.alembic_version
  (version_num varchar(32) NOT NULL, CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num))
"""
"""As Alembic makes it where it is not there: before the first migration, so that services may read it while they are under way."""

READABLE = """
DO $$
DECLARE v_role text;
BEGIN
  FOR v_role IN SELECT rolname FROM pg_roles WHERE rolname IN ('burnish_app', 'burnish_worker') LOOP
    EXECUTE format('GRANT USAGE ON SCHEMA burnish_migrations TO %I', v_role);
    EXECUTE format('GRANT SELECT ON burnish_migrations.alembic_version TO %I', v_role);
  END LOOP;
END $$
"""
"""Services wait for the schema that they know (`burnish_shared.db.known_schema`). Granted here: no migration makes this schema. Before
the first one, where the roles are there (they are the cluster's, not the database's), and in the transaction of each, of which one makes
the roles and another takes all such grants back."""


def _migrate(connection: Connection) -> None:
    connection.execute(text("CREATE SCHEMA IF NOT EXISTS burnish_migrations"))
    connection.execute(text(VERSIONS))
    connection.execute(text(READABLE))
    connection.commit()
    context.configure(
        connection=connection, version_table_schema="burnish_migrations", transaction_per_migration=True,
        on_version_apply=lambda ctx, **_: ctx.connection.execute(text(READABLE)),
    )  # fmt: skip
    with context.begin_transaction():
        context.run_migrations()


async def _main() -> None:
    url = os.environ["DATABASE_URL"].replace("postgresql://", "postgresql+asyncpg://", 1).replace("postgres://", "postgresql+asyncpg://", 1)
    engine = create_async_engine(
        url, poolclass=NullPool, connect_args={"server_settings": {"lock_timeout": "4000", "search_path": "public"}}
    )
    async with engine.connect() as connection:
        await connection.execute(text(f"SELECT pg_advisory_lock({MIGRATION_LOCK})"))
        await connection.commit()
        await connection.run_sync(_migrate)
        await connection.execute(text(f"SELECT pg_advisory_unlock({MIGRATION_LOCK})"))
        await connection.commit()
    await engine.dispose()


asyncio.run(_main())
