"""`/v1/chains`: chains, their versions and labels."""

from typing import Annotated, Any

from fastapi import Path, Query, Request
from fastapi.responses import Response

from burnish_gateway.access import audit
from burnish_gateway.chains import answers, bodies, label_routes, run_routes, store
from burnish_gateway.chains.chain import ChainHead, ChainVersion, no_such_chain
from burnish_gateway.chains.check_prompts import check_overrides, check_prompts
from burnish_gateway.chains.label_rules import check_may_archive, protected_from
from burnish_gateway.chains.model_warnings import model_warnings
from burnish_gateway.chains.save_chain import NewChain, add_version, check_not_archived, create_chain, head_of
from burnish_gateway.comments import routes as comment_routes
from burnish_gateway.deps import GatewayParts, PromptEditor, Viewer
from burnish_gateway.idempotency import or_answered, run_once
from burnish_gateway.named_changes import named_by
from burnish_gateway.paging import PAGE_DEFAULT, PAGE_MOST
from burnish_gateway.registry.spelling import newer_version_response, tags_of
from burnish_gateway.wire import Text, include, json_response, make_router
from burnish_shared.chains.read_form import read_chain
from burnish_shared.db.session import Tx
from burnish_shared.errors import Forbidden, InvalidField, NewerVersion, PayloadTooLarge
from burnish_shared.slug import MAX_VERSION, parse_folder, parse_label, parse_movable_label, parse_slug

router = make_router("chains")
include(router, run_routes.router, comment_routes.of_chain_runs)
include(router, label_routes.router)

Number = Annotated[int, Path(ge=1, le=MAX_VERSION)]

LEFT_OUT = frozenset({"parameters", "output", "deadline_s", "is_new", "warnings"})
"""Of an answer, where they say nothing."""

CONTENT_MOST_BYTES = 262_144
"""A version as JSON."""


@router.post("/v1/chains", status_code=201, response_model=answers.ChainAnswer, summary="Make a chain")
async def create(request: Request, body: bodies.CreateChain, principal: PromptEditor, gateway: GatewayParts) -> Response:
    """Version 1, with the label `production` where none is named. A form with faults is 422: `details.problems` names each.

    A label that the workspace protects is an admin's to give: by itself it is left out, and refused where it is named.
    """
    slug = parse_slug(body.slug)
    label = None if body.label is None else parse_movable_label(body.label)
    new = NewChain(slug, body.name or slug, body.description, parse_folder(body.folder), tags_of(body.tags))
    content = await or_answered(_checked(body, principal.workspace_id, gateway), gateway=gateway, request=request, principal=principal)
    if isinstance(content, Response):
        return content

    async def work(tx: Tx) -> dict[str, Any]:
        kept = [] if label is None else await protected_from(tx, principal, [label])
        if kept and "label" in body.model_fields_set:
            raise Forbidden(f"The label '{label}' is protected: only an admin of the workspace may give it to a chain.", param="label")
        given = None if kept else label
        saved = await create_chain(tx, principal.workspace_id, new, content, label=given, message=body.message, author=principal.actor)
        after = {"version": 1, "label": given, "name": new.name}
        await audit.note(tx, principal, action="chain.created", kind="chain", key=slug, after=after)
        return _plain(answers.chain_answer(saved.head, saved.version, label=given, warnings=await model_warnings(tx, content)))

    return await run_once(gateway, request, principal, status=201, work=work)


@router.get("/v1/chains", response_model=answers.ChainPage, summary="List chains, by slug")
async def list_chains(
    principal: Viewer,
    gateway: GatewayParts,
    *,
    q: Annotated[Text | None, Query(max_length=200)] = None,
    folder: Annotated[Text | None, Query(max_length=700)] = None,
    tag: Annotated[Text | None, Query(max_length=50)] = None,
    archived: bool = False,
    cursor: Annotated[Text | None, Query(max_length=500)] = None,
    limit: Annotated[int, Query(ge=1, le=PAGE_MOST)] = PAGE_DEFAULT,
) -> Response:
    """`q`: words, or their beginnings, that all occur in slug, name, description, folder, tags, or in the newest version's steps."""
    for name, one in {"q": q, "folder": folder, "tag": tag}.items():
        if "\x00" in (one or ""):
            raise InvalidField(f"{name}: holds U+0000; remove it.", param=name)
    position = gateway.cursors.open(cursor, principal.workspace_id, of="chains")
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
        heads = await store.list_heads(
            tx, principal.workspace_id, text=q or None, archived=archived, folder=folder, tag=tag, after=position[0] if position else None,
            limit=limit + 1,
        )  # fmt: skip
    page = gateway.cursors.page(heads, limit=limit, workspace_id=principal.workspace_id, of="chains", position=lambda one: [one.slug])
    return json_response(answers.ChainPage(data=[answers.chain_item(one) for one in page["data"]], next_cursor=page["next_cursor"]))


@router.get("/v1/chains/{slug}", response_model=answers.ChainAnswer, summary="A chain with one of its versions")
async def get_chain(
    slug: str,
    principal: Viewer,
    gateway: GatewayParts,
    label: Annotated[Text | None, Query(max_length=63, description="`production` where neither label nor version is given.")] = None,
    version: Annotated[int | None, Query(ge=1, le=MAX_VERSION)] = None,
) -> Response:
    """Without label and version: what `production` names, or the newest version where nothing does."""
    name = parse_slug(slug, param="chain")
    wanted = None if label is None else parse_label(label)
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
        head = await head_of(tx, principal.workspace_id, name)
        is_open = wanted is None and version is None and "production" not in head.labels
        number, reached_by = head.named(label=parse_label("latest") if is_open else wanted, version=version)
        found = await _found_version(tx, head, number)
    return json_response(_plain(answers.chain_answer(head, found, label=reached_by)))


