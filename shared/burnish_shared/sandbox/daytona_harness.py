"""The program that is sent to a sandbox of Daytona: the text of this module, and a call of `main`.

It needs Linux, Python 3.9 and no package. Each input has a Python of its own, started anew, in a folder of its own that is also its HOME
and TMPDIR; it is killed at its time limit with everything that it started. What code prints goes nowhere. For each input one line is
printed: a mark, a token that no such process ever sees, the input's number, and JSON as `daytona_program` reads it.

How far inputs are kept from each other depends on what the sandbox permits; the best of `WAYS` that works is taken:

- Namespaces: it sees no process but its own, can signal none, and the only places where it may write are its own and gone with it.
- Another user for each, where this runs as root: it can neither signal the others nor write what is theirs.
- Neither: processes that stay behind are found and ended, and this process can be neither read nor written to. But code may kill it, so
  that the inputs after it have no answer, and may leave files in places that it may write to, such as /tmp.

In no way is it kept from what else of the sandbox serves its own network, or from using up its disk, memory and processors.
"""

from __future__ import annotations

import ast
import base64
import contextlib
import ctypes
import json
import os
import random
import resource
import select
import shutil
import signal
import site
import sys
import tempfile
import time
from typing import Any

BEGIN = "burnish-begin:"
MARK = "burnish-result:"

BOOT = "import json, sys; job = json.load(sys.stdin); exec(compile(job['source'], 'harness', 'exec')); in_the_child(job)"

WAYS = ((True, True), (True, False), (False, True), (False, False))
"""Whether in namespaces of its own, and whether as another user; the best first."""

BEGIN_S = 5.0
"""What a fresh Python may take before it is ready, which says nothing of the code; STARTING_S is what it usually does at most."""

STARTING_S = 0.25

STOP_S = 1.0
"""How long after its time limit an input that does not stop by itself is killed."""

ENDING_S = 5.0
"""After so long what cannot be ended is left, and no input after it is run."""

PACKAGES_BYTES = 512 * 1024 * 1024
"""Of address space beside the memory limit, for packages that are imported."""

ROOM = 8
"""A result may take so many times its limit as JSON, where letters are escaped."""

OTHERS = 61_000
"""User of the first input, where each has its own; those after it follow."""

PLACES = ("/tmp", "/var/tmp", "/dev/shm")  # noqa: S108 - each gets its own in place of these
LIBC = ctypes.CDLL(None, use_errno=True)
PDEATHSIG, DUMPABLE, CAPBSET_DROP, SUBREAPER, NO_NEW_PRIVS = 1, 4, 24, 36, 38
CAPABILITIES = 64
NEWNS, NEWUSER, NEWPID = 0x00020000, 0x10000000, 0x20000000
READ_ONLY, REMOUNT, BIND, PRIVATE_ALL = 1, 32, 4096, 0x4000 | 0x40000
MOUNTED_WITH = {"nosuid": 2, "nodev": 4, "noexec": 8, "noatime": 1024, "nodiratime": 2048, "relatime": 0x200000}


class Late(BaseException):
    """The time limit is reached."""


def main(job_text: str, source: str) -> None:
    """`job_text`: base64 of JSON `{code, many, time_s, memory_bytes, result_bytes}`. `source`: the text of this module."""
    job = json.loads(base64.b64decode(job_text))
    many = job.pop("many")
    job["source"] = source
    LIBC.prctl(SUBREAPER, 1, 0, 0, 0)
    LIBC.prctl(DUMPABLE, 0, 0, 0, 0)
    token = os.urandom(16).hex()
    say(BEGIN + token)
    way = best_way(job)
    for at, inputs in enumerate(many):
        said, is_over = in_a_process(dict(job, inputs=inputs), way, at)
        say(f"{MARK}{token}:{at}:{json.dumps(said)}")
        if not is_over:
            return


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def best_way(job: dict[str, Any]) -> tuple[bool, bool]:
    """One in which Python starts, reaches its packages, and may write into its folder."""
    paths = [one for one in sys.path if os.path.isabs(one) and os.path.isdir(one)]
    code = "import os\nopen('tried', 'w').close()\nall(os.access(one, os.R_OK | os.X_OK) for one in paths)"
    tried = dict(job, code=code, inputs={"paths": paths}, time_s=BEGIN_S)
    for way in WAYS[:-1]:
        if (not way[1] or os.geteuid() == 0) and in_a_process(tried, way, 0) == ({"value": True}, True):
            return way
    return WAYS[-1]


