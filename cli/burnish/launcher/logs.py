"""Log files: one for each process, rotated by size, shown with the name of the process before each line."""

import shutil
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final, TextIO

MAX_LOG_BYTES: Final = 10 << 20
KEPT: Final = 2
"""Older parts kept beside a log: `executor.log.1` and `executor.log.2`."""

TAIL_BYTES: Final = 256 << 10


def rotate(folder: Path, *, max_bytes: int = MAX_LOG_BYTES) -> None:
    """Moves what is in logs beyond `max_bytes` aside. The processes keep their open files, which are only emptied (they append).

    A log for which there is no room, or that somebody removes meanwhile, stays as it is until the next time.
    """
    for log in folder.glob("*.log"):
        with suppress(OSError):
            if log.stat().st_size > max_bytes:
                _move_aside(log)


def _move_aside(log: Path) -> None:
    """Raises OSError."""
    for number in range(KEPT, 1, -1):
        older = log.with_name(f"{log.name}.{number - 1}")
        if older.exists():
            older.replace(log.with_name(f"{log.name}.{number}"))
    copy = log.with_name(f"{log.name}.1")
    try:
        shutil.copyfile(log, copy)
    except OSError:
        copy.unlink(missing_ok=True)  # Half of it would only take more of the room that is missing.
        raise
    with log.open("r+b") as file:
        file.truncate(0)


class LogReader:
    """Reads several logs as they grow."""

    def __init__(self, folder: Path, *, names: Iterable[str] = (), skipped: Iterable[str] = ()) -> None:
        self._folder = folder
        self._names = frozenset(names)
        self._skipped = frozenset(skipped)
        self._offsets: dict[Path, int] = {}

    def processes(self) -> list[str]:
        """All that have written, in order of the alphabet."""
        return sorted(log.stem for log in self._folder.glob("*.log"))

    def unknown(self) -> list[str]:
        """Names that were asked for and under which nothing was written."""
        return sorted(name for name in self._names if not any(_is_of(process, frozenset({name})) for process in self.processes()))

    def start_at_end(self) -> None:
        """Leaves out what was written before."""
        self._offsets = {log: log.stat().st_size for log in self._logs()}

    def last(self, count: int) -> Iterator[str]:
        """The last `count` lines of each log; reading goes on behind them."""
        for log in self._logs():
            size = log.stat().st_size
            with log.open("rb") as file:
                file.seek(max(0, size - TAIL_BYTES))
                lines = file.read(size).decode(errors="replace").splitlines()
            self._offsets[log] = size
            yield from (self._prefixed(log, line) for line in lines[max(0, len(lines) - count) :])

    def fresh(self) -> Iterator[str]:
        """Whole lines that were written since the last call."""
        for log in self._logs():
            offset = self._offsets.get(log, 0)
            size = log.stat().st_size
            if size < offset:  # It was rotated.
                offset = 0
            if size == offset:
                continue
            with log.open("rb") as file:
                file.seek(offset)
                text = file.read(size - offset)
            whole = text.rfind(b"\n") + 1
            self._offsets[log] = offset + whole
            yield from (self._prefixed(log, line) for line in text[:whole].decode(errors="replace").splitlines())

    def _logs(self) -> list[Path]:
        logs = sorted(self._folder.glob("*.log"))
        return [one for one in logs if one.stem not in self._skipped and (not self._names or _is_of(one.stem, self._names))]

    def _prefixed(self, log: Path, line: str) -> str:
        return f"{log.stem:<12} | {line}"


def follow(reader: LogReader, *, to: TextIO | None = None, interval_s: float = 0.2) -> None:
    """Prints what is written from now on, until interrupted."""
    while True:
        for line in reader.fresh():
            print(line, file=to or sys.stdout, flush=True)
        time.sleep(interval_s)


def _is_of(process: str, names: frozenset[str]) -> bool:
    """`gateway` names all its replicas."""
    name, _, number = process.rpartition("-")
    return process in names or (number.isdecimal() and name in names)
