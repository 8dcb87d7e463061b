"""Processes that a killed launcher left behind. On Linux the kernel ends them with it; elsewhere the next launcher does."""

import asyncio
import contextlib
import os
import re
import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Final

PATIENCE_S: Final = 30.0


async def end_leftovers(pids: Mapping[str, int], *, home: Path) -> list[str]:
    """Ends those of `pids` (name → pid, as the dead launcher wrote them) that still are what they were. Returns their names.

    PostgreSQL is asked to shut down in order, the others are killed. A pid that meanwhile belongs to a stranger is left alone.
    """
    left = {name: pid for name, pid in pids.items() if _is_ours(pid, home)}
    for name, pid in left.items():
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, signal.SIGINT if name == "postgres" else signal.SIGKILL)
    deadline = asyncio.get_running_loop().time() + PATIENCE_S
    while any(_is_ours(pid, home) for pid in left.values()):
        if asyncio.get_running_loop().time() > deadline:
            break
        await asyncio.sleep(0.1)
    return sorted(left)


def _is_ours(pid: int, home: Path) -> bool:
    """Whether `pid` lives and its command names this home, as those of all its processes do. Another home's have ids like ours after a
    start of the machine."""
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, PermissionError):
        return False
    return re.search(rf"(?:^|[\s=]){re.escape(str(home))}(?:[/\s]|$)", _command_of(pid)) is not None


def _command_of(pid: int) -> str:
    """Its command line; empty for a zombie, or where nobody can tell."""
    process = Path(f"/proc/{pid}/cmdline")
    with contextlib.suppress(OSError):
        if process.exists():
            return process.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        command = ["ps", "-ww", "-o", "command=", "-p", str(pid)]
        return subprocess.run(command, capture_output=True, text=True, timeout=10, check=False).stdout  # noqa: S603
    return ""
