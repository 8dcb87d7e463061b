"""A whole Burnish in a home of its own, driven through the command line as a user would."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from burnish.launcher.home import Home
from burnish.launcher.state import present_state
from tests.embedded.places import make_reachable

BURNISH = (sys.executable, "-P", "-m", "burnish.main")
PATIENCE_S = 150.0
"""For what comes on an idle machine within a second or two; no bound of what is promised."""

SERVERS_ONLY = "gateway=0,executor=0,optimizer=0,analytics=0,webhooks=0"
"""`--replicas` for tests that need PostgreSQL, NATS and the simulator and no more."""

WITHOUT_FSYNC = {"BURNISH_POSTGRES_SETTINGS": "fsync=off,full_page_writes=off"}
"""Nothing here outlives a power cut; a killed process still loses nothing, because the kernel keeps the pages."""

NOT_PASSED_ON = ("DATABASE_URL", "NATS_URL", "BURNISH_HOME", "BURNISH_PORT", "BURNISH_KEK", "PYTHONDONTWRITEBYTECODE")


class Installation:
    """One home. `prefix` goes before every command (another user, another network)."""

    def __init__(self, home: Path, *, prefix: Sequence[str] = (), environment: Mapping[str, str] | None = None) -> None:
        self.home = home
        make_reachable(home.parent)
        self.connection: dict[str, Any] = {}
        self.prefix = tuple(prefix)
        self._environment = {name: value for name, value in os.environ.items() if name not in NOT_PASSED_ON}
        self._environment |= WITHOUT_FSYNC | dict(environment or {})

    def run(self, *words: str, timeout_s: float = 400) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(self._command(words), env=self._environment, capture_output=True, text=True, timeout=timeout_s, check=False)

    def start(self, *words: str) -> "subprocess.Popen[str]":
        """Runs a command beside the test, which must end it."""
        return subprocess.Popen(self._command(words), env=self._environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def _command(self, words: Sequence[str]) -> tuple[str, ...]:
        return (*self.prefix, *BURNISH, *words, "--home", str(self.home))

    def up(self, *words: str, replicas: str = "") -> dict[str, Any]:
        """Starts it in the background; the object that `--json` prints."""
        more = ("--replicas", replicas) if replicas else ()
        finished = self.run("up", "--detach", "--json", *more, *words)
        assert finished.returncode == 0, finished.stderr
        self.connection = json.loads(finished.stdout)
        return self.connection

    def down(self) -> None:
        finished = self.run("down")
        assert finished.returncode == 0, finished.stderr

    def status(self) -> dict[str, Any]:
        """What `burnish status --json` prints, without a process for each look."""
        return present_state(Home(self.home)).to_json()

    def kill(self, name: str) -> int:
        """kill -9 of one process; returns its pid."""
        pid = int(self.status()["pids"][name])
        os.kill(pid, signal.SIGKILL)
        return pid

    def await_restart(self, name: str, *, of_pid: int) -> int:
        """Waits until `name` runs under another pid and returns it."""
        return int(await_value(lambda: (pid := self.status()["pids"].get(name)) != of_pid and pid, what=f"{name} to run again"))

    def launcher_pid(self) -> int:
        return int(self.status()["pid"])


def is_alive(pid: int) -> bool:
    """Whether a process runs; a zombie does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def await_value(look: Callable[[], Any], *, what: str, patience_s: float = PATIENCE_S) -> Any:
    """Looks until there is something to see. For conditions of other processes, which offer no event to wait for."""
    deadline = time.monotonic() + patience_s
    while not (value := look()):
        assert time.monotonic() < deadline, f"waited {patience_s:.0f} s in vain for {what}"
        time.sleep(0.02)
    return value
