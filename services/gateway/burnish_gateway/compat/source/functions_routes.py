"""`/prompt-executor`, `/analyze-chat` and `/enrich-content`, also below `/functions/v1/`: functions of the source system's edge.

Errors are `{success: false, error}` with the status that fits, as the clients of these functions know them.
"""

import json
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal
from uuid import UUID

from asyncpg import Record
from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response
from pydantic import BaseModel, Field

from burnish_gateway.access.principal import Principal, Role
from burnish_gateway.compat.completion import completion
from burnish_gateway.compat.source.bodies import AnalyzeChat, EnrichContent, RunPrompt
from burnish_gateway.compat.source.caller import source_caller
from burnish_gateway.compat.source.filled import filled
from burnish_gateway.deps import Gateway, bearer, gateway_of, request_id_of
from burnish_gateway.enrichments import routes as enrichments
from burnish_gateway.enrichments import store
from burnish_gateway.enrichments.read_url import UrlUnreadable
from burnish_gateway.enrichments.shipped import SourceType
from burnish_gateway.execution.answer import failure_of, succeeded
from burnish_gateway.execution.client_request import or_known
from burnish_gateway.execution.order import SETTINGS, Order
from burnish_gateway.execution.replay import replay
from burnish_gateway.execution.routes import answered
from burnish_gateway.execution.submit import Admitted, Repeated, submit
from burnish_gateway.execution.told_place import told_as
from burnish_gateway.idempotency import fingerprint_of, goes_on, key_of
from burnish_gateway.model_settings import Overrides
from burnish_gateway.wire import BODY_MOST_BYTES, CHAT_MOST_BYTES, error_response, json_body, json_response, parse_model, read_body
from burnish_shared.books.admission_request import IdempotencyKey
from burnish_shared.egress import EgressRefused
from burnish_shared.errors import (
    BudgetExhausted,
    BurnishError,
    ConcurrencyLimited,
    InvalidField,
    MissingVariables,
    NoProviderKey,
    OutOfCredit,
    ProviderFailed,
    RateLimited,
    Suspended,
    TokensLimited,
)
from burnish_shared.slug import parse_prompt_name

router = APIRouter()

ROUTE: Final = "prompt-executor"
WAIT_S: Final = 90.0
REFUSALS: Final = (400, 401, 402, 403, 404, 408, 409, 413, 422, 429, 502, 503, 504)
SAID_AS: Final = {
    **{name: f"override_params.{name}" for name in SETTINGS},
    **dict.fromkeys(("prompt", "label", "version"), "prompt_id"),
    "variables": "input_data",
}
"""Fields of an execution that the executor's body calls otherwise, for refusals."""

BELOW: Final = "/functions/v1"
"""Where a Supabase project has its functions."""

NOT_THE_MODELS_FAULT: Final[dict[str, type[BurnishError]]] = {
    kind.code: kind
    for kind in (
        InvalidField,
        MissingVariables,
        UrlUnreadable,
        EgressRefused,
        NoProviderKey,
        OutOfCredit,
        BudgetExhausted,
        Suspended,
        RateLimited,
        TokensLimited,
        ConcurrencyLimited,
    )
}
"""What a content was not read by: something in it, or behind its URL, is wrong, nobody pays, or too much is asked at once."""


class FunctionError(BaseModel):
    """`error`: what happened and what to do. `param`: the field that is at fault, where one is."""

    success: Literal[False] = False
    error: str
    code: str
    param: str | None
    request_id: str


class ExecutorAnswer(BaseModel):
    """`data`: the chat completion, or the parsed JSON where the version's output format asks for it."""

    success: bool = True
    data: Any
    prompt_version: int | None
    latency_ms: int
    warnings: list[str]
    simulated: bool
    execution_id: str


class StoredChat(BaseModel):
    id: str
    messages: list[dict[str, Any]]
    metadata: dict[str, Any]
    processing_status: str
    lenses: dict[str, Any] | None
    computed_at: datetime | None
    updated_at: datetime


class StoredContent(BaseModel):
    """`metadata.enrichment` holds the result."""

    id: str
    source_type: str
    content: str | None
    metadata: dict[str, Any]
    processing_status: str
    computed_at: datetime | None
    updated_at: datetime


class ReadChat(BaseModel):
    success: bool = True
    data: StoredChat
    prompt_version: int | None
    latency_ms: int
    simulated: bool = Field(description="A simulated model read it.")


class ReadContent(BaseModel):
    success: bool = True
    data: StoredContent
    prompt_version: int | None
    latency_ms: int
    simulated: bool


