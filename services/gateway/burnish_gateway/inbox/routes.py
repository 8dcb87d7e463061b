"""What waits for the person who asks, over HTTP: comments that concern them, and reviews (PRODUCT P4, P5, U1)."""

from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

from fastapi import Query, Request
from fastapi.responses import Response
from pydantic import BaseModel, Field, model_validator

from burnish_gateway.deps import GatewayParts, Member
from burnish_gateway.idempotency import run_once
from burnish_gateway.inbox import store
from burnish_gateway.inbox.kinds import AnswerStatus, Kind, ReviewStatus
from burnish_gateway.inbox.store import Item
from burnish_gateway.paging import PAGE_DEFAULT, PAGE_MOST
from burnish_gateway.wire import ApiModel, Text, json_response, make_router
from burnish_shared.db.session import Tx

router = make_router("inbox")

LIST = "inbox"


class InboxItem(BaseModel):
    """`kind`: you are asked for a review, yours was decided, you are mentioned, somebody answered in a thread of yours, or commented on a
    version that you wrote, or you are asked to look at an answer of the review queue. `by`: who did it."""

    id: UUID
    kind: Kind
    slug: str | None = Field(description="Of the prompt, or of the chain whose run it is. Null: of neither.")
    version: int | None
    against: int | None = Field(description="Of a comment on how `version` differs from this one.")
    comment_id: UUID | None
    execution_id: UUID | None = Field(default=None, description="The execution that the comment is on.")
    session_id: str | None = Field(default=None, description="The session that the comment is on.")
    chain_run_id: UUID | None = Field(default=None, description="The run of a chain that the comment is on.")
    review_id: UUID | None
    queue_item_id: UUID | None = Field(default=None, description="The answer of the review queue: `GET /v1/review/{review_id}`.")
    answer_status: AnswerStatus | None = Field(
        default=None, description="As the answer of the queue stands now; `passed_on`: you are asked for it no more."
    )
    text: str = Field(description="The beginning of the comment, of the note of the review, or of what was said when it was decided.")
    by: str
    at: datetime
    read_at: datetime | None = Field(description="Null: not yet.")
    review_status: ReviewStatus | None = Field(description="As the review stands now.")
    resolved_at: datetime | None = Field(description="Since when the comment is settled.")


class InboxPage(BaseModel):
    data: list[InboxItem]
    next_cursor: str | None
    unread: int = Field(description="Of all items, whatever is listed; counted up to 100.")


class MarkRead(ApiModel):
    """Name `ids`, or `up_to`: this item and all that are older."""

    ids: Annotated[list[UUID], Field(min_length=1, max_length=PAGE_MOST)] | None = None
    up_to: UUID | None = None
    read: bool = Field(default=True, description="false: they are unread again.")

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.ids is None) == (self.up_to is None):
            raise ValueError("give 'ids' or 'up_to', and not both")
        return self


class MarkedRead(BaseModel):
    changed: int = Field(description="Items that were otherwise before.")
    unread: int = Field(description="What is left, counted up to 100.")


@router.get("/v1/inbox", response_model=InboxPage, summary="What waits for you, the newest first")
async def show(
    me: Member,
    gateway: GatewayParts,
    *,
    unread: Annotated[bool | None, Query(description="true: what is not read yet; false: what is.")] = None,
    cursor: Annotated[Text | None, Query(max_length=500)] = None,
    limit: Annotated[int, Query(ge=1, le=PAGE_MOST)] = PAGE_DEFAULT,
) -> Response:
    """Comments that mention you, that answer yours or are about a version of yours; reviews that you are asked for, and what became of
    those that you asked for; answers of the review queue that you are asked to look at. For people who signed in: an API key has no
    inbox."""
    position = gateway.cursors.open(cursor, me.workspace_id, of=LIST)
    async with gateway.db.unit_of_work(workspace=me.workspace_id, read_only=True) as tx:
        found = await store.list_items(
            tx, me.workspace_id, me.user_id, is_unread=unread, before=UUID(position[0]) if position else None,
            limit=limit + 1,
        )  # fmt: skip
        count = await store.count_unread(tx, me.workspace_id, me.user_id)
    page = gateway.cursors.page(found, limit=limit, workspace_id=me.workspace_id, of=LIST, position=lambda one: [str(one.item_id)])
    return json_response(InboxPage(data=[_answer(one) for one in page["data"]], next_cursor=page["next_cursor"], unread=count))


@router.post("/v1/inbox/read", response_model=MarkedRead, summary="Mark what waits for you as read, or as unread again")
async def mark(request: Request, body: MarkRead, me: Member, gateway: GatewayParts) -> Response:
    """Your own items alone; an id of anything else changes nothing."""

    async def work(tx: Tx) -> MarkedRead:
        changed = await store.mark(tx, me.workspace_id, me.user_id, ids=body.ids, up_to=body.up_to, is_read=body.read)
        return MarkedRead(changed=changed, unread=await store.count_unread(tx, me.workspace_id, me.user_id))

    return await run_once(gateway, request, me, status=200, work=work)


def _answer(item: Item) -> InboxItem:
    return InboxItem(
        id=item.item_id, kind=item.kind, slug=item.slug, version=item.version, against=item.against, comment_id=item.comment_id,
        execution_id=item.execution_id, session_id=item.session_id, chain_run_id=item.chain_run_id, review_id=item.review_id,
        queue_item_id=item.queue_item_id, answer_status=item.answer_status,
        text=item.text, by=item.made_by, at=item.made_at, read_at=item.read_at,
        review_status=item.review_status, resolved_at=item.resolved_at,
    )  # fmt: skip
