"""What the launcher does for a NATS that met a full disk. Chaos row 10 plays it on a real small disk."""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from burnish.embedded.child import end, spawn
from burnish.embedded.room import is_out_of_room
from burnish.launcher.full_disk import FullDisk
from burnish.launcher.supervisor import Member, Supervisor

NO_ROOM = "[%d] 2026/11/21 04:44:31.996747 [ERR] JetStream failed to store a msg on stream 'EVENTS': write 1.blk: no space left on device\n"


@pytest.fixture
async def member(tmp_path: Path) -> AsyncIterator[Member]:
    """A process that is kept, as NATS is; its log is written by the test."""
    supervisor = Supervisor(changed=lambda: None, say=lambda _: None)

    async def start() -> asyncio.subprocess.Process:
        return await spawn((sys.executable, "-c", "import time; time.sleep(60)"), log=tmp_path / "out.log")

    async def stop(process: asyncio.subprocess.Process) -> None:
        await end(process, signals=(signal.SIGKILL,), grace_s=5)

    one = Member("nats", start=start, stop=stop)
    await supervisor.add(one)
    yield one
    await supervisor.stop("nats")


def log_no_room(folder: Path, pid: int | None) -> None:
    with (folder / "nats.log").open("a") as log:
        log.write(NO_ROOM % (pid or 0))


async def test_nats_that_met_a_full_disk_is_started_anew_once_there_is_room(member: Member, tmp_path: Path) -> None:
    said: list[str] = []
    disk = FullDisk(member, store=tmp_path, log=tmp_path / "nats.log", say=said.append, room_bytes=1)
    before = member.pid
    watching = asyncio.create_task(disk.watch(interval_s=0.02, again_s=0.02))
    log_no_room(tmp_path, before)
    async with asyncio.timeout(20):
        while member.pid in (before, None):
            await asyncio.sleep(0.01)
    watching.cancel()
    assert not disk.is_stuck(), "the new process met nothing yet"
    assert member.restarts == 1
    assert ["is full" in said[0], "room again" in said[1], len(said)] == [True, True, 2]


async def test_nats_is_left_alone_while_the_disk_is_full(member: Member, tmp_path: Path) -> None:
    said: list[str] = []
    disk = FullDisk(member, store=tmp_path, log=tmp_path / "nats.log", say=said.append, room_bytes=1 << 60)
    log_no_room(tmp_path, member.pid)
    watching = asyncio.create_task(disk.watch(interval_s=0.01))
    async with asyncio.timeout(20):
        while not said:
            await asyncio.sleep(0.01)
    await asyncio.wait({watching}, timeout=0.2)  # Some twenty looks.
    watching.cancel()
    assert (member.restarts, len(said)) == (0, 1), "told once, and not ended"


async def test_what_another_process_logged_is_no_reason(member: Member, tmp_path: Path) -> None:
    disk = FullDisk(member, store=tmp_path, log=tmp_path / "nats.log", say=lambda _: None)
    assert not disk.is_stuck(), "there is no log yet"
    log_no_room(tmp_path, 1)
    assert not disk.is_stuck()
    (tmp_path / "nats.log").write_text("")  # As when logs are rotated.
    assert not disk.is_stuck()
    log_no_room(tmp_path, member.pid)
    assert disk.is_stuck()


@pytest.mark.parametrize(
    ("said", "is_full"),
    [
        (NO_ROOM, True),
        ('PANIC:  could not write to file "pg_wal/xlogtemp.35": No space left on device', True),
        ('ERROR:  could not extend file "base/5/16412": wrote only 4096 of 8192 bytes at block 17', True),
        ("HINT:  Check free disk space.", True),
        ("LOG:  checkpoint complete: wrote 12 buffers (0.1%)", False),
        ("FATAL:  the database system is in recovery mode", False),
    ],
)
def test_a_full_disk_is_known_in_all_words_of_both_servers(said: str, is_full: bool) -> None:
    assert is_out_of_room(said) is is_full
