"""Wait for a session's model, or tell of the session as it goes, wherever it is worked on."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Final
from uuid import UUID

from asyncpg import Record

from burnish_gateway.access.principal import Principal
from burnish_gateway.chains.tell import event_of
from burnish_gateway.clarifications import answers
from burnish_gateway.clarifications.advance import found
from burnish_gateway.clarifications.owner import owner_of
from burnish_gateway.deps import Gateway
from burnish_gateway.execution.streaming import error_event
from burnish_shared.errors import NotFound, Unavailable

LOOK_EVERY_S: Final = 0.5
"""At a session whose model another gateway asks."""

FOLLOWED_MOST_S: Final = 3_600.0
"""A page that is left open comes back by itself: browsers open the stream again."""


async def read_session(gateway: Gateway, principal: Principal, session_id: UUID) -> Record:
    """Raises NotFound."""
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, user=owner_of(principal), read_only=True) as tx:
        return await found(tx, session_id)


async def until_said(gateway: Gateway, principal: Principal, session_id: UUID, *, wait_s: float) -> Record:
    """The session, once no model is asked for it any more, or as it stands after `wait_s`, or when this gateway is stopped and gives no
    more time. Raises NotFound."""
    loop = asyncio.get_running_loop()
    until = loop.time() + wait_s
    with gateway.assistant.listening(session_id) as bell:
        while True:
            row = await read_session(gateway, principal, session_id)
            left_s = until - loop.time()
            if row["task"] is None or row["status"] == "expired" or left_s <= 0 or gateway.inbox.is_over:
                return row
            await _rung(bell, within_s=min(LOOK_EVERY_S, left_s))


async def events_of_session(
    gateway: Gateway, principal: Principal, session_id: UUID, *, request_id: str
) -> AsyncGenerator[bytes | None, None]:
    """Server-sent events: `session` at once and whenever it changes, `gone` when it is deleted. None: nothing happened for a while.

    It goes on after the end, because a session that failed can be written again, for at most an hour. A gateway that is stopped and
    gives no more time says so by an `error`.
    """
    loop = asyncio.get_running_loop()
    until, shown = loop.time() + FOLLOWED_MOST_S, ""
    with gateway.assistant.listening(session_id) as bell:
        while loop.time() < until:
            if gateway.inbox.is_over:
                yield error_event(Unavailable("This gateway is stopped; follow the session again.", retry_after_s=1), request_id=request_id)
                return
            try:
                row = await read_session(gateway, principal, session_id)
            except Unavailable:
                yield None
                await _rung(bell, within_s=LOOK_EVERY_S)
                continue
            except NotFound:
                yield event_of("gone", {"id": str(session_id)})
                return
            told = answers.answer_of(row).model_dump_json()
            yield b"event: session\ndata: " + told.encode() + b"\n\n" if told != shown else None
            shown = told
            await _rung(bell, within_s=LOOK_EVERY_S)


async def _rung(bell: asyncio.Event, *, within_s: float) -> None:
    try:
        async with asyncio.timeout(within_s):
            await bell.wait()
    except TimeoutError:
        return
    bell.clear()
