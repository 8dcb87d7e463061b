"""Child processes that end with the process that started them, however that one ends."""

import asyncio
import ctypes
import os
import signal
import sys
from asyncio.subprocess import Process
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

PR_SET_PDEATHSIG = 1
"""prctl(2): the signal this process gets when the thread that made it ends. Survives execve of ordinary binaries."""

LOG_MODE = 0o600


class StartFailed(Exception):
    """A process could not be started or never became ready. The message is for people and ends with what the process said last."""


def bound_to_parent(signum: signal.Signals) -> Callable[[], None] | None:
    """What a child runs before exec so that it gets `signum` when this process dies. None where the kernel has no such thing."""
    if sys.platform != "linux":
        return None
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    parent = os.getpid()

    def bind() -> None:
        prctl(PR_SET_PDEATHSIG, int(signum), 0, 0, 0)
        if os.getppid() != parent:  # The parent died between fork and prctl: nobody would ever send the signal.
            os._exit(1)

    return bind


async def spawn(
    command: Sequence[str | Path],
    *,
    log: Path,
    env: Mapping[str, str] | None = None,
    user: str | None = None,
    death_signal: signal.Signals = signal.SIGKILL,
    pass_fds: Sequence[int] = (),
) -> Process:
    """Starts `command` in a session of its own (Ctrl-C of a terminal reaches only the launcher), output appended to `log`.

    Must be called from the main thread: the death signal follows the thread that forks. `user` needs root. `env` None inherits ours.
    """
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, LOG_MODE)
    identity: dict[str, Any] = {} if user is None else {"user": user, "group": _primary_group(user), "extra_groups": ()}
    try:
        return await asyncio.create_subprocess_exec(
            *(str(part) for part in command),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=descriptor,
            stderr=descriptor,
            env=None if env is None else dict(env),
            pass_fds=tuple(pass_fds),
            preexec_fn=bound_to_parent(death_signal),
            start_new_session=True,
            **identity,
        )
    finally:
        os.close(descriptor)


async def end(process: Process, *, signals: Sequence[signal.Signals], grace_s: float) -> None:
    """Sends each signal in turn until the process has ended, waiting `grace_s` after each. A process that ended already is left alone."""
    for signum in signals:
        if process.returncode is not None:
            return
        process.send_signal(signum)
        try:
            async with asyncio.timeout(grace_s):
                await process.wait()
        except TimeoutError:
            continue
    if process.returncode is None:
        await process.wait()


def last_lines(log: Path, *, count: int = 15, from_byte: int = 0) -> str:
    """The last lines of a log, of what was written after `from_byte`; empty when there is no log."""
    try:
        with log.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(from_byte if from_byte <= size else 0, size - 16_384))
            return "\n".join(file.read().decode(errors="replace").splitlines()[-count:])
    except FileNotFoundError:
        return ""


def size_bytes(log: Path) -> int:
    """Size of a log; 0 when there is none."""
    try:
        return log.stat().st_size
    except FileNotFoundError:
        return 0


def _primary_group(user: str) -> int:
    import pwd

    return pwd.getpwnam(user).pw_gid
