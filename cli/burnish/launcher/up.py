"""`burnish up`: in the foreground, in the background, or finding that it runs already."""

import asyncio
import contextlib
import json
import os
import pwd
import shlex
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, Final

from burnish.embedded.identity import namespaces_work
from burnish.launcher import logs
from burnish.launcher.build import present_build
from burnish.launcher.files import read_json
from burnish.launcher.home import Home, holder
from burnish.launcher.launch import ALREADY_RUNNING, Launch, Options
from burnish.launcher.rehearsal import why_it_would_not_start
from burnish.launcher.report import Report
from burnish.launcher.services import NAMES
from burnish.launcher.state import State, present_state, recorded_state
from burnish.launcher.summary import show_connection

READY_PATIENCE_S: Final = 300.0
"""The first start makes a database cluster and compiles every module; on a slow disk that takes its time."""


STOP_PATIENCE_S: Final = 90.0
"""Services get 40 s, NATS 10 s, PostgreSQL 20 s: a launcher that takes longer hangs."""


def prepare_home(home: Home) -> None:
    """Makes the folders. Others may pass through (not read) only where PostgreSQL must run as a system user to get away from root.

    Ends the command with a clear word where that is not possible, and where the home is another user's, who could not read any more
    what we write there.
    """
    if (owner := _other_owner(home)) is not None:
        raise SystemExit(
            f"{home.path} belongs to {owner}, and nothing was changed. Start it as {owner}, name another home with --home, or, to keep it"
            f" as your own from now on: chown -R $(id -u) {shlex.quote(str(home.path))}"
        )
    mode = 0o711 if os.geteuid() == 0 and not namespaces_work() else 0o700
    try:
        home.path.mkdir(mode=mode, parents=True, exist_ok=True)
        home.logs.mkdir(mode=mode, exist_ok=True)
    except OSError as error:
        raise SystemExit(f"{home.path} cannot be used as a home: {error.strerror}. Name another folder with --home.") from None
    if mode == 0o711:
        home.path.chmod(mode)
        home.logs.chmod(mode)


def _other_owner(home: Home) -> str | None:
    """The name of whoever else made this home; None for one's own, and where there is none yet."""
    try:
        owner = home.secrets.stat().st_uid
    except OSError:  # It is not there, or may not be looked at; whoever uses it next says so.
        return None
    if owner == os.geteuid():
        return None
    try:
        return pwd.getpwuid(owner).pw_name
    except KeyError:
        return f"user {owner}"


def up_in_foreground(home: Home, options: Options, *, as_json: bool, once_ready: Callable[[], int]) -> int:
    """Runs until Ctrl-C or SIGTERM. Shows the processes' logs meanwhile, save with `as_json`. Returns the exit code.

    `once_ready` runs, beside the launcher, before people are told where it is.
    """
    prepare_home(home)

    def tell_people(connection: dict[str, Any]) -> None:
        once_ready()
        show_connection(connection, home=home, as_json=False)
        print("\nCtrl-C stops everything.\n", file=sys.stderr, flush=True)
        _show_logs(home)

    def announce(connection: dict[str, Any]) -> None:
        if as_json:
            show_connection(connection, home=home, as_json=True)
        else:
            threading.Thread(target=tell_people, args=(connection,), daemon=True).start()

    report = Report(copy=home.log_of("launcher"))
    code = asyncio.run(Launch(home, options, report=report, on_ready=announce).run())
    return up_already(home, options, as_json=as_json) if code == ALREADY_RUNNING else code


