"""Files in a message's parts that are texts: read as whoever gets them reads them, and written anew where something in them changes. Pure.

A file is bytes in base64, in `data`, `file_data` or an address (`data:text/csv;base64,…`), or an address that spells a text by percent
signs. How long one may be is the request's bound: it takes no longer than the same text outside of a file. Receivers differ in how
strictly they read, so every way in which one may be read is looked into.
"""

import binascii
import re
from base64 import b64encode, urlsafe_b64encode
from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE, BOM_UTF32_BE, BOM_UTF32_LE
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote_from_bytes, unquote, unquote_to_bytes

from burnish_shared.guarding.kept import HEAD_MOST, MEDIA_TYPES, SMALL, SPOKEN, holds_bytes, is_head, split_file

TEXT_KINDS: Final = frozenset(
    {
        "application/csv", "application/ecmascript", "application/graphql", "application/javascript", "application/json",
        "application/jsonl", "application/ndjson", "application/rtf", "application/sql", "application/toml", "application/typescript",
        "application/x-javascript", "application/x-ndjson", "application/x-sh", "application/x-www-form-urlencoded", "application/x-yaml",
        "application/xml", "application/yaml", "message/rfc822",
    }
)  # fmt: skip
"""Beside `text/…` and what ends in `+json`, `+xml` or `+yaml` (RFC 6839)."""

OF_BYTES: Final = ("image/", "audio/", "video/", "font/", "application/pdf")
"""Kinds that are no texts, whatever their bytes would spell: changed, they would be none of their kind any more."""

BYTES_BEGIN: Final = (b"%PDF-", b"\x89PNG")

CODECS: Final = {
    "utf-8": "utf-8", "utf8": "utf-8", "us-ascii": "utf-8", "ascii": "utf-8", "utf-16": "utf-16-le", "utf-16le": "utf-16-le",
    "utf-16be": "utf-16-be", "utf-32": "utf-32-le", "utf-32le": "utf-32-le", "utf-32be": "utf-32-be", "iso-8859-1": "cp1252",
    "latin1": "cp1252", "windows-1252": "cp1252", "cp1252": "cp1252",
}  # fmt: skip
"""By their names in `charset=` (IANA), for what is no UTF-8. Any other is read byte by byte then."""

MARKS: Final = (
    (BOM_UTF32_LE, "utf-32-le"), (BOM_UTF32_BE, "utf-32-be"), (BOM_UTF8, "utf-8"), (BOM_UTF16_LE, "utf-16-le"), (BOM_UTF16_BE, "utf-16-be"),
)  # fmt: skip
"""The longer ones first: that of UTF-32 begins as that of UTF-16 does."""

UNITS: Final = {"utf-16-le": 2, "utf-16-be": 2, "utf-32-le": 4, "utf-32-be": 4}
"""Bytes of a character, at least; what is left of a text that was cut off in one stays as it is."""

KINDS: Final = (*MEDIA_TYPES, "content_type", "format")
"""Fields that say the kind of what stands beside them; LiteLLM takes each of them before that of an address."""

CHARSET: Final = re.compile(r";\s*charset=[\"']?([A-Za-z0-9._\-]{1,32})", re.IGNORECASE)
END_OF_HEAD: Final = re.compile(r";\s{0,8}base64\s{0,8},", re.IGNORECASE)
NO_BASE64: Final = re.compile(r"[^A-Za-z0-9+/=]")
ODD: Final = re.compile(r"[\x01-\x08\x0b\x0e-\x1a\x1c-\x1f\x7f]")
"""What texts do not hold. Zeros are told by themselves."""

LINE_LEAST: Final = 16
"""Letters of a line of base64 that is written in lines; blanks between shorter ones are those of words."""

Change = Callable[[str], str]
_PLAIN: Final = str.maketrans("-_", "+/")


@dataclass(frozen=True, slots=True)
class Reading:
    """A text that bytes may be read as. `mark`, `rest`: bytes before and after it, which are none of the text."""

    text: str
    codec: str
    mark: bytes = b""
    rest: bytes = b""

    def written(self, text: str) -> bytes:
        return self.mark + text.encode(self.codec, "surrogatepass" if self.codec in UNITS else "replace") + self.rest


