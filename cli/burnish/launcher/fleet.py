"""The service processes of one run: started in stages, each waited for, ended in the opposite order."""

import asyncio
import json
import os
import signal
import socket
import sys
from asyncio.subprocess import Process
from collections.abc import Mapping, Sequence
from typing import Final

from burnish.counted import counted
from burnish.embedded.child import StartFailed, end, last_lines, size_bytes, spawn
from burnish.launcher.environment import Surroundings, service_environment
from burnish.launcher.home import Home
from burnish.launcher.ports import Ports
from burnish.launcher.probe import answers_ready
from burnish.launcher.services import SERVICES, Service, is_installed, process_names
from burnish.launcher.supervisor import Member, Supervisor
from burnish_shared.refusal import EXIT_CODE as REFUSED

READY_TIMEOUT_S: Final = 180.0
"""Who ends early is told at once; this is for who is alive and slow. Two cores at a load of 30 were seen to need more than a minute."""

START_TRIES: Final = 3
"""A service that ends this often before it was ready fails the start."""

DRAIN_S: Final = 40.0
"""How long a service may finish what it has begun before it is killed: its own limit is 35 s, of a gateway 38 s."""


class Fleet:
    """All replicas of all installed services."""

    def __init__(self, home: Home, *, replicas: Mapping[str, int], ports: Ports, supervisor: Supervisor) -> None:
        self._home = home
        self._ports = ports
        self._supervisor = supervisor
        self._port_names: dict[str, str] = {}
        installed = [one for one in SERVICES if is_installed(one)]
        self.missing = [one.name for one in SERVICES if one not in installed]
        self.replicas = {one.name: replicas.get(one.name, 1) for one in installed if replicas.get(one.name, 1)}
        self.left_out = [one.name for one in installed if one.name not in self.replicas]
        self._services = [one for one in installed if one.name in self.replicas]

    async def start(self, around: Surroundings) -> None:
        """Starts stage after stage. Raises StartFailed with the end of the log of what did not become ready."""
        for stage in sorted({one.stage for one in self._services}):
            names = [
                await self._start_replica(service, number=number, name=name, around=around)
                for service in self._services
                if service.stage == stage
                for number, name in enumerate(process_names(service, replicas=self.replicas[service.name]), start=1)
            ]
            async with asyncio.TaskGroup() as group:
                for name in names:
                    group.create_task(self._await_ready(name, around=around))

    async def stop(self) -> None:
        """Ends the last stage first: the gateway answers what it has begun while the others still work for it."""
        for stage in sorted({one.stage for one in self._services}, reverse=True):
            await asyncio.gather(
                *(self._supervisor.stop(name) for service in self._services if service.stage == stage for name in self._names(service))
            )

    def kill(self) -> None:
        """Ends all at once, for whoever asks twice."""
        for service in self._services:
            for name in self._names(service):
                member = self._supervisor.members.get(name)
                if member is not None and member.pid is not None:
                    member.process.kill()  # type: ignore[union-attr]

    def metrics_urls(self, around: Surroundings) -> dict[str, str]:
        """Process name → its /metrics."""
        return {
            name: f"http://127.0.0.1:{self._probe_port(name, around)}/metrics"
            for service in self._services
            for name in self._names(service)
        }

    def _names(self, service: Service) -> Sequence[str]:
        return process_names(service, replicas=self.replicas[service.name])

    async def _start_replica(self, service: Service, *, number: int, name: str, around: Surroundings) -> str:
        self._port_names[name] = f"{name}-metrics" if service.listens else name

        async def start() -> Process:
            port = around.simulator_port if service.name == "simulator" else await self._ports.choose(self._port_names[name])
            environment = service_environment(service, number=number, metrics_port=port, around=around, inherited=os.environ)
            shared = (around.listen_fd,) if service.listens and around.listen_fd is not None else ()
            command = (sys.executable, "-P", "-m", "burnish.serve", service.name, str(self._home.path))
            return await spawn(command, log=self._home.log_of(name), env=environment, pass_fds=shared)

        await self._supervisor.add(Member(name, start=start, stop=_drain))
        return name

    async def _await_ready(self, name: str, *, around: Surroundings) -> None:
        member, log = self._supervisor.members[name], self._home.log_of(name)
        log_start, deadline = size_bytes(log), asyncio.get_running_loop().time() + READY_TIMEOUT_S
        while not (await answers_ready(self._probe_port(name, around)) and member.pid is not None):
            if member.ended_with == REFUSED:
                raise StartFailed(f"{name} does not start: {_reason_in(last_lines(log, count=1, from_byte=log_start))}")
            if member.restarts >= START_TRIES:
                ended = f"{name} ended {counted(member.restarts, 'time')}"
                raise StartFailed(f"{ended} before it was ready:\n{last_lines(log, from_byte=log_start)}")
            if asyncio.get_running_loop().time() > deadline:
                raise StartFailed(f"{name} was not ready after {READY_TIMEOUT_S:.0f} s:\n{last_lines(log, from_byte=log_start)}")
            await asyncio.sleep(0.03)

    def _probe_port(self, name: str, around: Surroundings) -> int:
        """Where this very process answers for itself; the public port is answered by any gateway."""
        return around.simulator_port if name == "simulator" else self._ports.chosen[self._port_names[name]]


def open_public_socket(port: int) -> socket.socket:
    """The listening socket that all gateways share. Raises OSError when the port is taken meanwhile."""
    public = socket.socket()
    public.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        public.bind(("127.0.0.1", port))
        public.listen(2048)
    except OSError:
        public.close()
        raise
    return public


async def _drain(process: Process) -> None:
    await end(process, signals=(signal.SIGTERM, signal.SIGKILL), grace_s=DRAIN_S)


def _reason_in(line: str) -> str:
    """What a service logged last, in its own words where it logged why it refuses to start."""
    try:
        logged = json.loads(line)
    except ValueError:
        return line
    return str(logged.get("reason", line)) if isinstance(logged, dict) else line
