"""Waiting for something that goes on in Burnish, with its progress on standard error."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from types import TracebackType
from typing import Any, Final

FIRST_WAIT_S: Final = 0.2
LONGEST_WAIT_S: Final = 2.0
PLAIN_EVERY_S: Final = 10.0
"""Where no line can be drawn anew (a file, a CI), progress is told so often."""

BAR_COLUMNS: Final = 16
"""Of the 80 that a terminal has at least: the words say more than the bar."""


class Bar:
    """A progress bar in a terminal, and a line now and then elsewhere. Use it as a context manager."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._told_at = float("-inf")
        self._drawn: Any = None

    def __enter__(self) -> Bar:
        if sys.stderr.isatty():
            from rich.console import Console
            from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
            from rich.table import Column

            said = TextColumn("{task.fields[said]}", table_column=Column(no_wrap=False))  # In a narrow terminal on two lines, and whole.
            columns = (TextColumn("{task.description}"), BarColumn(bar_width=BAR_COLUMNS), said, TimeElapsedColumn())
            self._drawn = Progress(*columns, console=Console(stderr=True, highlight=False, markup=False), transient=True)
            self._drawn.start()
            self._task = self._drawn.add_task(self._what, total=None, said="")
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._drawn is not None:
            self._drawn.stop()

    def show(self, done: float, total: float | None, said: str) -> None:
        """`total` None: how much there is to do is not known."""
        if self._drawn is not None:
            self._drawn.update(self._task, completed=done, total=total, said=said)
        elif time.monotonic() - self._told_at >= PLAIN_EVERY_S:
            self._told_at = time.monotonic()
            print(f"{self._what}: {said}", file=sys.stderr, flush=True)


def await_end(read: Callable[[], Any], *, is_over: Callable[[Any], bool], progress: Callable[[Any], None]) -> Any:
    """Looks again and again, soon at first, until it is over. What was read last."""
    wait = FIRST_WAIT_S
    while True:
        seen = read()
        progress(seen)
        if is_over(seen):
            return seen
        time.sleep(wait)
        wait = min(wait * 1.3, LONGEST_WAIT_S)