@dataclass(frozen=True, slots=True)
class Function:
    """One of them, as OpenAPI tells it. `role`: who may call it at least."""

    path: str
    endpoint: Callable[[Request], Awaitable[Response]]
    summary: str
    body: type[BaseModel]
    answer: type[BaseModel]
    role: Role
    scope: str

    @property
    def tags(self) -> list[str]:
        """First that of the area, as other paths of the source systems have it."""
        return [self.scope.partition(":")[0], "compatibility"]

    def options(self) -> Iterator[dict[str, Any]]:
        """Of the routes at its two addresses."""
        responses: dict[int | str, dict[str, Any]] = {200: {"model": self.answer}}
        responses |= {code: {"model": FunctionError} for code in REFUSALS}
        extra = json_body(self.body, role=self.role.name.lower()) | {"x-burnish-scope": self.scope}
        for path, where in ((self.path, ""), (BELOW + self.path, ", below a Supabase project's address")):
            yield {
                "path": path, "endpoint": self.endpoint, "methods": ["POST"], "tags": self.tags, "summary": f"{self.summary}{where}",
                "responses": responses, "response_class": Response, "response_model": None, "openapi_extra": extra,
                "dependencies": [Depends(bearer)],
            }  # fmt: skip


async def prompt_executor(request: Request) -> Response:
    """Native: `POST /v1/executions`. A variable that is not given stays as it is written, and `warnings` lists it."""
    return await _answered(request, _execute)


async def analyze_chat(request: Request) -> Response:
    """Native: `POST /v1/enrichments` with `source_type: conversation`. A stored chat is read anew."""
    return await _answered(request, _analyze)


async def enrich_content(request: Request) -> Response:
    """Native: `POST /v1/enrichments`. A stored content is read anew."""
    return await _answered(request, _enrich)


FUNCTIONS: Final = (
    Function(
        "/prompt-executor", prompt_executor, "Run a prompt, as the source system's function does", RunPrompt, ExecutorAnswer, Role.VIEWER,
        "executions:write",
    ),
    Function(
        "/analyze-chat", analyze_chat, "Read a chat, as the source system's function does", AnalyzeChat, ReadChat, Role.EDITOR,
        "enrichments:write",
    ),
    Function(
        "/enrich-content", enrich_content, "Read a content, as the source system's function does", EnrichContent, ReadContent,
        Role.EDITOR, "enrichments:write",
    ),
)  # fmt: skip

for _function in FUNCTIONS:
    for _options in _function.options():
        router.add_api_route(**_options)


async def _answered(request: Request, work: Callable[[Request, Gateway], Awaitable[Response]]) -> Response:
    """The clients of these functions know no other errors."""
    try:
        return await work(request, gateway_of(request))
    except BurnishError as error:
        usual = error_response(error, request_id=request_id_of(request))
        told = json.loads(bytes(usual.body))["error"]
        body = FunctionError(error=told["message"], code=told["code"], param=told["param"], request_id=told["request_id"])
        headers = {name: value for name, value in usual.headers.items() if name not in ("content-length", "content-type")}
        return json_response(body, status=usual.status_code, headers=headers)


async def _execute(request: Request, gateway: Gateway) -> Response:
    principal = await source_caller(request, Role.VIEWER)
    raw = await read_body(request, most_bytes=CHAT_MOST_BYTES)
    body = parse_model(RunPrompt, raw)
    text = key_of(request)
    key = IdempotencyKey(ROUTE, text, fingerprint_of(raw)) if text is not None else None
    with told_as(SAID_AS):
        ordered = await or_known(_order(body, gateway=gateway, principal=principal), gateway=gateway, principal=principal, key=key)
    submitted: Admitted | Repeated
    warnings: list[str] = []
    if isinstance(ordered, UUID):
        submitted = Repeated(ordered)
    else:
        order, warnings = ordered
        submitted = await submit(
            order, gateway=gateway, principal=principal, request_id=request_id_of(request), traceparent=request.headers.get("traceparent"),
            key=key,
        )  # fmt: skip
    if isinstance(submitted, Repeated):
        outcome = await replay(submitted.execution_id, gateway=gateway, principal=principal, wait=True)
        headers = {"idempotent-replayed": "true", "x-execution-id": str(submitted.execution_id)}
    else:
        outcome, headers = await answered(request, submitted, gateway=gateway)
    if not succeeded(outcome):
        raise failure_of(outcome, has_key=key is not None)
    facts = json.loads(outcome)
    data = facts["output_json"] if facts.get("output_json") is not None else json.loads(completion(facts))
    answer = ExecutorAnswer(
        data=data, prompt_version=facts["version"], latency_ms=facts["latency_ms"], warnings=warnings, simulated=facts["simulated"],
        execution_id=facts["id"],
    )  # fmt: skip
    return json_response(answer, headers=headers)


