"""One run of `burnish up`: lock, ports, servers, services, readiness; then waiting until told to stop; then the way back."""

import asyncio
import os
import resource
import shutil
import signal
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from socket import socket
from typing import Any, Final
from uuid import UUID

from burnish.embedded.child import StartFailed
from burnish.launcher import logs
from burnish.launcher.build import present_build
from burnish.launcher.database import point_simulator
from burnish.launcher.environment import Surroundings
from burnish.launcher.files import write_json
from burnish.launcher.fleet import Fleet, open_public_socket
from burnish.launcher.home import Home, HomeLock, settle_restore
from burnish.launcher.leftovers import end_leftovers
from burnish.launcher.passwords import load_secrets
from burnish.launcher.ports import PREDECESSOR_PATIENCE_S, Ports
from burnish.launcher.report import Report
from burnish.launcher.servers import Servers
from burnish.launcher.state import State, recorded_state, write_state
from burnish.launcher.supervisor import Supervisor
from burnish.launcher.unknown_settings import unknown_settings
from burnish.launcher.users import ensure_admin
from burnish.launcher.workspaces import WorkspaceAccess, ensure_demo_workspace
from burnish.told import disk_in_words
from burnish_shared.refusal import StartRefused

ALREADY_RUNNING: Final = 3
"""Exit code of a launcher that found the home taken."""

ROTATE_INTERVAL_S: Final = 5.0
OPEN_FILES: Final = 65_536
FEW_FILES: Final = 4_096

LITTLE_ROOM_BYTES: Final = 64 << 20
"""Of a disk: PostgreSQL writes its log in files of 16 MiB, and NATS reserves more."""


@dataclass(frozen=True, slots=True)
class Options:
    """What `burnish up` was asked for. `port` None: the port of the last run, or the default."""

    port: int | None
    replicas: dict[str, int]


