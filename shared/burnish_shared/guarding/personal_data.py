"""Personal data that has a shape: e-mail and IP addresses, phone and card numbers, IBANs.

Card numbers and IBANs carry a checksum, and only those that it fits are found. Shapes alone cannot tell a name or a street.
"""

import ipaddress
import re
from collections.abc import Iterable, Iterator
from typing import Final

from burnish_shared.contracts.guardrails import PersonalKind
from burnish_shared.guarding.phones import find_phones
from burnish_shared.guarding.plain_digits import DIGIT_BYTES, Places, plain
from burnish_shared.guarding.spans import Find, Finder, Found, at_character, compiled, last_word

DIGITS: Final = b"0123456789"
WORD_MOST: Final = 320
"""RFC 5321: 64 bytes before the @, 255 behind it."""

NUMBER_MOST: Final = 48
"""The longest IBAN has 34 letters and digits, with blanks 42; phone and card numbers are shorter."""

ODD_BYTES: Final = 3
"""Of a wide digit, or a blank that does not break, in UTF-8."""

EMAIL: Final = compiled(r"[\pL\pN._%+\-]+@(?:[\pL\pN\-]+\.)+\pL{2,24}")
IPV4: Final = compiled(r"\b(?:[0-9]{1,3}\.){3}[0-9]{1,3}\b")
IPV6: Final = compiled(r"(?:[0-9A-Fa-f]{0,4}:){2,7}(?:(?:[0-9]{1,3}\.){3}[0-9]{1,3}|[0-9A-Fa-f]{0,4})")
CARD: Final = compiled(r"\b[0-9](?:[ \-]?[0-9]){12,}\b")
CARD_IN_DOTS: Final = compiled(r"\b[2-6][0-9]{3}(?:(?:\.[0-9]{4}){3}(?:\.[0-9]{3})?|\.[0-9]{6}\.[0-9]{4,5})\b")
"""Dots as cards are embossed (4-4-4-4, 4-6-5) alone: digits around any dot are fractions, and every tenth has a right checksum."""

IBAN: Final = compiled(r"\b[A-Za-z]{2}[0-9]{2}(?:[ .\-]?[A-Za-z0-9]){11,30}")
IBAN_PARTS: Final = b" .-"

CARD_DIGITS: Final = {
    ord("2"): (16,),  # Mastercard, Mir
    ord("3"): (16, 15, 14),  # JCB, American Express, Diners Club
    ord("4"): (19, 16, 13),  # Visa
    ord("5"): (19, 18, 17, 16),  # Mastercard, Maestro
    ord("6"): (19, 18, 17, 16),  # Discover, UnionPay, Maestro, RuPay
}
"""How many digits the numbers that begin so have (ISO/IEC 7812, the networks' ranges), the longest first."""

IBAN_LENGTH: Final = {
    "AD": 24, "AE": 23, "AL": 28, "AT": 20, "AZ": 28, "BA": 20, "BE": 16, "BG": 22, "BH": 22, "BR": 29, "BY": 28, "CH": 21, "CR": 22,
    "CY": 28, "CZ": 24, "DE": 22, "DK": 18, "DO": 28, "EE": 20, "EG": 29, "ES": 24, "FI": 18, "FO": 18, "FR": 27, "GB": 22, "GE": 22,
    "GI": 23, "GL": 18, "GR": 27, "GT": 28, "HR": 21, "HU": 28, "IE": 22, "IL": 23, "IQ": 23, "IS": 26, "IT": 27, "JO": 30, "KW": 30,
    "KZ": 20, "LB": 28, "LC": 32, "LI": 21, "LT": 20, "LU": 20, "LV": 21, "LY": 25, "MC": 27, "MD": 24, "ME": 22, "MK": 19, "MR": 27,
    "MT": 31, "MU": 30, "NL": 18, "NO": 15, "PK": 24, "PL": 28, "PS": 29, "PT": 25, "QA": 29, "RO": 24, "RS": 22, "SA": 24, "SC": 31,
    "SD": 18, "SE": 24, "SI": 19, "SK": 24, "SM": 27, "ST": 25, "SV": 28, "TL": 23, "TN": 24, "TR": 26, "UA": 29, "VA": 22, "VG": 24,
    "XK": 20,
}  # fmt: skip
"""SWIFT's IBAN registry: how long each country's are."""


BEGINS_NUMBER: Final = re.compile(rb"[0-9+(]")

DOUBLED: Final = (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)
"""Twice a digit, with the digits of what comes out added up."""


def iban_fits(compact: str) -> bool:
    """ISO 13616: the country's length, and 1 as the rest of a division by 97."""
    if IBAN_LENGTH.get(compact[:2]) != len(compact):
        return False
    return int("".join(str(int(one, 36)) for one in compact[4:] + compact[:4])) % 97 == 1


def _emails(raw: bytes) -> Iterator[Found]:
    for match in EMAIL.finditer(raw):
        start, end = match.span()
        while start < end and raw[start : start + 1] in (b".", b"-", b"+", b"%"):
            start += 1  # punctuation before an address is not part of it
        yield Found("email", start, end)


