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


def _migrate(connection: Connection) -> None:
    connection.execute(text("CREATE SCHEMA IF NOT EXISTS burnish_migrations"))
    connection.commit()
    context.configure(connection=connection, version_table_schema="burnish_migrations", transaction_per_migration=True)
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
