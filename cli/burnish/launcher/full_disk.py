"""Starts the packaged NATS again when its disk was full and has room again.

nats-server keeps the error of a write that found no room: each stream that met it takes nothing more until the process is another one,
however much room there is, and neither a reload nor a purge helps. It says so in its log and nowhere else (publishers get no answer).
"""

import asyncio
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Final

from burnish.embedded.room import is_out_of_room
from burnish.launcher.supervisor import Member

ROOM_BYTES: Final = 16 << 20
"""Two blocks of a stream, which are 8 MiB at most. Less is no room worth a restart."""

LOOK_INTERVAL_S: Final = 1.0
AGAIN_S: Final = 30.0
"""Between two restarts, where a disk is full again at once."""


class FullDisk:
    """Watches one server until it is cancelled. `store`: a folder on its disk; `log`: what it writes, each line after `[pid]`."""

    def __init__(self, member: Member, *, store: Path, log: Path, say: Callable[[str], None], room_bytes: int = ROOM_BYTES) -> None:
        self._member = member
        self._store = store
        self._log = log
        self._say = say
        self._room_bytes = room_bytes
        self._read_bytes = 0
        self._stuck_pid: int | None = None

    async def watch(self, *, interval_s: float = LOOK_INTERVAL_S, again_s: float = AGAIN_S) -> None:
        """Ends the server once it is stuck and has room; whoever keeps it starts it again."""
        while True:
            await asyncio.sleep(interval_s)
            if await asyncio.to_thread(self.is_stuck) and await asyncio.to_thread(self._has_room) and (process := self._member.process):
                self._say(f"the disk of {self._store} has room again; starting NATS anew, because it goes on refusing until then")
                await self._member.stop(process)
                await asyncio.sleep(again_s)

    def is_stuck(self) -> bool:
        """Whether the process that runs now has met a full disk. Reads what was logged since the last call."""
        pid = self._member.pid
        if pid is not None and self._stuck_pid != pid and _met_no_room(self._fresh_lines(), pid):
            self._stuck_pid = pid
            self._say(f"the disk of {self._store} is full, and NATS takes no events until {self._room_bytes >> 20} MiB are free")
        return pid is not None and self._stuck_pid == pid

    def _has_room(self) -> bool:
        try:
            return shutil.disk_usage(self._store).free >= self._room_bytes
        except OSError:  # Somebody is exchanging the store; the next look will tell.
            return False

    def _fresh_lines(self) -> list[bytes]:
        """Whole lines since the last call; from the start when the log was emptied."""
        try:
            with self._log.open("rb") as file:
                if file.seek(0, os.SEEK_END) < self._read_bytes:
                    self._read_bytes = 0
                file.seek(self._read_bytes)
                text = file.read()
        except FileNotFoundError:
            return []
        whole = text[: text.rfind(b"\n") + 1]
        self._read_bytes += len(whole)
        return whole.splitlines()


def _met_no_room(lines: list[bytes], pid: int) -> bool:
    return any(line.startswith(b"[%d]" % pid) and is_out_of_room(line.decode(errors="replace")) for line in lines)
