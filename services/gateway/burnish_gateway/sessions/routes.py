"""`/v1/sessions/{session_id}`: a conversation with everything that was said of it."""

from typing import Annotated, Any, Final
from uuid import UUID

from asyncpg import Record
from fastapi import Query
from fastapi.responses import Response

from burnish_gateway.comments import routes as comment_routes
from burnish_gateway.deps import GatewayParts, Viewer
from burnish_gateway.execution.read import numbers_of
from burnish_gateway.execution.store import flush
from burnish_gateway.feedback.store import feedback_of_many, feedback_of_session
from burnish_gateway.paging import PAGE_DEFAULT, PAGE_MOST
from burnish_gateway.sessions import list_routes, store
from burnish_gateway.sessions.answers import SessionAnswer, SessionTotals
from burnish_gateway.wire import Text, include, json_response, make_router
from burnish_shared.errors import NotFound
from burnish_shared.moments import in_utc_us

router = make_router("executions")

include(router, list_routes.router, comment_routes.of_sessions)  # before what takes any path for an id

LIST: Final = "session"

REACTIONS_MOST: Final = 1000
"""Reactions to the session as a whole that are shown: the oldest. `totals` counts all."""


@router.get("/v1/sessions/{session_id:path}", response_model=SessionAnswer, summary="One session: its executions in order, with feedback")
async def get_session(
    session_id: str,
    principal: Viewer,
    gateway: GatewayParts,
    cursor: Annotated[Text | None, Query(max_length=500)] = None,
    limit: Annotated[int, Query(ge=1, le=PAGE_MOST)] = PAGE_DEFAULT,
) -> Response:
    if "\x00" in session_id:
        raise _no_such_session()
    of = f"{LIST}:{session_id}"
    position = gateway.cursors.open(cursor, principal.workspace_id, of=of)
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
        rows = await store.executions_of(tx, session_id, after=UUID(position[0]) if position else None, limit=limit)
        reactions = await feedback_of_session(tx, session_id, at_most=REACTIONS_MOST)
        if not rows and not reactions and position is None:
            raise _no_such_session()
        by_execution = await feedback_of_many(tx, [row["execution_id"] for row in rows[:limit]])
        totals = await store.totals_of(tx, session_id)
        await flush(tx)
    page = gateway.cursors.page(
        rows, limit=limit, workspace_id=principal.workspace_id, of=of, position=lambda row: [str(row["execution_id"])]
    )
    executions = [numbers_of(row) | {"feedback": by_execution.get(row["execution_id"], [])} for row in page["data"]]
    return json_response(
        {
            "session_id": session_id,
            "totals": _totals(totals).model_dump(),
            "feedback": reactions,
            "executions": executions,
            "next_cursor": page["next_cursor"],
        }
    )


def _totals(row: Record) -> SessionTotals:
    shown: dict[str, Any] = dict(row) | {"finished_at": in_utc_us(row["finished_at"]) if row["finished_at"] else None}
    return SessionTotals(**shown)


def _no_such_session() -> NotFound:
    return NotFound("There is no session of this id: no execution and no feedback carries it.")
