"""Prompts over HTTP: create, find, change, render."""

from dataclasses import asdict, replace
from datetime import timedelta
from typing import Annotated, Any, Final

from fastapi import APIRouter, Header, Query, Request
from fastapi.responses import Response
from pydantic import Field

from burnish_gateway.access import audit
from burnish_gateway.access.principal import Principal
from burnish_gateway.deps import Gateway, GatewayParts, PromptEditor, Viewer
from burnish_gateway.idempotency import run_once
from burnish_gateway.inbox import routes as inbox_routes
from burnish_gateway.named_changes import named_by
from burnish_gateway.paging import PAGE_DEFAULT, PAGE_MOST
from burnish_gateway.registry import (
    announce,
    answers,
    archive_routes,
    bodies,
    branch_routes,
    comment_routes,
    compare_routes,
    gate_routes,
    label_routes,
    lineage_routes,
    list_answers,
    list_store,
    merge_routes,
    protection_routes,
    review_routes,
    sharing_store,
    store,
    usage_routes,
    uses_routes,
    version_routes,
)
from burnish_gateway.registry.content import VersionContent
from burnish_gateway.registry.create_prompt import create_prompt
from burnish_gateway.registry.filter_answers import FilterChoices
from burnish_gateway.registry.model_warnings import model_warnings
from burnish_gateway.registry.prompt import Head, check_not_archived, no_such_prompt
from burnish_gateway.registry.save_whole import check_blocks
from burnish_gateway.registry.spelling import age_headers, author_of, check_may_publish, etag_matches, tags_of
from burnish_gateway.wire import Text, include, json_response, make_router
from burnish_shared.db.session import Tx
from burnish_shared.errors import InvalidField
from burnish_shared.slug import LATEST, parse_folder, parse_label, parse_movable_label, parse_slug

prompts = make_router("prompts")

LIST: Final = "prompts"

Word = Annotated[Text | None, Query(max_length=200)]
Limit = Annotated[int, Query(ge=1, le=PAGE_MOST)]


@prompts.post("/v1/prompts", status_code=201, response_model=answers.PromptAnswer, summary="Create a prompt with its version 1")
async def create(request: Request, body: bodies.CreatePrompt, principal: PromptEditor, gateway: GatewayParts) -> Response:
    slug = parse_slug(body.slug)
    new = store.NewPrompt(
        slug=slug,
        name=body.name or slug,
        description=body.description,
        use_case=body.use_case,
        folder=parse_folder(body.folder),
        tags=tags_of(body.tags),
        categories=tags_of(body.categories),
        app_contexts=tags_of(body.app_contexts),
        locked_blocks=tuple(dict.fromkeys(body.locked_blocks)),
        rules=tuple(dict.fromkeys(body.rules)),
        visibility=body.visibility,
    )
    if body.visibility == "public":
        check_may_publish(principal)
    content = VersionContent.from_fields(body.given())
    label = None if body.label is None else parse_movable_label(body.label)

    async def work(tx: Tx) -> dict[str, Any]:
        head, version = await create_prompt(
            tx,
            principal.workspace_id,
            new,
            content,
            label=label,
            author=author_of(principal),
            clock=gateway.clock,
            change_message=body.message,
            insists="label" in body.model_fields_set,
        )
        placed = label if label in head.labels else None
        await audit.note(tx, principal, action="prompt.created", kind="prompt", key=slug, after={"version": 1, "label": placed})
        await announce.prompt_changed(tx, principal.workspace_id, slug)
        answer = answers.prompt_answer(head, version, label=placed, template=content.template())
        warnings = await model_warnings(tx, content)
        return answers.plain(answer.model_copy(update={"warnings": warnings}) if warnings else answer)

    answer = await run_once(gateway, request, principal, status=201, work=work)
    await gateway.catalog.catch_up()
    return answer


