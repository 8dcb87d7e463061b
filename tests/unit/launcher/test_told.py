"""What a command says in place of a stack trace, and when it shows the trace."""

import errno
import subprocess
import sys

import asyncpg
import pytest

from burnish.launcher.database import migration_in_words
from burnish.told import disk_in_words, in_words
from burnish_shared.errors import Unavailable


def of_postgres(code: str, message: str, *, hint: str) -> Exception:
    """As its client makes it out of what the server sent."""
    made: Exception = asyncpg.PostgresError.new({"S": "ERROR", "C": code, "M": message, "H": hint})
    return made


@pytest.mark.parametrize(
    ("failure", "said"),
    [
        (Unavailable("The database is away."), "The database is away."),
        (TimeoutError(), "did not answer in time"),
        (PermissionError(errno.EACCES, "Permission denied", "/home/ann"), "/home/ann belongs to somebody else"),
        (NotADirectoryError(errno.ENOTDIR, "Not a directory", "/etc/passwd/x"), "/etc/passwd/x: Not a directory."),
        (ConnectionRefusedError(errno.ECONNREFUSED, "Connect call failed"), "Connect call failed."),
        (asyncpg.InvalidPasswordError("no such user"), "PostgreSQL did not let us in: no such user."),
        (asyncpg.CannotConnectNowError("starting up"), "PostgreSQL did not let us in: starting up."),
        (asyncpg.DiskFullError("could not extend file: No space left on device"), "PostgreSQL has no room: could not extend file"),
        (of_postgres("53100", "wrote only 4096 of 8192 bytes", hint="Check free disk space."), "8192 bytes HINT: Check free disk space."),
        (of_postgres("53300", "too many clients", hint="Wait."), "PostgreSQL did not let us in: too many clients HINT: Wait."),
        (ConnectionError("Server disconnected."), "Server disconnected."),
        (asyncpg.UndefinedTableError('relation "restores" does not exist'), "`burnish migrate` brings it there"),
    ],
)
def test_what_is_no_fault_of_ours_is_told_in_a_line(failure: Exception, said: str) -> None:
    told = in_words(failure)
    assert told is not None and said in told and "\n" not in told and not told.endswith("..")


@pytest.mark.parametrize("failure", [KeyError("x"), ValueError("x"), asyncpg.UniqueViolationError("twice")])
def test_what_may_be_one_keeps_its_trace(failure: Exception) -> None:
    assert in_words(failure) is None


def test_of_a_launcher_only_a_disk_that_takes_nothing_is_told_so() -> None:
    assert disk_in_words(OSError(errno.ENOSPC, "No space left on device", "/x/pg.log")) == "/x/pg.log: No space left on device."
    assert disk_in_words(FileNotFoundError(errno.ENOENT, "No such file", "/x")) is None


def test_the_command_ends_with_that_line(tmp_path_factory: pytest.TempPathFactory) -> None:
    file = tmp_path_factory.mktemp("home") / "file"
    file.touch()
    command = (sys.executable, "-c", "from burnish.main import main; main()", "status", "--home", str(file))
    ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert (ended.returncode, ended.stderr) == (1, f"burnish: {file}/state.json: Not a directory.\n")


def test_a_migration_that_found_the_disk_full_is_told_without_its_trace() -> None:
    trace = 'migration failed:\n  File "x"\n(Error) could not write to file "pg_wal/xlogtemp.1": No space left on device'
    assert migration_in_words(trace).startswith("migration failed: the disk of PostgreSQL is full. ")
    assert migration_in_words("migration failed:\nno such revision") == "migration failed:\nno such revision"
