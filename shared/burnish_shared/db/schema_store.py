"""The revision of the schema, in SQL."""

from burnish_shared.db.session import Tx


async def find_revision(tx: Tx) -> str | None:
    """None for a database that was never migrated. Raises what asyncpg raises where there is no schema, or it may not be read."""
    revision: str | None = await tx.fetchval("SELECT max(version_num) FROM burnish_migrations.alembic_version")
    return revision
