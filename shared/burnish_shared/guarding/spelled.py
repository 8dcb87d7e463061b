"""Texts in which letters are spelled: by JSON's escapes (`\\u0040`) and by the entities of HTML and XML (`&#64;`). Pure."""

import json
import re
from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass, field
from html import unescape
from typing import Final

from burnish_shared.guarding.spans import to_bytes, to_text

ESCAPE: Final = re.compile(rb"\\(?:u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|([\"\\/bfnrt]))")
"""RFC 8259, section 7; a character beyond the first 65536 is a pair. What begins with a backslash and is none of these says itself."""

SIGNS: Final = {b'"': b'"', b"\\": b"\\", b"/": b"/", b"b": b"\b", b"f": b"\f", b"n": b"\n", b"r": b"\r", b"t": b"\t"}

ENTITY: Final = re.compile(rb"&(?:#0*[0-9]{1,7};?|#[xX]0*[0-9a-fA-F]{1,6};?|[A-Za-z][A-Za-z0-9]{1,31};)")
"""HTML, section 13.5; a number needs no semicolon for a browser. The longest name, `CounterClockwiseContourIntegral`, has 31 letters."""

HALVES: Final = re.compile("[\ud800-\udfff]")


def in_json(value: str) -> str:
    """As it stands between the quotes of a JSON string. Half of a surrogate pair, which models do send, is written as an escape."""
    written = json.dumps(value, ensure_ascii=False)[1:-1]
    return json.dumps(value)[1:-1] if HALVES.search(written) else written


@dataclass(slots=True)
class Read:
    """A text as whoever reads what is spelled in it reads it: `raw`, in bytes. `ends`: where each spelled letter ends in it, `written`: and
    where it was. `over`: what was read so, where that was read itself."""

    raw: bytes
    ends: list[int] = field(default_factory=lambda: [0])
    written: list[int] = field(default_factory=lambda: [0])
    over: "Read | None" = None

    def where(self, at: int) -> int:
        """The place where this one is written."""
        last = bisect_right(self.ends, at) - 1
        place = self.written[last] + at - self.ends[last]
        return place if self.over is None else self.over.where(place)

    def place_of(self, at: int) -> int:
        """The place where what is written at this one, and is not spelled, is read."""
        if self.over is not None:
            at = self.over.place_of(at)
        last = bisect_right(self.written, at) - 1
        return self.ends[last] + at - self.written[last]


def read_escapes(raw: bytes) -> Read:
    """The text without JSON's escapes; itself where it has none."""
    return _read(raw, ESCAPE, _of_escape) if b"\\" in raw else Read(raw)


def read_entities(read: Read) -> Read:
    """The same read once more, without entities: itself where it has none."""
    if b"&" not in read.raw or ENTITY.search(read.raw) is None:
        return read
    made = _read(read.raw, ENTITY, _of_entity)
    made.over = read
    return made


def _read(raw: bytes, spelled: "re.Pattern[bytes]", said_by: "Callable[[re.Match[bytes]], bytes]") -> Read:
    read, at, length = Read(raw), 0, 0
    parts: list[bytes] = []
    for match in spelled.finditer(raw):
        said = said_by(match)
        parts += [raw[at : match.start()], said]
        length += match.start() - at + len(said)
        at = match.end()
        read.ends.append(length)
        read.written.append(at)
    read.raw = b"".join([*parts, raw[at:]])
    return read


def _of_escape(escape: "re.Match[bytes]") -> bytes:
    first, second, alone, sign = escape.groups()
    if sign is not None:
        return SIGNS[sign]
    if alone is not None:
        return to_bytes(chr(int(alone, 16)))
    return chr(0x10000 + ((int(first, 16) - 0xD800) << 10) + int(second, 16) - 0xDC00).encode()


def _of_entity(entity: "re.Match[bytes]") -> bytes:
    return to_bytes(unescape(to_text(entity[0])))