@dataclass(frozen=True, slots=True)
class TextFile:
    """One of them. `head`: what stands before its bytes; `readings`: one at least; `is_sure`: nobody could take the field for a text by
    itself."""

    head: str
    readings: tuple[Reading, ...]
    write: Callable[[bytes], str]
    is_sure: bool

    def changed(self, change: Change) -> str | None:
        """The field with its text changed, as the first reading in which there is something to change. None: in none there is."""
        made: str | None = None
        for one in self.readings:
            text = change(one.text)
            if text != one.text and made is None:
                made = self.head + self.write(one.written(text))
        return made


def said_in_string(name: str, value: str, change: Change, block: Mapping[str, Any], *, of: str, is_kept: bool) -> str:
    """A string of a part, changed: what is no text stays, and of an address that is a file in itself the file, unless that is a text.

    name, block, of: as in `kept.is_kept`; `is_kept`: what that says. What could be words and a file is read as both.
    """
    text = _said_in_file(name, value, change, block, of=of, is_kept=is_kept)
    if is_kept or text is not None:
        return value if text is None else text
    file = split_file(name, value)
    if file is None:
        return change(value)
    head, rest = file
    return value if is_head(head) else change(head) + rest


def _said_in_file(name: str, value: str, change: Change, block: Mapping[str, Any], *, of: str, is_kept: bool) -> str | None:
    """A field that may be a file that is a text, changed. None: it is none."""
    file = text_file(name, value, block, of=of)
    if file is None:
        return None
    if not is_kept and not file.is_sure:
        said = change(value)
        if said != value:  # words, then; what is still a file in them is changed as one too
            value, file = said, text_file(name, said, block, of=of)
    changed = file.changed(change) if file is not None else None
    value = value if changed is None else changed
    if file is None or not file.head or not file.is_sure or is_head(file.head[:-1]):
        return value
    return change(file.head[:-1]) + value[len(file.head) - 1 :]


def text_file(name: str, value: str, block: Mapping[str, Any], *, of: str) -> TextFile | None:
    """The text that a string of a part holds as a file. None: it holds none, or it is bytes, or said."""
    if name in SPOKEN:
        return None
    beside = () if of == "input_audio" else tuple(str(block[one]) for one in KINDS if isinstance(block.get(one), str))
    end = END_OF_HEAD.search(value)
    if end is not None and (start := value.lower().find("data:", 0, end.start() + 1)) >= 0:
        head = value[: end.end()]
        return _in_base64(head, value[end.end() :], (head[start + 5 :], *beside))
    if value[:5].lower() == "data:":
        comma = value.find(",", 0, HEAD_MOST)
        return _in_address(value[: comma + 1], value[comma + 1 :], beside) if comma >= 0 else None
    if name not in ("data", "file_data") or of == "input_audio":
        return None
    if block.get("type") == "text" or not (holds_bytes(name, block, of) or _is_text(beside)):
        return None
    return _in_base64("", value, beside)


def _in_address(head: str, body: str, beside: tuple[str, ...]) -> TextFile | None:
    kinds = (head[5:-1], *beside)
    if "%" not in body or _is_of_bytes(kinds):
        return None
    readings = tuple(_readings(unquote_to_bytes(body.encode("utf-8", "surrogatepass")), is_text=_is_text(kinds), charset=_charset(kinds)))
    return TextFile(head, readings, write=quote_from_bytes, is_sure=False) if readings else None


def _in_base64(head: str, body: str, kinds: tuple[str, ...]) -> TextFile | None:
    if _is_of_bytes(kinds):
        return None
    is_text, lines = _is_text(kinds), body.split()
    has_small = SMALL.search(body) is not None  # without any it may be a number as it is written
    bare = "".join(lines)
    raw = _decoded(bare)
    anyhow = _decoded_anyhow(body) if raw is None and (head or is_text) else []
    readings = tuple(
        one
        for each in (anyhow if raw is None else [raw])
        for one in _readings(each, is_text=is_text and has_small, charset=_charset(kinds))
    )
    if not readings:
        return None
    is_well = _is_well(readings[0])
    is_whole = len(lines) == 1 or (len({len(one) for one in lines[:-1]}) == 1 and len(lines[0]) >= LINE_LEAST and is_well)
    is_sure = raw is not None and has_small and is_whole and (bool(head) or (is_text and is_well))
    is_padded = len(bare) % 4 == 0
    alphabet = urlsafe_b64encode if "-" in bare or "_" in bare else b64encode

    def write(made: bytes) -> str:
        text = alphabet(made).decode()
        return text if is_padded else text.rstrip("=")

    return TextFile(head, readings, write=write, is_sure=is_sure)


