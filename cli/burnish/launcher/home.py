"""BURNISH_HOME: the folder that holds everything of one installation, and the lock that lets one launcher work in it."""

import fcntl
import os
import shutil
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from burnish.launcher.files import read_json

DEFAULT_HOME: Final = "~/.burnish"

LOCK_PATIENCE_S: Final = 0.3
"""`burnish status` holds the lock for an instant when it looks; a launcher does not take that for another launcher."""


@dataclass(frozen=True, slots=True)
class Home:
    """Paths of one installation."""

    path: Path

    @property
    def lock(self) -> Path:
        return self.path / "lock"

    @property
    def state(self) -> Path:
        return self.path / "state.json"

    @property
    def secrets(self) -> Path:
        return self.path / "secrets.json"

    @property
    def connection(self) -> Path:
        """What `up --json` prints; removed when the launcher stops."""
        return self.path / "connection.json"

    @property
    def demo_record(self) -> Path:
        """Result of the loop that the first `up` drives; its presence says that it was driven."""
        return self.path / "demo.json"

    @property
    def logs(self) -> Path:
        return self.path / "logs"

    @property
    def postgres(self) -> Path:
        return self.path / "postgres"

    @property
    def nats(self) -> Path:
        return self.path / "nats"

    def log_of(self, process: str) -> Path:
        return self.logs / f"{process}.log"


def find_home(given: Path | None = None) -> Home:
    """The folder given, else BURNISH_HOME, else ~/.burnish; absolute. It need not exist."""
    named = given if given is not None else Path(os.environ.get("BURNISH_HOME") or DEFAULT_HOME)
    return Home(named.expanduser().absolute())


def beside(place: Path) -> Path:
    """Where a restore fills what it then moves to `place`."""
    return place.with_name(place.name + ".restoring")


def settle_restore(home: Home) -> None:
    """Ends what a restore that was killed left: it moves the database first and the streams next, and before that nothing counts.

    For whoever holds the home's lock. Changes nothing where no restore was killed.
    """
    if beside(home.postgres).exists() and not home.postgres.exists() and "restored_as_of" in (read_json(home.demo_record) or {}):
        home.demo_record.unlink()  # It was killed before its first move: what is begun here instead is a new home, with its demo.
    if home.postgres.exists() and not beside(home.postgres).exists() and beside(home.nats).exists() and not home.nats.exists():
        beside(home.nats).rename(home.nats)
    for place in (home.postgres, home.nats):
        shutil.rmtree(beside(place), ignore_errors=True)


class HomeLock:
    """Held by the launcher while it lives; the kernel lets go of it however the launcher ends."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    @classmethod
    def take(cls, home: Home) -> "HomeLock | None":
        """The lock, or None when another launcher has it. Writes nothing but the lock file."""
        descriptor = os.open(home.lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        deadline = time.monotonic() + LOCK_PATIENCE_S
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    os.close(descriptor)
                    return None
                time.sleep(0.01)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        return cls(descriptor)

    def release(self) -> None:
        """Lets go. Safe to call twice."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


def holder(home: Home) -> int | None:
    """Pid of the launcher that works in `home`, None when there is none."""
    try:
        descriptor = os.open(home.lock, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        return None
    except BlockingIOError:
        return _written_pid(descriptor)
    finally:
        os.close(descriptor)


def _written_pid(descriptor: int) -> int:
    """The launcher writes its pid right after it took the lock. 0 when it did not within a second."""
    for _ in range(100):
        if text := os.pread(descriptor, 32, 0).strip():
            return int(text)
        time.sleep(0.01)
    return 0
