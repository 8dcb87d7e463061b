"""Compressed bodies, and no bomb among them. Pure."""

import zlib
from typing import Final

from burnish_shared.errors import InvalidBody, PayloadTooLarge

GZIP_OR_ZLIB: Final = 32 + zlib.MAX_WBITS
"""HTTP calls the second one `deflate` (RFC 9110, 8.4.1.2)."""


def inflated(raw: bytes, *, most_bytes: int) -> bytes:
    """What gzip or deflate packed. Never makes more than `most_bytes`: raises PayloadTooLarge there, InvalidBody for what is neither."""
    stream = zlib.decompressobj(GZIP_OR_ZLIB)
    try:
        data = stream.decompress(raw, most_bytes + 1)
    except zlib.error as error:
        raise InvalidBody("The body is not what content-encoding says.", param="content-encoding") from error
    if len(data) > most_bytes:
        raise PayloadTooLarge(f"The body has more than {most_bytes} bytes when it is unpacked; send less at once.")
    if not stream.eof or stream.unused_data:
        raise InvalidBody("The packed body is cut off, or holds more than one member.", param="content-encoding")
    return data
