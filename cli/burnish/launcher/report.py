"""Progress for people, one line each, with the seconds since the start."""

import sys
import time
from contextlib import suppress
from pathlib import Path


class Report:
    """Prints to standard error and, when `copy` is given, appends the same lines there. Standard output stays for results."""

    def __init__(self, *, copy: Path | None = None) -> None:
        self._began = time.monotonic()
        self._copy = copy

    @property
    def elapsed_s(self) -> float:
        return time.monotonic() - self._began

    def say(self, text: str) -> None:
        line = f"[{self.elapsed_s:6.2f}s] {text}"
        with suppress(OSError):  # Whoever read our output may be gone (`burnish up | head`); the work goes on.
            print(line, file=sys.stderr, flush=True)
        if self._copy is not None:
            with suppress(OSError), self._copy.open("a") as file:  # A full disk is no reason to stop.
                file.write(line + "\n")