async def _order(body: RunPrompt, *, gateway: Gateway, principal: Principal) -> tuple[Order, list[str]]:
    """What is asked for, and what of the request was left out or stays as it is written."""
    named = parse_prompt_name(body.prompt_id, param="prompt_id")
    version = await gateway.catalog.in_use(principal.workspace_id, named.slug, label=named.label, version=named.version)
    variables, warnings = filled(body.input_data, version.template.required)
    given = {name: value for name, value in body.override_params.items() if value is not None}
    model = given.pop("model", None)
    if model is not None and not isinstance(model, str):
        raise InvalidField("override_params.model: must be text.", param="override_params.model")
    known = {name: value for name, value in given.items() if name in SETTINGS}
    warnings += [f"override_params.{name}: is no setting of a call; it was left out." for name in sorted(set(given) - set(known))]
    overrides = parse_model(Overrides, json.dumps(known).encode()).model_dump(exclude_unset=True, exclude_none=True) if known else {}
    return Order(
        slug=named.slug, label=named.label, version=named.version, variables=variables, overrides=overrides,
        model=model, user_id=body.user_id, session_id=body.session_id, app="prompt-executor",
        said_as=SAID_AS if model is None else SAID_AS | {"model": "override_params.model"},
    ), warnings  # fmt: skip


async def _analyze(request: Request, gateway: Gateway) -> Response:
    principal = await source_caller(request, Role.EDITOR)
    body = await _body(request, AnalyzeChat)
    with told_as({"id": "chat_id", "external_id": "chat_id"}):
        row, headers = await _read(request, gateway, principal, "conversation", body.content())
    messages = (row["content"] or {}).get("messages") or []
    data = StoredChat(
        id=row["external_id"] or row["session_id"] or str(row["enrichment_id"]), messages=messages, metadata=row["metadata"],
        processing_status=row["processing_status"], lenses=row["result"], computed_at=row["computed_at"], updated_at=row["updated_at"],
    )  # fmt: skip
    return json_response(
        ReadChat(data=data, prompt_version=row["version"], latency_ms=_took_ms(row), simulated=row["simulated"]), headers=headers
    )  # fmt: skip


async def _enrich(request: Request, gateway: Gateway) -> Response:
    principal = await source_caller(request, Role.EDITOR)
    body = await _body(request, EnrichContent)
    asked = body.read()
    source_type = body.source_type or await _stored_type(gateway, principal, asked.id) or "document"
    with told_as({"id": "content_id", "external_id": "content_id"}):
        row, headers = await _read(request, gateway, principal, source_type, asked)
    content = row["content"] or {}
    metadata = row["metadata"] | ({"enrichment": row["result"]} if row["result"] is not None else {})
    data = StoredContent(
        id=row["external_id"] or str(row["enrichment_id"]), source_type=row["source_type"], content=content.get("text"), metadata=metadata,
        processing_status=row["processing_status"], computed_at=row["computed_at"], updated_at=row["updated_at"],
    )  # fmt: skip
    return json_response(
        ReadContent(data=data, prompt_version=row["version"], latency_ms=_took_ms(row), simulated=row["simulated"]), headers=headers
    )  # fmt: skip


async def _stored_type(gateway: Gateway, principal: Principal, content_id: str | None) -> SourceType | None:
    """Of the stored content of this id; None where there is none, or no id."""
    if content_id is None:
        return None
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
        return await store.type_of(tx, principal.workspace_id, content_id)


async def _body(request: Request, model: type[Any]) -> Any:
    raw = await read_body(request, most_bytes=BODY_MOST_BYTES)
    request._body = raw  # where Starlette keeps a body that was read already
    return parse_model(model, raw)


async def _read(
    request: Request, gateway: Gateway, principal: Principal, source_type: SourceType, content: Any
) -> tuple[Record, dict[str, str]]:  # fmt: skip
    """The content, read. Raises what it failed by."""
    (enrichment_id,), headers = await enrichments.begin(request, source_type, [content], gateway=gateway, principal=principal)
    row = await enrichments.until_read(gateway, principal, enrichment_id, wait_s=WAIT_S)
    if row["processing_status"] in enrichments.OPEN and gateway.inbox.is_over:
        raise goes_on("its reading", has_key=key_of(request) is not None, details={"enrichment_id": str(enrichment_id)})
    if row["processing_status"] == "failed":
        error = row["error"] or {}
        kind = NOT_THE_MODELS_FAULT.get(error.get("code", ""), ProviderFailed)
        param = "url" if kind in (UrlUnreadable, EgressRefused) else None
        raise kind(error.get("message") or "It could not be read.", param=param, details={"cause": error.get("code")})
    return row, headers


def _took_ms(row: Record) -> int:
    took_s: float = ((row["computed_at"] or row["updated_at"]) - row["created_at"]).total_seconds()
    return max(0, round(took_s * 1000))
