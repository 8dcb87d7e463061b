"""A picture or file of which the books keep a name only: of a call that was too big to travel in one message; and of which whoever reads a
case as a text is told no more. Pure.

`data:image/png;base64,…` → `omitted:image/png;bytes=…;sha256=…`, both of the text that stood there. An address stays as it is.
"""

import hashlib
import re
from typing import Final

OMITTED: Final = re.compile(r"omitted:([^;]{0,100});bytes=([0-9]{1,12});sha256=([0-9a-f]{64})?")

BYTES: Final = re.compile(r"data:[^,\s\"']{0,300};base64,[A-Za-z0-9+/_=-]+")
"""A picture or file within a text, such as an input that is written as JSON."""

SHOWN_DIGITS: Final = 12
"""So much of a fingerprint tells two files apart."""


def omitted(url: str) -> str:
    if not url.startswith("data:"):
        return url
    digest, kind = hashlib.sha256(url.encode("utf-8", "replace")).hexdigest(), url[5:].partition(",")[0].partition(";")[0][:100]
    return f"omitted:{kind};bytes={len(url)};sha256={digest}"


def files_named(text: str) -> str:
    """A text that somebody reads, with the name of each picture and file in it in place of its bytes, which say nothing there."""
    return BYTES.sub(lambda found: omitted(found[0]), text) if ";base64," in text else text


def told_of_omitted(value: str, name: str | None) -> str | None:
    """Which file it was, for whoever sends the name in its place; None: it is no such name. `name`: what the file is called, if it is."""
    found = OMITTED.match(value)
    if found is None:
        return None
    kind, size, digest = found[1], int(found[2]), found[3]
    whose = repr(name[:200]) if name else "the picture" if kind.startswith("image/") else "the file"
    about = ", ".join(filter(None, (kind, f"{size:,} bytes as it was sent", digest and f"SHA-256 {digest[:SHOWN_DIGITS]}…")))
    return f"{whose} ({about}) is not kept: the record of a call above 768 KiB only names its files. Send the file itself again."
