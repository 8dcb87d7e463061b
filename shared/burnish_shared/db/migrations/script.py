"""How a revision runs its SQL file: several statements at once, as owner of the schema."""

from importlib.resources import files

from alembic import op


def run_sql(name: str) -> None:
    """Runs `burnish_shared/db/sql/<name>` in the transaction of the migration. The file may hold many statements.

    SQLAlchemy begins a transaction with its first own statement, and knows nothing of what goes past it. Without that statement the file
    would be committed by itself, and a process that was killed before the revision was noted would run it a second time.
    """
    script = files("burnish_shared").joinpath("db", "sql", name).read_text()
    op.get_bind().exec_driver_sql("SELECT 1")
    raw = op.get_bind().connection.dbapi_connection
    raw.run_async(lambda connection: connection.execute(script))  # type: ignore[union-attr]
