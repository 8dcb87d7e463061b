"""Where the versions of a prompt come from, over HTTP (PRODUCT O7, T5)."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import Query
from fastapi.responses import Response
from pydantic import BaseModel

from burnish_gateway.deps import GatewayParts, Viewer
from burnish_gateway.paging import PAGE_DEFAULT, PAGE_MOST
from burnish_gateway.registry import sharing_store, store
from burnish_gateway.registry.prompt import Edge, EdgeKind, no_such_prompt
from burnish_gateway.wire import Text, json_response, make_router
from burnish_shared.slug import parse_slug

router = make_router("prompts")

LIST = "prompts/lineage"


class ParentAnswer(BaseModel):
    slug: str
    version: int


class SourceAnswer(BaseModel):
    """An entry of the marketplace, as it was called when it was cloned. It may have been withdrawn since."""

    entry_id: UUID
    publisher: str
    slug: str
    version: int


class EdgeAnswer(BaseModel):
    """One version and what it came from: a version of this workspace (`parent`), an entry of the marketplace (`source`)."""

    version: int
    kind: EdgeKind
    parent: ParentAnswer | None
    source: SourceAnswer | None
    job_id: UUID | None
    suggestion_id: UUID | None
    created_at: datetime


class EdgePage(BaseModel):
    data: list[EdgeAnswer]
    next_cursor: str | None


@router.get("/v1/prompts/{slug}/lineage", response_model=EdgePage, summary="Where the versions of a prompt come from, the newest first")
async def get_lineage(
    slug: str,
    principal: Viewer,
    gateway: GatewayParts,
    *,
    cursor: Annotated[Text | None, Query(max_length=500)] = None,
    limit: Annotated[int, Query(ge=1, le=PAGE_MOST)] = PAGE_DEFAULT,
) -> Response:
    name = parse_slug(slug)
    position = gateway.cursors.open(cursor, principal.workspace_id, of=f"{LIST}/{name}")
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
        head = await store.find_head(tx, principal.workspace_id, name)
        if head is None:
            raise no_such_prompt(name)
        edges = await sharing_store.list_edges(tx, head.prompt, before=UUID(position[0]) if position else None, limit=limit + 1)
    page = gateway.cursors.page(
        edges, limit=limit, workspace_id=principal.workspace_id, of=f"{LIST}/{name}", position=lambda edge: [str(edge.edge_id)]
    )
    return json_response(EdgePage(data=[_answer(edge) for edge in page["data"]], next_cursor=page["next_cursor"]))


def _answer(edge: Edge) -> EdgeAnswer:
    source = edge.source
    return EdgeAnswer(
        version=edge.version,
        kind=edge.kind,
        parent=ParentAnswer(slug=edge.parent_slug, version=edge.parent_version) if edge.parent_slug and edge.parent_version else None,
        source=SourceAnswer(entry_id=source.entry_id, publisher=source.publisher, slug=source.slug, version=source.version)
        if source
        else None,
        job_id=edge.job_id,
        suggestion_id=edge.suggestion_id,
        created_at=edge.created_at,
    )
