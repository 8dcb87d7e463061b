"""An uploaded file: raw, or in the form that OpenAI's clients send (RFC 7578, multipart/form-data). Pure."""

import re
from dataclasses import dataclass
from typing import Final

from burnish_shared.errors import InvalidBody, InvalidField

BOUNDARY: Final = re.compile(r'boundary="?([^";,]{1,70})"?', re.I)
NAME: Final = re.compile(rb'\bname="([^"]*)"', re.I)
FILENAME: Final = re.compile(rb'\bfilename="([^"]*)"', re.I)

NAME_MOST: Final = 200


@dataclass(frozen=True, slots=True)
class Upload:
    """A file, by the name that its sender gives it."""

    name: str
    content: bytes

    def said(self) -> bytes:
        """The form without its boundary, which every client draws anew for each try."""
        return self.name.encode() + b"\n" + self.content


def is_form(content_type: str) -> bool:
    return content_type.lower().startswith("multipart/form-data")


def upload_of(raw: bytes, *, content_type: str, name: str | None) -> Upload:
    """Raises InvalidBody for a broken form, InvalidField where a part is missing or wrong. `name`: of a raw body, by the caller's word."""
    if not is_form(content_type):
        return Upload(_named(name), raw)
    found = BOUNDARY.search(content_type)
    if found is None:
        raise InvalidBody("The form has no boundary.", param="content-type")
    content, filename = None, None
    for head, body in _parts(raw, found[1].encode()):
        field = NAME.search(head)
        if field is None:
            continue
        if field[1] == b"file":
            content, given = body, FILENAME.search(head)
            filename = given[1].decode("utf-8", "replace") if given else None
        elif field[1] == b"purpose" and body.strip() != b"batch":
            raise InvalidField("purpose: must be batch.", param="purpose")
    if content is None:
        raise InvalidField("file: is needed.", param="file")
    return Upload(_named(filename or name), content)


def _parts(raw: bytes, boundary: bytes) -> list[tuple[bytes, bytes]]:
    """(headers, body) of each part."""
    pieces = (b"\r\n" + raw).split(b"\r\n--" + boundary)
    if len(pieces) < 3 or not pieces[-1].startswith(b"--"):
        raise InvalidBody("The form is cut off: its closing boundary is missing.")
    parts = [piece.removeprefix(b"\r\n").partition(b"\r\n\r\n") for piece in pieces[1:-1]]
    return [(head, body) for head, _, body in parts]


def _named(name: str | None) -> str:
    """Without what no name of a file holds; a name is always there."""
    plain = "".join(one for one in (name or "") if one.isprintable()).strip()[:NAME_MOST]
    return plain or "batch.jsonl"
