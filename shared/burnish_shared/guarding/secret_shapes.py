"""Keys and passwords in texts: the shapes that providers document for secret scanners, named values, strings drawn by lot."""

import math
import re
from collections import Counter
from collections.abc import Iterator
from typing import Final

from burnish_shared.guarding.spans import Finder, Found, compiled, last_word

SHAPES: Final = (
    r"\bsk-[A-Za-z0-9_-]{20,}",  # OpenAI, Anthropic, DeepSeek, OpenRouter
    r"\bbk_(?:live|test)_[A-Za-z0-9_]{20,}",  # ours
    r"\b(?:AKIA|ASIA|ABSK)[0-9A-Z]{16}\b",  # Amazon
    r"\bAIza[0-9A-Za-z_-]{35}",  # Google
    r"\b(?:gh[pousr]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{22,}|glpat-[A-Za-z0-9_-]{20,})",
    r"\bxox[abeprs]-[A-Za-z0-9-]{10,}",  # Slack
    r"\b[rs]k_(?:live|test)_[A-Za-z0-9]{16,}",  # Stripe
    r"\bwhsec_[A-Za-z0-9+/=]{16,}",
    r"\b(?:gsk|hf|r8|fw|nvapi|xai|pplx|sbp|csk|pat|npm|dop_v1|shpat|SG)[_.-][A-Za-z0-9_.-]{20,}",
    r"\beyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}(?:\.[A-Za-z0-9_-]*)*",  # JSON Web Tokens
    r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----[A-Za-z0-9+/=\s]*(?:-----END (?:[A-Z]+ )*PRIVATE KEY-----)?",
)

SHAPE: Final = compiled("|".join(f"(?:{one})" for one in SHAPES))

IN_ADDRESS: Final = compiled(r"\b[a-z][a-z0-9+.-]*://[^\s/:@{}]*:([^\s/@{}]{3,})@")

CHOSEN_LEAST: Final = 8

NAMED: Final = compiled(
    r"(?i)\b(?:api[_-]?key|secret|password|passwd|passwort|access[_-]?token|auth[_-]?token|bearer)\b[\"']?\s{0,20}(?:[:=]|is\b)?\s{0,20}[\"']?"
    r"([A-Za-z0-9_+/=.!@#$%^&*-]{8,200})"
)

PASSWORD: Final = compiled(
    r"(?i)(password|passwd|passwort|passphrase|pwd)(?:\\{0,7}[\"'`]|[*_]{1,3})?[ \t]{0,3}[:=][*_]{0,3}[ \t]{0,3}[*_]{0,3}"
    r"(\\{0,7}[\"'`]|[\x{2018}-\x{201e}])?([^ \t\r\n\f\v\"'`\x{a0}\x{2000}-\x{10ffff}]{4,})"
)
"""What ends any word (`dbPassword`) and has a sign behind it: the value may be as short as people's are, and goes up to a blank or quote.
Quotes may be escaped, and Markdown may be around name and value.
"""

NEXT_NAME: Final = compiled(r"[,;&|][A-Za-z_][A-Za-z0-9_.-]*[:=]")
"""Where the next field begins without a blank: `password=hunter2;user=ann`, `password:required|min:8`."""

NO_VALUE: Final = compiled(
    r"[&*#]?(?:[A-Za-z_$][A-Za-z0-9_$]*(?:(?:\.|->|::|\?\.)[A-Za-z_$][A-Za-z0-9_$]*)*)?[(\[{<]"  # a call, a look-up, a template
    r"|[A-Za-z_][A-Za-z0-9_]*(?:(?:\.|->|::|\?\.)[A-Za-z_$][A-Za-z0-9_$]*)+$"  # form.field2
    r"|(?:[A-Za-z_$][A-Za-z0-9_$.]*)?[)}\]]+(?:=>|[,;]?[A-Za-z{(])|(?:null|true|false|undefined|None)[,;)]|="  # scripts, a comparison
    r"|[$%:][A-Za-z_]"  # variables of shells, placeholders of formats and queries
)
"""Behind a name without quotes: code."""

TEMPLATE: Final = compiled(r"[$%#]?[{(<\[]|\$[A-Za-z_][A-Za-z0-9_]*$|%[A-Za-z_][A-Za-z0-9_]*%?$")
"""In quotes, too, these stand for another value."""

