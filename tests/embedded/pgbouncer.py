"""A real PgBouncer in transaction mode before the test's PostgreSQL, where the program is installed (Debian's package `pgbouncer`)."""

import asyncio
import contextlib
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

from tests.embedded.databases import PASSWORD, DatabaseUrls
from tests.embedded.ports import own_port

NOBODY = 65534
SERVER_CONNECTIONS = 3
"""Few, so that every statement that leaves something behind soon meets another's."""


def program() -> str | None:
    return shutil.which("pgbouncer") or next((one for one in ("/usr/sbin/pgbouncer",) if os.access(one, os.X_OK)), None)


@contextlib.asynccontextmanager
async def pgbouncer(*, server_port: int, users: Mapping[str, str], connections: int = SERVER_CONNECTIONS) -> AsyncIterator[int]:
    """Its port. `users`: logins of the server on this machine that may go through it, with the passwords it shows there.

    `connections`: to the server, of each login.
    """
    found = program()
    assert found is not None
    folder = Path(tempfile.mkdtemp(prefix="pgbouncer-"))
    folder.chmod(0o755)
    port = own_port()
    (folder / "users.txt").write_text("".join(f'"{name}" "{password}"\n' for name, password in users.items()))
    (folder / "pgbouncer.ini").write_text(
        f"[databases]\n* = host=127.0.0.1 port={server_port}\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\n"
        f"unix_socket_dir =\nauth_type = trust\nauth_file = {folder}/users.txt\npool_mode = transaction\n"
        f"default_pool_size = {connections}\nmax_client_conn = 200\n"
    )
    identity: dict[str, Any] = {"user": NOBODY, "group": NOBODY, "extra_groups": []} if os.geteuid() == 0 else {}
    process = await asyncio.create_subprocess_exec(
        found, str(folder / "pgbouncer.ini"), stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL, **identity
    )
    try:
        await _listening(port)
        yield port
    finally:
        process.terminate()
        await process.wait()
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.asynccontextmanager
async def pgbouncer_before(urls: DatabaseUrls) -> AsyncIterator[DatabaseUrls]:
    """The same DSNs, the services' through PgBouncer. `superuser` and `owner` stay direct, as migrations need it."""
    server_port = int(urls["superuser"].rpartition(":")[2].partition("/")[0])
    services = [name for name in urls if name not in {"superuser", "owner"}]
    users = {f"burnish_{name}": PASSWORD for name in services}
    async with pgbouncer(server_port=server_port, users=users) as port:
        through = DatabaseUrls(urls)
        for name in services:
            through[name] = urls[name].replace(f":{server_port}/", f":{port}/")
        yield through


async def _listening(port: int) -> None:
    async with asyncio.timeout(90):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.05)
            else:
                writer.close()
                return