@prompts.get("/v1/prompts", response_model=list_answers.PromptPage, summary="List prompts, the newest first unless sorted")
async def list_prompts(
    principal: Viewer,
    gateway: GatewayParts,
    *,
    q: Word = None,
    tag: Word = None,
    folder: Annotated[Text | None, Query(max_length=700)] = None,
    model: Word = None,
    label: Word = None,
    category: Word = None,
    app_context: Word = None,
    use_case: Annotated[Text | None, Query(max_length=2000)] = None,
    author: Annotated[
        Text | None, Query(max_length=200, description="As `GET /v1/prompt-choices` lists them: `user:…` or `api_key:…`; `me`: the caller.")
    ] = None,
    archived: Annotated[bool, Query(description="Those that were archived, and no others.")] = False,
    slug: Annotated[list[Annotated[str, Field(max_length=63)]] | None, Query(max_length=PAGE_MOST, description="Only these.")] = None,
    sort: Annotated[
        list_store.Sort | None,
        Query(description="Newest, last changed, slug; busiest, dearest of a day; least liked of a week; relevance, the default with `q`."),
    ] = None,
    cursor: Annotated[Text | None, Query(max_length=500)] = None,
    limit: Limit = PAGE_DEFAULT,
) -> Response:
    """`q`: words, or their beginnings, that all occur in slug, name, description, use case, folder, tags, categories or the newest text.

    `folder` includes what is below it; `model` is that of the newest version; `author` made the prompt or a version of it; the `label`
    `latest` is every prompt's.
    """
    order = sort or ("relevance" if q else "created")
    if order == "relevance" and not q:
        raise InvalidField("sort: 'relevance' needs 'q'.", param="sort")
    filters = list_store.Filters(
        text=q or None,
        tag=tag,
        category=category,
        app_context=app_context,
        use_case=use_case,
        author=principal.named(author),
        archived=archived,
        folder=parse_folder(folder) if folder else None,
        model=model,
        label=None if label is None or (named := parse_label(label)) == LATEST else named,
        slugs=None if slug is None else tuple(parse_slug(one) for one in slug),
    )
    of = LIST if order == "created" else f"{LIST}/{order}"
    position = gateway.cursors.open(cursor, principal.workspace_id, of=of)
    since = gateway.clock.now() - (timedelta(days=7) if order == "satisfaction" else timedelta(days=1))
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
        listed = await list_store.list_heads(tx, principal.workspace_id, filters, sort=order, since=since, after=position, limit=limit + 1)
    page = gateway.cursors.page(listed, limit=limit, workspace_id=principal.workspace_id, of=of, position=lambda one: one.position)
    return json_response(page | {"data": [answers.plain(list_answers.listed_prompt(one)) for one in page["data"]]})


@prompts.get("/v1/folders", response_model=answers.FolderPage, summary="Folders of prompts, with how many lie in each")
async def list_folders(
    principal: Viewer, gateway: GatewayParts, *, cursor: Annotated[Text | None, Query(max_length=2000)] = None, limit: Limit = PAGE_DEFAULT
) -> Response:
    """By path; the first one, '', is the top, and its `within` counts all prompts but archived ones."""
    position = gateway.cursors.open(cursor, principal.workspace_id, of="folders")
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
        found = await list_store.list_folders(tx, principal.workspace_id, after=position[0] if position else None, limit=limit + 1)
    page = gateway.cursors.page(found, limit=limit, workspace_id=principal.workspace_id, of="folders", position=lambda one: [one.folder])
    return json_response(page | {"data": [asdict(one) for one in page["data"]]})


@prompts.get("/v1/prompt-choices", response_model=FilterChoices, summary="What the list of prompts can be filtered by")
async def list_choices(
    principal: Viewer, gateway: GatewayParts, *, archived: Annotated[bool, Query(description="Of archived prompts, and no others.")] = False
) -> Response:
    """Labels, tags, categories, app contexts, use cases, models and authors that there are, each with how many prompts have it.

    Those of most prompts come first, and of each filter at most 200; use cases of more than 200 characters are left out.
    """
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
        found = await list_store.list_choices(tx, principal.workspace_id, archived=archived)
    told = {name: [asdict(one) for one in found.get(name, ())] for name in FilterChoices.model_fields}
    return json_response(answers.plain(FilterChoices.model_validate(told)))


