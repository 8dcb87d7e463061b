"""`/v1/executions`: run a prompt, and read what became of it."""

import contextlib
import json
from collections.abc import AsyncGenerator, Mapping
from typing import Annotated, Any, ClassVar, Literal
from urllib.parse import quote
from uuid import UUID

from fastapi import Request
from fastapi.responses import Response
from pydantic import BaseModel, Field, model_validator

from burnish_gateway.access.principal import Principal, Role
from burnish_gateway.comments import routes as comment_routes
from burnish_gateway.deps import Gateway, GatewayParts, Viewer, gateway_of, request_id_of, verified_caller
from burnish_gateway.error_answer import ErrorAnswer
from burnish_gateway.execution import content_routes, list_routes
from burnish_gateway.execution.answer import failure_of, succeeded
from burnish_gateway.execution.cache_choice import UNSAID, CacheMode, CacheSetting
from burnish_gateway.execution.cancel import cancel
from burnish_gateway.execution.dispatch import Dispatch
from burnish_gateway.execution.group_key import PROMPT_KEY
from burnish_gateway.execution.order import Order, kept_here, readable_later
from burnish_gateway.execution.read import get_one
from burnish_gateway.execution.replay import replay
from burnish_gateway.execution.shape import Shape, headers_again, shaped
from burnish_gateway.execution.streaming import EventStream, Last, paced, unless_gone
from burnish_gateway.execution.submit import Admitted, Repeated, submit
from burnish_gateway.execution.told import Alive, Delta, Done, Started, Text, Told, first_told
from burnish_gateway.execution.unfilled import check_filled
from burnish_gateway.idempotency import answered_before, fingerprint_of, key_of, run_once
from burnish_gateway.model_settings import Overrides
from burnish_gateway.models.bodies import AUTO
from burnish_gateway.models.requirements import Requirements
from burnish_gateway.registry.field_checks import check_response_format
from burnish_gateway.wire import (
    CHAT_MOST_BYTES,
    ApiModel,
    ChatRoute,
    error_response,
    include,
    json_body,
    json_response,
    make_router,
    parse_model,
    read_body,
)
from burnish_gateway.wire import Text as PlainText
from burnish_shared.books.admission_request import IdempotencyKey
from burnish_shared.contracts.executions import Outcome
from burnish_shared.db.session import Tx
from burnish_shared.errors import BurnishError, InvalidField
from burnish_shared.prompt_settings import CACHE_MOST_S, FALLBACKS_MOST

router = make_router("executions", route_class=ChatRoute)

include(router, list_routes.router, content_routes.router, comment_routes.of_executions)  # before what takes any word for an id

ROUTE = "executions"

Id = Annotated[PlainText, Field(min_length=1, max_length=200)]


class Message(ApiModel):
    """One chat message. `content` null where an assistant only called tools."""

    role: Literal["system", "developer", "user", "assistant", "tool"]
    content: PlainText | list[dict[str, Any]] | None = None
    name: Id | None = None
    tool_calls: list[dict[str, Any]] | None = None
    tool_call_id: Id | None = None
    reasoning_content: PlainText | None = Field(default=None, description="What the model thought in that turn, given back to it.")
    thinking_blocks: list[dict[str, Any]] | None = Field(default=None, description="The same, signed by Anthropic.")
    reasoning_details: list[dict[str, Any]] | None = None
    refusal: PlainText | None = None

    @model_validator(mode="after")
    def _says_something(self) -> "Message":
        if self.content is None and not self.tool_calls:
            raise ValueError("content: is needed unless the message holds tool_calls")
        return self


class CacheAsked(ApiModel):
    """What one call asks of the cache, in place of what its version or workspace says."""

    mode: CacheMode | None = Field(default=None, description="`deterministic`: only at temperature 0; `always`: at any temperature.")
    ttl_s: Annotated[int, Field(ge=1, le=CACHE_MOST_S, description="How old an answer may be, and how long this one is kept.")] | None = (
        None
    )