def _addresses(raw: bytes) -> Iterator[Found]:
    for match in IPV4.finditer(raw):
        parts = match[0].split(b".")
        if all(int(part) < 256 for part in parts) and not (len(parts[0]) == 2 and parts[0].startswith(b"0")):
            yield Found("ip", *match.span())  # 06.12.34.56.78 is a French phone number
    for match in IPV6.finditer(raw):
        start, end = match.span()
        around = raw[max(0, start - 1) : start] + raw[end : end + 1]
        if any(one.isalnum() or one == "_" for one in around.decode("latin-1")) or not _is_ipv6(match[0]):
            continue
        yield Found("ip", start, end)


def _is_ipv6(text: bytes) -> bool:
    """`a::b` of a program is none: four groups, or one of three and more digits, tell an address."""
    groups = [one for one in text.split(b":") if one]
    if len(groups) < 4 and not any(len(one) >= 3 and any(digit in one for digit in DIGITS) for one in groups):
        return False
    try:
        ipaddress.IPv6Address(text.decode())
    except ValueError:
        return False
    return True


def _cards(raw: bytes) -> Iterator[Found]:
    for pattern in (CARD, CARD_IN_DOTS):
        for match in pattern.finditer(raw):
            start, end = match.span()
            yield from _in_run(raw, [at for at in range(start, end) if raw[at] in DIGITS])


def _in_run(raw: bytes, places: list[int]) -> Iterator[Found]:
    """Numbers before and behind must not hide one: each sequence of whole groups is looked at, the longest first.

    ISO/IEC 7812-1, annex B (Luhn): every second digit from the right counts double, and the sum is a multiple of 10. The sums up to each
    place, once with the even and once with the odd places doubled, make each look one subtraction.
    """
    sums = [[0], [0]]
    for n, at in enumerate(places):
        digit = raw[at] - 48
        sums[0].append(sums[0][n] + (DOUBLED[digit] if n % 2 == 0 else digit))
        sums[1].append(sums[1][n] + (DOUBLED[digit] if n % 2 else digit))
    ends = {n + 1 for n, at in enumerate(places) if n + 1 == len(places) or places[n + 1] != at + 1}
    taken = 0
    for first, at in enumerate(places):
        if first < taken or raw[at] not in CARD_DIGITS or (first and places[first - 1] == at - 1):
            continue
        for last in (first + count for count in CARD_DIGITS[raw[at]]):
            of = sums[last % 2]
            if last in ends and (of[last] - of[first]) % 10 == 0 and len({raw[one] for one in places[first:last]}) > 1:
                yield Found("card", at, places[last - 1] + 1)
                taken = last
                break


def _ibans(raw: bytes) -> Iterator[Found]:
    at = 0
    while (match := IBAN.search(raw, at)) is not None:
        start, end = match.span()
        length = IBAN_LENGTH.get(raw[start : start + 2].decode().upper(), 0)
        last, count = start, 0
        while last < end and count < length:
            count += raw[last] not in IBAN_PARTS
            last += 1
        compact = raw[start:last].translate(None, IBAN_PARTS).decode().upper()
        if count == length and not raw[last : last + 1].isalnum() and iban_fits(compact):
            yield Found("iban", start, last)
            at = last
        else:
            at = start + 4  # words behind it were taken for a part of it; the next one may begin among them


def _plainly(find: Find) -> Find:
    """In the text with plain digits, and told where it stands in the text as it is."""

    def found(raw: bytes) -> Iterable[Found]:
        read = plain(raw)
        if read is raw:
            return find(raw)
        in_plain = list(find(read))
        if not in_plain:
            return in_plain
        places = Places(raw)
        return [Found(one.kind, places[one.start], places[one.end]) for one in in_plain]

    return found


def _open_word(raw: bytes) -> int:
    return last_word(raw, most=WORD_MOST)


def open_number(raw: bytes) -> int:
    """From the first word with a digit, a plus or a bracket among the last ones; where there is none, the last word."""
    tail = raw[-NUMBER_MOST:]
    if tail.isascii():
        return len(raw) - len(tail) + _open_plain(tail)
    least = at_character(raw, max(0, len(raw) - NUMBER_MOST * ODD_BYTES))
    tail = raw[least:]
    read = plain(tail)
    opens = _open_plain(read)
    return least + (opens if read is tail else Places(tail)[opens])


def _open_plain(raw: bytes) -> int:
    least = max(0, len(raw) - NUMBER_MOST)
    last = last_word(raw, most=NUMBER_MOST)
    begins = BEGINS_NUMBER.search(raw, least, last)
    return last if begins is None else max(least, last_word(raw[: begins.start()], most=NUMBER_MOST))


FINDERS: Final[dict[PersonalKind, Finder]] = {
    "iban": Finder(_plainly(_ibans), open_number, needs=DIGIT_BYTES),
    "card": Finder(_plainly(_cards), open_number, needs=DIGIT_BYTES),
    "ip": Finder(_addresses, _open_word, needs=b":."),
    "email": Finder(_emails, _open_word, needs=b"@"),
    "phone": Finder(_plainly(find_phones), open_number, needs=DIGIT_BYTES),
}
"""By kind, and in the order in which they are asked: what carries a checksum before what is only digits."""
