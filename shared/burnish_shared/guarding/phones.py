"""Phone numbers by their shape: as they are dialled from abroad, and as people of many countries write their own.

Phone numbers carry no checksum, so each shape is a guess. Some are taken wherever they stand; those that other figures have too count only
where nothing around them says that they are something else. Texts come with plain digits (`plain_digits`). Decision 61 says why no library.
"""

from collections.abc import Iterator
from typing import Final

from burnish_shared.guarding.spans import Found, compiled

SURE: Final = compiled(
    r"(?:\+|\b00)[1-9][0-9]{0,2}[ .\-/]{0,2}(?:\(0?\)|\([0-9]{1,5}\))?(?:[ .\-/]{0,2}[0-9]){5,13}\b"  # +49 (0)30 1234567, 0044 20 …
    r"|(?:\b[18][ \-]?)?\([0-9]{2,5}\)[ .\-/]{0,2}[0-9](?:[ .\-/]?[0-9]){4,9}\b"  # (030) 123 456 7, (415) 555-0100, 8 (912) 345-67-89
    r"|\b(?:1[ .\-])?[2-9][0-9]{2}[ .\-][0-9]{3}[ .\-][0-9]{4}\b"  # 415-555-0100, 1-800-555-0100
    r"|\b0[1-9][0-9]{1,4}[ \-/][0-9](?:[ .\-/]?[0-9]){4,9}\b"  # 030 1234567, 0151-12345678, 0475/12.34.56
)

LIKELY: Final = compiled(
    "|".join(
        (
            r"\b0[1-9](?:(?: [0-9]{2}){4}|(?:\.[0-9]{2}){4}|(?:-[0-9]{2}){4}|(?:/[0-9]{2}){4})\b",  # FR, NL: 06 12 34 56 78
            r"\b0[1-9][ .\-/][0-9]{3,4}[ .\-][0-9]{4}\b",  # JP, KR, AU, IT, NZ: 03-1234-5678, 02-123-4567
            r"\b0[1-9][ .\-/][0-9]{3}[ .\-][0-9]{2,3}[ .\-][0-9]{2}\b",  # BE, SE: 02 123 45 67, 08-123 456 78
            r"\b0[1-9][ \-/][0-9]{7,9}\b",  # NL, IT, AT: 06-12345678
            r"\b0[1-9][0-9]{1,4}(?:\.[0-9]{2,4}){2,4}\b",  # 0475.12.34.56, 030.123.4567
            r"\b0(?:[467][0-9]{8}|7[0-9]{9}|1[567][0-9]{8,9}|[1789]0[0-9]{8})\b",  # mobiles of FR, NL, BE, AU; GB; DE; JP, KR in one piece
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
)
"""ITU-T E.123 leaves national notation to each country; these are the ones of Google's libphonenumber (PhoneNumberMetadata.xml)."""

DIGITS: Final = range(7, 16)
"""ITU-T E.164: at most 15."""

DATE: Final = compiled(
    r"\b(?:[0-3]?[0-9][./\-][01]?[0-9][./\-](?:19|20)[0-9]{2}|[01]?[0-9]/[0-3]?[0-9]/(?:19|20)[0-9]{2}|(?:19|20)[0-9]{2}[./\-][01][0-9][./\-][0-3][0-9])\b"
)

NUMBERED: Final = compiled(
    r"(?i)\b(?:isbn|sku|ean|upc|invoice|rechnung|facture|factura|fattura|(?:order|ticket|case|item|part|serial|article|reference|ref)"
    r"(?:[ \-](?:number|no|nr|id|code)\b|\.?[ ]?#))\.?[:#=]{0,2} ?$"
)
"""What says before a number that it is of another kind."""

COUNTED: Final = compiled(
    r"(?i)(?:[$€£¥₹₽#№]|\b(?:eur|usd|gbp|chf|jpy|inr|pln|rub|rs|id|ref|order|ticket|case|item|part|serial|article|bestellung|commande|pedido|ordine))"
    r"[.:#]{0,2} ?$"
)
BY: Final = compiled(
    r"^ ?(?:[%€$£¥₹₽]|(?i:z\x{142}|eur|usd|gbp|chf|jpy|inr|pln|rub|euros?|dollars?|pounds?|yen|rupees?|bytes?|[kmg]i?b|[km]m|kg|tons?)\b)"
)
"""What makes figures without a leading zero an amount or a number of another kind, before them and behind them."""

NEAR_BYTES: Final = 32
"""So far around a number is looked."""


def find_phones(raw: bytes) -> Iterator[Found]:
    """Those of each sort by themselves; they may lie over each other."""
    for match in SURE.finditer(raw):
        if _has_as_many_digits(match[0]) and (match[0].startswith(b"+") or not _is_another(raw, *match.span())):
            yield Found("phone", *match.span())
    at = 0
    while (match := LIKELY.search(raw, at)) is not None:
        start, end = match.span()
        if _is_longer(raw, start, end) or _is_another(raw, start, end) or (raw[start] != 0x30 and _is_counted(raw, start, end)):
            at = start + 1  # a number may begin among what was taken for one
        else:
            yield Found("phone", start, end)
            at = end


def _has_as_many_digits(text: bytes) -> bool:
    return sum(0x30 <= one <= 0x39 for one in text) in DIGITS


def _is_another(raw: bytes, start: int, end: int) -> bool:
    """A part of a UUID, a code or a MAC address, what holds a date, and what is called something else."""
    if raw[max(0, start - 1) : start] in (b"-", b"_") and raw[max(0, start - 2) : start - 1].isalnum():
        return True
    if raw[end : end + 1] in (b"-", b"_", b":") and raw[end + 1 : end + 2] in _HEXADECIMAL:
        return True
    return DATE.search(raw[start:end]) is not None or NUMBERED.search(raw[max(0, start - NEAR_BYTES) : start]) is not None


_HEXADECIMAL: Final = tuple(bytes([one]) for one in b"0123456789abcdefABCDEF")


def _is_longer(raw: bytes, start: int, end: int) -> bool:
    """More figures, parted as its own are, stand right before or behind it."""
    before, behind = raw[max(0, start - 2) : start], raw[end : end + 2]
    if before[1:] in _PARTS and before[:1].isdigit() and (before[1:] in _POINTS or before[1:] in raw[start:end]):
        return True
    return behind[:1] in _PARTS and behind[1:].isdigit() and (behind[:1] in _POINTS or behind[:1] in raw[start:end])


_POINTS: Final = (b".", b",", b":")
_PARTS: Final = (*_POINTS, b" ", b"-", b"/")


def _is_counted(raw: bytes, start: int, end: int) -> bool:
    """An amount, a number of another kind, or a row of round figures (`600 700 800`)."""
    if all(raw[at - 1] == 0x30 for at in (*(at for at in range(start, end) if not 0x30 <= raw[at] <= 0x39), end)):
        return True
    return BY.search(raw[end : end + NEAR_BYTES]) is not None or COUNTED.search(raw[max(0, start - NEAR_BYTES) : start]) is not None
