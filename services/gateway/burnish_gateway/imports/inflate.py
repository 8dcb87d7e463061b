"""Compressed bodies, and no bomb among them. Pure."""

import zlib
from typing import Final

from burnish_shared.errors import InvalidBody, PayloadTooLarge

GZIP: Final = 16 + zlib.MAX_WBITS


def inflated(raw: bytes, *, most_bytes: int) -> bytes:
    """What was gzipped. Never makes more than `most_bytes`: raises PayloadTooLarge there, InvalidBody for what is no gzip."""
    stream = zlib.decompressobj(GZIP)
    try:
        data = stream.decompress(raw, most_bytes + 1)
    except zlib.error as error:
        raise InvalidBody("The body is not gzip, though content-encoding says so.", param="content-encoding") from error
    if len(data) > most_bytes:
        raise PayloadTooLarge(f"The body has more than {most_bytes} bytes when it is unpacked; send less at once.")
    if not stream.eof or stream.unused_data:
        raise InvalidBody("The gzipped body is cut off, or holds more than one member.", param="content-encoding")
    return data
