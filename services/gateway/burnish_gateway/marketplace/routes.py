"""`/v1/marketplace`: publish a version, find what others published, clone it, withdraw it."""

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Query, Request
from fastapi.responses import Response

from burnish_gateway.access import audit
from burnish_gateway.access.principal import Principal
from burnish_gateway.deps import GatewayParts, PromptEditor, Viewer
from burnish_gateway.idempotency import or_answered, run_once
from burnish_gateway.marketplace import answers, bodies, statistics_routes, store
from burnish_gateway.marketplace.clone import clone
from burnish_gateway.marketplace.entry import Entry, Sort, no_such_entry
from burnish_gateway.marketplace.publish import publish, screen
from burnish_gateway.paging import PAGE_DEFAULT, PAGE_MOST
from burnish_gateway.registry import announce
from burnish_gateway.registry.answers import PromptAnswer, plain, prompt_answer
from burnish_gateway.registry.model_warnings import model_warnings
from burnish_gateway.registry.spelling import check_may_publish, tags_of
from burnish_gateway.wire import Text, include, json_response, make_router
from burnish_shared.db.session import Tx
from burnish_shared.errors import InvalidField
from burnish_shared.slug import parse_label, parse_slug

router = make_router("marketplace")

LIST = "marketplace"

Word = Annotated[Text | None, Query(max_length=200)]


@router.post("/v1/marketplace", status_code=201, response_model=answers.EntryAnswer, summary="Publish one version of a prompt")
async def post_entry(request: Request, body: bodies.PublishBody, principal: PromptEditor, gateway: GatewayParts) -> Response:
    """A copy of this version goes into the marketplace; later versions do not follow. Publishing it again describes it anew.

    What looks like a key or password anywhere in it is refused (422). `public` needs an admin.
    """
    if body.visibility == "public":
        check_may_publish(principal)
    slug, label = parse_slug(body.prompt), parse_label(body.label) if body.label is not None else None
    given = store.Publication(
        visibility=body.visibility,
        publisher=principal.workspace.name,
        description=body.description,
        categories=tags_of(body.categories),
        example=body.example,
        published_by=principal.actor,
        form=body.form(),
    )
    screened = await or_answered(
        screen(gateway.db, principal, slug, label=label, version=body.version, given=given),
        gateway=gateway,
        request=request,
        principal=principal,
    )
    if isinstance(screened, Response):
        return screened

    async def work(tx: Tx) -> dict[str, Any]:
        entry, is_new = await publish(tx, principal, slug, label=label, version=body.version, given=given, screened=screened)
        after = {"entry_id": str(entry.entry_id), "version": entry.version, "visibility": entry.visibility}
        await audit.note(tx, principal, action="prompt.published", kind="prompt", key=slug, after=after)
        await announce.prompt_changed(tx, principal.workspace_id, slug)
        return answers.entry_answer(entry, reader=principal.workspace_id, is_new=is_new)

    answer = await run_once(gateway, request, principal, status=201, work=work)
    await gateway.catalog.catch_up()
    return answer


@router.get("/v1/marketplace", response_model=answers.EntryPage, summary="Find published prompts")
async def list_entries(
    principal: Viewer,
    gateway: GatewayParts,
    *,
    q: Word = None,
    category: Word = None,
    tag: Word = None,
    visibility: Annotated[Literal["organization", "public"] | None, Query()] = None,
    mine: bool = False,
    sort: Annotated[Sort | None, Query()] = None,
    cursor: Annotated[Text | None, Query(max_length=500)] = None,
    limit: Annotated[int, Query(ge=1, le=PAGE_MOST)] = PAGE_DEFAULT,
) -> Response:
    """What is public, and what the caller's organization sees. `q` searches name, description, use case, tags and the prompt's text, as a
    search box does: words, "phrases", `or`, `-without`. Sorted by relevance where there is `q`, else the newest first. `mine`: one's own.
    """
    order = sort or ("relevance" if q else "newest")
    if order == "relevance" and not q:
        raise InvalidField("sort: 'relevance' needs 'q'.", param="sort")
    wanted = store.Wanted(text=q or None, category=category, tag=tag, visibility=visibility, mine=mine)
    of = f"{LIST}/{order}"
    position = gateway.cursors.open(cursor, principal.workspace_id, of=of)
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, organization=principal.organization_id, read_only=True) as tx:
        found = await store.list_entries(tx, principal.workspace_id, wanted, sort=order, after=position, limit=limit + 1)
    page = gateway.cursors.page(
        found, limit=limit, workspace_id=principal.workspace_id, of=of, position=lambda one: [repr(one[1]), str(one[0].entry_id)]
    )
    data = [answers.entry_item(entry, reader=principal.workspace_id) for entry, _ in page["data"]]
    return json_response(answers.EntryPage(data=data, next_cursor=page["next_cursor"]))


