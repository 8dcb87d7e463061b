"""Bodies of JSON lines: many small bodies in one request, each judged alone; and answers of JSON lines."""

import contextlib
from collections.abc import AsyncGenerator, Iterator
from typing import Any, Final

from pydantic import BaseModel

from burnish_gateway.marked_text import in_utf8
from burnish_gateway.wire import error_response, inlined_schema
from burnish_shared.errors import InvalidBody, InvalidField, Unavailable

MEDIA_TYPE: Final = "application/x-ndjson"


def lines_of(raw: bytes, *, at_most: int) -> Iterator[tuple[int, bytes]]:
    """(number from 1, line) of every line that is not empty. Raises InvalidBody for none at all, and for a JSON array or an object on
    several lines, which are no JSON lines; InvalidField beyond `at_most`.

    A mark before the first line, as Windows writes, says whether it is UTF-8 or UTF-16, and is none of its text.
    """
    lines = [(number, line.strip()) for number, line in enumerate(in_utf8(raw).split(b"\n"), 1)]
    filled = [one for one in lines if one[1]]
    if not filled:
        raise InvalidBody("The body holds no line; send one JSON object a line.")
    if filled[0][1].startswith(b"["):
        raise InvalidBody("The body is a JSON array. Send JSON lines (JSONL): one object a line, without brackets and commas around them.")
    if is_cut(filled[0][1]):
        raise InvalidBody("The body is JSON on several lines. Send JSON lines (JSONL): each object whole on a line of its own.")
    if len(filled) > at_most:
        raise InvalidField(f"body: has {len(filled)} lines; at most {at_most} are taken at once. Send them in parts.", param="body")
    return iter(filled)


def is_cut(line: bytes) -> bool:
    """Whether an object begins on this line that another line goes on with, as pretty-printed JSON has it. Pure."""
    text = line.strip()
    return text.startswith(b"{") and text.endswith((b"{", b"[", b":", b",")) and not text.endswith(b"},")


def lines_body(model: type[BaseModel], *, of: str) -> dict[str, Any]:
    """`openapi_extra` of a route that reads JSON lines. A single object, which is one line, may as well be called JSON."""
    content = {
        MEDIA_TYPE: {"schema": {"type": "string", "description": f"One JSON object a line: {of}."}},
        "application/json": {"schema": inlined_schema(model)},
    }
    return {"requestBody": {"required": True, "content": content}}


async def until_error(lines: AsyncGenerator[bytes, None], *, request_id: str) -> AsyncGenerator[bytes, None]:
    """The headers are out: what cannot go on is told by a last line that has `error` alone."""
    async with contextlib.aclosing(lines):
        try:
            async for line in lines:
                yield line
        except Unavailable as error:
            yield bytes(error_response(error, request_id=request_id).body) + b"\n"
