"""Finding parts of a text. Texts are UTF-8 bytes here: RE2 counts in them, and nothing is counted twice."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import re2

MEMORY_BYTES: Final = 8 * 1024 * 1024
"""What RE2 may use for one pattern (https://github.com/google/re2: linear in the text whatever the pattern)."""

PROGRAM_MOST: Final = 2_000
"""Instructions of somebody's own pattern: the worst text takes about this times its length in steps."""

BLANKS: Final = b" \t\r\n\f\v"


@dataclass(frozen=True, slots=True)
class Found:
    """One part, from `start` up to `end` in bytes. `kind` names it in masks."""

    kind: str
    start: int
    end: int


Find = Callable[[bytes], Iterable[Found]]

Parts = Callable[[Found], Sequence[tuple[int, int]]]
"""From where to where the parts lie into which something that was found falls: it may be changed in them, and nowhere else."""

OpenFrom = Callable[[bytes], int]
"""Where something that is not whole yet may begin: from there on, a text that goes on must wait."""


@dataclass(frozen=True, slots=True)
class Finder:
    """What finds parts of one kind. `needs`: bytes of which one is in every text that holds any; empty: nobody knows."""

    find: Find
    open_from: OpenFrom
    needs: bytes = b""


def to_bytes(text: str) -> bytes:
    """Lone halves of surrogate pairs, which models do send, survive the way there and back."""
    return text.encode("utf-8", "surrogatepass")


def to_text(raw: bytes) -> str:
    return raw.decode("utf-8", "surrogatepass")


def compiled(pattern: str, *, ignore_case: bool = False, is_utf8: bool = True) -> "re2._Regexp[bytes]":
    """Raises re2.error for what RE2 does not take. `is_utf8` False: `[^a]` is any other byte, also where bytes are no character."""
    options = re2.Options()
    if not is_utf8:
        options.encoding = re2.Options.Encoding.LATIN1
    options.max_mem = MEMORY_BYTES
    options.case_sensitive = not ignore_case
    options.log_errors = False
    return re2.compile(pattern.encode(), options)


def found_in(raw: bytes, finders: Sequence[Finder], parts: Parts | None = None) -> list[Found]:
    """What all of them find, in order, none over another: of two that overlap the earlier finder's stands.

    `parts`: what is found over more than one of them is looked for in each again; where it is in none by itself, it is all of them.
    """
    found = _found_in(raw, finders)
    return found if parts is None else [part for one in found for part in _parted(raw, one, finders, parts)]


def _parted(raw: bytes, found: Found, finders: Sequence[Finder], parts: Parts) -> Sequence[Found]:
    pieces = parts(found)
    if pieces == [(found.start, found.end)]:
        return [found]
    again = [Found(one.kind, start + one.start, start + one.end) for start, end in pieces for one in _found_in(raw[start:end], finders)]
    return again or [Found(found.kind, start, end) for start, end in pieces]


def _found_in(raw: bytes, finders: Sequence[Finder]) -> list[Found]:
    taken: list[Found] = []
    for finder in finders:
        if finder.needs and not any(one in raw for one in finder.needs):
            continue
        found = sorted((one for one in finder.find(raw) if one.end > one.start), key=_start)
        if found:
            taken = _beside(taken, found)
    return taken


def _beside(taken: list[Found], more: list[Found]) -> list[Found]:
    """Both, without those of `more` that lie over another. Both are in order."""
    kept: list[Found] = []
    at = last = 0
    for one in more:
        while at < len(taken) and taken[at].end <= one.start:
            at += 1
        if one.start >= last and (at == len(taken) or taken[at].start >= one.end):
            kept.append(one)
            last = one.end
    return sorted([*taken, *kept], key=_start) if taken and kept else taken or kept


def _start(found: Found) -> int:
    return found.start


def last_word(raw: bytes, *, most: int) -> int:
    """Where the last run without blanks begins, at most so many bytes from the end."""
    tail = raw[-most:]
    if not tail or tail[-1] in BLANKS:
        return len(raw)
    return len(raw) - len(tail.rsplit(None, 1)[-1])


def at_character(raw: bytes, at: int) -> int:
    """The same place, or the beginning of the character that it lies in."""
    while 0 < at < len(raw) and raw[at] & 0xC0 == 0x80:
        at -= 1
    return at
