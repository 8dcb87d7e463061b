"""Where the parts of a large JSON body begin and end, found by its quotes and brackets, so that no part is built to skip it. Pure.

Of each part nothing is known but that; whoever reads it finds what else is wrong with it. JSON's syntax is ASCII (RFC 8259), so bytes do.
"""

import json
import re
from collections.abc import Generator, Iterator
from typing import Final

from burnish_shared.errors import InvalidBody, InvalidField, PayloadTooLarge

SPACE: Final = re.compile(rb"[ \t\r\n]*+")
STRING: Final = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"', re.DOTALL)
SCALAR: Final = re.compile(rb'[^\s"\[\]{},:]++')
SIGNS: Final = re.compile(STRING.pattern + rb'|["\[\]{}]', re.DOTALL)
"""What tells where a value ends: texts whole, since brackets in them mean nothing; a quote alone is a text that never ends."""


def parts_of(raw: bytes, *, listed: str, most_bytes: int) -> Iterator[tuple[str, bytes]]:
    """(name, JSON) of every field of an object; of the array `listed` each element by itself. `raw` begins with its brace.

    Raises InvalidBody where this is no JSON object, InvalidField where `listed` is no array, PayloadTooLarge for a part of more than
    `most_bytes`.
    """
    at = _behind(raw, 0, b"{")
    names: set[str] = set()
    while _sign(raw, at) != b"}":
        at = at if not names else _behind(raw, at, b",")
        end = _end(raw, at, what="a name", most_bytes=most_bytes)
        name = _name(raw[at:end])
        if name in names:
            raise InvalidBody(f"The body is not valid JSON: the key {name[:100]!r} stands twice in one object")
        names.add(name)
        at = _behind(raw, _skip(raw, end), b":")
        if name == listed:
            if _sign(raw, at) != b"[":
                raise InvalidField(f"{listed}: must be an array.", param=listed)
            at = yield from _elements(raw, at, listed=listed, most_bytes=most_bytes)
        else:
            end = _end(raw, at, what=name[:100], most_bytes=most_bytes)
            yield name, raw[at:end]
            at = _skip(raw, end)
    end = _behind(raw, at, b"}")
    if end < len(raw):
        raise _invalid(f"something follows it, from byte {end} on")


def _elements(raw: bytes, at: int, *, listed: str, most_bytes: int) -> Generator[tuple[str, bytes], None, int]:
    """Yields them, and returns where what follows the array begins."""
    at = _behind(raw, at, b"[")
    number = 0
    while _sign(raw, at) != b"]":
        at = at if not number else _behind(raw, at, b",")
        end = _end(raw, at, what=f"{listed}[{number}]", most_bytes=most_bytes)
        yield listed, raw[at:end]
        number, at = number + 1, _skip(raw, end)
    return _behind(raw, at, b"]")


def _end(raw: bytes, at: int, *, what: str, most_bytes: int) -> int:
    """Of the value that begins at `at`."""
    if _sign(raw, at) not in (b"{", b"["):
        found = STRING.match(raw, at, at + most_bytes) or SCALAR.match(raw, at, at + most_bytes)
        if found is None:
            raise _unended(raw, at, what=what, most_bytes=most_bytes)
        return found.end()
    depth = 0
    for found in SIGNS.finditer(raw, at, at + most_bytes):
        sign = found[0]
        if sign == b'"':
            break
        depth += (sign in (b"{", b"[")) - (sign in (b"}", b"]"))
        if depth == 0:
            return found.end()
    raise _unended(raw, at, what=what, most_bytes=most_bytes)


def _unended(raw: bytes, at: int, *, what: str, most_bytes: int) -> Exception:
    if len(raw) - at > most_bytes:
        return PayloadTooLarge(f"{what}: has more than {most_bytes} bytes, or is no JSON, from byte {at} of the body on.")
    return _invalid(f"a value is expected at byte {at}") if _sign(raw, at) not in (b"{", b"[", b'"') else _invalid("it ends too early")


def _name(text: bytes) -> str:
    try:
        name = json.loads(text)
    except (ValueError, RecursionError):
        name = None
    if not isinstance(name, str):
        raise _invalid(f"a field is named by a text, not by {text[:40].decode(errors='replace')!r}")
    return name


def _behind(raw: bytes, at: int, sign: bytes) -> int:
    if _sign(raw, at) != sign:
        raise _invalid(f"{sign.decode()!r} is expected at byte {at}" if at < len(raw) else "it ends too early")
    return _skip(raw, at + 1)


def _sign(raw: bytes, at: int) -> bytes:
    return raw[at : at + 1]


def _skip(raw: bytes, at: int) -> int:
    found = SPACE.match(raw, at)
    return found.end() if found else at


def _invalid(why: str) -> InvalidBody:
    return InvalidBody(f"The body is not valid JSON: {why}")
