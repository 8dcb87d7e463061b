"""Arguments of tool calls: JSON as a text, in which a letter may be spelled otherwise (`\\u0066oo`) or stick to an escape (`\\nfoo`).

They are not parsed: what is no JSON is read the same way, and what nothing is found in stays as it was written, to the last digit.
"""

import json
import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Final

from burnish_shared.guarding.changes import Edit, Editor, applied
from burnish_shared.guarding.masks import in_json
from burnish_shared.guarding.spans import Found, Parts, to_bytes, to_text

ESCAPE: Final = re.compile(rb"\\(?:u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|([\"\\/bfnrt]))")
"""RFC 8259, section 7; a character beyond the first 65536 is a pair. What begins with a backslash and is none of these says itself."""

SIGNS: Final = {b'"': b'"', b"\\": b"\\", b"/": b"/", b"b": b"\b", b"f": b"\f", b"n": b"\n", b"r": b"\r", b"t": b"\t"}

QUOTES: Final = re.compile(rb'\\.|(")', re.DOTALL)

NUMBER: Final = re.compile(rb"-?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")

OF_NUMBERS: Final = b"+-.0123456789eE"

BEGUN: Final = re.compile(rb"[ \t\r\n]*(?:\{[ \t\r\n]*[\"}]|\[[ \t\r\n]*(?:[{\[\"\]0-9-]|true|false|null))")

BEGUN_TEXT: Final = re.compile(BEGUN.pattern.decode())

STRING: Final = re.compile(rb"[ \t\r\n]*\"")

VALUE: Final = re.compile(rb"[^\[\]{},:\" \t\r\n](?:[^\[\]{},\"]*[^\[\]{},:\" \t\r\n])?")

WORDS: Final = frozenset({b"true", b"false", b"null"})

BLANK: Final = b" \t\r\n"

REST_OF_NUMBER: Final = re.compile(rb"[+\-.0-9eE]*")

HELD_MOST: Final = 64
"""So many strings of a text are read as JSON themselves: each takes looks of its own. Further ones, and strings in those, are texts."""

HELD_MOST_BYTES: Final = 256 * 1024
"""All of these together: they are read in an event loop. One that goes beyond is a text too."""

BEGINNING_BYTES: Final = 1024
"""So much of a string says whether it begins as JSON does."""

BORDER: Final = re.compile(rb"[ \t\r\n]*(?:[,\]}]|\Z)")
"""What stands behind a value that is a number."""


@dataclass(slots=True)
class Read:
    """A text as whoever reads its escapes reads it: `raw`, in bytes. `ends`: where each escape ends in it, `written`: and where it was."""

    raw: bytes
    ends: list[int] = field(default_factory=lambda: [0])
    written: list[int] = field(default_factory=lambda: [0])

    def where(self, at: int) -> int:
        """The place where this one is written."""
        last = bisect_right(self.ends, at) - 1
        return self.written[last] + at - self.ends[last]

    def place_of(self, at: int) -> int:
        """The place where what is written at this one, and is no escape, is read."""
        last = bisect_right(self.written, at) - 1
        return self.ends[last] + at - self.written[last]


def changed_arguments(text: str, editor: Editor, *, is_held: bool = False) -> str:
    """The arguments, changed where what they say is to be changed; all around it stays as it is written.

    What is found over more than one string is changed in each by itself: neither quotes nor what stands between strings are. A number of
    which something is changed becomes a string: it would be no JSON any more. A string that holds JSON is changed as that is, and
    written anew where that changes something else than its text as such. `is_held`: this is one.
    """
    raw = to_bytes(text)
    read = _read(raw)
    edits = editor.edits(read.raw, _parts(raw, read) if BEGUN.match(raw) or STRING.match(raw) else None)
    made = [Edit(read.where(one.start), read.where(one.end), in_json(one.by)) for one in edits]
    held = () if is_held else _held(raw)
    anew = [one for start, end, inner in held if (one := _anew(start, end, inner, editor)) is not None]
    if not made and not anew:
        return text
    return to_text(applied(raw, _whole_values(raw, _instead(made, anew))))


def _anew(start: int, end: int, inner: str, editor: Editor) -> Edit | None:
    """What a string holds instead of its JSON; None where it is enough to change it as a text."""
    changed = changed_arguments(inner, editor, is_held=True)
    if changed == (as_text := editor(inner)) or (changed == inner != as_text and not _is_json(inner)):
        return None
    return Edit(start, end, in_json(changed))


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def _instead(edits: Sequence[Edit], anew: Sequence[Edit]) -> list[Edit]:
    """The edits in their order, without those in strings that are written `anew`."""
    if not anew:
        return list(edits)
    starts = [one.start for one in anew]
    kept = [one for one in edits if (at := bisect_right(starts, one.start) - 1) < 0 or one.start >= anew[at].end]
    return sorted([*kept, *anew], key=lambda one: one.start)


