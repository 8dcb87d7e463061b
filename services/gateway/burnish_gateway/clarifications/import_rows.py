"""Sessions of the source system, from dumps of `opt_sessions`, `opt_messages` and `opt_feedback`: they become the importer's own.

Twice gives the same: an id here is made of the owner's and theirs. Pure, but for the rows that `store` writes.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Final
from uuid import UUID

from pydantic import Field

from burnish_gateway.clarifications.memory import WorkingMemory
from burnish_gateway.moments import can_be_kept
from burnish_gateway.wire import ApiModel
from burnish_shared.storable_text import storable

ROWS_MOST: Final = 5_000
MESSAGES_MOST: Final = 50_000
STATUSES: Final = ("finalized", "failed", "expired")
ROLES: Final = {"assistant": "agent", "agent": "agent", "ai": "agent", "user": "user", "human": "user", "system": "system"}
KINDS: Final = ("question", "answer", "note")
NOTES_MOST: Final = 50
NEXT: Final = timedelta(microseconds=1)

Row = dict[str, Any]


class OptDump(ApiModel):
    """Rows as the source system's tables hold them; columns that are not known here are passed over."""

    opt_sessions: Annotated[list[Row], Field(max_length=ROWS_MOST)]
    opt_messages: Annotated[list[Row], Field(max_length=MESSAGES_MOST)] = Field(default_factory=list)
    opt_feedback: Annotated[list[Row], Field(max_length=ROWS_MOST)] = Field(default_factory=list)


@dataclass(slots=True)
class ReadDump:
    """Columns of rows that can be kept, and what was left out, in words."""

    sessions: list[Row] = field(default_factory=list)
    messages: list[Row] = field(default_factory=list)
    feedback: list[Row] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def leave_out(self, what: str) -> None:
        if len(self.notes) < NOTES_MOST:
            self.notes.append(what)


def read_dump(dump: OptDump, *, owner_id: UUID, models: Mapping[str, str], now: datetime) -> ReadDump:
    """`models`: of sessions that name none."""
    found = ReadDump()
    ids: dict[str, UUID] = {}
    order = _Order()
    for place, row in enumerate(dump.opt_sessions):
        theirs, text = _text(row.get("id") or row.get("session_id"), 200), _text(row.get("initial_prompt"), 40_000)
        if not theirs or not text:
            found.leave_out(f"opt_sessions[{place}]: left out: it has no id or no initial_prompt.")
            continue
        ids[theirs] = made_id(owner_id, "session", theirs)
        session = _session(row, ids[theirs], theirs, text, models=models, now=now)
        found.sessions.append(session)
        order.last[ids[theirs]] = session["created_at"]
    for name, rows, read in (("opt_messages", dump.opt_messages, _message), ("opt_feedback", dump.opt_feedback, _feedback)):
        for place, row in enumerate(rows):
            session_id = ids.get(_text(row.get("session_id"), 200))
            made = None if session_id is None else read(row)
            if made is None or session_id is None:
                found.leave_out(f"{name}[{place}]: left out: it belongs to no session of the file, or says nothing.")
                continue
            theirs = _text(row.get("id"), 200) or f"{session_id}/{place}"
            key = "message_id" if name == "opt_messages" else "feedback_id"
            kept = found.messages if name == "opt_messages" else found.feedback
            made["created_at"] = order.placed(session_id, _moment(row.get("created_at")))
            kept.append({key: made_id(owner_id, name, theirs), "session_id": session_id} | made)
    return found


class _Order:
    """Rows of a session are shown by their times: what has none, or another's, comes behind what stands before it in the file."""

    def __init__(self) -> None:
        self.last: dict[UUID, datetime] = {}
        self._next: dict[tuple[UUID, datetime], datetime] = {}

    def placed(self, session_id: UUID, at: datetime | None) -> datetime:
        wanted = self.last[session_id] if at is None else at
        place = self._next.get((session_id, wanted), wanted)
        if not can_be_kept(place + NEXT):
            return wanted
        self._next[session_id, wanted] = place + NEXT
        self.last[session_id] = wanted
        return place


def made_id(owner_id: UUID, kind: str, theirs: str) -> UUID:
    """The id here of what has this id there: the same for the same owner, and nobody else's."""
    return UUID(bytes=hashlib.sha256(f"{owner_id}/{kind}/{theirs}".encode()).digest()[:16])


def _session(row: Row, session_id: UUID, theirs: str, text: str, *, models: Mapping[str, str], now: datetime) -> Row:
    final = _text(row.get("final_prompt") or row.get("optimized_prompt"), 100_000)
    status = "finalized" if final else str(row.get("status")) if row.get("status") in STATUSES else "ready"
    result = {"prompt": final, "name": "", "description": "", "test_cases": []} if final else None
    selections = row.get("selections")
    memory = WorkingMemory.of(row.get("working_memory")).as_dict()
    return {
        "session_id": session_id, "status": status, "initial_prompt": text, "working_memory": memory, "result": result,
        "selections": selections if isinstance(selections, dict) and len(str(selections)) < 20_000 else {},
        "ask_model": models["ask"], "write_model": _text(row.get("model_name"), 200) or models["write"],
        "metadata": {"source_id": theirs, "source_user_id": _text(row.get("user_id"), 200)},
        "created_at": _moment(row.get("created_at")) or now, "finished_at": _moment(row.get("updated_at")) if status in STATUSES else None,
    }  # fmt: skip


def _message(row: Row) -> Row | None:
    content = _text(row.get("content"), 100_000)
    if not content:
        return None
    kind = str(row.get("kind") or row.get("message_type") or "note")
    return {
        "role": ROLES.get(str(row.get("role")).lower(), "system"), "kind": kind if kind in KINDS else "note", "content": content,
        "model_name": _text(row.get("model_name"), 200) or None, "input_tokens": _count(row.get("input_tokens") or row.get("tokens")),
        "output_tokens": _count(row.get("output_tokens")), "latency_ms": _count(row.get("latency_ms")),
    }  # fmt: skip


def _feedback(row: Row) -> Row | None:
    rating = row.get("rating")
    if not isinstance(rating, int) or isinstance(rating, bool) or not 1 <= rating <= 5:
        return None
    comments = _text(row.get("comments") or row.get("comment"), 4_000)
    return {"rating": rating, "comments": comments}


def _text(given: Any, most: int) -> str:
    return storable(str(given)).strip()[:most] if isinstance(given, str | int) and not isinstance(given, bool) else ""


def _count(given: Any) -> int | None:
    return given if isinstance(given, int) and not isinstance(given, bool) and 0 <= given < 2**62 else None


def _moment(given: Any) -> datetime | None:
    """A time without a zone is UTC, as in dumps of columns that have none."""
    try:
        found = datetime.fromisoformat(str(given))
    except ValueError:
        return None
    aware = found if found.tzinfo is not None else found.replace(tzinfo=UTC)
    return aware if can_be_kept(aware) else None
