"""Migrations go on where they were killed, and leave the release before working beside them (PROMISES P-05)."""

import asyncio
import os
import re
import sys
from importlib.resources import files

import asyncpg
import pytest

from burnish_shared.db.migrate import ALEMBIC, migrate
from tests.embedded.databases import Cluster, DatabaseUrls
from tests.security.test_row_level_security import SHAPE

pytestmark = [pytest.mark.capability("I1")]

KILLED_AT = "0012"
PATIENCE_S = 120.0

FIRST_BESIDE_ANOTHER = "0057"
"""Before this revision nothing was released; from it on the services of the release before run while it is applied."""

TAKES_AWAY = re.compile(
    r"\bDROP\s+(TABLE|COLUMN|FUNCTION|VIEW|TYPE|SCHEMA)\b(?!\s+%I)|\bRENAME\s+(TO|COLUMN)\b|\bALTER\s+COLUMN\s+\w+\s+(SET\s+DATA\s+)?TYPE\b"
    r"|\bSET\s+NOT\s+NULL\b|\bADD\s+COLUMN\s+(?:IF\s+NOT\s+EXISTS\s+)?\w+\s+[^,;]*\bNOT\s+NULL\b(?![^,;]*\bDEFAULT\b)|\bTRUNCATE\b",
    re.IGNORECASE,
)
"""What services of the release before would miss, or could not write any more. Not what a function drops by name (%I)."""

OF_A_DAY = re.compile(r"(?<=_)20\d{6}(?!\d)")
"""In the name of a partition, and of what belongs to it."""

GIVEN_UP: dict[str, str] = {}
"""File → why what it takes away is used by no release that may still run."""


@pytest.mark.asyncio(loop_scope="session")
@pytest.mark.promise("P-05")
@pytest.mark.timeout(240)
async def test_a_migration_that_was_killed_goes_on_where_it_was(postgres: Cluster, database_urls: DatabaseUrls) -> None:
    urls = await postgres.empty()
    program = ALEMBIC.format(verb="upgrade", target="head")
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", program, env=os.environ | {"DATABASE_URL": urls["owner"]})
    watching = await asyncpg.connect(urls["superuser"])
    try:
        reached = await reaches(watching, KILLED_AT, process)
        process.kill()
        await process.wait()
        assert KILLED_AT <= reached
        await asyncio.to_thread(migrate, urls["owner"])
        assert await shape(urls) == await shape(database_urls), "as if nothing had happened"
    finally:
        await watching.close()
        await postgres.drop(urls)


def test_what_the_release_before_uses_stays() -> None:
    """First it is added, then services move over, and a later release takes the old away."""
    found = {
        path.name: taken[0]
        for path in files("burnish_shared").joinpath("db", "sql").iterdir()
        if path.name >= FIRST_BESIDE_ANOTHER and not path.name.endswith(".down.sql")
        if (taken := TAKES_AWAY.search(re.sub(r"--[^\n]*", "", path.read_text())))
    }
    assert found.keys() == GIVEN_UP.keys(), found


def test_the_scan_recognises_what_takes_away() -> None:
    for text in (
        "DROP TABLE x", "ALTER TABLE x DROP COLUMN y", "ALTER TABLE x RENAME TO z", "ALTER TABLE x ALTER COLUMN y TYPE text",
        "ALTER TABLE x ALTER COLUMN y SET NOT NULL", "ALTER TABLE x ADD COLUMN y text NOT NULL", "DROP FUNCTION f(integer)",
    ):  # fmt: skip
        assert TAKES_AWAY.search(text), text
    for text in (
        "ALTER TABLE x ADD COLUMN y integer NOT NULL DEFAULT 0",
        "ALTER TABLE x ADD COLUMN y text, ADD COLUMN z text",
        "DROP INDEX i",
        "EXECUTE format('DROP TABLE %I', part)",
    ):
        assert not TAKES_AWAY.search(text), text


async def reaches(connection: asyncpg.Connection, revision: str, process: asyncio.subprocess.Process) -> str:
    """The revision that is committed once it is at least this one."""
    async with asyncio.timeout(PATIENCE_S):
        while process.returncode is None:
            if await connection.fetchval("SELECT to_regclass('burnish_migrations.alembic_version') IS NOT NULL"):
                present: str = await connection.fetchval("SELECT max(version_num) FROM burnish_migrations.alembic_version") or ""
                if present >= revision:
                    return present
            await asyncio.sleep(0.005)
    raise AssertionError(f"the migration ended by itself before {revision}")


async def shape(urls: DatabaseUrls) -> list[tuple[str, ...]]:
    """Partitions are named after their place among the days, not after the day: midnight may lie between two migrations."""
    connection = await asyncpg.connect(urls["superuser"], server_settings={"search_path": "burnish"})
    try:
        rows = [tuple(row) for row in await connection.fetch(SHAPE)]
    finally:
        await connection.close()
    days = sorted({day for row in rows for text in row for day in OF_A_DAY.findall(text)})
    return sorted(tuple(OF_A_DAY.sub(lambda found: f"{days.index(found[0])}", text) for text in row) for row in rows)
