"""Lines of an answer as they come, and nothing else that `str.splitlines`, which httpx uses, takes for the end of one.

U+2028, U+2029 and U+0085 stand in JSON as they are, so a text that holds one would be cut in the middle.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field

import httpx


@dataclass
class Lines:
    """Fed with bytes as they come. A line ends with LF or CR LF.

    The parts of a line that has no end yet are kept as they came and joined once: a file may be one line of many megabytes.
    """

    _parts: list[bytes] = field(default_factory=list)

    def feed(self, part: bytes) -> list[str]:
        """The lines that this part completes."""
        first, *more = part.split(b"\n")
        self._parts.append(first)
        if not more:
            return []
        *whole, rest = b"".join(self._parts), *more
        self._parts = [rest]
        return [_text(line) for line in whole]

    def end(self) -> list[str]:
        """The last line, where nothing ended it."""
        rest, self._parts = b"".join(self._parts), []
        return [_text(rest)] if rest else []


def lines_of(response: httpx.Response) -> Iterator[str]:
    """Raises httpx.RequestError where the answer breaks off."""
    lines = Lines()
    for part in response.iter_bytes():
        yield from lines.feed(part)
    yield from lines.end()


async def alines_of(response: httpx.Response) -> AsyncIterator[str]:
    """The same, to be awaited."""
    lines = Lines()
    async for part in response.aiter_bytes():
        for line in lines.feed(part):
            yield line
    for line in lines.end():
        yield line


def _text(line: bytes) -> str:
    return line.removesuffix(b"\r").decode(errors="replace")
