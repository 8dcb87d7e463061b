"""A backup restores to the same database and the same streams, and what cannot come out right is refused before anything changes."""

import asyncio
import base64
import json
import os
import shutil
import sys
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import asyncpg
import pytest
import pytest_asyncio

from burnish.backup import stream_snapshot
from burnish.backup.commands import backup as backup_command
from burnish.backup.home_restore import running_beside
from burnish.backup.manifest import DATABASE, NAME, Manifest, checked, read_manifest
from burnish.backup.restore import Target, refuse_misfits, restore, tombstones_of
from burnish.backup.take import PARTIAL, Sources, forget_abandoned, forget_old, take_backup
from burnish.embedded import nats as embedded_nats
from burnish.embedded.child import StartFailed
from burnish.embedded.nats import Nats
from burnish.launcher import streams as launcher_streams
from burnish.launcher.home import Home
from burnish.launcher.passwords import load_secrets
from burnish.launcher.ports import Ports
from burnish.launcher.up import prepare_home
from burnish_shared import streams, subjects
from burnish_shared.auth.installation import check_keyring
from burnish_shared.auth.keyring import Keyring
from burnish_shared.bus.connect import connect
from burnish_shared.bus.provision import provision
from burnish_shared.bus.users import USERS
from burnish_shared.contracts.erasures import Tombstone
from burnish_shared.db.session import Database
from burnish_shared.ids import new_uuid
from tests.embedded.databases import Cluster, DatabaseUrls
from tests.embedded.ports import own_port
from tests.embedded.workspaces import make_workspace

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.capability("I1")]

KEYRING = Keyring(b"k" * 32)
MESSAGES = 300
BYTES = 5_000
"""Enough for several chunks of a snapshot."""

CATALOG = {
    "tables": """SELECT c.relname, c.relkind, c.relrowsecurity, c.relforcerowsecurity, pg_get_userbyid(c.relowner),
                        (SELECT array_agg(a::text ORDER BY a::text) FROM unnest(c.relacl) a)
                   FROM pg_class c WHERE c.relnamespace = 'burnish'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'S')""",
    "columns": """SELECT attrelid::regclass::text, attname, atttypid::regtype::text, attnotnull,
                         (SELECT array_agg(a::text ORDER BY a::text) FROM unnest(attacl) a)
                    FROM pg_attribute WHERE attnum > 0 AND NOT attisdropped
                     AND attrelid IN (SELECT oid FROM pg_class WHERE relnamespace = 'burnish'::regnamespace AND relkind IN ('r', 'p'))""",
    "functions": """SELECT p.oid::regprocedure::text, pg_get_userbyid(p.proowner), p.prosecdef, p.proconfig::text, md5(p.prosrc),
                           (SELECT array_agg(a::text ORDER BY a::text) FROM unnest(p.proacl) a)
                      FROM pg_proc p WHERE p.pronamespace IN (SELECT oid FROM pg_namespace WHERE nspname IN ('burnish', 'auth'))""",
    "policies": """SELECT tablename, policyname, roles::text, cmd, qual, with_check FROM pg_policies WHERE schemaname = 'burnish'""",
    "indexes": "SELECT indexdef FROM pg_indexes WHERE schemaname = 'burnish'",
    "constraints": """SELECT conrelid::regclass::text, conname, translate(pg_get_constraintdef(oid), '()', '') FROM pg_constraint
                       WHERE connamespace = 'burnish'::regnamespace""",
    "triggers": """SELECT tgrelid::regclass::text, tgname, pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal""",
    "schemas": """SELECT nspname, pg_get_userbyid(nspowner), (SELECT array_agg(a::text ORDER BY a::text) FROM unnest(nspacl) a)
                    FROM pg_namespace WHERE nspname IN ('burnish', 'auth')""",
    "revision": "SELECT version_num FROM burnish_migrations.alembic_version",
}
"""What the rows of a database hang on, in words that do not depend on its numbers."""


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def buses(servers_folder: Path) -> AsyncIterator[tuple[Nats, Nats]]:
    """Two servers: one with streams and messages, one with nothing."""
    started = []
    for name in ("full", "empty"):
        server = Nats(
            folder=servers_folder / f"backup-{name}", port=own_port(),
            log=servers_folder / f"backup-{name}.log", passwords={user: f"password-of-{user}" for user in USERS}, sync_interval="10s",
        )  # fmt: skip
        started.append((server, await embedded_nats.start(server)))
    (full, _), (empty, _) = started
    await provision(full.url("provisioner"))
    async with await connect(full.url("gateway"), service="gateway", replica="0") as bus:
        for number in range(MESSAGES):
            await bus.publish(subjects.FEEDBACK_RECORDED_BATCH, bytes([number % 256]) * BYTES, message_id=str(number))
        tombstone = a_tombstone()
        await bus.publish(
            subjects.erasure_recorded(tombstone.workspace_id, tombstone.erasure_id), tombstone.model_dump_json().encode(),
            message_id=tombstone.message_id(),
        )  # fmt: skip
    yield full, empty
    for _, process in started:
        await embedded_nats.stop(process)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def source(postgres: Cluster) -> AsyncIterator[DatabaseUrls]:
    """A database with a key, a workspace and money."""
    urls = await postgres.clone()
    await make_workspace(urls["superuser"])
    database = await Database.open(urls["gateway"], application_name="test-backup", max_size=1)
    await check_keyring(database, KEYRING)
    await database.close()
    yield urls
    await postgres.drop(urls)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def backup(source: DatabaseUrls, buses: tuple[Nats, Nats], tmp_path_factory: pytest.TempPathFactory) -> Path:
    sources = Sources(source["superuser"], buses[0].url("provisioner"))
    return await take_backup(sources, tmp_path_factory.mktemp("backups"))