def _decoded(bare: str) -> bytes | None:
    """Base64 without blanks, of either alphabet, with its padding or without any. None: it is none."""
    shown = bare.rstrip("=")
    padding = -len(shown) % 4
    if not shown or padding == 3 or len(bare) - len(shown) not in (0, padding):
        return None
    try:
        return binascii.a2b_base64(shown.translate(_PLAIN) + "=" * padding, strict_mode=True)
    except ValueError:  # binascii.Error is one
        return None


def _decoded_anyhow(body: str) -> list[bytes]:
    """What is not quite base64, as those read it who pass over what does not belong there: with the parts between padding as one, and each
    by itself."""
    kept = NO_BASE64.sub("", (unquote(body) if "%" in body else body).translate(_PLAIN))
    parts = [one for one in kept.split("=") if one]
    return list({_cut(["".join(parts)]): None, _cut(parts): None})


def _cut(parts: list[str]) -> bytes:
    whole = [one[: len(one) - (len(one) % 4 == 1)] for one in parts]
    return b"".join(binascii.a2b_base64(one + "=" * (-len(one) % 4)) for one in whole)


def _readings(raw: bytes, *, is_text: bool, charset: str) -> Iterator[Reading]:
    """The texts that bytes may be read as. `is_text`: somebody says that they are one; else they tell it by themselves."""
    if not raw or (not is_text and raw.startswith(BYTES_BEGIN)):
        return
    mark, marked = next(((mark, codec) for mark, codec in MARKS if raw.startswith(mark)), (b"", ""))
    seen: set[str] = set()
    named = CODECS.get(charset, "utf-8")
    for codec in filter(None, (marked, _by_zeros(raw), "utf-8", named)):
        one = _read(raw, codec, mark if codec == marked else b"")
        if one is None or one.text in seen:
            continue
        seen.add(one.text)
        if is_text or codec == marked or ODD.search(one.text) is None or (codec in ("utf-8", named) and b"\0" not in raw):
            yield one
    if _read(raw, "utf-8", b"") is None and (is_text or (b"\0" not in raw and ODD.search(raw.decode("latin-1")) is None)):
        one = _read(raw, "cp1252", b"") or _read(raw, "latin-1", b"")
        if one is not None and one.text not in seen:
            yield one


def _read(raw: bytes, codec: str, mark: bytes) -> Reading | None:
    said = raw[len(mark) :]
    cut = len(said) - len(said) % UNITS.get(codec, 1)
    try:
        return Reading(said[:cut].decode(codec, "surrogatepass" if codec in UNITS else "strict"), codec, mark, said[cut:])
    except UnicodeDecodeError:
        return None


def _by_zeros(raw: bytes) -> str:
    """UTF-32 or UTF-16 without a mark, by where its zeros stand: a charset that is said wrong would hide a text."""
    if raw.count(0) * 3 < len(raw):
        return ""
    first, second, third, fourth = (raw[at::4].count(0) for at in range(4))
    most = len(raw) // 4 * 9 // 10
    if most and third >= most and fourth >= most:
        return "utf-32-le"
    if most and first >= most and second >= most:
        return "utf-32-be"
    even, odd = first + third, second + fourth
    return "utf-16-le" if odd > 2 * even else "utf-16-be" if even > 2 * odd else ""


def _is_well(reading: Reading) -> bool:
    """Whether bytes are nothing but a text: no key and no word decodes to one."""
    if reading.codec in ("cp1252", "latin-1") or reading.written(reading.text).startswith(BYTES_BEGIN):
        return False
    return "\0" not in reading.text and ODD.search(reading.text) is None


def _charset(kinds: tuple[str, ...]) -> str:
    return next((found[1].lower() for one in kinds if (found := CHARSET.search(one))), "")


def _kind(said: str) -> str:
    return said.split(";", 1)[0].strip().lower()


def _is_text(kinds: tuple[str, ...]) -> bool:
    """Whether any of what is said of its kind says that it is a text."""
    return any(one.startswith("text/") or one in TEXT_KINDS or one.endswith(("+json", "+xml", "+yaml")) for one in map(_kind, kinds))


def _is_of_bytes(kinds: tuple[str, ...]) -> bool:
    """Whether all of what is said of its kind says that it is none."""
    said = [one for one in map(_kind, kinds) if one]
    return bool(said) and not _is_text(kinds) and all(one.startswith(OF_BYTES) for one in said)
