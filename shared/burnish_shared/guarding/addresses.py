"""Files inside texts: addresses that spell their bytes, `data:text/csv;base64,…`, read and changed as files of a message's parts are. Pure.

They may stand in a prompt, a variable, metadata, or arguments of a tool. A file that lies in such a file itself is read too, one in that is
not.
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from burnish_shared.guarding.changes import Changes, Edit, Editor
from burnish_shared.guarding.file_texts import changed_in_file, texts_in_file
from burnish_shared.guarding.spans import Found, Parts, to_bytes, to_text
from burnish_shared.guarding.text_files import LINE_LEAST, TextFile, file_in_address, is_well

HEAD_MOST_BYTES: Final = 1024
"""So far before its bytes an address begins. Linear all the same: it is looked for backwards, from each `;base64,`."""

TRIED_MOST: Final = 1024
"""So many addresses of a text are read, in order: each takes some 30 µs, however small it is, and a text may be full of them. The rest are
words like others."""

DEPTH_MOST: Final = 2
"""A page with a file in it, in a prompt."""

OF_BASE64: Final = re.compile(rb";\s{0,8}base64\s{0,8},", re.IGNORECASE)
RUN: Final = re.compile(rb"[A-Za-z0-9+/_=%\-]+")
NEXT_LINE: Final = re.compile(rb"[ \t]{0,8}\r?\n[ \t]{0,8}(?=[A-Za-z0-9+/_=\-])")
SIGNED: Final = re.compile(rb"([^,:\s\"'<>]{0,256}),([^\s\"'<>`)\]}]+)")
"""Behind `data:`, the kind of an address without base64 and its body; a blank, a quote or a bracket ends it."""


@dataclass(frozen=True, slots=True)
class Held:
    """A file inside a text, and from where to where its bytes are spelled in that. `is_sure`: nobody takes these for words."""

    start: int
    end: int
    file: TextFile
    is_sure: bool


def reading_addresses(editor: Editor, *, depth: int = DEPTH_MOST) -> Editor:
    """The same editor, which changes what files inside a text say as well, each written anew where something in it changes.

    `depth`: so many of them one in the other."""
    inside = reading_addresses(editor, depth=depth - 1) if depth > 1 else editor
    changes = Changes(inside, partial(changed_in_file, editor=inside))

    def edits(raw: bytes, parts: Parts | None) -> Sequence[Edit]:
        held = files_in(raw)
        if not held:
            return editor.edits(raw, parts)
        anew = [
            Edit(one.start, one.end, changed[len(one.file.head) :]) for one in held if (changed := one.file.changed(changes)) is not None
        ]
        around = editor.edits(raw, _outside([one for one in held if one.is_sure], parts))
        return _beside(around, anew) if anew else around

    return Editor(edits)


def with_addresses(texts: Iterable[str], *, depth: int = DEPTH_MOST) -> Iterator[str]:
    """Texts, and behind each those of the files inside it. `depth`: as in `reading_addresses`."""
    for text in texts:
        yield text
        for one in files_in(to_bytes(text)) if depth and ":" in text and "," in text else ():
            for reading in one.file.readings:
                yield from with_addresses(texts_in_file(reading.text, one.file.is_json), depth=depth - 1)


def files_in(raw: bytes) -> list[Held]:
    """Those that are texts, in order. Most texts hold none, and are looked through for one sign."""
    found: list[Held] = []
    at = tried = 0
    low = raw.lower() if b";" in raw or b"%" in raw else raw
    if b"data:" not in low:
        return found
    for end in OF_BASE64.finditer(raw):
        if end.start() < at:
            continue
        begin = low.rfind(b"data:", max(at, end.start() - HEAD_MOST_BYTES), end.start() + 1)
        if begin < 0:
            continue
        tried += 1
        if tried > TRIED_MOST:
            break
        if (one := _in_base64(raw, begin, end.end())) is not None:
            found.append(one)
            at = one.end
    return sorted([*found, *_in_signs(raw, low, found)], key=lambda one: one.start)


def _in_base64(raw: bytes, begin: int, start: int) -> Held | None:
    first: Held | None = None
    head = raw[begin:start].decode("utf-8", "replace")
    for end in _ends(raw, start):
        file = file_in_address(head, raw[start:end].decode())
        if file is not None:
            one = Held(start, end, file, is_sure=file.is_sure and is_well(file.readings[0]))
            if one.is_sure:
                return one
            first = first or one
    return first


def _ends(raw: bytes, start: int) -> Iterator[int]:
    """Where base64 that begins here may end, the furthest first: it may be written in lines as long as each other, behind which words may
    stand that look like a shorter one."""
    run = RUN.match(raw, start)
    if run is None:
        return
    ends = [run.end()]
    length = run.end() - start
    while length >= LINE_LEAST and (line := NEXT_LINE.match(raw, ends[-1])) is not None:
        run = RUN.match(raw, line.end())
        if run is None or run.end() - run.start() > length:
            break
        ends.append(run.end())
        if run.end() - run.start() < length:
            break
    yield from dict.fromkeys((ends[-1], *ends[-2:-1], ends[0]))


def _in_signs(raw: bytes, low: bytes, found: Sequence[Held]) -> Iterator[Held]:
    """Those without base64, `data:text/plain,ann%40example.com`, outside of the others."""
    if b"%" not in raw:
        return
    starts = [one.start for one in found]
    at, tried = low.find(b"data:"), 0
    while at >= 0 and tried < TRIED_MOST:
        match = SIGNED.match(raw, at + 5)
        behind = bisect_right(starts, at) - 1
        if match is not None and not (behind >= 0 and at < found[behind].end) and b"%" in match[2] and not _is_of_base64(match[1]):
            tried += 1
            file = file_in_address(to_text(raw[at : match.start(2)]), to_text(match[2]))
            if file is not None:
                yield Held(match.start(2), match.end(2), file, is_sure=False)
                at = match.end(2) - 5
        at = low.find(b"data:", at + 5)


def _is_of_base64(kind: bytes) -> bool:
    return OF_BASE64.search(kind + b",") is not None


def _outside(held: Sequence[Held], parts: Parts | None) -> Parts | None:
    """Nothing is changed in bytes of a file as if they were words."""
    if not held:
        return parts
    starts = [one.start for one in held]

    def outside(found: Found) -> Sequence[tuple[int, int]]:
        at = bisect_right(starts, found.start) - 1
        if at >= 0 and found.end <= held[at].end:
            return []
        return parts(found) if parts is not None else [(found.start, found.end)]

    return outside


def _beside(around: Sequence[Edit], anew: Sequence[Edit]) -> list[Edit]:
    """Both, in order: of what is changed around a file that is written anew, what lies outside of it. What goes over all of it stands."""
    starts = [one.start for one in anew]
    gone: set[int] = set()
    made: list[Edit] = []
    for one in around:
        first, last = bisect_right(starts, one.start) - 1, bisect_left(starts, one.end)
        start, end = one.start, one.end
        if first >= 0 and start < anew[first].end:
            start = min(end, anew[first].end)
        if last > 0 and anew[last - 1].start >= start and end < anew[last - 1].end:
            end = anew[last - 1].start
        if start < end:
            made.append(Edit(start, end, one.by))
            gone.update(at for at in range(max(first, 0), last) if start <= anew[at].start and anew[at].end <= end)
    return sorted([*made, *(one for at, one in enumerate(anew) if at not in gone)], key=lambda one: one.start)