@pytest.mark.promise("P-06")
async def test_everything_comes_back_as_it_was(backup: Path, source: DatabaseUrls, buses: tuple[Nats, Nats], postgres: Cluster) -> None:
    """Also by a login that is no superuser, as managed servers have it."""
    target, later = await postgres.empty(), a_tombstone()
    rows = await restore(backup, checked(backup), Target(target["owner"], target["owner"], buses[1].url("provisioner")), tombstones=[later])
    assert rows["workspaces"] == 1 and rows == read_manifest(backup).counts
    for name, sql in CATALOG.items():
        before, after = await asked(source, sql), await asked(target, sql)
        assert before == after, f"{name}: {sorted(before ^ after)[:10]}"
    assert await asked(target, "SELECT erasure_id::text FROM burnish.erasures WHERE restored") == {f"('{later.erasure_id}',)"}
    assert len(await asked(target, "SELECT FROM burnish.restores WHERE released_at IS NULL")) == 1
    epoch = "SELECT since > now() - interval '1 hour' AND since <= now() FROM burnish.rate_epoch"
    assert await asked(target, epoch) == {"(True,)"}, "limits are used up at the moment of the restore, not at that of the first call"
    async with await connect(buses[1].url("provisioner"), service="provisioner", replica="0") as bus:
        state = await stream_snapshot.state_of(bus, streams.FEEDBACK.name)
        assert state is not None and (state["messages"], state["last_seq"]) == (MESSAGES, MESSAGES)
        assert len(await stream_snapshot.read_tombstones(bus)) == 1
    report = await provision(buses[1].url("provisioner"))
    assert (report.created, report.corrected, report.refused) == ([], [], []), "readers came back, too"
    with pytest.raises(StartFailed, match="holds an installation already"):
        await restore(backup, checked(backup), Target(target["owner"], target["owner"], None), tombstones=[])
    empty = await postgres.empty()
    with pytest.raises(StartFailed, match="FEEDBACK holds messages"):
        await restore(backup, checked(backup), Target(empty["owner"], empty["owner"], buses[1].url("provisioner")), tombstones=[])
    assert await asked(empty, "SELECT nspname FROM pg_namespace WHERE nspname LIKE 'burnish%'") == set(), "nothing was changed"


async def test_a_login_that_sees_a_part_of_the_rows_makes_no_backup(source: DatabaseUrls, tmp_path: Path) -> None:
    with pytest.raises(StartFailed, match="row-level security"):
        await take_backup(Sources(source["owner"], None), tmp_path)
    assert list(tmp_path.iterdir()) == [], "no half of a backup stays"


