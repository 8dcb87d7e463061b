"""Answers one call of `POST /v1/embeddings`: admitted, executed and booked like every other call of a model."""

import json
from uuid import UUID

from fastapi import Request
from fastapi.responses import Response

from burnish_gateway.access.principal import Principal, Role
from burnish_gateway.compat.embeddings import embedding_request, embeddings
from burnish_gateway.compat.embeddings_body import EmbeddingsBody, parse_embeddings_body
from burnish_gateway.compat.error_answer import openai_error
from burnish_gateway.deps import Gateway, gateway_of, request_id_of, verified_caller
from burnish_gateway.execution.answer import failure_of, succeeded
from burnish_gateway.execution.client_request import or_known
from burnish_gateway.execution.replay import replay
from burnish_gateway.execution.routes import answered
from burnish_gateway.execution.submit import MadeRequest, Repeated, admit
from burnish_gateway.idempotency import fingerprint_of, key_of
from burnish_gateway.other_bodies import parsed
from burnish_gateway.wire import CHAT_MOST_BYTES, read_body
from burnish_shared.books.admission_request import IdempotencyKey
from burnish_shared.errors import BurnishError
from burnish_shared.ids import new_uuid

ROUTE = "embeddings"


async def embed(request: Request) -> Response:
    """Never raises a BurnishError: OpenAI's clients know errors in its own words only."""
    try:
        return await _embed(request)
    except BurnishError as error:
        return openai_error(error, request_id=request_id_of(request))


async def _embed(request: Request) -> Response:
    gateway = gateway_of(request)
    principal = await verified_caller(request, Role.VIEWER)
    raw = await read_body(request, most_bytes=CHAT_MOST_BYTES)
    body = parsed(parse_embeddings_body, raw, path=request.scope["path"])
    text = key_of(request)
    key = IdempotencyKey(ROUTE, text, fingerprint_of(raw)) if text is not None else None
    making = make_embedding(
        body, gateway=gateway, principal=principal, request_id=request_id_of(request), traceparent=request.headers.get("traceparent")
    )
    made = await or_known(making, gateway=gateway, principal=principal, key=key)
    admitted = Repeated(made) if isinstance(made, UUID) else await admit(made, gateway=gateway, principal=principal, key=key)
    if isinstance(admitted, Repeated):
        outcome = await replay(admitted.execution_id, gateway=gateway, principal=principal, wait=True)
        headers = {"idempotent-replayed": "true", "x-execution-id": str(admitted.execution_id)}
    else:
        outcome, headers = await answered(request, admitted, gateway=gateway)
    if not succeeded(outcome):
        response = openai_error(failure_of(outcome, has_key=key is not None), request_id=request_id_of(request))
        response.headers.update(headers)
        return response
    shown = embeddings(json.loads(outcome), inputs=len(body.inputs()), as_base64=body.encoding_format == "base64")
    return Response(json.dumps(shown, separators=(",", ":")), media_type="application/json", headers=headers)


async def make_embedding(
    body: EmbeddingsBody, *, gateway: Gateway, principal: Principal, request_id: str, traceparent: str | None = None
) -> MadeRequest:
    """What would be executed, held for by nobody. Raises ModelNotFound, PriceUnknown, NoProviderKey, ModelUnsuitable, InvalidField,
    UnsupportedParameter.
    """
    _, route = await gateway.models.route(principal.workspace, body.model, embeds=True)
    counted = await gateway.budgets.counted(principal, prompt_id=None, end_user=body.user)
    deadline_s = body.deadline_s or gateway.settings.deadline_s
    made = embedding_request(
        body,
        execution_id=new_uuid(),
        principal=principal,
        route=route,
        budget_account_ids=counted.accounts,
        now=gateway.clock.now(),
        deadline_s=deadline_s,
        request_id=request_id,
        traceparent=traceparent,
    )
    return MadeRequest(made, counted, deadline_s)
