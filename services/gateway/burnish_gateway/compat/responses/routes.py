"""`/v1/responses/{id}`: a response is read again, followed while it is made in the background, and ended."""

from typing import Annotated, Any, Literal

from fastapi import Path, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field

from burnish_gateway.access.principal import Role
from burnish_gateway.compat.deletion import DeletedResponse
from burnish_gateway.compat.responses.kept import PAGE_DEFAULT, PAGE_MOST, page_of
from burnish_gateway.compat.responses.read import cancel_response, delete_response, list_input_items, read_response
from burnish_gateway.compat.responses.replay import kept_events
from burnish_gateway.deps import GatewayParts, Viewer, request_id_of, verified_caller
from burnish_gateway.execution.streaming import EventStream, paced
from burnish_gateway.idempotency import answered_before, run_once
from burnish_gateway.wire import json_response, make_router
from burnish_shared.db.session import Tx
from burnish_shared.errors import InvalidField

router = make_router("openai")

ResponseId = Annotated[str, Path(max_length=100, description="Of a response, that is of its execution; `resp_` may stand before it")]

Included = Annotated[list[str] | None, Query(max_length=20, description="Taken and left: what is kept is told")]


class KeptResponse(BaseModel):
    """A `response` of OpenAI's format: every field of the answer of `POST /v1/responses`."""

    model_config = ConfigDict(extra="allow")

    id: str
    object: Literal["response"]
    status: Literal["queued", "in_progress", "completed", "incomplete", "failed", "cancelled"]
    model: Annotated[str | None, Field(description="Null while it is under way")]
    output: list[dict[str, Any]]
    usage: Annotated[dict[str, Any] | None, Field(description="With `cost_nusd`; null while it is under way")]
    error: Annotated[dict[str, Any] | None, Field(description="`{code, message}` of one that failed")]


class InputItems(BaseModel):
    """A page of what the model was sent: messages, calls of tools and what they gave, thoughts."""

    object: Literal["list"]
    data: list[dict[str, Any]]
    first_id: str | None
    last_id: str | None
    has_more: bool


@router.get(
    "/v1/responses/{response_id}",
    response_model=KeptResponse,
    summary="A response as it stands: whole once it has ended",
    responses={200: {"description": "A `response`; with `stream` its events, the last `response.completed`, `.incomplete` or `.failed`"}},
)
async def get_response(
    request: Request,
    gateway: GatewayParts,
    principal: Viewer,
    response_id: ResponseId,
    stream: Annotated[bool, Query(description="As events: of one under way its beginning, and the rest once it has ended")] = False,
    starting_after: Annotated[int | None, Query(ge=0, description="With `stream`: the `sequence_number` after which it goes on")] = None,
    include: Included = None,
    include_in_brackets: Annotated[list[str] | None, Query(alias="include[]", max_length=20, include_in_schema=False)] = None,
    include_obfuscation: Annotated[bool | None, Query(description="Taken and left: nothing is added to events")] = None,
) -> Response:
    """Read from the record of its execution, also of one that was asked for elsewhere. What it repeats of its request is what the record
    knows: settings with those of its prompt, `metadata`, `user`.
    """
    if not stream:
        if starting_after is not None:
            raise InvalidField("starting_after: is of a stream; give stream=true with it.", param="starting_after")
        return json_response(await read_response(gateway, principal, response_id))
    events = await kept_events(
        gateway, principal, response_id, starting_after=starting_after, request_id=request_id_of(request),
        still=lambda: verified_caller(request, Role.VIEWER, again=True),
    )  # fmt: skip
    return EventStream(paced(events), headers={}, slow_reader_s=gateway.settings.slow_reader_s)


@router.post("/v1/responses/{response_id}/cancel", response_model=KeptResponse, summary="End a response that is queued or under way")
async def end_response(request: Request, gateway: GatewayParts, principal: Viewer, response_id: ResponseId) -> Response:
    """What was produced so far is paid for. What has ended stays as it is. One that was asked for in the foreground is ended as well."""
    if (before := await answered_before(gateway, request, principal)) is not None:
        return before
    answer = KeptResponse.model_validate(await cancel_response(gateway, principal, response_id))

    async def work(_: Tx) -> KeptResponse:
        return answer

    return await run_once(gateway, request, principal, status=200, work=work)


@router.delete("/v1/responses/{response_id}", response_model=DeletedResponse, summary="Delete a response: its texts go")
async def remove_response(request: Request, gateway: GatewayParts, principal: Viewer, response_id: ResponseId) -> Response:
    """As `DELETE /v1/executions/{id}/content`; a second time it is not found. Figures stay at `GET /v1/executions/{id}`."""
    return await delete_response(request, gateway, principal, response_id)


@router.get("/v1/responses/{response_id}/input_items", response_model=InputItems, summary="What the model was sent, as items")
async def list_items(
    gateway: GatewayParts,
    principal: Viewer,
    response_id: ResponseId,
    after: Annotated[str | None, Query(max_length=100, description="The `last_id` of the page before")] = None,
    limit: Annotated[int, Query(ge=1, le=PAGE_MOST)] = PAGE_DEFAULT,
    order: Annotated[Literal["asc", "desc"], Query(description="`asc`: oldest first")] = "desc",
    include: Included = None,
    include_in_brackets: Annotated[list[str] | None, Query(alias="include[]", max_length=20, include_in_schema=False)] = None,
) -> Response:
    """All of the conversation: instructions, a prompt's text, what an earlier response brought. Ids name items in this list alone."""
    items = await list_input_items(gateway, principal, response_id)
    return json_response(page_of(items, after=after, limit=limit, newest_first=order == "desc"))
