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
from tests.embedded.superuser import as_superuser
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

TAKES_A_TABLE = re.compile(
    r"\bALTER TABLE (?P<altered>\w+)|\bCREATE TRIGGER [^;]*? ON (?P<watched>\w+)"
    r"|\bCREATE (?:UNIQUE )?INDEX [^;(]*?\bON (?P<indexed>\w+)"
)  # fmt: skip

FIRST_INDEXES_APART = "0077"
"""Those before were written without this rule, and are applied where they are."""

READS_A_TALL_TABLE = re.compile(
    r"\b(?:UPDATE|INSERT INTO|DELETE FROM)\b[^;]*\b(?:FROM|JOIN) (executions|execution_contents|transfers|feedback)\b"
)
"""Of as many rows as there were calls."""

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


@pytest.mark.asyncio(loop_scope="session")
@pytest.mark.promise("P-05")
@pytest.mark.timeout(240)
async def test_an_index_over_all_prompts_is_built_while_nothing_else_is_held(postgres: Cluster) -> None:
    urls = await postgres.empty()
    await asyncio.to_thread(migrate, urls["owner"], target="0076")
    reader = await asyncpg.connect(urls["superuser"], server_settings={"search_path": "burnish"})
    try:
        async with reader.transaction():
            await reader.fetch("SELECT FROM inbound_endpoints")
            with pytest.raises(RuntimeError, match="lock timeout"):
                await asyncio.to_thread(migrate, urls["owner"], target="0077")
        built = "SELECT to_regclass('prompts_words_left') IS NOT NULL, (SELECT max(version_num) FROM burnish_migrations.alembic_version)"
        assert tuple(await reader.fetchrow(built)) == (True, "0076"), "committed before the rest was asked for"
        await asyncio.to_thread(migrate, urls["owner"], target="0077")
        assert tuple(await reader.fetchrow(built)) == (True, "0077"), "and what is there is no hindrance"
    finally:
        await reader.close()
        await postgres.drop(urls)


@pytest.mark.asyncio(loop_scope="session")
@pytest.mark.promise("P-05")
@pytest.mark.timeout(240)
async def test_a_word_that_somebody_gave_a_model_outlasts_a_release_that_is_taken_back(postgres: Cluster) -> None:
    urls = await postgres.clone()
    told = "SELECT model, capabilities @> '{pdf}' FROM burnish.platform_models ORDER BY model"
    try:
        async with as_superuser(urls["superuser"]) as connection:
            await connection.execute(
                "INSERT INTO burnish.platform_models (model, provider, upstream_model, display_name, context_tokens, output_tokens, "
                "capabilities, price_version) SELECT 'told/' || provider, provider, 'reader', 'Reader', 9, 9, "
                "CASE provider WHEN 'openai' THEN '{chat,vision}' ELSE '{chat,pdf}' END::text[], 'v1' "
                "FROM unnest('{openai,openrouter}'::text[]) provider"
            )
            before = dict(await connection.fetch(told))
            assert not before["told/openai"] and before["told/openrouter"]
        await asyncio.to_thread(migrate, urls["owner"], target="0103", down=True)
        await asyncio.to_thread(migrate, urls["owner"])
        async with as_superuser(urls["superuser"]) as connection:
            assert dict(await connection.fetch(told)) == before | {"told/openai": True}
    finally:
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


def test_an_index_over_another_table_is_not_built_while_tables_are_held() -> None:
    """Who altered a table has it for itself until the migration ends: that is no time to read all of another one."""
    found = {
        path.name: late
        for path in files("burnish_shared").joinpath("db", "sql").iterdir()
        if path.name >= FIRST_INDEXES_APART and not path.name.endswith(".down.sql")
        if (late := indexes_behind(re.sub(r"--[^\n]*", "", path.read_text())))
    }
    assert found == {}


def test_rows_are_not_filled_from_a_tall_table_while_tables_are_held() -> None:
    found = {
        path.name: late
        for path in files("burnish_shared").joinpath("db", "sql").iterdir()
        if path.name >= FIRST_INDEXES_APART and not path.name.endswith(".down.sql")
        if (late := fillings_behind(re.sub(r"--[^\n]*", "", path.read_text())))
    }
    assert found == {}


def test_the_scan_recognises_a_filling_that_comes_late() -> None:
    filling = "UPDATE x SET y = e.n FROM (SELECT count(*) AS n FROM executions) e;"
    assert fillings_behind(f"ALTER TABLE x ADD COLUMN y bigint; {filling}") == ["executions"]
    for text in (filling, f"ALTER TABLE x ADD COLUMN y bigint; CREATE FUNCTION f() LANGUAGE sql AS $$ {filling} $$;"):
        assert fillings_behind(text) == [], text


def test_the_scan_recognises_an_index_that_comes_late() -> None:
    assert indexes_behind("ALTER TABLE x ADD COLUMN y text; CREATE INDEX i ON z (y)") == ["z"]
    assert indexes_behind("CREATE TRIGGER t BEFORE UPDATE ON x; CREATE UNIQUE INDEX IF NOT EXISTS i ON z (y)") == ["z"]
    for text in (
        "CREATE INDEX i ON z (y); ALTER TABLE x ADD COLUMN y text", "ALTER TABLE x ADD COLUMN y text; CREATE INDEX ON x (y)",
        "ALTER TABLE x ADD COLUMN y text; CREATE TABLE z (y text); CREATE INDEX i ON z (y)",
    ):  # fmt: skip
        assert indexes_behind(text) == [], text


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


def indexes_behind(text: str) -> list[str]:
    """Tables with an index that is built when another one is held already, other than those that the text makes."""
    made, held, late = set(re.findall(r"\bCREATE TABLE (\w+)", text)), set(), []
    for word in TAKES_A_TABLE.finditer(text):
        table = word["indexed"]
        if table is None:
            held.add(word["altered"] or word["watched"])
        elif held - {table} and table not in held | made:
            late.append(table)
    return late


def fillings_behind(text: str) -> list[str]:
    """Tall tables that are read to fill rows when a table is held already. What a function does is done later."""
    text = re.sub(r"\$\$.*?\$\$", "", text, flags=re.DOTALL)
    altered = re.search(r"\bALTER TABLE \w+", text)
    return [] if altered is None else READS_A_TALL_TABLE.findall(text, altered.end())


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
    async with as_superuser(urls["superuser"]) as connection:
        rows = [tuple(row) for row in await connection.fetch(SHAPE)]
    days = sorted({day for row in rows for text in row for day in OF_A_DAY.findall(text)})
    return sorted(tuple(OF_A_DAY.sub(lambda found: f"{days.index(found[0])}", text) for text in row) for row in rows)
