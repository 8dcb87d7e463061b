"""`/v1/dead-letters`: messages of the bus that no consumer could handle, for the operator (PROMISES M-06, M-07)."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from asyncpg import Record
from fastapi import Query, Request
from fastapi.responses import Response

from burnish_gateway.dead_letters import choose
from burnish_gateway.dead_letters.bodies import (
    ChosenBody,
    DeadLetterAnswer,
    DeadLetterDetailAnswer,
    DeadLetterPage,
    DiscardedAnswer,
    ReplayedAnswer,
    WaitingAnswer,
)
from burnish_gateway.dead_letters.outline import outline
from burnish_gateway.deps import GatewayParts, Operator
from burnish_gateway.idempotency import run_once
from burnish_gateway.paging import PAGE_DEFAULT, PAGE_MOST
from burnish_gateway.wire import Text, json_response, make_router
from burnish_shared.bus import dead_letters, dead_letters_store
from burnish_shared.bus.dead_letters_store import State
from burnish_shared.db.session import Tx

router = make_router("dead_letters")

LIST = "dead-letters"


@router.get("/v1/dead-letters", response_model=DeadLetterPage, summary="Messages that no consumer could handle, newest first (operator)")
async def list_letters(
    principal: Operator,
    gateway: GatewayParts,
    *,
    consumer: Annotated[Text | None, Query(max_length=100)] = None,
    state: State | None = None,
    cursor: Annotated[Text | None, Query(max_length=500)] = None,
    limit: Annotated[int, Query(ge=1, le=PAGE_MOST)] = PAGE_DEFAULT,
) -> Response:
    """What such a message tells is missing from figures, webhooks or jobs until it is sent again. Of the whole installation."""
    position = gateway.cursors.open(cursor, principal.workspace_id, of=LIST)
    before = (datetime.fromisoformat(position[0]), UUID(position[1])) if position else None
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
        rows = await dead_letters_store.newest(tx, consumer=consumer, state=state, before=before, limit=limit + 1)
        waiting = await dead_letters_store.open_counts(tx)
    page = gateway.cursors.page(rows, limit=limit, workspace_id=principal.workspace_id, of=LIST, position=_position)
    counts = [WaitingAnswer(consumer=name, letters=letters) for name, letters in sorted(waiting.items())]
    return json_response(DeadLetterPage(data=[_answer(row) for row in page["data"]], waiting=counts, next_cursor=page["next_cursor"]))


@router.get("/v1/dead-letters/{dead_letter_id}", response_model=DeadLetterDetailAnswer, summary="One dead letter (operator)")
async def get_letter(dead_letter_id: UUID, principal: Operator, gateway: GatewayParts) -> Response:
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
        row = await dead_letters_store.find(tx, dead_letter_id)
    if row is None:
        raise choose.no_such_letter()
    seen = outline(row["payload"]) if row["payload"] is not None else None
    return json_response(DeadLetterDetailAnswer(**_answer(row).model_dump(), headers=row["headers"] or {}, outline=seen))


@router.post("/v1/dead-letters/replay", response_model=ReplayedAnswer, summary="Send dead letters to their consumers once more (operator)")
async def post_replay(body: ChosenBody, request: Request, principal: Operator, gateway: GatewayParts) -> Response:
    """After the cause is mended. Nothing is done twice: each message keeps its event id, which its consumer remembers.

    Of a consumer the hundred that came first; `left` says how many more there are. What fails again is a new letter.
    """

    async def work(tx: Tx) -> ReplayedAnswer:
        return await choose.replay(tx, principal, body)

    return await run_once(gateway, request, principal, status=200, work=work)


@router.post("/v1/dead-letters/discard", response_model=DiscardedAnswer, summary="Give dead letters up for good (operator)")
async def post_discard(body: ChosenBody, request: Request, principal: Operator, gateway: GatewayParts) -> Response:
    """What they tell is never handled. Those that were replayed, or ended by themselves, go by themselves after 30 days."""

    async def work(tx: Tx) -> DiscardedAnswer:
        return await choose.discard(tx, principal, body)

    return await run_once(gateway, request, principal, status=200, work=work)


def _answer(row: Record) -> DeadLetterAnswer:
    shown = {name: row[name] for name in DeadLetterAnswer.model_fields if name not in ("id", "sendable")}
    sendable = row["payload_bytes"] is not None and dead_letters.is_sent(row["subject"])
    return DeadLetterAnswer(id=row["dead_letter_id"], sendable=sendable, **shown)


def _position(row: Record) -> list[str]:
    return [row["at"].isoformat(), str(row["dead_letter_id"])]