def in_a_process(job: dict[str, Any], way: tuple[bool, bool], at: int) -> tuple[Any, bool]:
    """What came of one input: `{value}`, `{refused: [message, line, column]}` or `{failed: [kind, message, line]}`; and whether nothing of
    it runs any more."""
    folder = tempfile.mkdtemp(prefix="burnish-")
    reading, writing = os.pipe()
    handed = os.memfd_create("job")
    with open(handed, "wb", closefd=False) as file:
        file.write(json.dumps(job).encode())
    os.lseek(handed, 0, os.SEEK_SET)
    child = os.fork()
    if child == 0:
        become(way, folder, at, handed, writing)
    os.close(writing)
    os.close(handed)
    _, is_ready = read_line(reading, time.monotonic() + BEGIN_S, most=64)
    said, ended = read_line(reading, time.monotonic() + job["time_s"] + STOP_S, most=job["result_bytes"] * ROOM + 65536)
    os.close(reading)
    is_over = all_ended()
    if is_over:
        removed(folder)
    if is_ready and not ended:
        return {"failed": ["time", "the time limit is reached", None]}, is_over
    try:
        return json.loads(said), is_over
    except (ValueError, RecursionError):
        return {"failed": ["crashed", "the process ended unexpectedly", None]}, is_over


def read_line(reading: int, deadline: float, *, most: int) -> tuple[bytes, bool]:
    """What was written up to the end of a line, and whether that, or the end of all its writers, came in time."""
    said = b""
    while len(said) <= most and not said.endswith(b"\n"):
        left = deadline - time.monotonic()
        if left <= 0 or not select.select([reading], [], [], left)[0]:
            return said, False
        piece = os.read(reading, 1 if most < 65536 else 65536)
        if not piece:
            break
        said += piece
    return said, True


def all_ended() -> bool:
    """Kills all that descends from this process, also what made itself a session of its own or lost its parent: such come to us, who reap
    them. False where some of it would not end."""
    until = time.monotonic() + ENDING_S
    while time.monotonic() < until:
        for one in descendants():
            with contextlib.suppress(OSError):
                os.kill(one, signal.SIGKILL)
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            return True
        time.sleep(0.001)
    return False


def descendants() -> list[int]:
    parents: dict[int, list[int]] = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            with contextlib.suppress(OSError, ValueError, IndexError), open(f"/proc/{name}/stat", "rb") as file:
                parents.setdefault(int(file.read().rpartition(b")")[2].split()[1]), []).append(int(name))
    found, left = [], [os.getpid()]
    while left:
        children = parents.get(left.pop(), [])
        found += children
        left += children
    return found


def removed(folder: str) -> None:
    """Also what its maker made unreadable. Where a link stands in its place, nothing that it leads to is touched."""
    if os.path.islink(folder):
        with contextlib.suppress(OSError):
            os.unlink(folder)
        return
    for path, folders, _ in os.walk(folder):
        for one in folders:
            if not os.path.islink(os.path.join(path, one)):
                with contextlib.suppress(OSError):
                    os.chmod(os.path.join(path, one), 0o700)
    shutil.rmtree(folder, ignore_errors=True)