class NewExecution(ApiModel):
    """Either `prompt` (a slug, with `label` or `version`; `production` where neither is given) or `messages` with `model`."""

    ELSEWHERE: ClassVar[Mapping[str, str]] = dict.fromkeys(Overrides.model_fields, "overrides")

    prompt: Annotated[PlainText, Field(min_length=1, max_length=63)] | None = None
    label: Annotated[PlainText, Field(min_length=1, max_length=63)] | None = None
    version: Annotated[int, Field(ge=1, le=2**31 - 1)] | None = None
    messages: Annotated[list[Message], Field(min_length=1, max_length=1000)] | None = None
    model: Id | None = None
    variables: dict[str, Any] = Field(default_factory=dict)
    stream: bool = False
    mode: Literal["sync", "background"] = "sync"
    user_id: Id | None = None
    session_id: Id | None = None
    app: Id | None = None
    client_request_id: Id | None = Field(
        default=None, description="What you call this call: once in a workspace, else 409 `client_request_id_taken` names the other one."
    )
    metadata: Annotated[dict[str, Any], Field(max_length=100)] = Field(default_factory=dict)
    overrides: Overrides = Field(default_factory=Overrides.model_construct)
    deadline_s: Annotated[float, Field(gt=0, le=600)] | None = None
    fallback_models: Annotated[list[Id], Field(max_length=FALLBACKS_MOST, description="In place of the version's; [] for none.")] | None = (
        None
    )
    requirements: Requirements | None = Field(
        default=None,
        description="What the model must meet where it is `auto`. Refused beside one that is named; where several are asked "
        "(comparisons, batches), where none of them is `auto`.",
    )
    cache: bool | CacheAsked | None = Field(
        default=None, description="`true`: an answer that was given before will do, at any temperature; `false`: the model is to be asked."
    )
    prompt_key: Annotated[str, Field(pattern=PROMPT_KEY)] | None = Field(
        default=None, description="Of `messages`: what such calls are grouped by, in place of their instructions."
    )
    response_shape: Shape | None = Field(
        default=None, description="In place of the workspace's. Streams, background executions and errors look the same in all of them."
    )

    @model_validator(mode="after")
    def _names_one_thing(self) -> "NewExecution":
        if (self.prompt is None) == (self.messages is None):
            raise ValueError("give either prompt or messages")
        if self.prompt is not None and "@" in self.prompt:
            raise ValueError("prompt: is the slug alone here; what stands behind its @ goes into label, or, as a number, into version")
        return self

    @model_validator(mode="after")
    def _fits_together(self) -> "NewExecution":
        if self.messages is not None and (self.label is not None or self.version is not None):
            raise ValueError("label and version belong to a prompt, not to messages")
        if self.label is not None and self.version is not None:
            raise ValueError("give either label or version")
        if self.prompt_key is not None and self.prompt is not None:
            raise ValueError("prompt_key groups messages that have no prompt")
        if self.stream and self.mode == "background":
            raise ValueError("a background execution cannot be streamed; read it by its id")
        return self


class Queued(ApiModel):
    """A background execution that was accepted."""

    id: UUID
    status: Literal["queued"]


@router.post(
    "/v1/executions",
    summary="Run a prompt",
    response_class=Response,
    responses={
        200: {"model": Outcome, "description": "The answer; with `stream` events `delta`, then `done` (this object) or `error`"},
        202: {"model": Queued, "description": "`mode: background`: read it by its id"},
        **{code: {"model": ErrorAnswer} for code in (400, 401, 402, 403, 404, 409, 413, 422, 429, 502, 503, 504)},
    },
    openapi_extra=json_body(NewExecution, role="viewer"),
)
async def execute(request: Request) -> Response:
    gateway = gateway_of(request)
    principal = await verified_caller(request, Role.VIEWER)
    raw = await read_body(request, most_bytes=CHAT_MOST_BYTES)
    body = parse_model(NewExecution, raw, path=request.url.path)
    check_requirements(body.requirements, body.model)
    text = key_of(request)
    key = IdempotencyKey(ROUTE, text, fingerprint_of(raw)) if text is not None else None
    order = kept_here(order_of(body), stores_text=principal.workspace.store_content, param="mode")
    admitted = await submit(
        order, gateway=gateway, principal=principal, request_id=request_id_of(request),
        traceparent=request.headers.get("traceparent"), key=key,
    )  # fmt: skip
    match admitted:
        case Repeated(execution_id):
            return await _repeat(execution_id, gateway=gateway, principal=principal, body=body, request_id=request_id_of(request))
        case Admitted() if body.mode == "background":
            return _queued(admitted.request.execution_id, headers=admitted.headers)
        case Admitted() if body.stream:
            return await _stream(request, admitted, gateway=gateway)
        case Admitted():
            return await _answer(request, admitted, gateway=gateway, shape=body.response_shape or principal.workspace.response_shape)


class CancelledAnswer(BaseModel):
    """`status`: how it ended, or `running` where it has not yet."""

    id: UUID
    status: str


