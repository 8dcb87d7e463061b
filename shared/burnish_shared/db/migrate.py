"""Brings a database to the newest schema: `burnish migrate` and the tests call this."""

import os
import subprocess
import sys

ALEMBIC = """
from alembic import command
from alembic.config import Config
from alembic.util import CommandError
config = Config()
config.set_main_option("script_location", "burnish_shared:db/migrations")
config.set_main_option("path_separator", "os")
try:
    command.{verb}(config, {target!r})
except CommandError as refusal:
    raise SystemExit(str(refusal))
"""


def read_migrations() -> None:
    """Loads every migration, and changes nothing. Raises what is wrong with one of them."""
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", "burnish_shared:db/migrations")
    config.set_main_option("path_separator", "os")
    ScriptDirectory.from_config(config).get_current_head()


def migrate(database_url: str, *, target: str = "head", down: bool = False) -> None:
    """Runs alembic in a process of its own (it wants an event loop for itself). Idempotent.

    `database_url`: a login that may create roles. Raises RuntimeError with alembic's own words when a migration fails.
    """
    program = ALEMBIC.format(verb="downgrade" if down else "upgrade", target=target)
    run = subprocess.run(  # noqa: S603 - our own interpreter, and text without anything from outside
        [sys.executable, "-c", program], env={**os.environ, "DATABASE_URL": database_url}, capture_output=True, text=True, check=False
    )
    if run.returncode != 0:
        raise RuntimeError(f"migration failed:\n{run.stderr[-3000:].strip()}")
