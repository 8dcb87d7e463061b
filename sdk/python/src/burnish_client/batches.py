"""How long a batch is waited for, and reading its results through as many answers as that takes. Without any I/O, for both clients."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Final

import httpx

from burnish_client.errors import ApiError, NotReached, refusal_of
from burnish_client.paths import segment
from burnish_client.types import Batch
from burnish_client.wire import Call, wait_s

ENDED: Final = frozenset({"completed", "failed", "expired", "cancelled"})

BY_A_PERSON: Final = "asked"
"""The `pause_reason` of somebody who will resume it. All others are for somebody to mend, who has to be told first."""

BROKE_OFF: Final = 503
"""The status of the server's last line that says it could not read on: its headers were out before."""


def is_over(batch: Batch) -> bool:
    """Whether waiting is no more use: it ended, or has paused itself."""
    return batch["status"] in ENDED or (batch["status"] == "paused" and batch["pause_reason"] != BY_A_PERSON)


@dataclass
class Results:
    """Where the reading stands. `next_line`: of the batch, from 0. `tries`: answers in a row of which none brings anything."""

    batch_id: str
    next_line: int
    tries: int
    _failed: int = 0
    _knows_place: bool = True

    @property
    def call(self) -> Call:
        """GET …/results from the next line on, as JSON lines."""
        return Call("GET", f"/v1/batches/{segment(self.batch_id)}/results", query={"from_line": self.next_line or None})

    def take(self, line: str) -> dict[str, Any] | None:
        """A result; None for an empty line. Raises ApiError where the server says that it broke off, ValueError for what is no result."""
        if not line.strip():
            return None
        row = json.loads(line)
        if not isinstance(row, dict):
            raise ValueError("a result is an object")
        if row.keys() == {"error"}:
            raise refusal_of(BROKE_OFF, row, None)
        self._knows_place = isinstance(row.get("line"), int)
        if self._knows_place:
            self._go_to(row["line"] + 1)
        return row

    def broke(self, error: ApiError | httpx.RequestError | ValueError) -> float:
        """Seconds to wait before reading on. Raises where it is no use: ApiError with the server's own word, else NotReached."""
        if isinstance(error, ApiError) and isinstance(error.details, dict) and isinstance(error.details.get("from_line"), int):
            self._knows_place = True
            self._go_to(error.details["from_line"])
        self._failed += 1
        may_help = error.retryable if isinstance(error, ApiError) else not isinstance(error, httpx.DecodingError)
        if may_help and self._knows_place and self._failed < self.tries:
            retry_after_s = error.retry_after_s if isinstance(error, ApiError) else None
            return wait_s(self._failed - 1, retry_after=None if retry_after_s is None else str(retry_after_s))
        if isinstance(error, ApiError):
            raise error
        raise NotReached(f"The results of batch {self.batch_id} broke off; read on with from_line={self.next_line}.") from error

    def _go_to(self, line: int) -> None:
        if line > self.next_line:
            self.next_line, self._failed = line, 0