async def test_what_does_not_fit_is_refused(backup: Path, tmp_path: Path) -> None:
    manifest = checked(backup)
    refuse_misfits(manifest, KEYRING)
    with pytest.raises(StartFailed, match="lie under the key"):
        refuse_misfits(manifest, Keyring(b"x" * 32))
    refuse_misfits(manifest, Keyring(b"x" * 32, [b"k" * 32]))
    with pytest.raises(StartFailed, match="newer one"):
        refuse_misfits(replace(manifest, revision="9999"), KEYRING)
    copy = shutil.copytree(backup, tmp_path / "copy")
    dump = bytearray((copy / DATABASE).read_bytes())
    dump[len(dump) // 2] ^= 1
    (copy / DATABASE).write_bytes(dump)
    with pytest.raises(StartFailed, match="not what the manifest says"):
        checked(copy)
    (copy / NAME).write_text('{"format": "burnish.backup", "version": 1, "files": []}')
    with pytest.raises(StartFailed, match="not as Burnish writes it"):
        checked(copy)
    (copy / NAME).unlink()
    with pytest.raises(StartFailed, match="is no backup"):
        checked(copy)


@pytest.mark.parametrize("mebibytes", [40, 56])
async def test_a_disk_without_room_for_it_is_named_and_the_home_is_as_empty_as_before(backup: Path, tmp_path: Path, mebibytes: int) -> None:
    """At 40 a statement meets it; at 56 PostgreSQL ends by it, and whoever was at work there knows no reason."""
    if os.geteuid() != 0 or shutil.which("unshare") is None:
        pytest.skip("only root may mount a small disk of its own")
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    mounted = f'mount -t tmpfs -o size={mebibytes}m,mode=0700 none {home} && "$@"; code=$?; ls {home}; exit $code'
    command = (str(Path(sys.executable).with_name("burnish")), "restore", str(backup), "--home", str(home))
    run = await asyncio.create_subprocess_exec(
        "unshare", "--mount", "sh", "-c", mounted, "sh", *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        env=os.environ | {"BURNISH_KEK": base64.b64encode(b"k" * 32).decode()},
    )  # fmt: skip
    async with asyncio.timeout(120):
        listed, said = await run.communicate()
    assert run.returncode == 1 and said.decode().startswith("burnish: There is no room for what the backup holds"), said.decode()
    assert said.count(b"\n") == 1 and set(listed.decode().split()) <= {"lock", "logs", "secrets.json"}


async def test_tombstones_of_several_lists_are_taken_together(backup: Path, tmp_path: Path) -> None:
    first, second = a_tombstone(), a_tombstone()
    (tmp_path / "later.jsonl").write_text(first.model_dump_json() + "\n" + second.model_dump_json() + "\n")
    (tmp_path / "again.jsonl").write_text(second.model_dump_json() + "\n")
    found = tombstones_of(backup, [tmp_path / "later.jsonl", tmp_path / "again.jsonl"])
    assert {one.erasure_id for one in found} >= {first.erasure_id, second.erasure_id} and len(found) == 3
    (tmp_path / "again.jsonl").write_text("no tombstone")
    with pytest.raises(StartFailed, match="holds no tombstones"):
        tombstones_of(backup, [tmp_path / "again.jsonl"])


async def test_only_whole_backups_are_counted_and_forgotten(tmp_path: Path) -> None:
    for day in range(4):
        folder = tmp_path / f"burnish-2026112{day}T031700.000000Z"
        folder.mkdir()
        Manifest("", "", "", "", None, {}, [], []).write(folder)
    half, foreign = tmp_path / f"burnish-20261110T031700.000000Z{PARTIAL}", tmp_path / "something-else"
    half.mkdir()
    foreign.mkdir()
    removed = await asyncio.to_thread(forget_old, tmp_path, keep=2)
    assert [one.name[:16] for one in removed] == ["burnish-20261120", "burnish-20261121"]
    assert half.exists() and foreign.exists() and len(list(tmp_path.iterdir())) == 4
    assert json.loads((tmp_path / "burnish-20261123T031700.000000Z" / NAME).read_text())["format"] == "burnish.backup"


async def test_what_a_killed_backup_left_is_removed_by_the_next_and_one_under_way_is_left(tmp_path: Path) -> None:
    held = tmp_path / f"burnish-20261110T031700.000000Z{PARTIAL}"
    program = "import sys, time; from pathlib import Path; from burnish.backup.take import _made_and_held\n"
    program += "with _made_and_held(Path(sys.argv[1])): print(flush=True); time.sleep(600)"
    writer = await asyncio.create_subprocess_exec(sys.executable, "-c", program, str(held), stdout=asyncio.subprocess.PIPE)
    try:
        assert writer.stdout is not None and await writer.stdout.readline()
        assert forget_abandoned(tmp_path) == [] and held.exists()
    finally:
        writer.kill()
        await writer.wait()
    assert forget_abandoned(tmp_path) == [held] and not list(tmp_path.iterdir())


async def test_a_backup_that_is_told_to_end_says_so_and_leaves_nothing(
    source: DatabaseUrls, buses: tuple[Nats, Nats], tmp_path: Path
) -> None:
    """Held up where it reads a table that is being changed, as behind a migration."""
    environment = {**os.environ, "DATABASE_URL": source["superuser"], "NATS_URL": buses[0].url("provisioner")}
    command = (sys.executable, "-P", "-m", "burnish.main", "backup", str(tmp_path))
    holder = await asyncpg.connect(source["superuser"])
    try:
        async with holder.transaction():
            await holder.execute("LOCK TABLE burnish.workspaces")
            taking = await asyncio.create_subprocess_exec(*command, env=environment, stderr=asyncio.subprocess.PIPE)
            while not await holder.fetchval(
                "SELECT EXISTS (SELECT 1 FROM pg_locks WHERE NOT granted AND relation = 'burnish.workspaces'::regclass)"
            ):
                assert taking.returncode is None
            assert [one.suffix for one in tmp_path.iterdir()] == [PARTIAL]
            taking.terminate()
            _, said = await asyncio.wait_for(taking.communicate(), timeout=60)
    finally:
        await holder.close()
    assert taking.returncode == 130 and b"broken off" in said and not list(tmp_path.iterdir())


async def test_a_backup_does_not_wait_for_ever_for_nats(source: DatabaseUrls, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(launcher_streams, "CONNECT_PATIENCE_S", 0.3)
    with pytest.raises(StartFailed, match="NATS did not let us in"):
        await take_backup(Sources(source["superuser"], f"nats://a:b@127.0.0.1:{own_port()}"), tmp_path)
    assert not list(tmp_path.iterdir())


async def test_a_folder_that_takes_no_file_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://127.0.0.1:1/x")
    monkeypatch.setenv("NATS_URL", "nats://127.0.0.1:1")
    (tmp_path / "file").touch()
    with pytest.raises(StartFailed, match=r"cannot be written to .*file/folder: Not a directory"):
        await asyncio.to_thread(backup_command, tmp_path / "file" / "folder")


@pytest.mark.parametrize("kind, options", [("whole", {}), ("erasures", {"only_erasures": True})])
async def test_the_command_writes_down_that_it_was_complete(
    kind: str, options: dict[str, bool], source: DatabaseUrls, buses: tuple[Nats, Nats], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the time of the database, for the alert on later ones that are not."""
    monkeypatch.setenv("DATABASE_URL", source["superuser"])
    monkeypatch.setenv("NATS_URL", buses[0].url("provisioner"))
    await asyncio.to_thread(backup_command, tmp_path, keep=0, as_json=False, home=None, **{"only_erasures": False} | options)
    lately = f"SELECT taken_at BETWEEN now() - interval '1 minute' AND now() FROM burnish.backups WHERE kind = '{kind}'"
    assert await asked(source, lately) == {"(True,)"}


async def test_a_backup_that_the_database_cannot_be_told_of_is_complete(
    source: DatabaseUrls, buses: tuple[Nats, Nats], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DATABASE_URL", source["analytics"])  # may neither read all rows nor become the owner
    monkeypatch.setenv("NATS_URL", buses[0].url("provisioner"))
    await asyncio.to_thread(backup_command, tmp_path, keep=0, only_erasures=True, as_json=True, home=None)
    said = capsys.readouterr()
    assert (tmp_path / "erasures.jsonl").is_file() and json.loads(said.out)["erasures"] >= 0
    assert "The backup is complete, but the alert on late ones does not know of it" in said.err


async def asked(urls: DatabaseUrls, sql: str) -> set[str]:
    connection = await asyncpg.connect(urls["superuser"], server_settings={"search_path": "public"})
    try:
        rows: list[Any] = await connection.fetch(sql)
        return {str(tuple(row)) + ("" if len(row) else str(number)) for number, row in enumerate(rows)}
    finally:
        await connection.close()


def a_tombstone() -> Tombstone:
    return Tombstone.model_validate(
        {"erasure_id": new_uuid(), "workspace_id": new_uuid(), "subject_digest": "ab" * 32, "requested_by": "key:1",
         "requested_at": "2026-11-20T08:00:00+00:00"}
    )  # fmt: skip


async def test_a_restore_takes_no_port_that_another_installation_was_promised(tmp_path: Path) -> None:
    theirs = Ports({}, say=lambda _: None)
    promised = {await theirs.choose(name) for name in ("postgres", "nats")}
    home = Home(tmp_path / "home")
    prepare_home(home)
    async with running_beside(home, load_secrets(home), database=home.postgres, bus=home.nats) as target:
        taken = {urlsplit(url).port for url in (target.admin, target.nats_url)}
        assert len(taken) == 2 and not taken & {None, *promised}
        assert len(running_in(home)) > 2, "PostgreSQL, its processes and NATS"
    assert not running_in(home)


def running_in(home: Home) -> list[Path]:
    """Processes that were started with a path of `home`, or stand in one: by their port others of this machine could answer."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # It ended meanwhile.
            if str(home.path).encode() in (process / "cmdline").read_bytes() or (process / "cwd").readlink().is_relative_to(home.path):
                found.append(process)
    return found
