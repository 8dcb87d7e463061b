"""Files in a message's parts that are texts: read as whoever gets them reads them, and written anew where something in them changes. Pure.

A file is bytes in base64, in `data`, `file_data` or an address (`data:text/csv;base64,…`), or an address that spells a text by percent
signs. How long one may be is the request's bound: it takes no longer than the same text outside of a file.
"""

import binascii
import re
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote_from_bytes, unquote_to_bytes

from burnish_shared.guarding.kept import HEAD_MOST, MEDIA_TYPES, SMALL, SPOKEN, holds_bytes, is_head

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

PDF: Final = b"%PDF-"

CODECS: Final = {
    "utf-8": "utf-8", "utf8": "utf-8", "us-ascii": "utf-8", "ascii": "utf-8", "utf-16": "utf-16", "utf-16le": "utf-16-le",
    "utf-16be": "utf-16-be", "iso-8859-1": "latin-1", "latin1": "latin-1", "windows-1252": "cp1252", "cp1252": "cp1252",
}  # fmt: skip
"""By their names in `charset=` (IANA), for what is no UTF-8. Any other is read byte by byte then."""

CHARSET: Final = re.compile(r";\s*charset=\"?([A-Za-z0-9._\-]{1,32})", re.IGNORECASE)
UTF_16: Final = (b"\xff\xfe", b"\xfe\xff")
BLANK: Final = re.compile(r"\s")

Change = Callable[[str], str]
_PLAIN: Final = str.maketrans("-_", "+/")


@dataclass(frozen=True, slots=True)
class TextFile:
    """One of them. `head`: what stands before its bytes; `is_sure`: nobody could take the field for a text by itself."""

    head: str
    text: str
    codec: str
    write: Callable[[bytes], str]
    is_sure: bool

    def changed(self, change: Change) -> str | None:
        """The field with its text changed. None: nothing is to be changed in it."""
        text = change(self.text)
        if text == self.text:
            return None
        return self.head + self.write(text.encode(self.codec, "replace"))


def said_in_file(name: str, value: str, change: Change, block: Mapping[str, Any], *, of: str, is_kept: bool) -> str | None:
    """A field that may be such a file, changed. None: it is none.

    name, block, of: as in `kept.is_kept`; `is_kept`: what that says. A field that could be words as well is read as both.
    """
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
    if value[:5].lower() == "data:":
        comma = value.find(",", 0, HEAD_MOST)
        return _in_address(value[: comma + 1], value[comma + 1 :]) if comma >= 0 else None
    if name not in ("data", "file_data") or of == "input_audio":
        return None
    kind = _declared(block)
    if block.get("type") == "text" or not (holds_bytes(name, block, of) or _is_text(kind)):
        return None
    return _in_base64("", value, kind, charset=_charset(next((str(block[one]) for one in MEDIA_TYPES if one in block), "")))


def _in_address(head: str, body: str) -> TextFile | None:
    kind = head[5:-1].split(";", 1)[0].strip().lower()
    if head[:-1].lower().endswith(";base64"):
        return _in_base64(head, body, kind, charset=_charset(head))
    if "%" not in body or _is_of_bytes(kind):
        return None
    read = _read(unquote_to_bytes(body), is_text=_is_text(kind), charset=_charset(head))
    return None if read is None else TextFile(head, *read, write=quote_from_bytes, is_sure=False)


def _in_base64(head: str, body: str, kind: str, *, charset: str) -> TextFile | None:
    if _is_of_bytes(kind):
        return None
    whole = body.rstrip()
    is_broken = BLANK.search(whole) is not None
    bare = "".join(whole.split()) if is_broken else whole
    shown = bare.rstrip("=")
    padding = -len(shown) % 4
    if not shown or padding == 3 or len(bare) - len(shown) not in (0, padding):
        return None
    try:
        raw = binascii.a2b_base64(shown.translate(_PLAIN) + "=" * padding, strict_mode=True)
    except ValueError:  # binascii.Error is one
        return None
    has_small = SMALL.search(shown) is not None  # without any it may be a number as it is written
    read = _read(raw, is_text=_is_text(kind) and has_small, charset=charset)
    if read is None:
        return None
    write = urlsafe_b64encode if "-" in shown or "_" in shown else b64encode
    is_sure = bool(head) and has_small and not is_broken
    return TextFile(head, *read, write=lambda made: write(made).decode(), is_sure=is_sure)


def _read(raw: bytes, *, is_text: bool, charset: str) -> tuple[str, str] | None:
    """The text of bytes, and the codec that writes it. `is_text`: somebody says that they are one; else they tell it by themselves."""
    if not is_text and (raw.startswith(PDF) or (b"\0" in raw and not raw.startswith(UTF_16))):
        return None
    for codec in (*_of_pairs(raw), "utf-8", CODECS.get(charset, "utf-8"), *(("latin-1",) if is_text else ())):
        try:
            return raw.decode(codec), codec
        except UnicodeDecodeError:
            continue
    return None


def _of_pairs(raw: bytes) -> tuple[str, ...]:
    """UTF-16, by its mark or by its many zeros: a charset that is said wrong would hide a text from whoever believes it."""
    if raw.startswith(UTF_16):
        return ("utf-16",)
    if raw.count(0) * 3 < len(raw):
        return ()
    return ("utf-16-le",) if raw[1::2].count(0) >= raw[::2].count(0) else ("utf-16-be",)


def _declared(block: Mapping[str, Any]) -> str:
    kind = next((block[one] for one in (*MEDIA_TYPES, "format") if isinstance(block.get(one), str)), "")
    return kind.split(";", 1)[0].strip().lower()


def _charset(head: str) -> str:
    found = CHARSET.search(head)
    return found[1].lower() if found else ""


def _is_text(kind: str) -> bool:
    return kind.startswith("text/") or kind in TEXT_KINDS or kind.endswith(("+json", "+xml", "+yaml"))


def _is_of_bytes(kind: str) -> bool:
    return kind.startswith(OF_BYTES) and not _is_text(kind)
