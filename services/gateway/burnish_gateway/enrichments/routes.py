"""`/v1/enrichments`: conversations, transcripts and documents become structured results."""

import asyncio
import json
from typing import Annotated, Any, Final, Literal
from uuid import UUID

from asyncpg import Record
from fastapi import Query, Request
from fastapi.responses import Response

from burnish_gateway.access import audit
from burnish_gateway.access.principal import Principal
from burnish_gateway.deps import Editor, Gateway, GatewayParts, Viewer, request_id_of
from burnish_gateway.enrichments import answers, bodies, store
from burnish_gateway.enrichments import start as starting
from burnish_gateway.enrichments.shipped import SHIPPED, SourceType
from burnish_gateway.idempotency import answered_before, or_answered, run_once
from burnish_gateway.paging import PAGE_DEFAULT, PAGE_MOST
from burnish_gateway.wire import ChatRoute, Text, json_response, make_router
from burnish_shared.db.session import Tx
from burnish_shared.errors import NotFound
from burnish_shared.ids import new_uuid
from burnish_shared.slug import parse_label, parse_slug

router = make_router("enrichments", route_class=ChatRoute)

LIST: Final = "enrichments"
LOOK_EVERY_S: Final = 0.5
OPEN: Final = ("pending", "processing")

Wait = Annotated[
    float, Query(ge=0, le=60, allow_inf_nan=False, description="How long the result is waited for; then it is told as it stands.")
]
ProcessingStatus = Literal["pending", "processing", "completed", "failed", "cancelled"]


@router.post("/v1/enrichments", status_code=202, response_model=answers.EnrichmentAnswer, summary="Read a content into a structured result")
async def create(request: Request, body: bodies.NewEnrichment, principal: Editor, gateway: GatewayParts, wait_s: Wait = 20.0) -> Response:
    """By the prompt of its source type. A long one is read in parts and put together. A URL is read through the egress guard."""
    (enrichment_id,), headers = await begin(request, body.source_type, [body], gateway=gateway, principal=principal)
    row = await until_read(gateway, principal, enrichment_id, wait_s=wait_s)
    return json_response(answers.answer_of(row), status=202, headers=headers | {"location": f"/v1/enrichments/{enrichment_id}"})


@router.post("/v1/enrichments/batch", status_code=202, response_model=answers.StartedGroup, summary="Read many contents")
async def create_many(request: Request, body: bodies.ManyEnrichments, principal: Editor, gateway: GatewayParts) -> Response:
    """At most 500 in one call, worked on a few at a time, behind single ones. Follow them by their `group_id`, which stored contents that
    are read anew have from then on too."""
    if (before := await answered_before(gateway, request, principal)) is not None:
        return before
    contents = await starting.check(body.items, gateway=gateway, principal=principal)
    group_id = new_uuid()

    async def work(tx: Tx) -> answers.StartedGroup:
        ids = await _insert(request, tx, body.source_type, body.items, contents, principal=principal, group_id=group_id)
        return answers.StartedGroup(group_id=group_id, ids=ids)

    answer = await run_once(gateway, request, principal, status=202, work=work)
    gateway.assistant.wake()
    return answer


@router.get("/v1/enrichments", response_model=answers.EnrichmentPage, summary="Enrichments, newest first")
async def list_enrichments(
    principal: Viewer,
    gateway: GatewayParts,
    *,
    source_type: SourceType | None = None,
    processing_status: ProcessingStatus | None = None,
    group_id: Annotated[UUID | None, Query(description="Those of one call.")] = None,
    cursor: Annotated[Text | None, Query(max_length=500)] = None,
    limit: Annotated[int, Query(ge=1, le=PAGE_MOST)] = PAGE_DEFAULT,
) -> Response:
    position = gateway.cursors.open(cursor, principal.workspace_id, of=LIST)
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
        rows = await store.list_page(
            tx, principal.workspace_id, source_type=source_type, status=processing_status, group_id=group_id,
            before=UUID(position[0]) if position else None, limit=limit + 1,
        )  # fmt: skip
    page = gateway.cursors.page(
        rows, limit=limit, workspace_id=principal.workspace_id, of=LIST, position=lambda row: [str(row["enrichment_id"])]
    )  # fmt: skip
    return json_response(answers.EnrichmentPage(data=[answers.item_of(row) for row in page["data"]], next_cursor=page["next_cursor"]))


