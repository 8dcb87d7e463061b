"""Lists in pages: a cursor names the last row that was seen, and is signed for its workspace and list (PROMISES T-09)."""

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from burnish_shared.errors import InvalidField

PAGE_DEFAULT = 50
PAGE_MOST = 200
SIGNATURE_BYTES = 12


class Cursors:
    """Makes and opens cursors. `key`: a key of this purpose alone."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def make(self, workspace_id: UUID, *, of: str, position: Sequence[Any]) -> str:
        """An opaque cursor. `of`: name of the list; `position`: JSON values of the last row's sort columns."""
        body = json.dumps(list(position), separators=(",", ":"), default=str).encode()
        return base64.urlsafe_b64encode(self._sign(workspace_id, of, body) + body).decode().rstrip("=")

    def open(self, cursor: str | None, workspace_id: UUID, *, of: str) -> list[Any] | None:
        """The position, or None without a cursor. Raises InvalidField for anything that this list of this workspace did not make."""
        if cursor is None:
            return None
        try:
            raw = base64.urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4))
        except (binascii.Error, UnicodeEncodeError, ValueError) as error:
            raise _wrong() from error
        signature, body = raw[:SIGNATURE_BYTES], raw[SIGNATURE_BYTES:]
        if not hmac.compare_digest(signature, self._sign(workspace_id, of, body)):
            raise _wrong()
        position: list[Any] = json.loads(body)
        return position

    def page(self, rows: Sequence[Any], *, limit: int, workspace_id: UUID, of: str, position: Any) -> dict[str, Any]:
        """`{data, next_cursor}` from at most limit + 1 rows: the one too many says that there is more.

        `position(row)` gives the sort columns of a row. `data` holds the first `limit` rows as they are.
        """
        data = list(rows[:limit])
        more = len(rows) > limit
        return {"data": data, "next_cursor": self.make(workspace_id, of=of, position=position(data[-1])) if more else None}

    def _sign(self, workspace_id: UUID, of: str, body: bytes) -> bytes:
        return hmac.digest(self._key, workspace_id.bytes + of.encode() + b"|" + body, hashlib.sha256)[:SIGNATURE_BYTES]


def _wrong() -> InvalidField:
    return InvalidField("cursor: not a cursor of this list; start again without one.", param="cursor")
