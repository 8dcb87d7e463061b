"""`/v1/chat/completions`: what OpenAI's clients call, on the same way as `/v1/executions` (PRODUCT E2)."""

import json

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from burnish_gateway.access.principal import Principal, Role
from burnish_gateway.compat.chat import Chat, parse_chat
from burnish_gateway.compat.chat_body import ChatBody
from burnish_gateway.compat.chunks import Chunks
from burnish_gateway.compat.completion import completion
from burnish_gateway.compat.error_answer import openai_error
from burnish_gateway.compat.stream_chat import replayed_chat, stream_chat
from burnish_gateway.deps import Gateway, bearer, gateway_of, request_id_of, verified_caller
from burnish_gateway.execution.answer import failure_of, succeeded
from burnish_gateway.execution.dispatch import Dispatch, Done, first_told
from burnish_gateway.execution.replay import replay
from burnish_gateway.execution.routes import headers_of, outcome_of
from burnish_gateway.execution.streaming import EventStream, paced, unless_gone
from burnish_gateway.execution.submit import Admitted, Repeated, submit
from burnish_gateway.idempotency import fingerprint_of, key_of
from burnish_gateway.wire import ErrorAnswer, json_body, read_body
from burnish_shared.books.admission import IdempotencyKey
from burnish_shared.errors import BurnishError

router = APIRouter(tags=["openai"])

ROUTE = "chat.completions"


@router.post(
    "/v1/chat/completions",
    summary="Chat completion in OpenAI's format; `model` may name a prompt as `burnish::prompt::SLUG`",
    response_class=Response,
    dependencies=[Depends(bearer)],
    responses={
        200: {"description": "A `chat.completion`; with `stream` events of `chat.completion.chunk`, then `[DONE]` or an error"},
        **{code: {"model": ErrorAnswer} for code in (400, 401, 402, 403, 404, 409, 413, 422, 429, 502, 503, 504)},
    },
    openapi_extra=json_body(ChatBody, role="viewer"),
)
async def complete_chat(request: Request) -> Response:
    try:
        return await _complete(request)
    except BurnishError as error:
        return openai_error(error, request_id=request_id_of(request))


async def _complete(request: Request) -> Response:
    gateway = gateway_of(request)
    principal = await verified_caller(request, Role.VIEWER)
    raw = await read_body(request)
    chat = parse_chat(raw)
    text = key_of(request)
    key = IdempotencyKey(ROUTE, text, fingerprint_of(raw)) if text is not None else None
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
            return await _repeat(request, submitted, chat=chat, gateway=gateway, principal=principal)
        case Admitted() if chat.order.stream:
            return await _stream(request, submitted, chat=chat, gateway=gateway)
        case Admitted():
            return _answer(request, await outcome_of(request, submitted, gateway=gateway), headers=headers_of(submitted))


def _answer(request: Request, outcome: bytes, *, headers: dict[str, str]) -> Response:
    if succeeded(outcome):
        return Response(completion(json.loads(outcome)), media_type="application/json", headers=headers)
    response = openai_error(failure_of(outcome), request_id=request_id_of(request))
    response.headers.update(headers)
    return response


async def _stream(request: Request, admitted: Admitted, *, chat: Chat, gateway: Gateway) -> Response:
    """What fails before the headers are out is told by its status code, which OpenAI's clients turn into their exceptions and retries."""
    told = Dispatch(gateway, admitted.request, key=admitted.key).follow()
    first = await unless_gone(request, first_told(told))
    headers = headers_of(admitted)
    if isinstance(first, Done) and not succeeded(first.body):
        return _answer(request, first.body, headers=headers)
    route = admitted.request.route
    chunks = Chunks.of(admitted.request.execution_id, model=route.model, simulated=route.simulated, include_usage=chat.include_usage)
    return EventStream(paced(stream_chat(first, told, chunks=chunks, request_id=request_id_of(request))), headers=headers)


async def _repeat(request: Request, repeated: Repeated, *, chat: Chat, gateway: Gateway, principal: Principal) -> Response:
    """A repeat gets what the first one got: the same bytes, or the stored answer as a short stream."""
    outcome = await replay(repeated.execution_id, gateway=gateway, principal=principal, wait=not chat.order.stream)
    facts = json.loads(outcome)
    headers = {"idempotent-replayed": "true", "x-execution-id": facts["id"], "x-burnish-model": facts["model"]}
    if facts["prompt"] is not None:
        headers |= {"x-burnish-prompt": facts["prompt"], "x-burnish-version": str(facts["version"])}
    if facts["simulated"]:
        headers["x-burnish-simulated"] = "true"
    if not chat.order.stream or not succeeded(outcome):
        return _answer(request, outcome, headers=headers)
    chunks = Chunks.of(facts["id"], model=facts["model"], simulated=facts["simulated"], include_usage=chat.include_usage)
    return EventStream(replayed_chat(outcome, chunks=chunks, request_id=request_id_of(request)), headers=headers)
