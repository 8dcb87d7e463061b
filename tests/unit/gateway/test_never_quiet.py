"""A file that is long in coming says so."""

import asyncio
from collections.abc import AsyncGenerator

import pytest

from burnish_gateway.streamed_file import never_quiet

pytestmark = [pytest.mark.asyncio, pytest.mark.capability("E13")]


async def test_blank_lines_come_while_nothing_is_found_and_none_else() -> None:
    go_on = asyncio.Event()

    async def lines() -> AsyncGenerator[bytes, None]:
        yield b"a\n"
        yield b"b\n"
        await go_on.wait()
        yield b"c\n"

    came = []
    async for line in never_quiet(lines(), b"\n", quiet_s=0.01):
        came.append(line)
        if came.count(b"\n") == 3:
            go_on.set()
    assert [one for one in came if one != b"\n"] == [b"a\n", b"b\n", b"c\n"]
    assert came[:2] == [b"a\n", b"b\n"] and came.count(b"\n") >= 3


async def test_who_goes_away_meanwhile_ends_the_search() -> None:
    ended = asyncio.Event()

    async def lines() -> AsyncGenerator[bytes, None]:
        try:
            await asyncio.Event().wait()
            yield b""
        finally:
            ended.set()

    file = never_quiet(lines(), b"\n", quiet_s=0.01)
    assert await anext(file) == b"\n"
    await file.aclose()
    assert ended.is_set()
