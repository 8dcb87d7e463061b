"""How a revision runs its SQL file: several statements at once, as owner of the schema."""

from importlib.resources import files

from alembic import op


def run_sql(name: str) -> None:
    """Runs `burnish_shared/db/sql/<name>` in the transaction of the migration. The file may hold many statements."""
    script = files("burnish_shared").joinpath("db", "sql", name).read_text()
    raw = op.get_bind().connection.dbapi_connection
    raw.run_async(lambda connection: connection.execute(script))  # type: ignore[union-attr]
