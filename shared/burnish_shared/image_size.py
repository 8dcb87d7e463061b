"""How large an image in a data URL is, from the first bytes of its file. Pure: nothing is decoded but what says the size."""

import binascii
import re
from struct import unpack_from
from typing import Final

DATA: Final = re.compile(r"data:image/[^,;]*(?:;[^,;]*)*;base64,", re.IGNORECASE)
"""RFC 2397. Other encodings are not read: hardly anybody sends them, and no provider asks for them."""

READ_BYTES: Final = 3 * 2**10
READ_MOST_BYTES: Final = 3 * 2**17
"""JPEG names its size behind its segments of data about itself (Exif with a small picture, colours, XMP), of 64 KiB at most each."""

SIDE_MOST_PX: Final = 2**16
"""JPEG (ITU-T T.81) knows no longer side; what claims one is no size to go by."""


def size_of(url: str) -> tuple[int, int] | None:
    """Width and height in pixels of a PNG, GIF, WebP or JPEG. None: an address, another format, or what is no image.

    By what the file says, as who reads it will go by it. Turned by Exif or not is the same to whoever counts tokens.
    """
    named = DATA.match(url)
    if named is None:
        return None
    found = _size_in(_first(url, named.end(), READ_BYTES))
    if found is None and len(url) - named.end() > READ_BYTES // 3 * 4:
        found = _size_in(_first(url, named.end(), READ_MOST_BYTES))
    return found if found is not None and min(found) > 0 and max(found) < SIDE_MOST_PX else None


def _first(url: str, at: int, count: int) -> bytes:
    """So many bytes of the file, fewer at its end; none where it is no base64."""
    piece = url[at : at + count // 3 * 4]
    try:
        return binascii.a2b_base64(piece[: len(piece) // 4 * 4])
    except (binascii.Error, ValueError):
        return b""


def _size_in(file: bytes) -> tuple[int, int] | None:
    if file.startswith(b"\x89PNG\r\n\x1a\n") and file[12:16] == b"IHDR" and len(file) >= 24:
        return unpack_from(">II", file, 16)
    if file[:6] in {b"GIF87a", b"GIF89a"} and len(file) >= 10:
        return unpack_from("<HH", file, 6)
    if file[:4] == b"RIFF" and file[8:12] == b"WEBP" and len(file) >= 30:
        return _size_in_webp(file)
    return _size_in_jpeg(file) if file.startswith(b"\xff\xd8") else None


def _size_in_webp(file: bytes) -> tuple[int, int] | None:
    """RFC 9649: the three kinds of a first chunk."""
    match file[12:16]:
        case b"VP8 " if file[23:26] == b"\x9d\x01\x2a":
            width, height = unpack_from("<HH", file, 26)
            return width & 0x3FFF, height & 0x3FFF
        case b"VP8L" if file[20] == 0x2F:
            (packed,) = unpack_from("<I", file, 21)
            return (packed & 0x3FFF) + 1, (packed >> 14 & 0x3FFF) + 1
        case b"VP8X":
            return int.from_bytes(file[24:27], "little") + 1, int.from_bytes(file[27:30], "little") + 1
    return None


NO_FRAME: Final = frozenset({0xC4, 0xC8, 0xCC})
"""Between the markers of frames, three that are none: tables, and one that is kept for later (ITU-T T.81, table B.1)."""


SEGMENTS_MOST: Final = 1000
"""A photo has ten or twenty before its frame; whoever sends more of them shall not keep anybody busy."""


def _size_in_jpeg(file: bytes) -> tuple[int, int] | None:
    """Segment by segment, so that a small picture inside of one is passed over."""
    at = 2
    for _ in range(SEGMENTS_MOST):
        if at + 9 > len(file) or file[at] != 0xFF:
            return None
        marker = file[at + 1]
        if 0xC0 <= marker <= 0xCF and marker not in NO_FRAME:
            height, width = unpack_from(">HH", file, at + 5)
            return width, height
        if marker == 0xFF:  # padding
            at += 1
        elif 0xC0 <= marker < 0xFF and not 0xD0 <= marker <= 0xDA:
            at += 2 + unpack_from(">H", file, at + 2)[0]
        else:  # the image itself, or its end, and no frame came before
            return None
    return None
