"""`GET /v1/sessions`: conversations, the one that went on last first."""

from typing import Annotated, Any, Final
from uuid import UUID

from asyncpg import Record
from fastapi import Depends, Query
from fastapi.responses import Response

from burnish_gateway.deps import GatewayParts, Viewer
from burnish_gateway.execution.list_filters import Name, bound_of
from burnish_gateway.execution.store import flush
from burnish_gateway.moments import Moment, check_order
from burnish_gateway.paging import PAGE_DEFAULT, PAGE_MOST
from burnish_gateway.sessions import list_store
from burnish_gateway.sessions.answers import SessionListed, SessionPage
from burnish_gateway.wire import Text, json_response, make_router
from burnish_shared.ids import created_at
from burnish_shared.moments import in_utc_us

router = make_router("executions")

LIST: Final = "sessions"

PROMPTS_SHOWN: Final = 10


def _wanted(
    prompt: Annotated[Text | None, Query(max_length=63, description="That ran this prompt.")] = None,
    user_id: Name = None,
    start: Annotated[Moment | None, Query(alias="from", description="With an execution begun from this moment on; with its zone.")] = None,
    end: Annotated[Moment | None, Query(alias="to", description="With an execution begun before this moment; with its zone.")] = None,
) -> dict[str, Any]:
    check_order(start, end)
    return {"prompt": prompt, "user_id": user_id, "from": bound_of(start), "to": bound_of(end)}


Wanted = Annotated[dict[str, Any], Depends(_wanted)]


@router.get("/v1/sessions", response_model=SessionPage, summary="Sessions, the one that went on last first")
async def list_sessions(
    gateway: GatewayParts,
    principal: Viewer,
    wanted: Wanted,
    cursor: Annotated[str | None, Query(max_length=500)] = None,
    limit: Annotated[int, Query(ge=1, le=PAGE_MOST)] = PAGE_DEFAULT,
) -> Response:
    """Those with an execution that has ended and is all that the filters want, by the newest such one. Figures are of the whole session.

    They are looked for in 20,000 executions a page: `searched_to` says how far back it was looked, and `next_cursor` goes on from there,
    also where the page has few rows or none.
    """
    position = gateway.cursors.open(cursor, principal.workspace_id, of=LIST)
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
        found = await list_store.list_newest(tx, after=UUID(position[0]) if position else None, limit=limit, filters=wanted)
        figures = await list_store.figures_of(tx, [row["session_id"] for row in found.rows[:limit]])
        await flush(tx)
    page = gateway.cursors.page(
        found.rows, limit=limit, workspace_id=principal.workspace_id, of=LIST, position=lambda row: [str(row["execution_id"])]
    )
    next_cursor, searched_to = page["next_cursor"], None
    if found.searched_to is not None:
        next_cursor = gateway.cursors.make(principal.workspace_id, of=LIST, position=[str(found.searched_to)])
        searched_to = in_utc_us(created_at(found.searched_to))
    return json_response(SessionPage(data=[_listed(row) for row in figures], next_cursor=next_cursor, searched_to=searched_to))


def _listed(row: Record) -> SessionListed:
    shown = {name: row[name] for name in SessionListed.model_fields if name in row}
    return SessionListed.model_validate(
        shown
        | {
            "started_at": in_utc_us(created_at(row["first_id"])),
            "last_at": in_utc_us(created_at(row["last_id"])),
            "user_id": row["user_id"] if row["users"] == 1 else None,
            "prompts": row["prompts"][:PROMPTS_SHOWN],
        }
    )
