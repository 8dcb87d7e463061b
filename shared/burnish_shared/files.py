"""Files in a message's parts: a PDF, a text, or the address of a document. Pure.

The part is OpenAI's, `{"type": "file", "file": {"file_data": "data:application/pdf;base64,…", "filename": …}}`, with three more fields for
what other formats say: `file_url` (an address), `content` (a document made of parts), `context` (what Anthropic's models are told about
it). Documents of Anthropic's keep their title in `filename`.
"""

import binascii
import re
import zlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from burnish_shared.file_tokens import PAGES_UNKNOWN

PDF: Final = "application/pdf"

HEAD: Final = re.compile(r"data:(application/pdf|text/[a-z0-9.+\-]{1,60})((?:;[^,;]{0,80}){0,3});base64,", re.IGNORECASE)
"""How `file_data` begins (RFC 2397): a PDF or a text of any kind."""

ADDRESS: Final = re.compile(r"https?://[!#-;=?-~]{1,8192}")

PAGE: Final = re.compile(rb"/Type\s{0,8}/Page(?![A-Za-z])")
COUNT: Final = re.compile(rb"/Count\s{1,8}([0-9]{1,7})(?![0-9.])")
PACKED: Final = b"/ObjStm"
"""Objects that are packed into one stream (ISO 32000-1, 7.5.7), pages among them."""
END: Final = b"endstream"

PACKED_MOST: Final = 1000
PACKED_MOST_BYTES: Final = 2**20
HEAD_OF_STREAM_MOST_BYTES: Final = 400
UNPACKED_MOST_BYTES: Final = 8 * 2**20
"""Of all packed objects of one file together: what unpacks to more keeps nobody busy."""


def is_file(part: Any) -> bool:
    return isinstance(part, dict) and part.get("type") == "file" and isinstance(part.get("file"), dict)


def files_in(messages: Sequence[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """The `file` of each part that is one."""
    for message in messages:
        content = message.get("content")
        if isinstance(content, list):
            yield from (part["file"] for part in content if is_file(part))


def media_type_of(file: Mapping[str, Any]) -> str:
    """`application/pdf`, `text/plain`, …; empty for what holds no bytes."""
    found = _head_of(file)
    return found[1].lower() if found is not None else ""


def bytes_of(file: Mapping[str, Any]) -> bytes | None:
    """None for what holds none, or is no base64."""
    found = _head_of(file)
    if found is None:
        return None
    try:
        return binascii.a2b_base64(file["file_data"][found.end() :], strict_mode=True)
    except ValueError:  # binascii.Error is one
        return None


def text_of_file(file: Mapping[str, Any]) -> str | None:
    """What a file that is a text says; None for any other. Bytes that are no UTF-8 are read as Windows' letters."""
    if not media_type_of(file).startswith("text/") or (raw := bytes_of(file)) is None:
        return None
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return raw.decode("cp1252", "replace")


def as_texts(file: Mapping[str, Any]) -> list[dict[str, Any]] | None:
    """A text, or a document made of parts, as parts that everybody reads, its title and context before it. None: it is neither."""
    text, parts = text_of_file(file), file.get("content")
    if text is None and not isinstance(parts, list):
        return None
    head = "\n".join(str(file[name]) for name in ("filename", "context") if file.get(name))
    if text is not None:
        return [{"type": "text", "text": f"{head}\n\n{text}" if head else text}]
    return [*([{"type": "text", "text": head}] if head else []), *(parts or [])]


def pages_of(raw: bytes) -> int | None:
    """The pages of a PDF, rather too many than too few; None where nothing in it says so, or some may be where nobody looks here, as in a
    file that is encrypted or written to hide them: unless those that are seen are more than what is then held for.

    By its objects that are pages, packed ones too (the old states of a file that was changed count again); without any by the count that
    its tree names.
    """
    pages, counted, left, all_read = _pages_in(raw), _counted(raw), UNPACKED_MOST_BYTES, True
    for packed in _packed_in(raw):
        unpacked = _unpacked(packed, left) if packed is not None and left > 0 else None
        if unpacked is None:
            all_read = False
            continue
        pages, counted, left = pages + _pages_in(unpacked), max(counted, _counted(unpacked)), left - len(unpacked)
    known = pages or counted
    return known if known > (0 if all_read else PAGES_UNKNOWN) else None


def _pages_in(raw: bytes) -> int:
    return len(PAGE.findall(raw))


def _counted(raw: bytes) -> int:
    return max((int(found) for found in COUNT.findall(raw)), default=0)


def _packed_in(raw: bytes) -> Iterator[bytes | None]:
    """The streams of packed objects, None for what is none or too large; nothing here takes longer for being written to."""
    at = endless = 0
    for _ in range(PACKED_MOST):
        at = raw.find(PACKED, at)
        if at < 0:
            return
        begins = raw.find(b"stream", at, at + HEAD_OF_STREAM_MOST_BYTES)
        at = max(begins, at) + len(PACKED)
        ends = raw.find(END, max(at, endless), at + PACKED_MOST_BYTES)
        if ends < 0:
            endless = at + PACKED_MOST_BYTES - len(END)  # so far none was found: it is not looked for there again
        if begins < 0 or ends < 0:
            yield None
        else:
            yield raw[begins + len(b"stream") : ends].lstrip(b"\r\n")
            at = ends
    if raw.find(PACKED, at) >= 0:
        yield None


def _unpacked(packed: bytes, most: int) -> bytes | None:
    """None for what is packed in another way, or unpacks to more."""
    stream = zlib.decompressobj()
    try:
        unpacked = stream.decompress(packed, most)
    except zlib.error:
        return None
    return unpacked if stream.eof else None


def _head_of(file: Mapping[str, Any]) -> re.Match[str] | None:
    data = file.get("file_data")
    return HEAD.match(data) if isinstance(data, str) else None
