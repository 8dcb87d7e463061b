"""Keeps processes running: starts again what ended, with a delay that grows while it keeps ending."""

import asyncio
import signal
from asyncio.subprocess import Process
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final

from burnish.embedded.child import StartFailed

FIRST_DELAY_S: Final = 0.1
LONGEST_DELAY_S: Final = 5.0
STEADY_S: Final = 10.0
"""A process that ran this long starts again after FIRST_DELAY_S, however often it ended before."""


@dataclass(slots=True)
class Member:
    """One process to keep. `start` gives a running process or raises StartFailed; `stop` ends it. `ended_with`: its last exit code."""

    name: str
    start: Callable[[], Awaitable[Process]]
    stop: Callable[[Process], Awaitable[None]]
    process: Process | None = None
    restarts: int = 0
    ended_with: int | None = None
    keeper: asyncio.Task[None] | None = field(default=None, repr=False)

    @property
    def pid(self) -> int | None:
        return self.process.pid if self.process is not None and self.process.returncode is None else None


class Supervisor:
    """All processes of one launcher. `changed` is called whenever a pid or a counter changed; `say` tells people."""

    def __init__(self, *, changed: Callable[[], None], say: Callable[[str], None]) -> None:
        self.members: dict[str, Member] = {}
        self._changed = changed
        self._say = say

    async def add(self, member: Member) -> None:
        """Starts the process and keeps it from then on. Raises StartFailed when it cannot be started the first time."""
        self.members[member.name] = member
        member.process = await member.start()
        member.keeper = asyncio.create_task(self._keep(member), name=f"keep {member.name}")
        self._changed()

    async def stop(self, name: str) -> None:
        """Ends the process for good. A name that was never added is left alone."""
        member = self.members.get(name)
        if member is None:
            return
        if member.keeper is not None:
            member.keeper.cancel()
            await asyncio.gather(member.keeper, return_exceptions=True)
        if member.process is not None:
            await member.stop(member.process)
        self._changed()

    def pids(self) -> dict[str, int]:
        return {name: pid for name, member in self.members.items() if (pid := member.pid) is not None}

    def restarts(self) -> dict[str, int]:
        return {name: member.restarts for name, member in self.members.items()}

    async def _keep(self, member: Member) -> None:
        delay_s, loop = FIRST_DELAY_S, asyncio.get_running_loop()
        while True:
            began = loop.time()
            if member.process is not None:
                member.ended_with = await member.process.wait()
                reason = describe_end(member.ended_with)
                self._changed()
                if loop.time() - began >= STEADY_S:
                    delay_s = FIRST_DELAY_S
                self._say(f"{member.name} {reason}; starting it again in {delay_s:.1f} s")
            await asyncio.sleep(delay_s)
            delay_s = min(2 * delay_s, LONGEST_DELAY_S)
            await self._start_again(member)

    async def _start_again(self, member: Member) -> None:
        member.restarts += 1
        member.process = None
        try:
            member.process = await member.start()
            self._say(f"{member.name} runs again (pid {member.process.pid})")
        except (StartFailed, OSError) as failure:
            self._say(f"{member.name} could not be started again: {failure}")
        self._changed()


def describe_end(returncode: int) -> str:
    """How a process ended, in words."""
    if returncode >= 0:
        return f"ended with code {returncode}"
    try:
        return f"was ended by {signal.Signals(-returncode).name}"
    except ValueError:
        return f"was ended by signal {-returncode}"
