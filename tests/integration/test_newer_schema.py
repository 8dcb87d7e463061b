"""A release that is older than the schema works on it, as an update and the way back from one need, and says so; a newer one waits."""

import asyncio
import os
import signal
import sys
from pathlib import Path

import aiohttp
import asyncpg
import pytest

from burnish.launcher.database import prepare_schema
from burnish.launcher.home import Home
from burnish.migration import migrate_everything
from burnish_shared.db.known_schema import check_schema, newest_revision
from burnish_shared.db.session import Database
from burnish_shared.errors import Unavailable
from tests.conftest import Cluster, DatabaseUrls
from tests.embedded.ports import own_port
from tests.embedded.secrets import KEK

pytestmark = [pytest.mark.capability("I2"), pytest.mark.promise("P-05")]
NEWER = "9999"


@pytest.fixture
async def newer(database_urls: DatabaseUrls) -> DatabaseUrls:
    connection = await asyncpg.connect(database_urls["superuser"])
    try:
        await connection.execute("UPDATE burnish_migrations.alembic_version SET version_num = $1", NEWER)
    finally:
        await connection.close()
    return database_urls


async def test_a_start_on_a_newer_schema_leaves_it_alone_and_says_what_to_do(newer: DatabaseUrls) -> None:
    told: list[str] = []
    assert not await prepare_schema(admin=newer["superuser"], migrator=newer["owner"], say=told.append)
    assert len(told) == 1
    assert f"migrations up to {NEWER}" in told[0] and f"those up to {newest_revision()}" in told[0]
    assert f"burnish migrate --down --target {newest_revision()}" in told[0]


async def test_a_start_on_the_schema_of_this_release_says_nothing(database_urls: DatabaseUrls) -> None:
    told: list[str] = []
    assert not await prepare_schema(admin=database_urls["superuser"], migrator=database_urls["owner"], say=told.append)
    assert told == []


async def migrated(urls: DatabaseUrls, home: Path, *, target: str, is_down: bool = False) -> int:
    environment = {"DATABASE_URL": urls["owner"]}
    return await asyncio.to_thread(migrate_everything, Home(home), target=target, is_down=is_down, environment=environment)


async def test_the_migration_job_of_an_older_release_succeeds_so_that_its_services_may_start(
    newer: DatabaseUrls, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A roll-back in Kubernetes and with compose waits for this job."""
    assert await migrated(newer, tmp_path, target="head") == 0
    said = capsys.readouterr().err
    assert f"The database holds migrations up to {NEWER}" in said and f"The schema is at {NEWER}." in said


@pytest.mark.parametrize("is_down", [True, False])
async def test_an_older_release_cannot_move_a_newer_schema_and_says_who_can(
    newer: DatabaseUrls, tmp_path: Path, capsys: pytest.CaptureFixture[str], is_down: bool
) -> None:
    assert await migrated(newer, tmp_path, target="0100", is_down=is_down) == 1
    said = capsys.readouterr().err
    assert "let the newer one go back first" in said and "Traceback" not in said


async def revision_is(urls: DatabaseUrls, revision: str | None) -> None:
    connection = await asyncpg.connect(urls["superuser"])
    try:
        await connection.execute("DELETE FROM burnish_migrations.alembic_version")
        if revision is not None:
            await connection.execute("INSERT INTO burnish_migrations.alembic_version VALUES ($1)", revision)
    finally:
        await connection.close()


@pytest.mark.parametrize("service", ["gateway", "executor", "optimizer", "analytics", "webhooks"])
async def test_a_service_waits_for_the_schema_that_it_knows(database_urls: DatabaseUrls, service: str) -> None:
    """In an update its pods start beside the migration. The executor crashed on what was not there yet, the others seemed ready."""
    database = await Database.open(database_urls[service], application_name="test", max_size=1)
    try:
        await check_schema(database)
        await revision_is(database_urls, NEWER)
        await check_schema(database)
        await revision_is(database_urls, "0095")
        with pytest.raises(Unavailable, match=f"The schema is at 0095, and this release works on {newest_revision()}: `burnish migrate`"):
            await check_schema(database)
        await revision_is(database_urls, None)
        with pytest.raises(Unavailable, match="The schema is not there"):
            await check_schema(database)
    finally:
        await database.close()


@pytest.mark.parametrize("service", ["gateway", "executor", "optimizer", "analytics", "webhooks", "provisioner"])
async def test_a_service_that_waits_for_its_schema_says_so_to_whoever_probes_it(database_urls: DatabaseUrls, service: str) -> None:
    """Its port refused connections meanwhile, and Kubernetes killed it for that after two minutes."""
    await revision_is(database_urls, "0095")
    port = own_port()
    surroundings = os.environ | {
        "DATABASE_URL": database_urls.get(service, database_urls["optimizer"]), "NATS_URL": "nats://nobody:none@127.0.0.1:9",
        "BURNISH_KEK": KEK, "BURNISH_METRICS_PORT": str(port), "BURNISH_PORT": "0",
    }  # fmt: skip
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-P", "-m", "burnish.serve", service, env=surroundings, stderr=asyncio.subprocess.PIPE
    )
    try:
        assert process.stderr is not None
        async with asyncio.timeout(60):
            while b"The schema is at 0095" not in (line := await process.stderr.readline()):
                assert line, "it ended by itself"
        async with aiohttp.ClientSession(f"http://127.0.0.1:{port}") as probe:
            async with probe.get("/healthz") as answer:
                assert answer.status == 200
            async with probe.get("/readyz") as answer:
                assert answer.status == 503 and (await answer.text()).startswith("The schema is at 0095")
        process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(20):
            await process.communicate()
        assert process.returncode == 0
    finally:
        if process.returncode is None:
            process.kill()


async def test_who_may_not_read_the_revision_does_not_wait_for_another(database_urls: DatabaseUrls) -> None:
    """So it is with a schema that a release before this one migrated."""
    await revision_is(database_urls, "0095")
    connection = await asyncpg.connect(database_urls["superuser"])
    try:
        await connection.execute("REVOKE ALL ON burnish_migrations.alembic_version FROM burnish_app, burnish_worker")
    finally:
        await connection.close()
    database = await Database.open(database_urls["executor"], application_name="test", max_size=1)
    try:
        await check_schema(database)
    finally:
        await database.close()


async def test_an_empty_database_is_waited_for_too(postgres: Cluster) -> None:
    urls = await postgres.empty()
    database = await Database.open(urls["owner"], application_name="test", max_size=1)
    try:
        with pytest.raises(Unavailable, match="The schema is not there"):
            await check_schema(database)
    finally:
        await database.close()


@pytest.mark.parametrize("target", ["0012", "0060"])
async def test_a_new_database_beside_another_is_waited_for_until_its_last_migration(
    postgres: Cluster, database_urls: DatabaseUrls, tmp_path: Path, target: str
) -> None:
    """The roles are there, of the other one: who may not read the revision would go on in the middle."""
    urls = await postgres.empty()
    assert await migrated(urls, tmp_path, target=target) == 0
    database = await Database.open(urls["executor"], application_name="test", max_size=1)
    try:
        with pytest.raises(Unavailable, match=f"The schema is at {target}"):
            await check_schema(database)
    finally:
        await database.close()
        await postgres.drop(urls)
