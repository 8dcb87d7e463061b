"""Phone numbers by their shape: as they are dialled from abroad, and as people of many countries write their own.

Phone numbers carry no checksum, so each shape is a guess. Some are taken wherever they stand; those that other figures have too count only
where nothing around them says that they are something else. Texts come with plain digits (`plain_digits`). Decision 61 says why no library.
"""

import re
from collections.abc import Iterator
from typing import Final

from burnish_shared.guarding.called import is_called
from burnish_shared.guarding.spans import Found, compiled

SURE: Final = compiled(
    r"(?:\+|\b00)[1-9][0-9]{0,2}[ .\-/]{0,2}(?:\(0?\)|\([0-9]{1,5}\))?(?:[ .\-/]{0,2}[0-9]){5,13}\b"  # +49 (0)30 1234567, 0044 20 …
    r"|(?:\b[18][ \-]?)?\([0-9]{2,5}\)[ .\-/]{0,2}[0-9](?:[ .\-/]?[0-9]){4,9}\b"  # (030) 123 456 7, (415) 555-0100, 8 (912) 345-67-89
    r"|\b(?:1[ .\-])?[2-9][0-9]{2}[ .\-][0-9]{3}[ .\-][0-9]{4}\b"  # 415-555-0100, 1-800-555-0100
    r"|\b0[1-9][0-9]{1,4}[ \-/][0-9](?:[ .\-/]?[0-9]){4,9}\b"  # 030 1234567, 0151-12345678, 0475/12.34.56
)

_ONE_PIECE: Final = r"\b0(?:[467][0-9]{8}|7[0-9]{9}|1[567][0-9]{8,9}|[1789]0[0-9]{8})\b"  # mobiles of FR, NL, BE, AU; GB; DE; JP, KR
_LIKELY: Final = "|".join(
    (
        r"\b0[1-9](?:(?: [0-9]{2}){4}|(?:\.[0-9]{2}){4}|(?:-[0-9]{2}){4}|(?:/[0-9]{2}){4})\b",  # FR, NL: 06 12 34 56 78
        r"\b0[1-9][ .\-/][0-9]{3,4}[ .\-][0-9]{4}\b",  # JP, KR, AU, IT, NZ: 03-1234-5678, 02-123-4567
        r"\b0[1-9][ .\-/][0-9]{3}[ .\-][0-9]{2,3}[ .\-][0-9]{2}\b",  # BE, SE: 02 123 45 67, 08-123 456 78
        r"\b0[1-9][ \-/][0-9]{7,9}\b",  # NL, IT, AT: 06-12345678
        r"\b0[1-9][0-9]{1,4}(?:\.[0-9]{2,4}){2,4}\b",  # 0475.12.34.56, 030.123.4567
        _ONE_PIECE,
        r"\b[5-9][0-9]{2}[ \-][0-9]{3}[ \-][0-9]{3}\b",  # ES, PT, PL, CZ: 612 345 678
        r"\b[6-9][0-9]{2}(?:[ .\-][0-9]{2}){3}\b",  # ES: 612 34 56 78
        r"\b[1-9][0-9][ \-][0-9]{3}[ \-][0-9]{2}[ \-][0-9]{2}\b",  # ES, PL: 91 123 45 67
        r"\b[6-9][0-9]{4}[ \-][0-9]{5}\b",  # IN: 98765 43210
        r"\b1[3-9][0-9][ \-][0-9]{4}[ \-][0-9]{4}\b",  # CN: 138 1234 5678
        r"\b3[2-9][0-9][ \-/][0-9]{6,7}\b",  # IT: 347 1234567
        r"\b8[ \-]9[0-9]{2}[ \-][0-9]{3}[ \-][0-9]{2}[ \-][0-9]{2}\b",  # RU: 8-912-345-67-89
        r"\b[1-9][0-9][ \-]9[0-9]{4}[ \-][0-9]{4}\b",  # BR: 11 91234-5678
    )
)
LIKELY: Final = compiled(r"(?:^[.,:]?|[^0-9.,:]|[^0-9][.,:])(?:" + _LIKELY + r")(?:[ .\-/]*[0-9]+)*", is_utf8=False)
"""ITU-T E.123 leaves national notation to each country; these are the ones of Google's libphonenumber (PhoneNumberMetadata.xml)."""

LEAST_BYTES: Final = 10
"""As long as the shortest likely one."""

_AGAIN: Final = re.compile(_LIKELY.encode())
"""The same for the rest of one run of figures: Python's own is faster there, and RE2 everywhere else."""

_EVEN: Final = re.compile(rb"[0-9]+([ .\-/])[0-9]+(?:\1[0-9]+)*")
"""Figures parted by the same all along, as in a row of a table."""

_PIECE: Final = re.compile(_ONE_PIECE.encode())

DIGITS: Final = range(7, 16)
"""ITU-T E.164: at most 15."""

DATE: Final = compiled(
    r"\b(?:[0-3]?[0-9][./\-][01]?[0-9][./\-](?:19|20)[0-9]{2}|[01]?[0-9]/[0-3]?[0-9]/(?:19|20)[0-9]{2}|(?:19|20)[0-9]{2}[./\-][01][0-9][./\-][0-3][0-9])\b"
)

