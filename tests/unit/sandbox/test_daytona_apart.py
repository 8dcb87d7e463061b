"""What inputs that share a sandbox may do to each other (PRODUCT O3): with all that the sandbox permits, and with nothing of it."""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from uuid import uuid4

import pytest

from burnish_shared.sandbox.daytona_program import HARNESS, NO_ANSWER, program_of, results_of
from burnish_shared.sandbox.outcome import DEFAULT_LIMITS, Plain, Result, Value

pytestmark = pytest.mark.capability("O3")

APART = "in namespaces of its own"
OTHERS = "as another user each"
ALIKE = "with nothing of it"
EVERY = "WAYS = ((True, True), (True, False), (False, True), (False, False))"
WAYS = {APART: EVERY, OTHERS: "WAYS = ((False, True), (False, False))", ALIKE: "WAYS = ((False, False),)"}

SYSTEMS = "/usr/bin/python3"
"""Stands where every user may start it, unlike one in root's home."""

FOLDERS = """
import os, tempfile
places = os.getcwd(), os.environ["HOME"], tempfile.gettempdir(), os.path.expanduser("~")
seen = [os.path.exists(os.path.join(one, "left")) for one in places]
for one in (os.getcwd(), os.environ["HOME"], tempfile.gettempdir()):
    with open(os.path.join(one, "left"), "w") as file:
        file.write("x")
os.makedirs("deep/deeper")
os.chmod("deep/deeper", 0)
os.symlink("/", "out")
[*seen, os.getcwd()]
"""

STAYS = """
import os, subprocess
subprocess.Popen(["sleep", mark], start_new_session=True)
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        os.execvp("sleep", ["sleep", mark])
    os._exit(0)
1
"""

FORGES = """
import os
for one in ("fd/1", "mem", "environ", "fd/2"):
    try:
        with open(f"/proc/{os.getppid()}/{one}", "wb" if one.startswith("fd") else "rb") as file:
            file.write(b'burnish-result:0:{"value": 99}\\nburnish-result:{"value": 99}\\n') if "fd" in one else file.read(1)
            done = one
    except OSError:
        pass
n
"""

SHARED = """
import os
seen = os.path.exists(f"/tmp/{mark}") or os.path.exists(f"/dev/shm/{mark}")
open(f"/tmp/{mark}", "w").close()
open(f"/dev/shm/{mark}", "w").close()
seen
"""

UNDOES = """
import ctypes, os
libc = ctypes.CDLL(None)
done = [libc.umount(b"/tmp"), libc.mount(b"none", b"/", None, 32 | 4096, None), libc.unshare(0x00020000)]
try:
    open(os.path.join(place, mark), "w").close()
except OSError:
    done.append("refused")
done
"""


def run(code: str, many: Sequence[dict[str, Plain]], *, way: str) -> list[Result]:
    assert EVERY in HARNESS
    program = program_of(code, many, DEFAULT_LIMITS, harness=HARNESS.replace(EVERY, WAYS[way]))
    called = [SYSTEMS] if way == OTHERS else ["unshare", "--user", "--map-current-user", "--net", sys.executable]
    env = {"PATH": "/usr/bin:/bin"}
    done = subprocess.run([*called, "-u", "-"], input=program, capture_output=True, text=True, env=env, check=False)
    assert not done.stderr, done.stderr
    return results_of(done.stdout, len(many), DEFAULT_LIMITS)


@pytest.mark.parametrize("way", [APART, ALIKE])
def test_files_of_one_are_not_there_for_the_next(way: str) -> None:
    results = run(FOLDERS, [{}, {}, {}], way=way)
    for one in results:
        assert isinstance(one, Value) and isinstance(one.value, list), one
        *seen, folder = one.value
        assert seen == [False] * 4 and not os.path.lexists(str(folder))


@pytest.mark.parametrize("way", [APART, ALIKE])
def test_nothing_that_one_starts_outlives_it(way: str) -> None:
    mark = str(uuid4().int % 10**9 + 10**9)
    assert run(STAYS, [{"mark": mark}, {"mark": mark}], way=way) == [Value(1), Value(1)]
    assert not [one for one in Path("/proc").glob("[0-9]*/cmdline") if mark.encode() in _read(one)]


@pytest.mark.parametrize("way", [APART, ALIKE])
def test_no_result_can_be_forged(way: str) -> None:
    assert run(FORGES, [{"n": 1}, {"n": 2}], way=way) == [Value(1), Value(2)]


def test_apart_none_ends_the_others() -> None:
    code = "import os, signal\nfor one in (os.getppid(), 1):\n    os.kill(one, signal.SIGKILL)\nn"
    assert run(code, [{"n": 1}, {"n": 2}], way=APART) == [Value(1), Value(2)]


def test_alike_who_ends_all_leaves_no_wrong_answer() -> None:
    """What remains without any privilege, as the guide says: those after it have none."""
    code = "import os, signal\nif n == 2: os.kill(os.getppid(), signal.SIGKILL)\nn"
    assert run(code, [{"n": 1}, {"n": 2}, {"n": 3}], way=ALIKE) == [Value(1), NO_ANSWER, NO_ANSWER]


@pytest.mark.skipif(os.geteuid() != 0 or not os.path.exists(SYSTEMS), reason="takes root, and a Python that every user may start")
def test_as_others_none_ends_or_reads_what_is_not_its_own() -> None:
    code = """
import os, signal
said = [os.getuid()]
for path in (f"/proc/{os.getppid()}/fd/1", f"/proc/{os.getppid()}/mem"):
    try:
        open(path, "rb").close()
        said.append(path)
    except OSError:
        pass
try:
    os.kill(os.getppid(), signal.SIGKILL)
except PermissionError:
    said.append("refused")
said
"""
    assert run(code, [{}, {}], way=OTHERS) == [Value([61_000, "refused"]), Value([61_001, "refused"])]
    mark = str(uuid4().int % 10**9 + 10**9)
    assert run(STAYS, [{"mark": mark}], way=OTHERS) == [Value(1)]
    assert not [one for one in Path("/proc").glob("[0-9]*/cmdline") if mark.encode() in _read(one)]


def test_apart_nothing_is_left_in_shared_places() -> None:
    mark = uuid4().hex
    assert run(SHARED, [{"mark": mark}, {"mark": mark}], way=APART) == [Value(False), Value(False)]
    assert not os.path.exists(f"/tmp/{mark}") and not os.path.exists(f"/dev/shm/{mark}")


def test_apart_what_was_there_before_cannot_be_written_to() -> None:
    place = Path(__file__).parent
    mark = f"left-{uuid4().hex}"
    try:
        [one] = run(UNDOES, [{"mark": mark, "place": str(place)}], way=APART)
        assert one == Value([-1, -1, -1, "refused"])
    finally:
        (place / mark).unlink(missing_ok=True)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""
