"""Rows of the database as a file, JSON lines or CSV: read page by page, so that neither memory nor a snapshot grows with it."""

import contextlib
import csv
import io
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from typing import Any, Final, Literal, TypeVar

from fastapi.responses import StreamingResponse

from burnish_gateway.json_lines import MEDIA_TYPE, until_error
from burnish_shared.books.finished import json_text
from burnish_shared.errors import Unavailable

R = TypeVar("R")
P = TypeVar("P")

FileFormat = Literal["jsonl", "csv"]

FILE_ANSWER: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "content": {MEDIA_TYPE: {"schema": {"type": "string"}}, "text/csv": {"schema": {"type": "string"}}},
        "description": "The file; as CSV with `format=csv`.",
    }
}
"""`responses` of a route that answers with such a file."""

FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""What spreadsheets take for a formula at the beginning of a text (OWASP, CSV injection)."""

BROKEN_OFF: Final = "The file is not whole: "
"""How the last line of a CSV file begins that could not go on."""


async def pages_of(
    read: Callable[[P], Awaitable[Sequence[R]]], *, first: P, position: Callable[[R], P], at_once: int
) -> AsyncGenerator[Sequence[R], None]:
    """Pages that hold something, until one has fewer than `at_once` rows. `read(after)`: at most so many, in an order that `position`
    says; each call is a transaction of its own. At most `at_once` rows are in memory."""
    after = first
    while True:
        rows = await read(after)
        if rows:
            after = position(rows[-1])
            yield rows
        if len(rows) < at_once:
            return


async def json_lines_of(pages: AsyncGenerator[Sequence[R], None], said: Callable[[R], Mapping[str, Any]]) -> AsyncGenerator[bytes, None]:
    """A JSON object a line, a piece for each page."""
    async with contextlib.aclosing(pages):
        async for rows in pages:
            yield b"".join(json_text(said(row)).encode() + b"\n" for row in rows)


async def csv_of(
    pages: AsyncGenerator[Sequence[R], None], said: Callable[[R], Mapping[str, Any]], *, columns: Sequence[str]
) -> AsyncGenerator[bytes, None]:
    """A header and a line for each row, also of no rows (RFC 4180). What a row does not say, or says null of, is an empty cell. Where the
    database goes away meanwhile the last line says so: the headers are out."""
    yield csv_line(columns)
    async with contextlib.aclosing(pages):
        try:
            async for rows in pages:
                yield b"".join(csv_line([cell(values.get(name)) for name in columns]) for values in map(said, rows))
        except Unavailable as error:
            yield csv_line([f"{BROKEN_OFF}{error.message}"])


def file_response(
    pages: AsyncGenerator[Sequence[R], None],
    said: Callable[[R], Mapping[str, Any]],
    *,
    columns: Sequence[str],
    format: FileFormat,
    name: str,
    request_id: str,
) -> StreamingResponse:
    """As a download called `name`, with the ending of its format."""
    headers = {"content-disposition": f'attachment; filename="{name}.{format}"'}
    if format == "csv":
        return StreamingResponse(csv_of(pages, said, columns=columns), media_type="text/csv; charset=utf-8", headers=headers)
    return StreamingResponse(until_error(json_lines_of(pages, said), request_id=request_id), media_type=MEDIA_TYPE, headers=headers)


def cell(value: Any) -> str:
    """A text as it is, with an apostrophe before what a spreadsheet would run; all else as JSON writes it; None: empty."""
    if value is None:
        return ""
    text = value if isinstance(value, str) else json_text(value)
    return f"'{text}" if isinstance(value, str) and text.startswith(FORMULA) else text


def csv_line(cells: Sequence[str]) -> bytes:
    line = io.StringIO()
    csv.writer(line).writerow(cells)
    return line.getvalue().encode()