@router.post("/v1/executions/{execution_id}/cancel", summary="Cancel an execution", response_model=CancelledAnswer)
async def cancel_execution(request: Request, gateway: GatewayParts, principal: Viewer, execution_id: UUID) -> Response:
    """Ends one that is queued or under way, whoever waits for it; what was produced so far is paid for. What has ended stays as it is."""
    if (before := await answered_before(gateway, request, principal)) is not None:
        return before
    answer = CancelledAnswer(id=execution_id, status=await cancel(gateway, principal, execution_id))

    async def work(_: Tx) -> CancelledAnswer:
        return answer

    return await run_once(gateway, request, principal, status=200, work=work)


@router.get("/v1/executions/{execution_id}", summary="One execution: answer, attempts, feedback, scores; or `queued` and `running`")
async def get_execution(gateway: GatewayParts, principal: Viewer, execution_id: UUID) -> Response:
    return json_response(await get_one(gateway, principal, execution_id))


def check_requirements(given: Requirements | None, *models: str | None, param: str = "requirements") -> None:
    """Raises InvalidField where they would be passed over by all: a model that is named is asked, whatever it is. None: none is named."""
    asked = given is not None and given.model_dump(exclude_none=True, exclude_defaults=True)
    if asked and not any(one in (None, AUTO) for one in models):
        raise InvalidField(
            f'{param}: choose among models where `model` is "auto"; say "auto", or leave them out beside a model that you name.',
            param=param,
        )


def order_of(body: NewExecution) -> Order:
    """The same in the words of whoever executes it. Raises InvalidField for a format of the answer that no version may have, and for
    messages that would be sent with the braces of a template."""
    check_response_format(body.overrides.response_format, at="overrides.")
    messages = None if body.messages is None else [one.model_dump(exclude_none=True) for one in body.messages]
    if body.prompt is None and messages is not None:
        check_filled(messages, body.variables)
    return readable_later(
        Order(
            slug=body.prompt,
            label=body.label,
            version=body.version,
            model=body.model,
            variables=body.variables,
            overrides=body.overrides.model_dump(exclude_unset=True, exclude_none=True),
            overrides_at="overrides",
            stream=body.stream,
            messages=messages,
            background=body.mode == "background",
            user_id=body.user_id,
            session_id=body.session_id,
            app=body.app,
            client_request_id=body.client_request_id,
            metadata=body.metadata,
            deadline_s=body.deadline_s,
            fallback_models=body.fallback_models,
            requirements=None if body.requirements is None else body.requirements.model_dump(exclude_none=True),
            cache=cache_asked(body.cache),
            prompt_key=body.prompt_key,
        )
    )


def cache_asked(asked: bool | CacheAsked | None) -> CacheSetting:
    if isinstance(asked, CacheAsked):
        return CacheSetting(asked.mode, asked.ttl_s)
    return UNSAID if asked is None else CacheSetting("always" if asked else "off")


async def answered(request: Request, admitted: Admitted, *, gateway: Gateway, tells_arm: bool = True) -> tuple[bytes, dict[str, str]]:
    """The Outcome as JSON, and the headers of an answer that has it. The model is not asked any longer than the client waits, unless a
    key may bring the client back.
    """
    dispatch = Dispatch(gateway, admitted.request, admitted.body, key=admitted.key)
    work = _last(dispatch.follow())
    outcome = await work if admitted.key else await unless_gone(request, work)
    return outcome, headers_of(admitted, answered_by=dispatch.model, tells_arm=tells_arm)


async def _answer(request: Request, admitted: Admitted, *, gateway: Gateway, shape: Shape) -> Response:
    outcome, headers = await answered(request, admitted, gateway=gateway)
    return _response(outcome, request_id=request_id_of(request), headers=headers, has_key=admitted.key is not None, shape=shape)


async def _last(told: AsyncGenerator[Told, None]) -> bytes:
    async with contextlib.aclosing(told) as parts:
        async for one in parts:
            if isinstance(one, Done):
                return one.body
    raise RuntimeError("a dispatch ended without an outcome")


def _response(outcome: bytes, *, request_id: str, headers: dict[str, str], has_key: bool, shape: Shape = "with_metadata") -> Response:
    if succeeded(outcome):
        return shaped(outcome, shape, headers=headers)
    response = error_response(failure_of(outcome, has_key=has_key), request_id=request_id)
    response.headers.update(headers)
    return response


async def _stream(request: Request, admitted: Admitted, *, gateway: Gateway) -> Response:
    """What fails before the headers are out is told by its status code."""
    dispatch = Dispatch(gateway, admitted.request, admitted.body, key=admitted.key)
    told = dispatch.follow()
    first = await unless_gone(request, first_told(told, wait_s=gateway.settings.headers_wait_s))
    headers = headers_of(admitted, answered_by=dispatch.model)
    if isinstance(first, Done) and not succeeded(first.body):
        return _response(first.body, request_id=request_id_of(request), headers=headers, has_key=admitted.key is not None)
    events = paced(_events(first, told, request_id=request_id_of(request)))
    return EventStream(events, headers=headers, slow_reader_s=gateway.settings.slow_reader_s)