@router.get("/v1/enrichments/prompts", response_model=answers.PromptChoices, summary="Which prompt reads which source type")
async def get_prompts(principal: Viewer, gateway: GatewayParts) -> Response:
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
        own = await store.prompts(tx)
    return json_response(answers.PromptChoices(data=[_choice(one, own.get(one)) for one in SHIPPED]))


@router.put("/v1/enrichments/prompts/{source_type}", response_model=answers.PromptChoice, summary="Choose a prompt for a source type")
async def put_prompt(
    source_type: SourceType, request: Request, body: bodies.ChoosePrompt, principal: Editor, gateway: GatewayParts
) -> Response:  # fmt: skip
    """One of the workspace's own, by slug and label, for contents that are read from now on."""
    slug, label = parse_slug(body.prompt, param="prompt"), parse_label(body.label)
    await gateway.catalog.in_use(principal.workspace_id, slug, label=label)

    async def work(tx: Tx) -> answers.PromptChoice:
        before = (await store.prompts(tx)).get(source_type)
        await store.put_prompt(tx, principal.workspace_id, source_type, slug=slug, label=label, by=principal.actor)
        await _note(tx, principal, source_type, before, {"prompt": slug, "label": label})
        return _choice(source_type, (await store.prompts(tx))[source_type])

    return await run_once(gateway, request, principal, status=200, work=work)


@router.delete("/v1/enrichments/prompts/{source_type}", response_model=answers.PromptChoice, summary="Back to the prompt that ships")
async def delete_prompt(source_type: SourceType, request: Request, principal: Editor, gateway: GatewayParts) -> Response:
    async def work(tx: Tx) -> answers.PromptChoice:
        before = (await store.prompts(tx)).get(source_type)
        await store.delete_prompt(tx, principal.workspace_id, source_type)
        await _note(tx, principal, source_type, before, {"prompt": None, "label": None})
        return _choice(source_type, None)

    return await run_once(gateway, request, principal, status=200, work=work)


@router.get("/v1/enrichments/groups/{group_id}", response_model=answers.GroupAnswer, summary="How far the contents of one call are")
async def get_group(group_id: UUID, principal: Viewer, gateway: GatewayParts) -> Response:
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
        counts = await store.group_counts(tx, principal.workspace_id, group_id)
    if counts is None:
        raise NotFound("There is no call of this id in this workspace.", param="group_id")
    return json_response(answers.GroupAnswer(group_id=group_id, **counts))


@router.post(
    "/v1/enrichments/groups/{group_id}/cancel", response_model=answers.CancelledGroup, summary="Begin no more of a call's contents"
)
async def cancel_group(group_id: UUID, request: Request, principal: Editor, gateway: GatewayParts) -> Response:
    """Those under way come to their end."""

    async def work(tx: Tx) -> answers.CancelledGroup:
        if await store.group_counts(tx, principal.workspace_id, group_id) is None:
            raise NotFound("There is no call of this id in this workspace.", param="group_id")
        return answers.CancelledGroup(group_id=group_id, cancelled=await store.cancel_group(tx, principal.workspace_id, group_id))

    return await run_once(gateway, request, principal, status=200, work=work)


@router.get("/v1/enrichments/{enrichment_id}", response_model=answers.EnrichmentAnswer, summary="An enrichment with its content")
async def get_one(enrichment_id: UUID, principal: Viewer, gateway: GatewayParts) -> Response:
    return json_response(answers.answer_of(await _found(gateway, principal, enrichment_id)))