def up_detached(home: Home, options: Options, *, as_json: bool, once_ready: Callable[[], int]) -> int:
    """Starts a launcher in a session of its own and returns when it is ready, 0, or has failed, 1, showing its progress meanwhile.

    `once_ready` runs before the last words; its exit code becomes this one's. One that runs already is left alone, unless the code lies
    here in another state than it was started with: then it is stopped in order and started again, with as many processes where none are
    named, and one of each service that is new. Code that would not start stops nothing.
    """
    prepare_home(home)
    running = present_state(home)
    is_update = running.state == "ready" and running.build != present_build()
    if is_update:
        options = replace(options, replicas=options.replicas or _as_before(running))
        if not _make_way(home, options, before=running):
            return 1
    log = home.log_of("launcher")
    log.touch(mode=0o600)
    progress = _Progress(log)
    with log.open("ab") as output:
        launcher = subprocess.Popen(  # noqa: S603
            (sys.executable, "-P", "-m", "burnish.launcher", str(home.path), json.dumps(asdict(options))),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        code = _await_ready(home, launcher, progress)
    except KeyboardInterrupt:
        _end(launcher, progress)
        raise
    if code == ALREADY_RUNNING:
        return up_already(home, options, as_json=as_json)
    if code != 0 and is_update:
        print(
            f"Nothing runs in {home.path} now: the code from before was stopped in order, and the new does not start. The data stays. Put"
            f" the code from before back (`git checkout` of that commit, or its package) and start it again; it runs on this schema too.",
            file=sys.stderr,
        )
    if code == 0:
        connection = read_json(home.connection) or {}
        code = once_ready()
        show_connection(connection, home=home, as_json=as_json)
    return code


def _as_before(running: State) -> dict[str, int]:
    """As many processes as run. A service that is not named is new, and gets one."""
    left_out = running.left_out
    if left_out is None:
        left_out = [one for one in NAMES if one not in running.replicas and one not in running.missing]
    return running.replicas | dict.fromkeys(left_out, 0)


def _make_way(home: Home, options: Options, *, before: State) -> bool:
    """Stops what runs with the code from before. False where the code that lies here would not start: then it runs on.

    What somebody else started meanwhile is left alone: looking takes some seconds, and whoever starts beside it finds it.
    """
    print(f"Burnish runs in {home.path} with the code from before an update. Looking whether the code here starts ...", file=sys.stderr)
    reason = why_it_would_not_start(home, names=[one for one in NAMES if options.replicas.get(one, 1)])
    if reason is not None:
        print(f"With the code and settings of now it does not start. What runs was left alone, as it was.\n{reason}", file=sys.stderr)
        return False
    if present_state(home).pid == before.pid:
        print("It is started again.", file=sys.stderr)
        down(home)
    return True


def up_already(home: Home, options: Options, *, as_json: bool) -> int:
    """For a second `up`: waits until the first is ready, says where it is, and leaves it alone. 1 when it does not become ready."""
    deadline = time.monotonic() + READY_PATIENCE_S
    while (state := present_state(home)).state == "starting" and time.monotonic() < deadline:
        time.sleep(0.05)
    if state.state != "ready":
        print(f"Another `burnish up` has {home.path}; it is {state.state}.", file=sys.stderr)
        return 1
    print(f"Burnish runs already in {home.path} (pid {state.pid}): {state.url}", file=sys.stderr)
    is_other_port = options.port not in (None, state.ports.get("gateway"))
    if is_other_port or any(state.replicas.get(one, 0) != number for one, number in options.replicas.items()):
        print("Its port and its processes stay as they are; `burnish down` first, to start it otherwise.", file=sys.stderr)
    if state.build != present_build():
        print("It is the code from before an update; `burnish up --detach` starts it again.", file=sys.stderr)
    show_connection(read_json(home.connection) or {}, home=home, as_json=as_json)
    return 0


def down(home: Home) -> int:
    """Stops the launcher of this home and waits until it is gone. 0 also when none runs."""
    pid = holder(home)
    if pid is None:
        print(f"Nothing runs in {home.path}.", file=sys.stderr)
        return 0
    _signal(pid, signal.SIGTERM)
    began, said = time.monotonic(), 0
    while holder(home) == pid:
        if (waited_s := int(time.monotonic() - began)) >= 5 * (said + 1):
            said += 1
            left = ", ".join(recorded_state(home).pids) or "the launcher"
            print(f"still stopping after {waited_s} s: what was begun is being finished by {left}", file=sys.stderr)
        if waited_s > STOP_PATIENCE_S:
            print("giving up on it: everything is killed, PostgreSQL shuts down by itself", file=sys.stderr)
            _signal(pid, signal.SIGKILL)
            break
        time.sleep(0.02)
    _await_exit(pid)
    print(f"Stopped Burnish in {home.path}; the data stays.", file=sys.stderr)
    return 0


class _Progress:
    """Passes on what a launcher appends to its log."""

    def __init__(self, log: Path) -> None:
        self._log = log
        self._offset = log.stat().st_size

    def show(self) -> None:
        with self._log.open("rb") as file:
            file.seek(self._offset)
            text = file.read()
        self._offset += len(text)
        sys.stderr.write(text.decode(errors="replace"))
        sys.stderr.flush()


def _await_ready(home: Home, launcher: "subprocess.Popen[bytes]", progress: _Progress) -> int:
    deadline = time.monotonic() + READY_PATIENCE_S
    while True:
        code = launcher.poll()
        progress.show()
        if code is not None:
            return code or 1
        state = present_state(home)
        if state.state == "ready" and state.pid == launcher.pid:
            progress.show()
            return 0
        if time.monotonic() > deadline:
            print(f"not ready after {READY_PATIENCE_S:.0f} s; see {home.logs}", file=sys.stderr)
            _end(launcher, progress)
            return 1
        time.sleep(0.03)


def _end(launcher: "subprocess.Popen[bytes]", progress: _Progress) -> None:
    """Tells a launcher to stop and waits until it has, showing how it goes; one that hangs is killed."""
    launcher.terminate()
    deadline = time.monotonic() + STOP_PATIENCE_S
    while launcher.poll() is None:
        progress.show()
        if time.monotonic() > deadline:
            launcher.kill()
        time.sleep(0.03)
    progress.show()


def _show_logs(home: Home) -> None:
    reader = logs.LogReader(home.logs, skipped=("launcher",))
    reader.start_at_end()
    threading.Thread(target=logs.follow, args=(reader,), kwargs={"to": sys.stderr}, daemon=True).start()


def _signal(pid: int, signum: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signum)


def _await_exit(pid: int) -> None:
    """The lock is gone; the interpreter takes some milliseconds more. A zombie that nobody reaps is not waited for beyond a second."""
    deadline = time.monotonic() + 1
    with contextlib.suppress(ProcessLookupError):
        while time.monotonic() < deadline:
            os.kill(pid, 0)
            time.sleep(0.01)
