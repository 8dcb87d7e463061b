"""What commands print: one JSON document, or a table that also a pipe can read."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from datetime import datetime
from io import TextIOWrapper
from typing import Any


def say(words: str, *, on_stderr: bool = False) -> None:
    """A line or some, which may hold what others wrote: nothing in it drives the terminal."""
    print(clean(words), file=sys.stderr if on_stderr else sys.stdout, flush=True)


def print_json(value: Any) -> None:
    """One document, in one line where it goes into a pipe. In a terminal signs that would drive it are written as JSON's escapes."""
    _print_json(value, indent=2 if sys.stdout.isatty() else None)


def print_json_line(value: Any) -> None:
    """The same in one line, also in a terminal."""
    _print_json(value, indent=None)


def _print_json(value: Any, *, indent: int | None) -> None:
    is_plain = not (sys.stdout.encoding or "").lower().replace("-", "").startswith("utf")
    written = json.dumps(value, indent=indent, ensure_ascii=is_plain)
    print(_escaped(written) if sys.stdout.isatty() else written, flush=True)


def annotation(words: str, *, title: str, file: str = "") -> str:
    """A command of GitHub that marks a file, or the run where none is named."""
    where = f" file={_property(file)},line=1," if file else " "
    return f"::error{where}title={_property(title)}::{_in_one_line(words)}"


def _in_one_line(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _in_one_line(text).replace(":", "%3A").replace(",", "%2C")


def as_it_came(text: str) -> str:
    """An answer or a text for a person's eyes or a file: in a terminal without what would drive it, into a pipe as it is."""
    return clean(text) if sys.stdout.isatty() else text


def take_all_signs() -> None:
    """Standard output that knows few signs (a pipe on Windows, the locale C) writes escapes for others; it would end the command."""
    if isinstance(sys.stdout, TextIOWrapper) and sys.stdout.errors == "strict":
        sys.stdout.reconfigure(errors="backslashreplace")


def print_table(columns: Sequence[str], rows: Iterable[Sequence[object]], *, empty: str = "Nothing yet.") -> None:
    """Columns in line. Nothing in a cell means anything: no markup, no control characters of others. `empty` instead of no rows."""
    cells = [[_cell(one) for one in row] for row in rows]
    if not cells:
        print(empty, file=sys.stderr)
        return
    widths = [max(len(line[index]) for line in [list(columns), *cells]) for index in range(len(columns))]
    for line in [[one.upper() for one in columns], *cells]:
        print("  ".join(one.ljust(width) for one, width in zip(line, widths, strict=True)).rstrip())


def money(nusd: int | None) -> str:
    """Nano-dollars as dollars."""
    return "" if nusd is None else f"${nusd / 1e9:,.6f}".rstrip("0").rstrip(".") if nusd else "$0"


def share(value: float | None) -> str:
    """0.753 as 75.3 %."""
    return "" if value is None else f"{100 * value:.1f} %"


def points(value: float) -> str:
    """A difference of shares: 0.08 as +8.0."""
    return f"{100 * value:+.1f}"


def moment(text: str | None) -> str:
    """Of the API, in the time of this machine, to the second."""
    if not text:
        return ""
    return datetime.fromisoformat(text.replace("Z", "+00:00")).astimezone().strftime("%Y-%m-%d %H:%M:%S")


def clean(text: str) -> str:
    """Without control characters, which would drive the terminal."""
    return "".join(one if one.isprintable() or one in "\n\t" else "\ufffd" for one in text)


def _escaped(written: str) -> str:
    return "".join(one if one.isprintable() or one == "\n" else json.dumps(one)[1:-1] for one in written)


def _cell(value: object) -> str:
    return "" if value is None else " ".join(clean(str(value)).split())
