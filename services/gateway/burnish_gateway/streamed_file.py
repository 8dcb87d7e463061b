"""Rows of the database as a file, JSON lines or CSV: read page by page, so that neither memory nor a snapshot grows with it."""

import asyncio
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

QUIET_S: float = 10.0
"""After so long without a row a blank line goes out: proxies and clients take a connection that is silent for long for a dead one."""


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


async def never_quiet(lines: AsyncGenerator[bytes, None], blank: bytes, *, quiet_s: float) -> AsyncGenerator[bytes, None]:
    """What `lines` yields, whole lines each time, and `blank` as often as none came for `quiet_s`: readers of JSON lines and of CSV pass
    over a blank line."""
    async with contextlib.aclosing(lines):
        coming: asyncio.Task[bytes | None] | None = None
        try:
            while True:
                coming = coming or asyncio.create_task(_next(lines))
                done, _ = await asyncio.wait((coming,), timeout=quiet_s)
                if not done:
                    yield blank
                    continue
                line, coming = coming.result(), None
                if line is None:
                    return
                yield line
        finally:
            if coming is not None:
                coming.cancel()
                await asyncio.wait((coming,))


async def _next(lines: AsyncGenerator[bytes, None]) -> bytes | None:
    return await anext(lines, None)


def file_response(
    pages: AsyncGenerator[Sequence[R], None],
    said: Callable[[R], Mapping[str, Any]],
    *,
    columns: Sequence[str],
    format: FileFormat,
    name: str,
    request_id: str,
) -> StreamingResponse:
    """As a download called `name`, with the ending of its format. While a rare filter finds nothing a blank line comes now and then."""
    headers = {"content-disposition": f'attachment; filename="{name}.{format}"'}
    if format == "csv":
        lines = never_quiet(csv_of(pages, said, columns=columns), b"\r\n", quiet_s=QUIET_S)
        return StreamingResponse(lines, media_type="text/csv; charset=utf-8", headers=headers)
    lines = never_quiet(until_error(json_lines_of(pages, said), request_id=request_id), b"\n", quiet_s=QUIET_S)
    return StreamingResponse(lines, media_type=MEDIA_TYPE, headers=headers)


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