@prompts.get(
    "/v1/prompts/{slug}",
    response_model=answers.PromptAnswer,
    summary="A prompt with the version that a label or number names",
    responses={304: {"description": "The version that the caller has (If-None-Match) is the one that would be sent"}},
)
async def get_prompt(
    slug: str,
    principal: Viewer,
    gateway: GatewayParts,
    *,
    label: Word = None,
    version: Annotated[int | None, Query(ge=1)] = None,
    if_none_match: Annotated[str | None, Header()] = None,
) -> Response:
    """Without label and version: `production` where it is set, else `latest`.

    While the database is away, what was last known, with its `Age` in seconds.
    """
    if label is not None and version is not None:
        raise InvalidField("Give 'label' or 'version', not both.", param="version")
    if label is None and version is None:
        label = await _usual_label(gateway, principal, slug)
    head, found = await gateway.catalog.find(principal.workspace_id, slug, label=label, version=version)
    etag = f'"{head.prompt.prompt_id.hex[-12:]}-{head.prompt.revision}-{found.version}{found.meaning}"'
    headers = {"etag": etag, "cache-control": "private, no-cache"} | age_headers(gateway.catalog.stale_for_s)
    if etag_matches(if_none_match, etag):
        return Response(status_code=304, headers=headers)
    answer = answers.prompt_answer(head, found.record, label=found.label, template=found.template, found=found)
    return json_response(answers.plain(answer), headers=headers)


@prompts.patch("/v1/prompts/{slug}", response_model=answers.PromptItem, summary="Change what of a prompt is not versioned")
async def change(slug: str, request: Request, body: bodies.ChangePrompt, principal: PromptEditor, gateway: GatewayParts) -> Response:
    """A narrower `visibility` withdraws from the marketplace what was published wider; clones stay. A wider one publishes nothing."""
    name = parse_slug(slug)
    changes = named_by(body)
    if body.visibility == "public":
        check_may_publish(principal)
    if "folder" in changes:
        changes["folder"] = parse_folder(changes["folder"])
    for listed in {"tags", "categories", "app_contexts"} & changes.keys():
        changes[listed] = list(tags_of(changes[listed]))

    async def work(tx: Tx) -> dict[str, Any]:
        head = await store.lock_head(tx, principal.workspace_id, name)
        if head is None:
            raise no_such_prompt(name)
        check_not_archived(head.prompt)
        if blocks := changes.get("locked_blocks"):
            check_blocks((await store.newest_version(tx, head.prompt)).content, blocks)
        changed = Head(await store.update_prompt(tx, head.prompt, changes), head.labels)
        before = {field: getattr(head.prompt, field) for field in changes}
        if body.visibility is not None:
            await sharing_store.narrow_entries(tx, head.prompt, to=body.visibility)
        await audit.note_if_changed(tx, principal, action="prompt.changed", kind="prompt", key=name, before=before, after=changes)
        await announce.prompt_changed(tx, principal.workspace_id, name)
        return answers.plain(answers.prompt_item(changed))

    answer = await run_once(gateway, request, principal, status=200, work=work)
    await gateway.catalog.catch_up()
    return answer


@prompts.post(
    "/v1/prompts/{slug}/render",
    response_model=answers.RenderAnswer,
    summary="The messages of a version with variables put in",
    openapi_extra={"x-burnish-scope": "prompts:read"},
)
async def render(slug: str, body: bodies.RenderPrompt, principal: Viewer, gateway: GatewayParts) -> Response:
    """A missing variable is 422 `missing_variables`, with all of them in `details.missing`. Calls no model and costs nothing.

    `model`: by the text for this model, where the version has one.
    """
    found = await gateway.catalog.in_use(principal.workspace_id, slug, label=body.label, version=body.version)
    rendered = found.text_for(body.model or found.model).render(body.variables)
    if found.examples is not None:
        rendered = replace(rendered, messages=found.examples.put_into(rendered.messages, body.variables))
    stale_for_s = gateway.catalog.stale_for_s
    return json_response(answers.plain(answers.render_answer(found, rendered, stale_for_s=stale_for_s)), headers=age_headers(stale_for_s))


async def _usual_label(gateway: Gateway, principal: Principal, slug: str) -> str:
    head, _ = await gateway.catalog.find(principal.workspace_id, slug, label="latest")
    return "production" if "production" in head.labels else "latest"


router = APIRouter()
for part in (
    prompts, version_routes.router, label_routes.router, lineage_routes.router, branch_routes.router, merge_routes.router,
    review_routes.router, comment_routes.router, compare_routes.router, archive_routes.router, uses_routes.router, protection_routes.router,
    usage_routes.router, gate_routes.router, inbox_routes.router,
):  # fmt: skip
    include(router, part)
