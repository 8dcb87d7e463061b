"""Numbers however they are typed: wide digits, blanks that do not break, and all kinds of hyphens are read as the plain ones."""

from bisect import bisect_right
from typing import Final

from burnish_shared.guarding.spans import compiled, to_bytes, to_text

BLANKS: Final = "\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000"
"""Unicode's space separators (general category Zs) without the plain one."""

HYPHENS: Final = "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe58\ufe63"
"""Hyphens, dashes of all widths, and the minus."""

UNSEEN: Final = (
    "\u00ad\u061c\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\u2061\u2062\u2063\u2064\u2066\u2067\u2068\u2069\ufeff"
)
"""Soft hyphens, joiners, and marks of direction, which address books put around phone numbers."""

ZEROS: Final = "\uff10\u0660\u06f0\u0966\u09e6\u0e50"
"""Full-width, Arabic, Persian, Devanagari, Bengali and Thai; their nine follow them."""

_PLAIN: Final = {
    **{chr(wide): chr(wide - 0xFEE0) for wide in range(0xFF01, 0xFF5F)},  # Unicode's forms of U+0021 to U+007E, in that order
    **dict.fromkeys(BLANKS, " "),
    **dict.fromkeys(HYPHENS, "-"),
    **dict.fromkeys(UNSEEN, ""),
    **{chr(ord(zero) + n): str(n) for zero in ZEROS for n in range(10)},
}
"""What each is read as."""

_TABLE: Final = str.maketrans(_PLAIN)
_ODD: Final = compiled(f"[{''.join(_PLAIN)}]")

DIGIT_BYTES: Final = b"0123456789" + bytes({to_bytes(zero)[0] for zero in ZEROS})
"""One of these is in every text that holds a digit: plain ones, and how the others begin."""


def plain(raw: bytes) -> bytes:
    """The text with plain numbers: itself where nothing in it is odd."""
    if raw.isascii() or _ODD.search(raw) is None:
        return raw
    return to_bytes(to_text(raw).translate(_TABLE))


class Places:
    """From offsets into `plain(raw)` to those into `raw`."""

    def __init__(self, raw: bytes) -> None:
        lost, ends = 0, []
        shifts = [0]
        for match in _ODD.finditer(raw):
            start, end = match.span()
            lost += end - start - len(_PLAIN[to_text(raw[start:end])])
            ends.append(end - lost)
            shifts.append(lost)
        self._ends, self._shifts = ends, shifts

    def __getitem__(self, at: int) -> int:
        return at + self._shifts[bisect_right(self._ends, at)]
