"""The lines of an uploaded file, each with its number; a line that cannot be read says so and does not hide the others. Pure."""

import csv
import io
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from burnish_gateway.json_lines import is_cut
from burnish_gateway.marked_text import in_utf8
from burnish_gateway.strict_json import parse_json
from burnish_shared.errors import InvalidBody, InvalidField

CELL_MOST_CHARS: Final = 4 * 65_536
LINES_MOST: Final = 10_000
"""As many as a dataset holds items; whatever is longer is refused before it is looked at."""

csv.field_size_limit(CELL_MOST_CHARS)

JSONL: Final = ("application/x-ndjson", "application/ndjson", "application/jsonl", "application/x-jsonlines")
CSV: Final = ("text/csv", "application/csv")


@dataclass(frozen=True, slots=True)
class Line:
    """`number` is where it begins in the file, from 1. Either `row` (column → value) or `problem`, then with the `columns` that its file
    names in a header."""

    number: int
    row: Mapping[str, Any] | None
    problem: str | None = None
    columns: tuple[str, ...] = ()


def check_kind(content_type: str) -> str:
    """The kind of a file, without its parameters. Raises InvalidBody for what is none that can be uploaded."""
    kind = content_type.partition(";")[0].strip().lower()
    if kind not in (*JSONL, *CSV):
        raise InvalidBody(
            f"Send application/json, application/x-ndjson (JSONL) or text/csv, not {kind[:80] or 'nothing'}.", param="content-type"
        )
    return kind


def lines_of(raw: bytes, *, content_type: str) -> list[Line]:
    """All that are not empty. Raises InvalidBody where the file is none of these, or neither UTF-8 nor what its mark says, InvalidField
    where it has too many."""
    kind = check_kind(content_type)
    raw = in_utf8(raw)
    lines = _jsonl(raw) if kind in JSONL else _csv(raw)
    found: list[Line] = []
    for line in lines:
        found.append(line)
        if len(found) > LINES_MOST:
            raise InvalidField(f"A dataset holds at most {LINES_MOST:,} items.", param="items")
    return found


def columns_of(lines: Iterable[Line]) -> list[str]:
    """All that a line has, or that the header has above a line that cannot be read."""
    return list(dict.fromkeys(name for line in lines for name in (line.columns if line.row is None else line.row)))


def _jsonl(raw: bytes) -> Iterator[Line]:
    """Raises InvalidBody for what is not UTF-8, and for an array or an object on several lines: each of their lines would be at fault."""
    _text(raw, hint="An editor saves it so under “Encoding”.")
    first = raw.lstrip()
    if first.startswith(b"["):
        raise InvalidBody("The file is a JSON array. JSONL is one object a line, without brackets and commas around them.")
    if is_cut(first.partition(b"\n")[0]):
        raise InvalidBody("The file is JSON on several lines. JSONL has each object whole on a line of its own.")
    for number, text in enumerate(raw.split(b"\n"), start=1):
        if not text.strip():
            continue
        try:
            row = parse_json(text)
        except (InvalidBody, InvalidField) as error:
            yield Line(number, None, error.message)
            continue
        if isinstance(row, dict):
            yield Line(number, row)
        else:
            yield Line(number, None, "An item is an object with input and expected.")


QUOTED: Final = re.compile(r'"[^"]*"')
LINE_END: Final = re.compile(r"\r\n|\r|\n")
SEPARATOR_LINE: Final = re.compile(r'"?sep=([^\w" \r\n])"?[ \t,;]*(?:\r\n|\r|\n)', re.IGNORECASE)
BLANK_BEGINNING: Final = re.compile(r"(?:[ \t,;]*+(?:\r\n|\r|\n))++")
"""Lines in which there is nothing but delimiters."""


def _csv(raw: bytes) -> Iterator[Line]:
    """The first line that says something is the header, which names the columns. Cells that a line lacks are left out, so that the item
    says what is missing.

    Columns without a name, as sheets leave them behind the last one, may stand there as long as they are empty. Blanks around a name
    are no part of it; where the header has one behind each delimiter, as in `input, expected`, they are no part of the cells either.
    """
    text = _text(raw, hint="Sheets save it so as “CSV UTF-8”; an editor under “Encoding”.")
    if "\x00" in text:
        raise InvalidBody("The file holds U+0000, which no text may.")
    text, told = _without_separator_line(text)
    text, above = _without_blank_beginning(text)
    above += told is not None
    mark, is_spaced = _delimiter(text, told)
    rows, last = csv.reader(io.StringIO(text, newline=""), strict=True, delimiter=mark, skipinitialspace=is_spaced), above
    try:
        names = [name.strip() for name in next(rows, [])]
        twice = next((name for name, times in Counter(names).items() if name and times > 1), None)
        if twice is not None:
            raise InvalidBody(f"The header names the column {twice[:80]!r} twice.")
        named = tuple(filter(None, names))
        last = above + rows.line_num
        for cells in filter(None, rows):  # each takes the time of its own cells, however many columns the header names
            last = above + rows.line_num
            number = last - sum(len(LINE_END.findall(cell)) for cell in cells)
            pairs = list(zip(names, cells, strict=False))
            lost = next((place for place, (name, cell) in enumerate(pairs, start=1) if not name and cell.strip()), None)
            if len(cells) > len(names):
                yield Line(number, None, "more fields than the header has columns.", named)
            elif lost is not None:
                yield Line(number, None, f"column {lost} has no name in the header; give it one, or take the column away.", named)
            else:
                yield Line(number, {name: cell for name, cell in pairs if name})
    except csv.Error as error:
        raise InvalidBody(f"Line {last + 1}: the file is not valid CSV: {_fault(error)}.") from error


def _text(raw: bytes, *, hint: str) -> str:
    """Raises InvalidBody, with what to do about it."""
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise InvalidBody(f"Line {line}: the file is not UTF-8. {hint}") from error


def _without_separator_line(text: str) -> tuple[str, str | None]:
    """And the delimiter that a first line `sep=;` names, as sheets write and read it."""
    line = SEPARATOR_LINE.match(text)
    return (text[line.end() :], line[1]) if line else (text, None)


def _without_blank_beginning(text: str) -> tuple[str, int]:
    """And how many lines were taken away."""
    blank = BLANK_BEGINNING.match(text)
    return (text[blank.end() :], len(LINE_END.findall(blank.group()))) if blank else (text, 0)


def _fault(error: csv.Error) -> str:
    """Of the row that could not be read to its end."""
    if "field limit" in str(error):
        return f"a cell has more than {CELL_MOST_CHARS:,} characters"
    if "unexpected end" in str(error):
        return "a quotation mark is opened here, or further down, and never closed"
    return str(error)[:200]


def _delimiter(text: str, told: str | None) -> tuple[str, bool]:
    """And whether the header has a blank behind each. Where no line tells it and the header has no comma outside of quotes, what sheets
    write instead in countries with a decimal comma, or when they copy.
    """
    header = QUOTED.sub("x", LINE_END.split(text, maxsplit=1)[0])
    mark = told or ("," if "," in header else next((mark for mark in (";", "\t") if mark in header), ","))
    return mark, mark in header and all(one.startswith(" ") for one in header.split(mark)[1:])
