"""What the demo shows while it runs."""

import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from rich.console import Console, RenderableType
from rich.markup import escape
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

WIDTH_MOST: Final = 110
PLAIN_EVERY_S: Final = 2.0
"""Where no line can be rewritten (a file, a pipe), progress is told so often."""

INDENT: Final = (0, 0, 0, 3)


class Screen:
    """Steps with their numbers. With `to_stderr`, standard output stays free for the result."""

    def __init__(self, *, to_stderr: bool) -> None:
        stream = sys.stderr if to_stderr else sys.stdout
        console = Console(file=stream, highlight=False)
        is_fluid = console.is_terminal and console.width < WIDTH_MOST
        self._console = console if is_fluid else Console(file=stream, highlight=False, width=WIDTH_MOST)
        self._began = time.monotonic()
        self._step = 0
        self._told_at = 0.0

    def step(self, title: str) -> None:
        self._step += 1
        elapsed = f"{time.monotonic() - self._began:.1f} s"
        self._console.print(f"\n[bold]{self._step}  {escape(title)}[/bold]  [dim]{elapsed}[/dim]")

    def say(self, text: str) -> None:
        """A paragraph; may hold markup, so callers escape what is not theirs."""
        self._show(Text.from_markup(text))

    def raw(self, line: str) -> None:
        """A line to be copied: never broken, nothing in it means anything."""
        self._console.print(Text(f"   {line}", style="dim"), soft_wrap=True)

    def progress(self, text: str) -> None:
        """A line that replaces the last one of its kind."""
        if self._console.is_terminal:
            self._console.file.write(f"\r\x1b[2K   {text[: self._console.width - 4]}")
            self._console.file.flush()
        elif time.monotonic() - self._told_at > PLAIN_EVERY_S:
            self._told_at = time.monotonic()
            self.say(escape(text))

    def progress_ends(self) -> None:
        if self._console.is_terminal:
            self._console.file.write("\r\x1b[2K")

    def table(self, columns: Sequence[str], rows: Iterable[Sequence[str]], *, left: int = 1) -> None:
        """Columns after the first `left` are numbers. No markup."""
        table = _table()
        for place, column in enumerate(columns):
            table.add_column(column, justify="left" if place < left else "right", no_wrap=True, overflow="ellipsis")
        for row in rows:
            table.add_row(*(Text(cell) for cell in row))
        self._show(table)

    def confusion(self, matrix: Mapping[str, Mapping[str, int]], *, stats: Mapping[str, Mapping[str, Any]]) -> None:
        """Rows: what was expected. Columns: what was answered, numbered, because names are long."""
        labels = sorted(matrix)
        table = _table(gap=1)
        table.add_column("expected ↓   answered →", no_wrap=True)
        for place in range(1, len(labels) + 1):
            table.add_column(f"{place:>2}", justify="right")
        table.add_column(" no label", justify="right")
        table.add_column(" right", justify="right")
        for place, label in enumerate(labels, start=1):
            row = matrix[label]
            cells = [_cell(row.get(other, 0), is_right=other == label) for other in labels]
            others = sum(count for answered, count in row.items() if answered not in matrix)
            own = stats.get(label)
            table.add_row(Text(f"{place:>2} {label}"), *cells, _cell(others, is_right=False), percent(own["accuracy"]) if own else "")
        self._show(table)

    def diff(self, lines: Sequence[str], *, most: int) -> None:
        """The changed lines of a unified diff, what was taken away above what stands there now."""
        changes = [line for line in lines if line[:1] in ("+", "-") and not line.startswith(("+++", "---")) and line[1:].strip()]
        for line in changes[:most]:
            self._show(Text(shortened(line, self._console.width - 5), style="green" if line.startswith("+") else "red"))
        if len(changes) > most:
            self.say(f"[dim]… and {len(changes) - most} more lines[/dim]")

    def _show(self, what: RenderableType) -> None:
        """Indented, and without the spaces that fill lines up."""
        with self._console.capture() as capture:
            self._console.print(Padding(what, INDENT))
        for line in capture.get().splitlines():
            self._console.file.write(f"{line.rstrip()}\n")
        self._console.file.flush()


def percent(ratio: float | None) -> str:
    """`44.4 %`."""
    return "–" if ratio is None else f"{100 * ratio:.1f} %"


def points(ratio: float) -> str:
    """A difference of shares, signed, in percentage points."""
    return f"{100 * ratio:+.1f}"


def shortened(text: str, most: int) -> str:
    """On one line of at most so many characters."""
    flat = " ".join(text.split()) if "\n" in text else text
    return flat if len(flat) <= most else flat[: most - 1] + "…"


def _table(*, gap: int = 2) -> Table:
    return Table(box=None, pad_edge=False, padding=(0, gap, 0, 0), header_style="dim")


def _cell(count: int, *, is_right: bool) -> Text:
    if not count:
        return Text("·", style="dim")
    return Text(str(count), style="green" if is_right else "")
