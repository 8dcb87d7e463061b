"""Files that say by a mark at their beginning how they are written, as Excel's “Unicode text” and editors on Windows do. Pure."""

from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE, BOM_UTF32_BE, BOM_UTF32_LE
from typing import Final

from burnish_shared.errors import InvalidBody

MARKS: Final = (
    (BOM_UTF32_LE, "utf-32-le", "UTF-32"), (BOM_UTF32_BE, "utf-32-be", "UTF-32"),
    (BOM_UTF16_LE, "utf-16-le", "UTF-16"), (BOM_UTF16_BE, "utf-16-be", "UTF-16"),
)  # fmt: skip
"""The longer ones first: that of UTF-32 begins as that of UTF-16 does."""


def in_utf8(raw: bytes) -> bytes:
    """The same text in UTF-8, without a mark; a file without any comes back as it is.

    Raises InvalidBody where it is not what its mark says.
    """
    for mark, codec, name in MARKS:
        if raw.startswith(mark):
            try:
                return raw[len(mark) :].decode(codec).encode()
            except UnicodeDecodeError as error:
                at = error.start + len(mark)
                raise InvalidBody(f"The file begins as {name} does, and is not so at byte {at:,}. Save it as UTF-8.") from error
    return raw.removeprefix(BOM_UTF8)