class Launch:
    """The launcher of one home. `on_ready` gets what `--json` prints."""

    def __init__(self, home: Home, options: Options, *, report: Report, on_ready: Callable[[dict[str, Any]], None] | None = None) -> None:
        self._home = home
        self._options = options
        self._report = report
        self._on_ready = on_ready
        self._stop = asyncio.Event()
        began = datetime.now(UTC).isoformat(timespec="seconds")
        self._state = State(home=str(home.path), pid=os.getpid(), started_at=began, build=present_build())
        self._supervisor = Supervisor(changed=self._note_change, say=report.say)
        self._ports = Ports({}, say=report.say)
        self._servers: Servers | None = None
        self._fleet: Fleet | None = None
        self._public: socket | None = None
        self._metrics_urls: Callable[[], dict[str, str]] = dict
        self._is_unwritten = False

    async def run(self) -> int:
        """Runs until it is told to stop. The exit code: 0 stopped, 1 could not start, 3 another launcher has the home."""
        lock = HomeLock.take(self._home)
        if lock is None:
            return ALREADY_RUNNING
        self._listen_for_signals()
        if (most := raise_open_files_limit()) < FEW_FILES:
            self._report.say(
                f"Burnish may open {most} files at most (`ulimit -Hn`), and each connection is one; let it have {FEW_FILES} or more before"
                " more than a few call at once"
            )
        try:
            return await self._run_locked()
        finally:
            lock.release()

    async def _run_locked(self) -> int:
        before = recorded_state(self._home)
        has_crashed = before.state in ("starting", "ready", "stopping")
        self._ports = Ports(before.ports, say=self._report.say, patience_s=PREDECESSOR_PATIENCE_S if has_crashed else 0)
        self._report.say(f"Burnish home: {self._home.path}")
        if has_crashed and (left := await end_leftovers(before.pids, home=self._home.path)):
            self._report.say(f"ended what a killed launcher left behind: {', '.join(left)}")
        for told in unknown_settings(os.environ):
            self._report.say(told)
        settle_restore(self._home)
        self._enter("starting")
        starting = asyncio.create_task(self._start())
        told_to_stop = asyncio.create_task(self._stop.wait())
        await asyncio.wait({starting, told_to_stop}, return_when=asyncio.FIRST_COMPLETED)
        failure = await _outcome(starting)
        if failure is None and not self._stop.is_set():
            await self._stay(told_to_stop)
        told_to_stop.cancel()
        await self._shut_down(failure)
        return 0 if failure is None else 1

    async def _start(self) -> None:
        secrets = load_secrets(self._home)
        self._state.kek_id = secrets.keyring().current_id.hex()
        servers = self._servers = Servers(
            self._home, secrets=secrets, ports=self._ports, supervisor=self._supervisor, report=self._report, environment=os.environ
        )
        public_port = await self._open_public_port()
        simulator_port = await self._ports.choose("simulator")
        await servers.start()
        around = Surroundings(
            secrets=secrets,
            database_urls=servers.database.services,
            nats_urls=servers.nats_urls,
            public_port=public_port,
            listen_fd=self._public.fileno() if self._public is not None else None,
            simulator_port=simulator_port,
        )
        await point_simulator(servers.database.admin, base_url=f"http://127.0.0.1:{simulator_port}/v1")
        access = await ensure_demo_workspace(self._home, servers.database.admin, keyring=secrets.keyring())
        admin = await ensure_admin(self._home, servers.database.admin, workspace_id=UUID(access.workspace_id))
        fleet = await self._start_fleet(around)
        self._become_ready(around, servers, fleet, access=access, admin=admin)

    async def _open_public_port(self) -> int:
        """The gateway's port, listened on from now until the end."""
        wanted = self._options.port
        while self._public is None:
            port = await self._ports.choose("gateway", wanted=wanted)
            try:
                self._public = open_public_socket(port)
            except OSError:  # Somebody took it between our look and our bind.
                wanted = port + 1
        return port

    async def _start_fleet(self, around: Surroundings) -> Fleet:
        fleet = self._fleet = Fleet(self._home, replicas=self._options.replicas, ports=self._ports, supervisor=self._supervisor)
        self._state.replicas, self._state.missing, self._state.left_out = fleet.replicas, fleet.missing, fleet.left_out
        if fleet.missing:
            self._report.say(f"not in this installation: {', '.join(fleet.missing)}")
        self._report.say(f"starting {', '.join(f'{name} × {n}' if n > 1 else name for name, n in fleet.replicas.items())}")
        await fleet.start(around)
        return fleet

    def _become_ready(
        self, around: Surroundings, servers: Servers, fleet: Fleet, *, access: WorkspaceAccess, admin: dict[str, str | None]
    ) -> None:
        self._state.url = f"http://127.0.0.1:{around.public_port}"
        self._metrics_urls = partial(fleet.metrics_urls, around)
        connection = {
            "url": self._state.url,
            "api_key": access.api_key,
            "workspace_id": access.workspace_id,
            "admin": admin,
            "database_url": servers.database.admin,
            "nats_url": servers.nats_urls["provisioner"],
            "metrics": self._metrics_urls(),
        }
        write_json(self._home.connection, connection)
        self._report.say(f"ready: {self._state.url}")
        self._enter("ready")
        if self._on_ready is not None:
            self._on_ready(connection)

    async def _stay(self, told_to_stop: asyncio.Task[Any]) -> None:
        while not told_to_stop.done():
            await asyncio.wait({told_to_stop}, timeout=ROTATE_INTERVAL_S)
            await asyncio.to_thread(logs.rotate, self._home.logs)

    async def _shut_down(self, failure: str | None) -> None:
        if failure is not None:
            failure += told_of_little_room(self._home.path)
            self._report.say(f"Burnish could not start: {failure}")
        self._enter("stopping")
        if self._public is not None:
            self._public.close()  # First: what connects here once the gateways listen no more would wait for nobody, and be cut.
        if self._fleet is not None:
            await self._fleet.stop()
        if self._servers is not None:
            await self._servers.stop()
        self._home.connection.unlink(missing_ok=True)
        self._state.error, self._state.pid, self._state.url = failure, None, None
        self._enter("stopped" if failure is None else "failed")
        self._report.say("stopped; the data stays")

    def _listen_for_signals(self) -> None:
        loop = asyncio.get_running_loop()
        for signum in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(signum, self._on_signal)

    def _on_signal(self) -> None:
        if self._stop.is_set() and self._fleet is not None:
            self._fleet.kill()
            return
        self._stop.set()
        self._report.say("stopping")

    def _enter(self, phase: Any) -> None:
        self._state.state = phase
        self._note_change()

    def _note_change(self) -> None:
        self._state.metrics = self._metrics_urls()
        self._state.ports = dict(self._ports.chosen)
        self._state.pids, self._state.restarts = self._supervisor.pids(), self._supervisor.restarts()
        try:
            write_state(self._home, self._state)
        except OSError as error:  # A full disk: what runs goes on, and is started again where it ends.
            if not self._is_unwritten:
                self._report.say(f"{self._home.state} cannot be written ({error.strerror}); `burnish status` shows what was before")
            self._is_unwritten = True
        else:
            self._is_unwritten = False


def told_of_little_room(folder: Path) -> str:
    """A line about the disk of `folder`, where that may be why something did not start; else nothing."""
    try:
        free = shutil.disk_usage(folder).free
    except OSError:
        return ""
    return f"\nThe disk of {folder} has {free >> 20} MiB left: make room, and start again." if free < LITTLE_ROOM_BYTES else ""


def raise_open_files_limit() -> int:
    """How many files may be open. Each open stream is one; many systems begin at 1,024. Children inherit what is set here."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = OPEN_FILES if hard == resource.RLIM_INFINITY else min(OPEN_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    return wanted


async def _outcome(starting: asyncio.Task[None]) -> str | None:
    """None when the start succeeded or was cut short on request; else why it failed, for people."""
    if not starting.done():
        starting.cancel()
    try:
        await starting
    except asyncio.CancelledError:
        return None
    except Exception as failure:  # The edge of the program: whatever it was, what runs must still be stopped in order.
        return _reason(failure)
    return None


def _reason(failure: Exception) -> str:
    """What people need: the message of an expected failure, the whole trace of any other."""
    if isinstance(failure, ExceptionGroup):
        return "\n".join(_reason(one) for one in failure.exceptions)
    if isinstance(failure, StartFailed | StartRefused):
        return str(failure)
    return disk_in_words(failure) or "".join(traceback.format_exception(failure))
