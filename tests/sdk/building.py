"""The TypeScript client's folder `dist` is emptied and filled by each build: only one process does so at a time, also of pytest-xdist's."""

import fcntl
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

SDK = Path(__file__).resolve().parents[2] / "sdk" / "typescript"


@contextmanager
def built(command: Sequence[str]) -> Iterator[None]:
    """Runs a command that builds the client, and keeps what it built as it is until the end of the block. Fails with what it printed."""
    with (SDK / "build.mjs").open() as alone:
        fcntl.flock(alone, fcntl.LOCK_EX)
        run = subprocess.run(command, cwd=SDK, capture_output=True, text=True, check=False)
        assert run.returncode == 0, run.stdout + run.stderr
        yield