@router.patch("/v1/chains/{slug}", response_model=answers.ChainItem, summary="Rename, describe, move or archive a chain")
async def change(slug: str, request: Request, body: bodies.ChangeChain, principal: PromptEditor, gateway: GatewayParts) -> Response:
    """What is not versioned. Runs under way go on when their chain is archived. An archived one changes only with `archived: false`."""
    name = parse_slug(slug, param="chain")
    wanted = _changes(body)

    async def work(tx: Tx) -> dict[str, Any]:
        head = await head_of(tx, principal.workspace_id, name, lock=True)
        if body.archived is not False and wanted:
            check_not_archived(head)
        if body.archived and head.archived_at is None:
            await check_may_archive(tx, principal, head)
        before = {one: getattr(head, one) for one in wanted}
        moment = {} if body.archived is None else {"archived_at": (head.archived_at or gateway.clock.now()) if body.archived else None}
        await store.change_chain(tx, head, **wanted, **moment)
        after = wanted | ({} if body.archived is None else {"archived": body.archived})
        was = {} if body.archived is None else {"archived": head.archived_at is not None}
        await audit.note_if_changed(tx, principal, action="chain.changed", kind="chain", key=name, before=before | was, after=after)
        return _plain(answers.chain_item(await head_of(tx, principal.workspace_id, name)))

    return await run_once(gateway, request, principal, status=200, work=work)


@router.post(
    "/v1/chains/{slug}/versions",
    status_code=201,
    response_model=answers.ChainVersionAnswer,
    summary="Save the next version of a chain",
    responses={409: {"description": "`base_version` is not the newest: {error, newer_version, merge}"}},
)
async def add(slug: str, request: Request, body: bodies.AddChainVersion, principal: PromptEditor, gateway: GatewayParts) -> Response:
    """Whole, not as a change. Saving what was saved before returns that version."""
    name = parse_slug(slug, param="chain")
    content = await or_answered(_checked(body, principal.workspace_id, gateway), gateway=gateway, request=request, principal=principal)
    if isinstance(content, Response):
        return content

    async def work(tx: Tx) -> dict[str, Any]:
        saved = await add_version(
            tx, principal.workspace_id, name, content, base_version=body.base_version, message=body.message, author=principal.actor
        )
        if saved.is_new:
            after = {"version": saved.version.version, "base_version": body.base_version}
            await audit.note(tx, principal, action="chain.version.created", kind="chain", key=name, after=after)
        warnings = await model_warnings(tx, content)
        return _plain(answers.version_answer(name, saved.version, is_new=saved.is_new, warnings=warnings))

    try:
        return await run_once(gateway, request, principal, status=201, work=work)
    except NewerVersion as error:
        return newer_version_response(error, request)


@router.get("/v1/chains/{slug}/versions", response_model=answers.ChainVersionPage, summary="Versions of a chain, newest first")
async def list_versions(
    slug: str,
    principal: Viewer,
    gateway: GatewayParts,
    cursor: Annotated[Text | None, Query(max_length=500)] = None,
    limit: Annotated[int, Query(ge=1, le=PAGE_MOST)] = PAGE_DEFAULT,
) -> Response:
    name = parse_slug(slug, param="chain")
    of = f"chains/{name}/versions"
    position = gateway.cursors.open(cursor, principal.workspace_id, of=of)
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
        head = await head_of(tx, principal.workspace_id, name)
        versions = await store.list_versions(tx, head, before=position[0] if position else None, limit=limit + 1)
    page = gateway.cursors.page(versions, limit=limit, workspace_id=principal.workspace_id, of=of, position=lambda one: [one.version])
    return json_response(
        answers.ChainVersionPage(data=[answers.version_item(one) for one in page["data"]], next_cursor=page["next_cursor"])
    )


@router.get("/v1/chains/{slug}/versions/{version}", response_model=answers.ChainVersionAnswer, summary="One version of a chain")
async def get_version(slug: str, version: Number, principal: Viewer, gateway: GatewayParts) -> Response:
    name = parse_slug(slug, param="chain")
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
        head = await head_of(tx, principal.workspace_id, name)
        found = await _found_version(tx, head, version)
    return json_response(_plain(answers.version_answer(name, found)))


async def _checked(body: bodies.ChainContent, workspace_id: Any, gateway: GatewayParts) -> dict[str, Any]:
    """The content, without a fault. Raises InvalidField, PayloadTooLarge."""
    content = body.content()
    size = len(body.model_dump_json(exclude_none=True).encode())
    if size > CONTENT_MOST_BYTES:
        raise PayloadTooLarge(f"The chain has {size} bytes; at most {CONTENT_MOST_BYTES} are kept.")
    chain = read_chain(content)
    check_overrides(chain)
    await check_prompts(chain, workspace_id, catalog=gateway.catalog)
    return content


def _changes(body: bodies.ChangeChain) -> dict[str, Any]:
    given = named_by(body, but={"archived"})
    if "folder" in given:
        given["folder"] = parse_folder(given["folder"])
    if "tags" in given:
        given["tags"] = list(tags_of(given["tags"]))
    return given


async def _found_version(tx: Tx, head: ChainHead, version: int) -> ChainVersion:
    found = await store.find_version(tx, head.workspace_id, head.chain_id, version)
    if found is None:
        raise no_such_chain(head.slug, version=version)
    return found


def _plain(answer: Any) -> dict[str, Any]:
    """Without what was not given."""
    plain: dict[str, Any] = answer.model_dump(mode="json")
    return {name: one for name, one in plain.items() if one is not None or name not in LEFT_OUT}
