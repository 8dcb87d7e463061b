"""Answers one call of a compatible API: the way of `/v1/executions`, in the words of a format."""

from collections.abc import AsyncGenerator
from dataclasses import replace
from typing import Protocol
from uuid import UUID

from fastapi import Request
from fastapi.responses import Response

from burnish_gateway.access.principal import Principal, Role
from burnish_gateway.compat.chat import ID_MOST
from burnish_gateway.compat.format import Chat, Format
from burnish_gateway.compat.recall import Recall, Recalled, go_on, repeated_by
from burnish_gateway.compat.stream_chat import replayed_chat, stream_chat
from burnish_gateway.deps import Gateway, gateway_of, request_id_of, verified_caller
from burnish_gateway.execution.answer import failure_of, succeeded
from burnish_gateway.execution.dispatch import Dispatch
from burnish_gateway.execution.order import kept_here
from burnish_gateway.execution.replay import replay
from burnish_gateway.execution.routes import answered, headers_of
from burnish_gateway.execution.streaming import EventStream, paced, unless_gone
from burnish_gateway.execution.submit import Admitted, Repeated, submit
from burnish_gateway.execution.told import Done, first_told
from burnish_gateway.idempotency import fingerprint_of, key_of
from burnish_gateway.other_bodies import parsed
from burnish_gateway.wire import CHAT_MOST_BYTES, read_body
from burnish_shared.books.admission_request import IdempotencyKey
from burnish_shared.errors import BurnishError
from burnish_shared.json_bytes import decoded

EventParts = AsyncGenerator[bytes | None, None]


class Later(Protocol):
    """How a call in the background is told, in a format that has such."""

    def queued(self, execution_id: UUID, *, model: str, simulated: bool, chat: Chat) -> bytes:
        """As it was accepted."""
        ...

    async def again(self, execution_id: UUID, *, gateway: Gateway, principal: Principal) -> bytes:
        """To a repeat: what it has come to."""
        ...

    async def events(self, execution_id: UUID, *, request: Request, gateway: Gateway, principal: Principal) -> EventParts:
        """The same as events: its beginning, and the rest once it has ended. Whoever stops to listen ends nothing."""
        ...


class Several(Protocol):
    """How a body that asks for several executions is answered. None: it asks for one."""

    async def __call__(
        self, request: Request, raw: bytes, *, gateway: Gateway, principal: Principal, key: IdempotencyKey | None
    ) -> Response | None: ...


async def serve(
    request: Request, *, format: Format, recall: Recall | None = None, later: Later | None = None, several: Several | None = None
) -> Response:
    """Never raises a BurnishError: clients of a format know errors in its own words only. `recall`: fills in what a body only names;
    `later`: of a format whose calls may be in the background; `several`: of one whose calls may be several executions.
    """
    try:
        return await _serve(request, format=format, recall=recall, later=later, several=several)
    except BurnishError as error:
        return format.refuse(error, request_id=request_id_of(request))


async def _serve(request: Request, *, format: Format, recall: Recall | None, later: Later | None, several: Several | None) -> Response:
    gateway = gateway_of(request)
    principal = await verified_caller(request, Role.VIEWER)
    raw = await read_body(request, most_bytes=CHAT_MOST_BYTES)
    text = key_of(request)
    key = IdempotencyKey(format.route, text, fingerprint_of(raw)) if text is not None else None
    if several is not None and (told := await several(request, raw, gateway=gateway, principal=principal, key=key)) is not None:
        return told
    recalled = Recalled(raw) if recall is None else await recall(raw, gateway=gateway, principal=principal, key=key)
    chat = parsed(format.parse, recalled.body, path=request.scope["path"]).in_workspace(stores_text=principal.workspace.store_content)
    repeats = recalled.repeats or await repeated_by(chat, gateway=gateway, principal=principal, key=key)
    later = later if chat.order.background else None
    kept_here(chat.order, stores_text=principal.workspace.store_content, param="background")
    if repeats is not None:
        return await _repeat(request, Repeated(repeats), chat=chat, format=format, gateway=gateway, principal=principal, later=later)
    chat = _in_session(await go_on(chat, gateway=gateway, principal=principal), request)
    submitted = await submit(
        chat.order,
        gateway=gateway,
        principal=principal,
        request_id=request_id_of(request),
        traceparent=request.headers.get("traceparent"),
        key=key,
    )
    match submitted:
        case Repeated():
            return await _repeat(request, submitted, chat=chat, format=format, gateway=gateway, principal=principal, later=later)
        case Admitted(admitted) if later is not None and chat.is_followed:
            headers = headers_of(submitted, tells_arm=_asks_for_arm(request))
            return await _follow(request, admitted.execution_id, later=later, gateway=gateway, principal=principal, headers=headers)
        case Admitted(admitted) if later is not None:
            queued = later.queued(admitted.execution_id, model=admitted.route.model, simulated=admitted.route.simulated, chat=chat)
            return Response(queued, media_type="application/json", headers=headers_of(submitted, tells_arm=_asks_for_arm(request)))
        case Admitted() if chat.order.stream:
            return await _stream(request, submitted, chat=chat, format=format, gateway=gateway)
        case Admitted():
            outcome, headers = await answered(request, submitted, gateway=gateway, tells_arm=_asks_for_arm(request))
            return _answer(request, outcome, chat=chat, format=format, headers=headers, has_key=submitted.key is not None)


