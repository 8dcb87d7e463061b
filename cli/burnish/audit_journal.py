"""A client's own list of what it asked for and what it was told, compared with the books.

One JSON object a line; `route` is `executions` (when left out) or `feedback`, `status` one of:

- `ok`: answered whole. The books have one row, a success; with `digest` (SHA-256 of the answer's body, or of the data of the event
  `done`, in hexadecimal) its bytes are the ones that the client got.
- `failed`: answered with an error that names its execution. The books have one row, no success; with `code`, of the same error.
- `accepted`: answered 202. For an execution the books have one terminal row, of whatever status; feedback stands.
- `refused`: refused before admission. The books have nothing under `id`, nor an execution under `key`.
- `unknown`: no answer came, or one that leaves it open. Either is right.

Lines about one id must all hold; two `ok` of one id must have the same digest, since a repeat gets the same bytes.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal, get_args
from uuid import UUID

from asyncpg import Record

from burnish import audit_store
from burnish_gateway.execution.books import output_json
from burnish_gateway.execution.store import outcome_of
from burnish_shared.db.session import Database

Status = Literal["ok", "failed", "accepted", "refused", "unknown"]

STATUSES: Final = frozenset(get_args(Status))
ROUTES: Final = frozenset({"executions", "feedback"})
AT_ONCE: Final = 2_000
"""Ids asked for in one statement."""


class BadJournal(ValueError):
    """A line that cannot be read; the message names it."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line. `id` None only where the client never learned it."""

    status: Status
    route: str = "executions"
    id: UUID | None = None
    digest: str | None = None
    code: str | None = None
    key: str | None = None


def read_journal(path: Path) -> list[Line]:
    """Raises BadJournal. A last line that broke off in the middle of being written is left out."""
    *whole, broken_off = path.read_bytes().split(b"\n")
    del broken_off
    return [_line(text, number) for number, text in enumerate(whole, start=1) if text.strip()]


async def compare(db: Database, lines: Iterable[Line]) -> list[str]:
    """What the journal and the books say differently, a sentence each."""
    found: list[str] = []
    lines = list(lines)
    for start in range(0, len(lines), AT_ONCE):
        part = lines[start : start + AT_ONCE]
        async with db.unit_of_work(read_only=True) as tx:
            executions = await audit_store.rows_of(tx, [one.id for one in part if one.id is not None and one.route == "executions"])
            feedback = await audit_store.kept_feedback(tx, [one.id for one in part if one.id is not None and one.route == "feedback"])
            keys = await audit_store.executions_of_keys(tx, [one.key for one in part if one.key is not None])
        for one in part:
            said = feedback_difference(one, feedback) if one.route == "feedback" else execution_difference(one, executions, keys)
            if said is not None:
                found.append(said)
    return found


def feedback_difference(line: Line, kept: set[UUID]) -> str | None:
    """None when the books agree."""
    if line.status in ("accepted", "ok") and line.id not in kept:
        return f"feedback {line.id} was answered 202 and does not stand in the books"
    if line.status == "refused" and line.id in kept:
        return f"feedback {line.id} was refused and stands in the books"
    return None


def execution_difference(line: Line, rows: Mapping[UUID, Record], keys: Mapping[str, set[UUID]]) -> str | None:
    """None when the books agree."""
    row = rows.get(line.id) if line.id is not None else None
    if line.key is not None and len(keys.get(line.key, ())) > 1:
        return f"key {line.key} stands for {len(keys[line.key])} executions"
    match line.status:
        case "unknown":
            return None
        case "refused":
            stands = row is not None or (line.key is not None and bool(keys.get(line.key)))
            return f"{line.id or line.key} was refused before admission and is in the books" if stands else None
        case _ if row is None:
            return f"{line.id} was answered {line.status} and has no row"
        case "ok":
            return _other_answer(line, row)
        case "failed" if row["status"] == "success":
            return f"{line.id} was answered with an error and is booked as a success"
        case "failed" if line.code is not None and (row["error"] or {}).get("code") != line.code:
            return f"{line.id} was told the error {line.code} and is booked with {(row['error'] or {}).get('code')}"
    return None


def _other_answer(line: Line, row: Record) -> str | None:
    if row["status"] != "success":
        return f"{line.id} was answered and is booked as {row['status']}"
    if line.digest is not None and line.digest != digest_of(row):
        return f"{line.id} was answered with other bytes than are booked"
    return None


def digest_of(row: Record) -> str:
    """SHA-256 of the answer as a repeat would get it from the books."""
    return hashlib.sha256(outcome_of(row, output_json=output_json(row)).model_dump_json().encode()).hexdigest()


def _line(text: bytes, number: int) -> Line:
    try:
        read: Any = json.loads(text.decode())
        status, route = read["status"], read.get("route") or "executions"
        if status not in STATUSES or route not in ROUTES:
            raise ValueError(f"status {status!r} of route {route!r}")
        given = UUID(read["id"]) if read.get("id") else None
        if given is None and status in ("ok", "failed", "accepted"):
            raise ValueError(f"{status} without an id")
        more = {name: read.get(name) for name in ("digest", "code", "key")}
        if wrong := [name for name, value in more.items() if not (value is None or isinstance(value, str))]:
            raise ValueError(f"{', '.join(wrong)} must be a text")
        return Line(status=status, route=route, id=given, **more)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise BadJournal(f"line {number} of the journal cannot be read: {error}") from error