@router.delete("/v1/enrichments/{enrichment_id}", response_model=answers.DeletedEnrichment, summary="Delete an enrichment")
async def delete(enrichment_id: UUID, request: Request, principal: Editor, gateway: GatewayParts) -> Response:
    """With its content and result, at once."""

    async def work(tx: Tx) -> answers.DeletedEnrichment:
        if not await store.delete(tx, principal.workspace_id, enrichment_id):
            raise _no_such()
        return answers.DeletedEnrichment(id=enrichment_id)

    return await run_once(gateway, request, principal, status=200, work=work)


async def begin(
    request: Request, source_type: SourceType, items: list[Any], *, gateway: Gateway, principal: Principal
) -> tuple[list[UUID], dict[str, str]]:
    """Ids of the contents, the same for a repeat with the same Idempotency-Key, and headers that say so."""
    contents = await or_answered(
        starting.check(items, gateway=gateway, principal=principal), gateway=gateway, request=request, principal=principal
    )

    async def stored_now(contents: list[Any]) -> Response:
        async def work(tx: Tx) -> dict[str, Any]:
            return {"ids": [str(one) for one in await _insert(request, tx, source_type, items, contents, principal=principal)]}

        return await run_once(gateway, request, principal, status=202, work=work)

    stored = contents if isinstance(contents, Response) else await stored_now(contents)
    gateway.assistant.wake()
    headers = {"idempotent-replayed": "true"} if "idempotent-replayed" in stored.headers else {}
    return [UUID(one) for one in json.loads(bytes(stored.body))["ids"]], headers


async def until_read(gateway: Gateway, principal: Principal, enrichment_id: UUID, *, wait_s: float) -> Record:
    """The enrichment once it is over, or as it stands after `wait_s`, or when this gateway is stopped and gives no more time. Raises
    NotFound."""
    loop = asyncio.get_running_loop()
    until = loop.time() + wait_s
    with gateway.assistant.listening(enrichment_id) as bell:
        while True:
            row = await _found(gateway, principal, enrichment_id)
            left_s = until - loop.time()
            if row["processing_status"] not in OPEN or left_s <= 0 or gateway.inbox.is_over:
                return row
            try:
                async with asyncio.timeout(min(LOOK_EVERY_S, left_s)):
                    await bell.wait()
            except TimeoutError:
                continue
            bell.clear()


async def _insert(
    request: Request, tx: Tx, source_type: SourceType, items: list[Any], contents: list[Any], *, principal: Principal,
    group_id: UUID | None = None,
) -> list[UUID]:  # fmt: skip
    return await starting.insert(
        tx, source_type, items, contents, principal=principal, request_id=request_id_of(request),
        traceparent=request.headers.get("traceparent"), group_id=group_id,
    )  # fmt: skip


async def _found(gateway: Gateway, principal: Principal, enrichment_id: UUID) -> Record:
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
        row = await store.find(tx, principal.workspace_id, enrichment_id)
    if row is None:
        raise _no_such()
    return row


def _choice(source_type: SourceType, own: Record | None) -> answers.PromptChoice:
    return answers.PromptChoice(
        source_type=source_type, prompt=own["slug"] if own else None, label=own["label"] if own else None,
        result_schema=None if own else SHIPPED[source_type].schema, updated_by=own["updated_by"] if own else None,
        updated_at=own["updated_at"] if own else None,
    )  # fmt: skip


async def _note(tx: Tx, principal: Principal, source_type: str, before: Record | None, after: dict[str, Any]) -> None:
    was = {"prompt": before["slug"] if before else None, "label": before["label"] if before else None}
    await audit.note(tx, principal, action="enrichment_prompt.set", kind="enrichment_prompt", key=source_type, before=was, after=after)


def _no_such() -> NotFound:
    return NotFound("There is no enrichment of this id in this workspace.", param="enrichment_id")