COUNTED: Final = compiled(r"(?i)(?:[$€£¥₹₽]|\b(?:eur|usd|gbp|chf|jpy|inr|pln|rub|rs))[.:]{0,2} ?$")
BY: Final = re.compile(
    r" ?(?:[%€$£¥₹₽]|(?i:zł|eur|usd|gbp|chf|jpy|inr|pln|rub|euros?|dollars?|pounds?|yen|rupees?|bytes?|[kmg]i?b|[km]m|kg|tons?)\b)"
)
"""What makes figures without a leading zero an amount, before them and behind them."""

BY_BYTES: Final = 12
"""So long is the longest of these behind a number, with the blank before it and what parts it from the next word."""

IBAN_BEGINS: Final = re.compile(rb"\b[A-Z]{2}[0-9]{2}(?:[ .\-]?[A-Z0-9]{4}){1,7}[ .\-]?$")
"""An IBAN up to here: one with a typing error is found as no IBAN, and its groups are no phone number either."""

NEAR_BYTES: Final = 40
"""So far around a number is looked."""

SENTENCE_BYTES: Final = 120
"""So far before it for what it is called: less than `outgoing.CONTEXT_BYTES`, of which a stream knows what was told."""


def find_phones(raw: bytes) -> Iterator[Found]:
    """Those of each sort by themselves; they may lie over each other."""
    for match in SURE.finditer(raw):
        start, end = match.span()
        if _has_as_many_digits(raw[start:end]) and (
            raw[start] == _PLUS or not _is_another(raw, start, end, is_sure=not _is_at_home(raw, start))
        ):
            yield Found("phone", start, end)
    for run in LIKELY.finditer(raw):
        yield from _in_run(raw, _AGAIN.search(raw, run.start()), run.end())


def _in_run(raw: bytes, match: "re.Match[bytes] | None", run_end: int) -> Iterator[Found]:
    """Those of one run of figures, of which the first that may be one is `match`. A number may begin among what was taken for one."""
    patterns = _AGAIN
    while match is not None:
        start, end = match.span()
        is_longer = _is_longer(raw, start, end)
        if not (is_longer or _is_another(raw, start, end) or (raw[start] != _ZERO and _is_counted(raw, start, end))):
            yield Found("phone", start, end)
            at = end
        else:
            at = start + 1
            if is_longer and patterns is _AGAIN and (even := _EVEN.match(raw, start)) and even.end() > end and even.end() >= run_end - 1:
                patterns = _PIECE  # all that is parted so, up to the end, is longer too
        # one byte more than the run, so that it is seen whether a word goes on behind it
        match = patterns.search(raw, at, run_end + 1) if run_end - at >= LEAST_BYTES else None


_PLUS: Final = ord("+")
_ZERO: Final = ord("0")


def _is_at_home(raw: bytes, start: int) -> bool:
    """With one zero in front, as numbers of orders are written too."""
    return raw[start] == _ZERO and raw[start + 1] != _ZERO


def _has_as_many_digits(text: bytes) -> bool:
    return len(text) - len(text.translate(None, b"0123456789")) in DIGITS


def _is_another(raw: bytes, start: int, end: int, *, is_sure: bool = False) -> bool:
    """A part of a UUID, a code, a MAC address or an IBAN, what holds a date, and what is called something else."""
    before = raw[start - 1] if start else _NEWLINE
    if before in _JOINING and raw[max(0, start - 2) : start - 1].isalnum():
        return True
    if raw[end : end + 1] in _JOINED and raw[end + 1 : end + 2] in _HEXADECIMAL:
        return True
    text = raw[start:end]
    if (b"19" in text or b"20" in text) and DATE.search(text) is not None:
        return True
    if before in _PARTING:
        return False
    if is_called(raw[max(0, start - SENTENCE_BYTES) : start], is_sure=is_sure):
        return True
    return IBAN_BEGINS.search(raw[max(0, start - NEAR_BYTES) : start]) is not None


_NEWLINE: Final = ord("\n")
_JOINING: Final = b"-_"
_JOINED: Final = (b"-", b"_", b":")
_PARTING: Final = b"\n\r,;|(){}[]<>!?/"
"""What parts a number from whatever stands before it."""

_HEXADECIMAL: Final = tuple(bytes([one]) for one in b"0123456789abcdefABCDEF")


def _is_longer(raw: bytes, start: int, end: int) -> bool:
    """More figures, parted as its own are, stand right before or behind it."""
    if (
        start > 1
        and raw[start - 1] in _PARTS
        and raw[start - 2] in _FIGURES
        and (raw[start - 1] in _POINTS or raw[start - 1] in raw[start:end])
    ):
        return True
    return end + 1 < len(raw) and raw[end] in _PARTS and raw[end + 1] in _FIGURES and (raw[end] in _POINTS or raw[end] in raw[start:end])


_FIGURES: Final = b"0123456789"
_POINTS: Final = b".,:"
_PARTS: Final = b".,: -/"


def _is_counted(raw: bytes, start: int, end: int) -> bool:
    """An amount, or a row of round figures (`600 700 800`)."""
    if raw[end - 1] == _ZERO and all(raw[at - 1] == _ZERO for at in range(start, end) if raw[at] not in _FIGURES):
        return True
    if end < len(raw) and raw[end] not in _PARTING and BY.match(raw[end : end + BY_BYTES].decode("utf-8", "ignore")) is not None:
        return True
    return start > 0 and raw[start - 1] not in _PARTING and COUNTED.search(raw[max(0, start - NEAR_BYTES) : start]) is not None
