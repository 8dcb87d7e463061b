"""`GET /v1/live`: one stream of server-sent events for each client that looks; `PUT /v1/presence`: who looks at what."""

import asyncio
import json
from collections.abc import AsyncGenerator
from typing import Annotated, Final

from fastapi import Header, Request
from fastapi.responses import Response

from burnish_gateway.access.principal import Principal
from burnish_gateway.deps import Gateway, GatewayParts, Viewer
from burnish_gateway.execution.streaming import KEEP_ALIVE, KEEP_ALIVE_S, EventStream
from burnish_gateway.live.answers import LiveAnswer, PresenceAnswer
from burnish_gateway.live.hub import TOLD_KINDS, Listener
from burnish_gateway.live.presence import Place, Said, State, Tab
from burnish_gateway.live.ring import POSITION, Kept
from burnish_gateway.still_allowed import RECHECK_S, still_may
from burnish_gateway.wire import ApiModel, json_response, make_router
from burnish_shared.errors import InvalidField

router = make_router("analytics")

STREAM: Final = "text/event-stream"

DESCRIPTION: Final = """With `Accept: text/event-stream` a stream; else the figures of the last minute as one JSON object.

Events of the stream: `hello`; `figures`, at most every 250 ms and only when they have changed; every event of the workspace under its own
type (`alert.raised`, …), with an `id`; `presence` whenever somebody opens, edits or leaves something (`PUT /v1/presence`); `changed` within
a second or so of a change of configuration, with its `kinds` (such as `prompt`, `chain`, `dataset`, `api_key`), also where nothing else
tells of it, such as a prompt that is archived, a comment that was changed or deleted (`comment`) and texts of a run that were deleted
(`execution`); one that comes back hears it of all kinds. Send the last
`id` back as `Last-Event-ID` and the stream begins with what came since; an event may then come twice, so drop repeats by its `id`. `gap`
says that events may have been missed: read what you show anew. `end` says why the stream ends: `access_ended`, `too_slow`, `stopping`.
Every 10 s of silence bring a comment. At most 20 streams of a workspace at once at each gateway."""


@router.get(
    "/v1/live",
    response_model=LiveAnswer,
    summary="What happens now",
    description=DESCRIPTION,
    responses={200: {"content": {STREAM: {}}, "description": "The stream, or the figures."}},
)
async def live(
    principal: Viewer,
    gateway: GatewayParts,
    request: Request,
    *,
    last_event_id: Annotated[str | None, Header(max_length=64, description="`id` of the last event that was seen.")] = None,
) -> Response:
    if STREAM not in request.headers.get("accept", ""):
        answer = LiveAnswer.model_validate(await gateway.live.figures(principal.workspace_id))
        return Response(answer.model_dump_json(), media_type="application/json")
    if last_event_id is not None and POSITION.fullmatch(last_event_id) is None:
        raise InvalidField("Last-Event-ID: this is no id of an event of this stream.", param="last-event-id")
    parts = _stream(gateway, principal, request, last_event_id=last_event_id)
    await anext(parts)
    return EventStream(parts, headers={})


class SayWhere(ApiModel):
    """Say it again every 15 s: what was not said for 45 s is over."""

    place: Place
    tab: Tab
    state: State


@router.put("/v1/presence", response_model=PresenceAnswer, summary="Say what one has open, and hear who else has")
async def put_presence(principal: Viewer, gateway: GatewayParts, body: SayWhere) -> Response:
    """For people who signed in. An API key is nobody: it hears who is there, and is not shown. Kept in memory alone."""
    if principal.user_id is not None:
        said = Said(place=body.place, tab=body.tab, user_id=principal.user_id, state=body.state)
        await gateway.live.note_here(principal.workspace_id, said)
    return json_response(PresenceAnswer.model_validate(gateway.live.who_is_at(principal.workspace_id, body.place)))


async def _stream(gateway: Gateway, principal: Principal, request: Request, *, last_event_id: str | None) -> AsyncGenerator[bytes, None]:
    """The first part is empty and says that there is room, which is taken from then on. Raises before it where there is none."""
    hub, loop = gateway.live, asyncio.get_running_loop()
    with hub.listening(principal.workspace_id) as listener:
        yield b""
        await hub.ensure_records()
        yield _hello(gateway, principal, listener, last_event_id=last_event_id)
        checked_at = sent_at = loop.time()
        while listener.ended is None:
            await _woken(listener)
            if loop.time() - checked_at >= RECHECK_S:
                checked_at = loop.time()
                if not await still_may(request, principal):
                    listener.end("access_ended")
                    break
            part = _waiting(listener)
            if not part and loop.time() - sent_at >= KEEP_ALIVE_S:
                part = KEEP_ALIVE
            if part:
                sent_at = loop.time()
                yield part
        yield _event("end", json.dumps({"reason": listener.ended}).encode())


def _hello(gateway: Gateway, principal: Principal, listener: Listener, *, last_event_id: str | None) -> bytes:
    """Says where the stream begins. What came while nobody looked is put before what comes now."""
    now_ms = gateway.live.now_ms()
    if last_event_id is not None:
        missed, listener.has_gap = gateway.live.ring.after(principal.workspace_id, last_event_id, now_ms=now_ms)
        listener.events.extendleft(reversed(missed))
        listener.missed = len(missed)
        listener.note_changed(*TOLD_KINDS)
    data = json.dumps({"workspace_id": str(principal.workspace_id)}).encode()
    return f"id: {now_ms}\n".encode() + _event("hello", data) if last_event_id is None else _event("hello", data)


async def _woken(listener: Listener) -> None:
    try:
        async with asyncio.timeout(RECHECK_S):
            await listener.woken.wait()
    except TimeoutError:
        return


def _waiting(listener: Listener) -> bytes:
    """Everything that waits, as one piece."""
    listener.woken.clear()
    parts: list[bytes] = []
    if listener.has_gap:
        listener.has_gap = False
        parts.append(_event("gap", b"{}"))
    while listener.events:
        parts.append(_kept(listener.events.popleft()))
    while listener.people:
        parts.append(_event("presence", listener.people.popitem()[1]))
    if listener.changed:
        parts.append(_event("changed", json.dumps({"kinds": sorted(listener.changed)}).encode()))
        listener.changed.clear()
    if listener.figures is not None:
        parts.append(_event("figures", listener.figures))
        listener.figures = None
    return b"".join(parts)


def _kept(one: Kept) -> bytes:
    return f"id: {one.position}\n".encode() + _event(one.event_type, one.data)


def _event(name: str, data: bytes) -> bytes:
    return b"event: " + name.encode() + b"\ndata: " + data + b"\n\n"
