"""`/v1/cache`: what is kept of answers, what it saved, and how to be rid of it."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from asyncpg import Record
from fastapi import Query
from fastapi.responses import Response
from pydantic import BaseModel, Field

from burnish_gateway.access import audit
from burnish_gateway.cache import store
from burnish_gateway.deps import Editor, GatewayParts, Viewer
from burnish_gateway.paging import PAGE_DEFAULT, PAGE_MOST
from burnish_gateway.wire import Text, json_response, make_router
from burnish_shared.slug import parse_slug

router = make_router("executions")

LIST = "cache"

Prompt = Annotated[Text | None, Query(max_length=200, description="Only of this prompt.")]


class Kept(BaseModel):
    """`saved_nusd`: what the hits would have cost. `size_bytes`: of the answers."""

    entries: int
    size_bytes: int
    hits: int
    saved_nusd: int
    simulated: bool
    oldest_at: datetime | None


class KeptOfPrompt(Kept):
    """`prompt` null: messages without a prompt."""

    prompt: str | None


class CacheAnswer(Kept):
    """What is kept at this moment, and what the workspace says of its cache. An entry that is over takes its hits with it.

    Rates over time are `cache_hit_rate` and `provider_cache_rate` of `GET /v1/analytics/summary`.
    """

    mode: str
    ttl_s: int
    prompts: list[KeptOfPrompt] = Field(description="Those with the most hits, at most 100.")


class CacheEntry(BaseModel):
    """One answer. `execution_id`: who made it, and where its text is read. `cost_nusd`: what making it cost."""

    id: str
    prompt: str | None
    version: int | None
    model: str
    execution_id: UUID
    hits: int
    cost_nusd: int
    saved_nusd: int
    size_bytes: int
    simulated: bool
    made_at: datetime
    expires_at: datetime
    last_hit_at: datetime | None


class CachePage(BaseModel):
    data: list[CacheEntry]
    next_cursor: str | None


class Purged(BaseModel):
    """`entries`: so many answers were removed."""

    entries: int


@router.get("/v1/cache", response_model=CacheAnswer, summary="What is kept of answers, and what it saved")
async def show_cache(gateway: GatewayParts, principal: Viewer) -> CacheAnswer:
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
        total, prompts = await store.counts(tx, principal.workspace_id)
    workspace = principal.workspace
    return CacheAnswer(
        **_kept(total), mode=workspace.cache_mode, ttl_s=workspace.cache_ttl_s,
        prompts=[KeptOfPrompt(**_kept(one), prompt=one.slug or None) for one in prompts],
    )  # fmt: skip


@router.get("/v1/cache/entries", response_model=CachePage, summary="Answers that are kept, the newest first, each with its hits")
async def list_entries(
    gateway: GatewayParts,
    principal: Viewer,
    *,
    prompt: Prompt = None,
    cursor: Annotated[str | None, Query(max_length=500)] = None,
    limit: Annotated[int, Query(ge=1, le=PAGE_MOST)] = PAGE_DEFAULT,
) -> Response:
    after = gateway.cursors.open(cursor, principal.workspace_id, of=LIST)
    before = (datetime.fromisoformat(after[0]), bytes.fromhex(after[1])) if after else None
    slug = None if prompt is None else parse_slug(prompt, param="prompt")
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
        rows = await store.list_entries(tx, principal.workspace_id, slug=slug, before=before, limit=limit + 1)
    page = gateway.cursors.page(
        rows, limit=limit, workspace_id=principal.workspace_id, of=LIST,
        position=lambda row: [row["made_at"].isoformat(), row["cache_key"].hex()],
    )  # fmt: skip
    return json_response(CachePage(data=[_entry(row) for row in page["data"]], next_cursor=page["next_cursor"]))


@router.delete("/v1/cache", response_model=Purged, summary="Remove what is kept of a prompt's answers, or of all")
async def purge_cache(gateway: GatewayParts, principal: Editor, *, prompt: Prompt = None) -> Purged:
    """At once, everywhere: the next call asks the model. What is being asked at this moment is told, and not kept."""
    slug = None if prompt is None else parse_slug(prompt, param="prompt")
    async with gateway.db.unit_of_work(workspace=principal.workspace_id) as tx:
        entries = await store.purge(tx, principal.workspace_id, slug)
        await audit.note(tx, principal, action="cache.purged", kind="cache", key=slug or "*", before={"entries": entries})
    return Purged(entries=entries)


def _kept(one: store.Counts) -> dict[str, object]:
    return {name: getattr(one, name) for name in Kept.model_fields}


def _entry(row: Record) -> CacheEntry:
    return CacheEntry(
        id=row["cache_key"].hex(), prompt=row["slug"] or None, version=row["version"] or None, model=row["model"],
        execution_id=row["execution_id"], hits=row["hits"], cost_nusd=row["cost_nusd"], saved_nusd=row["hits"] * row["cost_nusd"],
        size_bytes=row["size_bytes"], simulated=row["simulated"], made_at=row["made_at"], expires_at=row["expires_at"],
        last_hit_at=row["last_hit_at"],
    )  # fmt: skip