def _held(raw: bytes) -> Iterator[tuple[int, int, str]]:
    """Strings that hold JSON: from where to where they are written, without their quotes, and what they say. The last may be cut off."""
    if b"\\" not in raw or not (BEGUN.match(raw) or STRING.match(raw)):
        return
    quotes = [quote.start() for quote in QUOTES.finditer(raw) if quote[1] is not None]
    left, left_bytes = HELD_MOST, HELD_MOST_BYTES
    for start, end in zip(quotes[::2], [*quotes[1::2], len(raw)], strict=False):
        if not left or end - start > left_bytes or raw.find(b"\\", start, end) < 0:
            continue
        if is_like_json(to_text(_read(raw[start + 1 : min(end, start + BEGINNING_BYTES)]).raw)):
            left, left_bytes = left - 1, left_bytes - (end - start)
            yield start + 1, end, to_text(_read(raw[start + 1 : end]).raw)


def texts_in_arguments(text: str) -> Iterator[str]:
    """The arguments as they are written, and where that is something else, as they are read, with the JSON that their strings hold."""
    yield text
    if "\\" in text:
        raw = to_bytes(text)
        yield to_text(_read(raw).raw)
        for _, _, inner in _held(raw):
            yield to_text(_read(to_bytes(inner)).raw)


def changed_text(text: str, editor: Editor) -> str:
    """A text that may be JSON, a tool's result or an answer, changed as arguments are where it begins as an object or a list does."""
    return changed_arguments(text, editor) if is_like_json(text) else editor(text)


def texts_in_text(text: str) -> Iterator[str]:
    """The same as it is written, and where it is read otherwise, as it is read."""
    yield from texts_in_arguments(text) if is_like_json(text) else (text,)


def is_like_json(text: str) -> bool:
    """Whether a text begins as an object or a list does."""
    return BEGUN_TEXT.match(text) is not None


def _parts(raw: bytes, read: Read) -> Parts:
    """What lies in strings of what was found, and between them what is neither a sign of JSON nor a blank, nor a word of it."""

    @cache
    def quotes() -> list[int]:
        return [read.place_of(quote.start()) for quote in QUOTES.finditer(raw) if quote[1] is not None]

    def parts(found: Found) -> list[tuple[int, int]]:
        first, last = bisect_left(quotes(), found.start), bisect_left(quotes(), found.end)
        made: list[tuple[int, int]] = []
        start = found.start
        for at in range(first, last + 1):
            end = quotes()[at] if at < last else found.end
            if at % 2 == 1:
                made.append((start, end))
            else:
                made += (value.span() for value in VALUE.finditer(read.raw, start, end) if value[0] not in WORDS)
            start = end + 1
        return [(start, end) for start, end in made if start < end]

    return parts


def _read(raw: bytes) -> Read:
    if b"\\" not in raw:
        return Read(raw)
    read, at, length = Read(raw), 0, 0
    parts: list[bytes] = []
    for escape in ESCAPE.finditer(raw):
        said = _said(escape)
        parts += [raw[at : escape.start()], said]
        length += escape.start() - at + len(said)
        at = escape.end()
        read.ends.append(length)
        read.written.append(at)
    read.raw = b"".join([*parts, raw[at:]])
    return read


def _said(escape: re.Match[bytes]) -> bytes:
    first, second, alone, sign = escape.groups()
    if sign is not None:
        return SIGNS[sign]
    if alone is not None:
        return to_bytes(chr(int(alone, 16)))
    return chr(0x10000 + ((int(first, 16) - 0xD800) << 10) + int(second, 16) - 0xDC00).encode()


def _whole_values(raw: bytes, edits: Sequence[Edit]) -> list[Edit]:
    """The same edits, those in a number over all of it and in quotes. Quotes are counted once, up to the last such number."""
    made: list[Edit] = []
    at, is_inside, run, is_number = 0, False, (0, 0), False
    for edit in edits:
        goes_on = is_number and not is_inside and edit.start < run[1] < edit.end
        one = Edit(run[1], edit.end, edit.by) if goes_on else edit
        if one.start >= run[1]:
            run, is_number = _number_around(raw, one, run[1])
        start, end = run
        if is_number:
            is_inside ^= sum(quote[1] is not None for quote in QUOTES.finditer(raw, at, start)) % 2 == 1
            at = start
        if not is_number or is_inside:
            made.append(one)
        elif not made or made[-1].end <= start:
            made.append(Edit(start, end, f'"{one.by}"'))
    return made


def _number_around(raw: bytes, edit: Edit, floor: int) -> tuple[tuple[int, int], bool]:
    """From where to where signs of numbers lie around the edit, and whether they are a value. Before `floor` another edit lies."""
    ahead = raw[floor : edit.start]
    before = ahead.rstrip(OF_NUMBERS)
    start, end = floor + len(before), next(REST_OF_NUMBER.finditer(raw, edit.end)).end()
    before = before.rstrip(BLANK)
    is_value = before.endswith((b":", b",", b"[")) if before else floor == 0
    return (start, end), is_value and BORDER.match(raw, end) is not None and NUMBER.fullmatch(raw, start, end) is not None
