"""What commands print: one JSON document, or a table that also a pipe can read."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any


def print_json(value: Any) -> None:
    """One document, in one line where it goes into a pipe."""
    print(json.dumps(value, indent=2 if sys.stdout.isatty() else None, ensure_ascii=False), flush=True)


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


def _cell(value: object) -> str:
    return "" if value is None else " ".join(clean(str(value)).split())