async def _events(first: Told, rest: AsyncGenerator[Told, None], *, request_id: str) -> AsyncGenerator[bytes | None, None]:
    """Server-sent events of one execution; exactly one of `done` and `error` ends them."""
    index = 0
    async with contextlib.aclosing(rest) as told:
        try:
            one: Told | None = first
            while one is not None:
                event = _event(one, index=index, request_id=request_id)
                index += isinstance(one, Text | Delta)
                yield event if event is None or not isinstance(one, Done) else Last(event)
                one = None if isinstance(one, Done) else await anext(told, None)
        except BurnishError as error:
            yield b"event: error\ndata: " + bytes(error_response(error, request_id=request_id).body) + b"\n\n"


def _event(told: Told, *, index: int, request_id: str) -> bytes | None:
    """The bytes of one event; None for what only says that something lives."""
    match told:
        case Text(body):
            return b'event: delta\ndata: {"index":%d,"text":%s}\n\n' % (index, body)
        case Delta(body, text):
            return b'event: delta\ndata: {"index":%d,"text":%s,"delta":%s}\n\n' % (index, text, body)
        case Done(body):
            return _last_event(body, request_id=request_id, has_key=told.has_key)
        case Started() | Alive():
            return None


def _last_event(outcome: bytes, *, request_id: str, has_key: bool) -> bytes:
    if succeeded(outcome):
        return b"event: done\ndata: " + outcome + b"\n\n"
    failure = failure_of(outcome, has_key=has_key)
    invalid = failure.details.get("output_invalid")
    why = b"" if invalid is None else b"event: output_invalid\ndata: " + json.dumps({"problems": invalid}).encode() + b"\n\n"
    return why + b"event: error\ndata: " + bytes(error_response(failure, request_id=request_id).body) + b"\n\n"


async def _repeat(execution_id: UUID, *, gateway: Gateway, principal: Principal, body: NewExecution, request_id: str) -> Response:
    """A repeat gets what the first one got: the same bytes, or the stored answer as a short stream, or the id of a background execution."""
    headers = {"idempotent-replayed": "true", "x-execution-id": str(execution_id)}
    if body.mode == "background":
        return _queued(execution_id, headers=headers)
    outcome = await replay(execution_id, gateway=gateway, principal=principal, wait=not body.stream)
    headers |= headers_again(outcome)
    if not body.stream:
        shape = body.response_shape or principal.workspace.response_shape
        return _response(outcome, request_id=request_id, headers=headers, has_key=True, shape=shape)

    async def stored() -> AsyncGenerator[bytes, None]:
        text = json.loads(outcome).get("output")
        if text:
            yield b'event: delta\ndata: {"index":0,"text":%s}\n\n' % json.dumps(text, ensure_ascii=False).encode()
        yield _last_event(outcome, request_id=request_id, has_key=True)

    return EventStream(stored(), headers=headers)


def _queued(execution_id: UUID, *, headers: Mapping[str, str]) -> Response:
    named = {"x-execution-id": str(execution_id), "location": f"/v1/executions/{execution_id}", **headers}
    return json_response({"id": str(execution_id), "status": "queued"}, status=202, headers=named)


def headers_of(admitted: Admitted, *, answered_by: str | None = None, tells_arm: bool = True) -> dict[str, str]:
    """`answered_by`: the model that began to answer, where that is known; else the one that is asked first."""
    prompt = admitted.request.prompt
    headers = {
        "x-execution-id": str(admitted.request.execution_id),
        "x-burnish-model": answered_by or admitted.request.route.model,
        **admitted.headers,
    }
    if prompt is not None:
        headers |= {"x-burnish-prompt": prompt.slug, "x-burnish-version": str(prompt.version)}
    if admitted.request.routing is not None and admitted.request.routing.rule is not None:
        headers["x-burnish-rule"] = quote(admitted.request.routing.rule, safe=" ")
    if tells_arm and admitted.request.experiment is not None:
        part = admitted.request.experiment
        headers |= {"x-burnish-experiment": str(part.experiment_id), "x-burnish-arm": part.arm}
    if admitted.request.group_key is not None:
        headers["x-burnish-group"] = admitted.request.group_key
    if admitted.request.route.simulated:
        headers["x-burnish-simulated"] = "true"
    return headers
