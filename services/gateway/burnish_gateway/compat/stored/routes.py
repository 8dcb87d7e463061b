"""`GET /v1/chat/completions…`: completions are read again, as OpenAI's clients do with those that were stored."""

from typing import Annotated, Any, Literal

from fastapi import Path, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field

from burnish_gateway.compat.deletion import DeletedCompletion, delete_answer
from burnish_gateway.compat.responses.kept import PAGE_DEFAULT, PAGE_MOST, page_of
from burnish_gateway.compat.stored.change import CompletionChange, change_completion
from burnish_gateway.compat.stored.read import Wanted, absent, execution_named, list_messages, list_page, read_completion
from burnish_gateway.deps import GatewayParts, Viewer
from burnish_gateway.metadata_query import metadata_of
from burnish_gateway.wire import OF_METADATA, json_response, make_router

router = make_router("openai")

CompletionId = Annotated[str, Path(max_length=100, description="Of a completion, that is of its execution")]
After = Annotated[str | None, Query(max_length=200, description="The `last_id` of the page before")]
Limit = Annotated[int, Query(ge=1, le=PAGE_MOST)]
Sorted = Annotated[Literal["asc", "desc"], Query(description="`asc`: oldest first")]


class StoredCompletion(BaseModel):
    """A `chat.completion`: every field of the answer of `POST /v1/chat/completions`, and `metadata`."""

    model_config = ConfigDict(extra="allow")

    id: str
    object: Literal["chat.completion"]
    created: int
    model: str
    choices: list[dict[str, Any]]
    usage: Annotated[dict[str, Any], Field(description="With `cost_nusd`")]
    metadata: dict[str, Any]


class StoredCompletions(BaseModel):
    """A page. Where a search ended before its page was full, `has_more` is true and `last_id` is where it goes on."""

    object: Literal["list"]
    data: list[StoredCompletion]
    first_id: str | None
    last_id: str | None
    has_more: bool


class StoredMessages(BaseModel):
    """A page of what the model was sent: messages with `id`, `role`, `content` (text) and `content_parts` (where there are parts)."""

    object: Literal["list"]
    data: list[dict[str, Any]]
    first_id: str | None
    last_id: str | None
    has_more: bool


@router.get("/v1/chat/completions", response_model=StoredCompletions, summary="Completions whose text is kept, in OpenAI's format")
async def list_stored(
    request: Request,
    gateway: GatewayParts,
    principal: Viewer,
    after: After = None,
    limit: Limit = PAGE_DEFAULT,
    order: Sorted = "asc",
    model: Annotated[str | None, Query(max_length=300, description="The model that answered")] = None,
    _: Annotated[str | None, Query(alias=OF_METADATA, description="For any key, up to 16 of them: with this value")] = None,
) -> Response:
    """Calls of callers that ended well, by whichever format they came, with `store` or without: what a workspace keeps is stored. A page
    looks through 20,000 executions at most.
    """
    wanted = Wanted(model, metadata_of(request), newest_first=order == "desc")
    return json_response(await list_page(gateway, principal, wanted, after=after, limit=limit))


@router.get("/v1/chat/completions/{completion_id}", response_model=StoredCompletion, summary="A completion, read again from the record")
async def get_stored(gateway: GatewayParts, principal: Viewer, completion_id: CompletionId) -> Response:
    """Of any execution that answered in words, with `store` or without, as long as its text is kept."""
    return json_response(await read_completion(gateway, principal, completion_id))


@router.post("/v1/chat/completions/{completion_id}", response_model=StoredCompletion, summary="Give a completion other metadata")
async def change_stored(
    request: Request, gateway: GatewayParts, principal: Viewer, completion_id: CompletionId, body: CompletionChange
) -> Response:
    """All that was there is replaced. For the key that asked for it, or a later one of its line, and admins (a narrowed key: with
    `privacy:write`). Who asked (`user_id`, `session_id`) stays as it was booked."""
    return await change_completion(request, gateway, principal, execution_named(completion_id), body)


@router.delete("/v1/chat/completions/{completion_id}", response_model=DeletedCompletion, summary="Delete a completion: its texts go")
async def delete_stored(request: Request, gateway: GatewayParts, principal: Viewer, completion_id: CompletionId) -> Response:
    """As `DELETE /v1/executions/{id}/content`; a second time it is not found. Figures stay at `GET /v1/executions/{id}`."""
    return await delete_answer(request, gateway, principal, execution_named(completion_id), told=DeletedCompletion, absent=absent())


@router.get("/v1/chat/completions/{completion_id}/messages", response_model=StoredMessages, summary="What a completion was asked")
async def list_stored_messages(
    gateway: GatewayParts,
    principal: Viewer,
    completion_id: CompletionId,
    after: After = None,
    limit: Limit = PAGE_DEFAULT,
    order: Sorted = "asc",
) -> Response:
    """All that the model was sent, a prompt's text among it. Ids name messages in this list alone."""
    messages = await list_messages(gateway, principal, completion_id)
    return json_response(page_of(messages, after=after, limit=limit, newest_first=order == "desc"))
