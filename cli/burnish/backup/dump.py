"""The database in and out of a file, with the programs of PostgreSQL itself."""

import asyncio
import os
import re
import signal
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final
from urllib.parse import unquote, unquote_plus, urlsplit

from burnish.backup import backup_store as store
from burnish.embedded.child import StartFailed, bound_to_parent
from burnish.embedded.postgres import binaries

FIRST_REVISION: Final = "0001"
"""Makes the roles, and nothing that a dump does not bring as well."""

PROGRAMS: Final = "BURNISH_POSTGRES_PROGRAMS"
"""Folder of pg_dump and pg_restore, for a server that is newer than the packaged ones."""

SCHEMA_ENTRY: Final = re.compile(r"^\d+; \d+ \d+ SCHEMA - ")


async def dump(url: str, path: Path, *, snapshot: str, schemas: Sequence[str]) -> None:
    """Writes what the snapshot sees. Rate limits are left out: without them each limit counts as used up, which is safe.

    Raises StartFailed with the program's own words.
    """
    named = [f"--schema={one}" for one in schemas]
    await _run(url, "pg_dump", "--format=custom", "--no-unlogged-table-data", f"--snapshot={snapshot}", *named, f"--file={path}")


async def load(path: Path, *, url: str, revision: str, lookup_functions: Sequence[str], schemas: Sequence[str]) -> None:
    """Fills a database that has nothing of ours. `url`: a login that may create roles and schemas. Raises StartFailed."""
    from burnish_shared.db.migrate import migrate

    await asyncio.to_thread(migrate, url, target=FIRST_REVISION)
    async with store.connected(url) as connection:
        await store.make_schemas(connection, schemas)
    await _restore(url, path)
    async with store.connected(url, as_owner=True) as connection:
        await store.give_to_lookup(connection, lookup_functions)
    async with store.connected(url) as connection:
        await store.set_revision(connection, revision)


async def listed(path: Path) -> str:
    """What the dump holds, an entry a line, in the words of pg_restore."""
    return await _run(None, "pg_restore", "--list", str(path))


async def _restore(url: str, path: Path) -> None:
    wanted = "".join(line for line in (await listed(path)).splitlines(keepends=True) if not SCHEMA_ENTRY.match(line))
    with tempfile.NamedTemporaryFile("w", prefix="burnish-entries-") as entries:
        entries.write(wanted)
        entries.flush()
        how = ("--no-owner", f"--role={store.OWNER}", "--single-transaction", "--exit-on-error", f"--use-list={entries.name}")
        await _run(url, "pg_restore", *how, str(path))


async def _run(url: str | None, program: str, *arguments: str) -> str:
    """What it printed. The password goes by the environment, so that nobody reads it in the list of processes.

    The program ends with us, however that is: a load that nobody waits for would fill a database that is being emptied.
    """
    environment = dict(os.environ)
    more: tuple[str, ...] = ()
    if url is not None:
        address, password = without_password(url)
        environment |= {"PGPASSWORD": password} if password else {}
        more = (f"--dbname={address}",)
    folder = Path(os.environ.get(PROGRAMS) or binaries())
    try:
        process = await asyncio.create_subprocess_exec(
            folder / program, *more, *arguments, env=environment, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
            preexec_fn=bound_to_parent(signal.SIGTERM),
        )  # fmt: skip
    except OSError as error:
        raise StartFailed(
            f"{folder / program} cannot be run: {error.strerror}. Name the folder of PostgreSQL's programs by {PROGRAMS}."
        ) from error
    try:
        printed, said = await process.communicate()
    except asyncio.CancelledError:
        process.terminate()
        await process.wait()
        raise
    if process.returncode != 0:
        raise StartFailed(f"{program} failed:\n{said.decode(errors='replace')[-3000:]}")
    return printed.decode()


def without_password(url: str) -> tuple[str, str]:
    """The address, and the password that stood in it: with the user or, as libpq takes it too, in the query. That of the user counts
    more, as it does for our own connections.
    """
    parts = urlsplit(url)
    user, _, password = parts.netloc.rpartition("@")[0].partition(":")
    host = parts.netloc.rpartition("@")[2]
    asked = [one for one in parts.query.split("&") if one]
    given = [unquote_plus(value) for name, _, value in (one.partition("=") for one in asked) if unquote_plus(name) == "password"]
    left = "&".join(one for one in asked if unquote_plus(one.partition("=")[0]) != "password")
    address = f"{parts.scheme}://{f'{user}@' if user else ''}{host}{parts.path}{f'?{left}' if left else ''}"  # also without any host
    return address, unquote(password) or (given[-1] if given else "")