@router.get("/v1/marketplace/{entry_id}", response_model=answers.EntryAnswer, summary="A published prompt with its content and numbers")
async def get_entry(entry_id: str, principal: Viewer, gateway: GatewayParts) -> Response:
    """The numbers are those of its publisher's live traffic, taken at publishing and once a day since."""
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
        entry = await _seen(tx, principal, entry_id)
    return json_response(answers.entry_answer(entry, reader=principal.workspace_id))


@router.post(
    "/v1/marketplace/{entry_id}/clone", status_code=201, response_model=PromptAnswer, summary="Make a prompt of one's own from an entry"
)
async def post_clone(
    entry_id: str, *, request: Request, principal: PromptEditor, gateway: GatewayParts, body: bodies.CloneBody | None = None
) -> Response:
    """Its version 1 has source `clone`; its lineage keeps the entry's publisher, slug and version, also when the entry is withdrawn."""
    wanted = body or bodies.CloneBody()

    async def work(tx: Tx) -> dict[str, Any]:
        entry = await _seen(tx, principal, entry_id)
        slug = parse_slug(wanted.slug or entry.slug)
        head, version = await clone(tx, principal, entry, slug=slug, name=wanted.name or entry.name, clock=gateway.clock)
        after = {"entry_id": str(entry.entry_id), "publisher": entry.publisher, "slug": entry.slug, "version": entry.version}
        await audit.note(tx, principal, action="prompt.cloned", kind="prompt", key=slug, after=after)
        await announce.prompt_changed(tx, principal.workspace_id, slug)
        answer = prompt_answer(head, version, label=None, template=version.content.template())
        warnings = await model_warnings(tx, version.content)
        return plain(answer.model_copy(update={"warnings": warnings}) if warnings else answer)

    answer = await run_once(gateway, request, principal, status=201, work=work)
    await gateway.catalog.catch_up()
    return answer


@router.delete("/v1/marketplace/{entry_id}", response_model=answers.WithdrawnAnswer, summary="Withdraw a published prompt")
async def delete_entry(entry_id: str, *, request: Request, principal: PromptEditor, gateway: GatewayParts) -> Response:
    """One's own entries only. Clones stay, and so does what their lineage says."""
    wanted = _parsed(entry_id)

    async def work(tx: Tx) -> answers.WithdrawnAnswer:
        entry = await store.delete_entry(tx, principal.workspace_id, wanted)
        if entry is None:
            raise no_such_entry()
        before = {"entry_id": str(wanted), "version": entry.version, "visibility": entry.visibility}
        await audit.note(tx, principal, action="prompt.withdrawn", kind="prompt", key=entry.slug, before=before)
        return answers.WithdrawnAnswer(id=wanted, withdrawn=True)

    return await run_once(gateway, request, principal, status=200, work=work)


async def _seen(tx: Tx, principal: Principal, entry_id: str) -> Entry:
    """Raises NotFound for an entry that is none, or that the caller may not see."""
    await store.as_organization(tx, principal.organization_id)
    entry = await store.find_entry(tx, _parsed(entry_id))
    if entry is None or entry.visibility == "private":
        raise no_such_entry()
    return entry


include(router, statistics_routes.router)


def _parsed(entry_id: str) -> UUID:
    """What is no id names no entry."""
    try:
        return UUID(entry_id)
    except ValueError:
        raise no_such_entry() from None
