"""Comments on versions, and on how two of them differ, over HTTP (PRODUCT P4)."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import Query, Request
from fastapi.responses import Response

from burnish_gateway.access.principal import Principal
from burnish_gateway.comments import store
from burnish_gateway.comments.bodies import ChangeComment
from burnish_gateway.comments.comment import Comment, OfVersion
from burnish_gateway.comments.store import Wanted
from burnish_gateway.deps import Editor, Gateway, GatewayParts, Viewer
from burnish_gateway.idempotency import run_once
from burnish_gateway.paging import PAGE_DEFAULT, PAGE_MOST
from burnish_gateway.registry import comment
from burnish_gateway.registry.history_answers import CommentAnswer, CommentPage, comment_answer
from burnish_gateway.registry.history_bodies import AddComment
from burnish_gateway.wire import Text, json_response, make_router
from burnish_shared.db.session import Tx
from burnish_shared.errors import InvalidField
from burnish_shared.slug import MAX_VERSION, parse_slug

router = make_router("prompts")

LIST = "prompt-comments"

Cursor = Annotated[Text | None, Query(max_length=500)]
Limit = Annotated[int, Query(ge=1, le=PAGE_MOST)]
Number = Annotated[int | None, Query(ge=1, le=MAX_VERSION)]
Open = Annotated[bool | None, Query(description="true: what is not settled; false: what is.")]


@router.get("/v1/prompt-comments", response_model=CommentPage, summary="Comments of the workspace, the newest first")
async def list_all(
    principal: Viewer,
    gateway: GatewayParts,
    *,
    mentions: Annotated[Literal["me"] | UUID | None, Query(description="Only those that mention this member; `me`: the caller.")] = None,
    open: Open = None,
    cursor: Cursor = None,
    limit: Limit = PAGE_DEFAULT,
) -> Response:
    if mentions == "me" and principal.user_id is None:
        raise InvalidField("mentions: an API key is nobody who could be mentioned; give a member's user id.", param="mentions")
    wanted = Wanted(mentions=principal.user_id if mentions == "me" else mentions, is_resolved=None if open is None else not open)
    return await _page(gateway, principal, wanted, cursor=cursor, limit=limit)


@router.get("/v1/prompts/{slug}/comments", response_model=CommentPage, summary="Comments on a prompt's versions, the newest first")
async def list_of_prompt(
    slug: str,
    principal: Viewer,
    gateway: GatewayParts,
    *,
    version: Number = None,
    against: Number = None,
    open: Open = None,
    cursor: Cursor = None,
    limit: Limit = PAGE_DEFAULT,
) -> Response:
    """`version`: on this one; with `against`: on how it differs from that one."""
    wanted = Wanted(slug=parse_slug(slug), version=version, against=against, is_resolved=None if open is None else not open)
    return await _page(gateway, principal, wanted, cursor=cursor, limit=limit)


@router.post(
    "/v1/prompts/{slug}/comments", status_code=201, response_model=CommentAnswer, summary="Comment on a version or on a difference"
)
async def add(slug: str, request: Request, body: AddComment, principal: Editor, gateway: GatewayParts) -> Response:
    """`@name@example.com` mentions a member; who is none stays mere text."""
    name = parse_slug(slug)

    async def work(tx: Tx) -> CommentAnswer:
        return await _told(tx, await comment.add_comment(tx, principal, name, body, clock=gateway.clock))

    return await run_once(gateway, request, principal, status=201, work=work)


@router.patch(
    "/v1/prompts/{slug}/comments/{comment_id}", response_model=CommentAnswer, summary="Change a comment's text, or settle what it asks for"
)
async def change(
    slug: str, comment_id: UUID, *, request: Request, body: ChangeComment, principal: Editor, gateway: GatewayParts
) -> Response:
    name = parse_slug(slug)

    async def work(tx: Tx) -> CommentAnswer:
        return await _told(tx, await comment.change_comment(tx, principal, name, comment_id, body, clock=gateway.clock))

    return await run_once(gateway, request, principal, status=200, work=work)


@router.delete("/v1/prompts/{slug}/comments/{comment_id}", response_model=CommentAnswer, summary="Delete a comment, with the answers to it")
async def delete(slug: str, comment_id: UUID, *, request: Request, principal: Editor, gateway: GatewayParts) -> Response:
    """One's own; an admin, anybody's."""
    name = parse_slug(slug)

    async def work(tx: Tx) -> CommentAnswer:
        return await _told(tx, await comment.delete_comment(tx, principal, name, comment_id))

    return await run_once(gateway, request, principal, status=200, work=work)


async def _page(gateway: Gateway, principal: Principal, wanted: Wanted, *, cursor: str | None, limit: int) -> Response:
    of = f"{LIST}/{wanted.slug or ''}"
    position = gateway.cursors.open(cursor, principal.workspace_id, of=of)
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
        if wanted.slug is not None:
            await comment.prompt_of(tx, principal.workspace_id, wanted.slug)
        found = await store.list_of_versions(
            tx, principal.workspace_id, wanted, before=UUID(position[0]) if position else None, limit=limit + 1
        )
        names = await store.names_of_members(tx, list({one for each in found for one in each.mentions}))
    page = gateway.cursors.page(found, limit=limit, workspace_id=principal.workspace_id, of=of, position=lambda one: [str(one.comment_id)])
    return json_response(CommentPage(data=[comment_answer(one, names) for one in page["data"]], next_cursor=page["next_cursor"]))


async def _told(tx: Tx, made: Comment[OfVersion]) -> CommentAnswer:
    return comment_answer(made, await store.names_of_members(tx, made.mentions))
