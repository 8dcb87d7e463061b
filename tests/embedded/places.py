"""Folders for servers: where PostgreSQL can reach them, and in memory where there is room."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from burnish.embedded.identity import namespaces_work

MEMORY = Path("/dev/shm")
"""Linux keeps files below it in memory. A copy of the template database is 1,400 files, which takes ext4 up to a second of processor time
and this 0.03 s; a test run makes some four hundred copies."""

ROOM_BYTES = 4 << 30
"""Free at the start, or the disk is taken: a run of two workers was seen to need less than a quarter of it."""


@contextmanager
def servers_place(name: str) -> Iterator[Path]:
    """A folder of its own for the data of servers, gone afterwards: in memory where that is possible, else on the disk."""
    has_room = MEMORY.is_dir() and os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free >= ROOM_BYTES
    folder = Path(tempfile.mkdtemp(prefix=f"burnish-{name}-", dir=MEMORY if has_room else None))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def make_reachable(folder: Path) -> None:
    """Lets others pass through `folder` and its parents below the place for temporary folders, where PostgreSQL needs it.

    That is as root where user namespaces are refused, as in many containers: the server then runs as a system user, and pytest makes
    its folders for their owner alone.
    """
    if not _needs_a_way():
        return
    for top in (Path(tempfile.gettempdir()).resolve(), MEMORY):
        for one in (folder, *folder.parents):
            if one.exists() and one.is_relative_to(top) and one != top:
                one.chmod(one.stat().st_mode | 0o011)


@cache
def _needs_a_way() -> bool:
    return os.geteuid() == 0 and not namespaces_work()
