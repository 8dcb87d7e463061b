"""A real PgBouncer in transaction mode before the test's PostgreSQL, where the program is installed (Debian's package `pgbouncer`)."""

import asyncio
import contextlib
import os
import shutil
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg

from burnish.embedded.ports import free_port
from tests.embedded.databases import PASSWORD, DatabaseUrls

NOBODY = 65534
SERVER_CONNECTIONS = 3
"""Few, so that every statement that leaves something behind soon meets another's."""


def program() -> str | None:
    return shutil.which("pgbouncer") or next((one for one in ("/usr/sbin/pgbouncer",) if os.access(one, os.X_OK)), None)


@contextlib.asynccontextmanager
async def pgbouncer_before(urls: DatabaseUrls, *, first_port: int) -> AsyncIterator[DatabaseUrls]:
    """The same DSNs, the services' through PgBouncer. `superuser` and `owner` stay direct, as migrations need it."""
    found = program()
    assert found is not None
    folder = Path(tempfile.mkdtemp(prefix="pgbouncer-"))
    folder.chmod(0o755)
    port, server_port = free_port(first_port), urls["superuser"].rpartition(":")[2].partition("/")[0]
    users = "".join(f'"burnish_{name}" "{PASSWORD}"\n' for name in urls if name not in {"superuser", "owner"})
    (folder / "users.txt").write_text(users)
    (folder / "pgbouncer.ini").write_text(
        f"[databases]\n* = host=127.0.0.1 port={server_port}\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\n"
        f"unix_socket_dir =\nauth_type = trust\nauth_file = {folder}/users.txt\npool_mode = transaction\n"
        f"default_pool_size = {SERVER_CONNECTIONS}\nmax_client_conn = 200\n"
    )
    identity = {"user": NOBODY, "group": NOBODY, "extra_groups": []} if os.geteuid() == 0 else {}
    process = await asyncio.create_subprocess_exec(
        found, str(folder / "pgbouncer.ini"), stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL, **identity
    )  # type: ignore[arg-type]
    through = DatabaseUrls(urls)
    for name in urls:
        if name not in {"superuser", "owner"}:
            through[name] = urls[name].replace(f":{server_port}/", f":{port}/")
    try:
        await _ready(through["gateway"])
        yield through
    finally:
        process.terminate()
        await process.wait()
        shutil.rmtree(folder, ignore_errors=True)


async def _ready(url: str) -> None:
    for attempt in range(100):
        try:
            connection = await asyncpg.connect(url, timeout=2, statement_cache_size=0)
        except OSError:
            if attempt == 99:
                raise
            await asyncio.sleep(0.05)
        else:
            await connection.close()
            return