def become(way: tuple[bool, bool], folder: str, at: int, handed: int, writing: int) -> None:
    """Turns this process into the Python of one input. Never comes back."""
    try:
        LIBC.prctl(PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        os.setsid()
        if way[0]:
            be_apart(folder)
        for one in range(CAPABILITIES):
            LIBC.prctl(CAPBSET_DROP, one, 0, 0, 0)  # Root without them may not look into us either, nor undo its mounts.
        if way[1]:
            os.chown(folder, OTHERS + at, OTHERS + at)
            os.setgroups([])
            os.setresgid(OTHERS + at, OTHERS + at, OTHERS + at)
            os.setresuid(OTHERS + at, OTHERS + at, OTHERS + at)
            LIBC.prctl(PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        LIBC.prctl(NO_NEW_PRIVS, 1, 0, 0, 0)
        os.chdir(folder)
        for fd, to in ((handed, 0), (writing, 1), (os.open(os.devnull, os.O_RDWR), 2)):
            os.dup2(fd, to)
        own = {"HOME": folder, "TMPDIR": folder, "PYTHONUSERBASE": site.getuserbase()}
        os.execve(sys.executable, [sys.executable, "-c", BOOT], {**os.environ, **own})  # noqa: S606 - it is our own Python
    finally:
        os._exit(70)


def be_apart(folder: str) -> None:
    """Comes back in a process that is alone with its own children, and with places of its own to write to. Raises OSError."""
    uid, gid = os.geteuid(), os.getegid()
    if LIBC.unshare(NEWPID | NEWNS) != 0:
        LIBC.prctl(DUMPABLE, 1, 0, 0, 0)  # Else nobody may write its maps.
        if LIBC.unshare(NEWUSER | NEWPID | NEWNS) != 0:
            raise OSError(ctypes.get_errno(), "no namespaces")
        for name, text in (("setgroups", "deny"), ("uid_map", f"{uid} {uid} 1"), ("gid_map", f"{gid} {gid} 1")):
            with open(f"/proc/self/{name}", "w") as file:
                file.write(text)
        LIBC.prctl(DUMPABLE, 0, 0, 0, 0)
    for _ in range(2):  # The first child is the one with which all others end.
        inner = os.fork()
        if inner:
            os._exit(os.waitpid(inner, 0)[1] and 70)
        LIBC.prctl(PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if not mounted("none", "/", None, PRIVATE_ALL):
        raise OSError(ctypes.get_errno(), "no mounts of its own")
    own = [one for one in PLACES if os.path.isdir(one) and mounted("tmpfs", one, "tmpfs", 2 | 4, "size=64m,mode=1777")]
    os.makedirs(folder, mode=0o700, exist_ok=True)
    mounted("proc", "/proc", "proc", 2 | 4 | 8)
    if any(folder.startswith(one + "/") for one in own):
        with open("/proc/self/mounts") as file:
            lines = [one.split() for one in file]
        for _, place, _, options, *_ in lines:
            if place not in own and not place.startswith(("/proc", "/sys", "/dev")):
                kept = sum(MOUNTED_WITH.get(one, 0) for one in options.split(","))
                mounted("none", place.replace("\\040", " "), None, REMOUNT | BIND | READ_ONLY | kept)


def mounted(what: str, place: str, kind: str | None, flags: int, data: str = "") -> bool:
    return bool(LIBC.mount(what.encode(), place.encode(), kind and kind.encode(), ctypes.c_ulong(flags), data.encode() or None) == 0)


def in_the_child(job: dict[str, Any]) -> None:
    """Says that it is ready, what came of the input, and ends. Never comes back."""
    writing = os.dup(1)
    try:
        nowhere = os.open(os.devnull, os.O_RDWR)
        for one in (0, 1, 2):
            os.dup2(nowhere, one)
        os.write(writing, b"\n")
        most = in_use_bytes() + job["memory_bytes"] + PACKAGES_BYTES
        resource.setrlimit(resource.RLIMIT_AS, (most, most))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        random.seed(0)
        said = said_of(job, job["inputs"])
        text = json.dumps(said).encode()
    except BaseException:
        text = b'{"failed": ["memory", "the memory limit is reached", null]}'
    text += b"\n"
    while text:
        text = text[os.write(writing, text) :]
    os._exit(0)


def in_use_bytes() -> int:
    with open("/proc/self/statm") as file:
        return int(file.read().split()[0]) * resource.getpagesize()


def said_of(job: dict[str, Any], inputs: dict[str, Any]) -> dict[str, Any]:
    """What the code comes to with these inputs, in this very process; see `in_a_process` for its shape. Raises MemoryError at most."""
    try:
        tree = ast.parse(job["code"], "code")
        last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
        body = compile(tree, "code", "exec")
        end = compile(ast.Expression(last.value), "code", "eval") if last else None
    except SyntaxError as error:
        return {"refused": [str(error.msg), error.lineno, error.offset]}
    except (ValueError, RecursionError, MemoryError, OverflowError) as error:
        return {"refused": [str(error) or "nested too deep", None, None]}
    names = dict(inputs, __name__="code")
    signal.signal(signal.SIGALRM, be_late)
    signal.setitimer(signal.ITIMER_REAL, job["time_s"])
    try:
        exec(body, names)  # noqa: S102 - in a sandbox, where nothing is ours
        value = eval(end, names) if end else None  # noqa: S307 - the same
        found = unfit(value, 0)
        if found:
            return {"failed": ["result", found, None]}
        text = json.dumps(value, allow_nan=False)
        signal.setitimer(signal.ITIMER_REAL, 0)
        if len(text) > job["result_bytes"] * ROOM:
            return {"failed": ["result", "longer than the limit", None]}
        return {"value": json.loads(text)}
    except Late:
        return {"failed": ["time", "the time limit is reached", None]}
    except MemoryError:
        return {"failed": ["memory", "the memory limit is reached", None]}
    except RecursionError:
        return {"failed": ["depth", "the call stack is full", None]}
    except BaseException as error:
        return {"failed": ["error", words_of(error), line_of(error)]}


def unfit(value: object, depth: int) -> str:
    """Why this is no plain data; empty where it is."""
    if depth > 100:
        return "nested too deep"
    if isinstance(value, dict):
        if not all(isinstance(key, str) for key in value):
            return "keys must be strings"
        return next((found for one in value.values() if (found := unfit(one, depth + 1))), "")
    if isinstance(value, (list, tuple)):
        return next((found for one in value if (found := unfit(one, depth + 1))), "")
    if isinstance(value, float) and value - value != 0:
        return "not a finite number"
    if value is None or isinstance(value, (bool, int, float, str)):
        return ""
    return type(value).__name__[:40] + " is not plain data (null, true, numbers, text, lists, objects)"


def words_of(error: BaseException) -> str:
    try:
        return (type(error).__name__ + ": " + str(error)[:300]).removesuffix(": ")
    except BaseException:
        return "an error without words"


def line_of(error: BaseException) -> int | None:
    """The line of the caller's code in which it happened; None where it was in none."""
    line, at = None, error.__traceback__
    while at is not None:
        if at.tb_frame.f_code.co_filename == "code":
            line = at.tb_lineno
        at = at.tb_next
    return line


def be_late(*_: Any) -> None:
    raise Late