KNOWN: Final = compiled(
    r"(?i)(?:[a-z][a-z0-9+.-]*://"  # an address; a password in it is found by IN_ADDRESS
    r"|(?:iso|iec|din|rfc|sha|aes|md|utf|nist|fips|pkcs|pbkdf|argon|base|u?int|float|bytes|tls)[-_/]?[0-9]{1,5}(?:[-:/][0-9a-z]{1,6}|id)?$)"
)
"""Addresses, and names of norms, methods and types."""

PATH: Final = compiled(r"[/~]|[A-Za-z]:[\\/]")
"""What shells call `PWD` is a folder."""

BLOTTED: Final = b"***"

VALUE_ENDS: Final = b".,;:)]}>\\"
VALUE_MOST: Final = 200
"""What is looked at of a value to tell what it is."""

RANDOM: Final = compiled(r"[A-Za-z0-9+/_-]{32,}={0,2}")

ENTROPY_BITS: Final = 4.2
"""Bits a character. Hexadecimal has at most 4, so hashes and UUIDs are none; 32 random letters of base64 have about 4.7."""

WORD_MOST: Final = 512


def _secrets(raw: bytes) -> Iterator[Found]:
    for match in SHAPE.finditer(raw):
        yield Found("secret", *match.span())
    for match in IN_ADDRESS.finditer(raw):
        yield Found("secret", *match.span(1))
    judged: set[int] = set()
    for match in PASSWORD.finditer(raw):
        judged.add(match.start())
        start, value = match.start(3), _value_of(match[3])
        if _is_password(value[:VALUE_MOST], is_quoted=match[2] is not None, is_folder=_names_folder(raw, match.start(), match[1])):
            yield Found("secret", start, start + len(value))
    for match in NAMED.finditer(raw):
        if match.start() not in judged and looks_chosen(match[1]):
            yield Found("secret", *match.span(1))
    for match in RANDOM.finditer(raw):
        if looks_drawn(match[0]):
            yield Found("secret", *match.span())


def _value_of(word: bytes) -> bytes:
    """The value without what only ends a sentence, a bracket or bold words, and without the next field."""
    following = NEXT_NAME.search(word)
    value = word[: following.start()] if following is not None else word
    bare = value.rstrip(VALUE_ENDS)
    return bare[:-2].rstrip(VALUE_ENDS) if bare.endswith(b"**") else bare


def _is_password(value: bytes, *, is_quoted: bool, is_folder: bool) -> bool:
    code = TEMPLATE if is_quoted else NO_VALUE
    if code.match(value) or KNOWN.match(value) or BLOTTED in value or (is_folder and PATH.match(value)):
        return False
    return looks_like_password(value) or (len(value) >= CHOSEN_LEAST and looks_chosen(value))


def _names_folder(raw: bytes, at: int, name: bytes) -> bool:
    """`PWD` and `OLDPWD`, and not `DB_PWD`."""
    before = raw[max(0, at - 4) : at]
    return name.lower() == b"pwd" and re.search(rb"(?i)(?:^|[^A-Za-z0-9_])(?:OLD)?\Z", before) is not None


def looks_chosen(value: bytes) -> bool:
    """A value behind `password:` with a digit or a sign among its letters; a word alone is prose (`password: required`)."""
    return re.search(rb"[A-Za-z]", value) is not None and re.search(rb"[0-9!@#$%^&*+/=]", value) is not None


def looks_like_password(value: bytes) -> bool:
    """Letters and digits that are no number with a sign (`8-16`), or six digits and more."""
    if re.fullmatch(rb"[0-9]{6,}", value):
        return True
    return len(value) >= 4 and re.search(rb"[A-Za-z]", value) is not None and re.search(rb"[0-9]", value) is not None


def looks_drawn(value: bytes) -> bool:
    """Small and capital letters and digits, and as many different ones as chance would give."""
    kinds = (re.search(rb"[a-z]", value), re.search(rb"[A-Z]", value), re.search(rb"[0-9]", value))
    return all(kinds) and entropy_bits(value) >= ENTROPY_BITS


def entropy_bits(value: bytes) -> float:
    """Shannon's, a character."""
    return -sum(n / len(value) * math.log2(n / len(value)) for n in Counter(value).values())


def _open_from(raw: bytes) -> int:
    """The last word, with a name such as `password:` before it; the whole of a private key that has not ended."""
    begun = raw.rfind(b"-----BEGIN ")
    if begun >= 0 and b"-----END " not in raw[begun:]:
        return begun
    last = last_word(raw, most=WORD_MOST)
    for _ in range(3):  # `api key : value`
        if last == 0:
            break
        last = last_word(raw[: last - 1].rstrip(), most=40)
    return last


FINDER: Final = Finder(_secrets, _open_from)