def _in_session(chat: Chat, request: Request) -> Chat:
    """With the session that some clients (opencode) name beside the body, which goes before."""
    named = request.headers.get("x-session-id", "")
    if chat.order.session_id is not None or not (0 < len(named) <= ID_MOST and named.isprintable()):
        return chat
    return replace(chat, order=replace(chat.order, session_id=named))


def _answer(request: Request, outcome: bytes, *, chat: Chat, format: Format, headers: dict[str, str], has_key: bool) -> Response:
    if succeeded(outcome):
        return Response(format.answer(decoded(outcome), chat=chat), media_type="application/json", headers=headers)
    response = format.refuse(failure_of(outcome, has_key=has_key), request_id=request_id_of(request))
    response.headers.update(headers)
    return response


async def _stream(request: Request, admitted: Admitted, *, chat: Chat, format: Format, gateway: Gateway) -> Response:
    """What fails before the headers are out is told by its status code, which clients turn into their exceptions and retries."""
    dispatch = Dispatch(gateway, admitted.request, admitted.body, key=admitted.key)
    told = dispatch.follow()
    first = await unless_gone(request, first_told(told, wait_s=gateway.settings.headers_wait_s))
    headers = headers_of(admitted, answered_by=dispatch.model, tells_arm=_asks_for_arm(request))
    if isinstance(first, Done) and not succeeded(first.body):
        return _answer(request, first.body, chat=chat, format=format, headers=headers, has_key=admitted.key is not None)
    simulated = admitted.request.route.simulated
    events = format.events(admitted.request.execution_id, model=dispatch.model, simulated=simulated, chat=chat)
    parts = paced(stream_chat(first, told, events=events, request_id=request_id_of(request)))
    return EventStream(parts, headers=headers, slow_reader_s=gateway.settings.slow_reader_s)


async def _follow(
    request: Request, execution_id: UUID, *, later: Later, gateway: Gateway, principal: Principal, headers: dict[str, str]
) -> Response:
    parts = await later.events(execution_id, request=request, gateway=gateway, principal=principal)
    return EventStream(paced(parts), headers=headers, slow_reader_s=gateway.settings.slow_reader_s)


def _asks_for_arm(request: Request) -> bool:
    """Answers of these formats are often handed on to end users as they are: which arm they got is told to who asks for it."""
    return request.headers.get("x-burnish-tell-arm", "").lower() in ("1", "true")


async def _repeat(
    request: Request, repeated: Repeated, *, chat: Chat, format: Format, gateway: Gateway, principal: Principal, later: Later | None
) -> Response:
    """A repeat gets what the first one got: the same bytes, or the stored answer as a short stream; its failure too. Of a call in the
    background it hears what that has come to.
    """
    if later is not None:
        named = {"idempotent-replayed": "true", "x-execution-id": str(repeated.execution_id)}
        if chat.is_followed:
            return await _follow(request, repeated.execution_id, later=later, gateway=gateway, principal=principal, headers=named)
        told = await later.again(repeated.execution_id, gateway=gateway, principal=principal)
        return Response(told, media_type="application/json", headers=named)
    outcome = await replay(repeated.execution_id, gateway=gateway, principal=principal, wait=not chat.order.stream)
    facts = decoded(outcome)
    headers = {"idempotent-replayed": "true", "x-execution-id": facts["id"], "x-burnish-model": facts["model"]}
    if facts["prompt"] is not None:
        headers |= {"x-burnish-prompt": facts["prompt"], "x-burnish-version": str(facts["version"])}
    if facts["simulated"]:
        headers["x-burnish-simulated"] = "true"
    if not chat.order.stream or not succeeded(outcome):
        return _answer(request, outcome, chat=chat, format=format, headers=headers, has_key=True)
    events = format.events(UUID(facts["id"]), model=facts["model"], simulated=facts["simulated"], chat=chat)
    return EventStream(replayed_chat(outcome, events=events, request_id=request_id_of(request)), headers=headers)
