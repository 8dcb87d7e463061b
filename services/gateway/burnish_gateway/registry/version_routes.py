"""Versions of a prompt over HTTP."""

import asyncio
from typing import Annotated, Any

from fastapi import Header, Path, Query, Request
from fastapi.responses import Response

from burnish_gateway.deps import GatewayParts, PromptEditor, Viewer
from burnish_gateway.paging import PAGE_DEFAULT, PAGE_MOST
from burnish_gateway.registry import answers, lines, store
from burnish_gateway.registry.add_version import MergeOnto, add_version
from burnish_gateway.registry.difference import difference
from burnish_gateway.registry.history_bodies import SaveVersion, resolutions_of
from burnish_gateway.registry.prompt import no_such_prompt
from burnish_gateway.registry.saved_version import saved_once, told
from burnish_gateway.registry.spelling import author_of, etag_matches
from burnish_gateway.wire import Text, json_response, make_router
from burnish_shared.db.session import Tx
from burnish_shared.slug import MAX_VERSION, parse_slug

router = make_router("prompts")

Number = Annotated[int, Path(ge=1, le=MAX_VERSION)]

ASKED_AGAIN = "private, no-cache"
"""Although a version never changes: a cache knows it by its address, which is another prompt's of that name in another workspace."""


@router.post(
    "/v1/prompts/{slug}/versions",
    status_code=201,
    response_model=answers.VersionAnswer,
    summary="Save the next version",
    responses={409: {"description": "`base_version` is not the newest: {error, newer_version, merge}"}},
)
async def add(slug: str, request: Request, body: SaveVersion, principal: PromptEditor, gateway: GatewayParts) -> Response:
    """What is given is put over `base_version`; a null takes a setting away. Saving what was saved before returns that version.

    Where somebody saved meanwhile, `merge.offer` of the 409 holds what both together give; send the same again with `merge` to save that.
    """
    name = parse_slug(slug)
    branch = None if body.branch is None else lines.parse_branch(body.branch)
    merge = None if body.merge is None else MergeOnto(body.merge.newer_version, resolutions_of(body.merge.resolutions))

    async def work(tx: Tx) -> dict[str, Any]:
        saved = await add_version(
            tx,
            principal.workspace_id,
            name,
            body.given(),
            base_version=body.base_version,
            author=author_of(principal),
            clock=gateway.clock,
            change_message=body.message,
            branch=branch,
            merge=merge,
        )
        return await told(tx, principal, saved, of={"base_version": body.base_version, "branch": body.branch})

    return await saved_once(gateway, request, principal, work=work)


@router.get("/v1/prompts/{slug}/versions", response_model=answers.VersionPage, summary="List versions, newest first, without their content")
async def list_versions(
    slug: str,
    principal: Viewer,
    gateway: GatewayParts,
    cursor: Annotated[Text | None, Query(max_length=500)] = None,
    limit: Annotated[int, Query(ge=1, le=PAGE_MOST)] = PAGE_DEFAULT,
) -> Response:
    name = parse_slug(slug)
    of = f"prompts/{name}/versions"
    position = gateway.cursors.open(cursor, principal.workspace_id, of=of)
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
        head = await store.find_head(tx, principal.workspace_id, name)
        if head is None:
            raise no_such_prompt(name)
        versions = await store.list_versions(tx, head.prompt, before=position[0] if position else None, limit=limit + 1)
    page = gateway.cursors.page(versions, limit=limit, workspace_id=principal.workspace_id, of=of, position=lambda one: [one.version])
    return json_response(page | {"data": [answers.plain(answers.version_item(one)) for one in page["data"]]})


@router.get(
    "/v1/prompts/{slug}/versions/{version}",
    response_model=answers.VersionAnswer,
    summary="One version",
    responses={304: {"description": "The caller has it (If-None-Match); a version never changes"}},
)
async def get_version(
    slug: str, version: Number, principal: Viewer, gateway: GatewayParts, if_none_match: Annotated[str | None, Header()] = None
) -> Response:
    found = await gateway.catalog.resolve(principal.workspace_id, slug, version=version)
    etag = f'"{found.prompt_id.hex[-12:]}-v{version}{found.meaning}"'
    headers = {"etag": etag, "cache-control": ASKED_AGAIN}
    if etag_matches(if_none_match, etag):
        return Response(status_code=304, headers=headers)
    return json_response(answers.plain(answers.version_answer(found.slug, found.record, found=found)), headers=headers)


@router.get(
    "/v1/prompts/{slug}/versions/{a}/diff/{b}", response_model=answers.DifferenceAnswer, summary="What changed from version a to version b"
)
async def diff(slug: str, a: Number, b: Number, principal: Viewer, gateway: GatewayParts) -> Response:
    """Texts by word, settings by field."""
    before = await gateway.catalog.resolve(principal.workspace_id, slug, version=a)
    after = await gateway.catalog.resolve(principal.workspace_id, slug, version=b)
    change = await asyncio.to_thread(difference, before.record.content, after.record.content)
    return json_response(answers.plain(answers.difference_answer(before.slug, a, b, change)))
