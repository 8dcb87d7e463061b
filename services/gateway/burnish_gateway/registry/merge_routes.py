"""Bringing versions together over HTTP: a merge to look at, a merge that is saved, and parts that are picked (PRODUCT P4)."""

import asyncio
from typing import Annotated, Any

from fastapi import Path, Request
from fastapi.responses import Response

from burnish_gateway.access import audit
from burnish_gateway.deps import GatewayParts, PromptEditor, Viewer
from burnish_gateway.idempotency import run_once
from burnish_gateway.registry import announce, answers, combine, lines, store
from burnish_gateway.registry.history_answers import MergeAnswer, MergePreview, merge_answer, merge_preview
from burnish_gateway.registry.history_bodies import CherryPick, MergeVersions, resolutions_of
from burnish_gateway.registry.model_warnings import model_warnings
from burnish_gateway.registry.prompt import no_such_prompt
from burnish_gateway.registry.save_whole import warnings_of
from burnish_gateway.registry.saved_version import saved_once, told
from burnish_gateway.registry.spelling import author_of
from burnish_gateway.wire import json_response, make_router
from burnish_shared.db.session import Tx
from burnish_shared.errors import InvalidField
from burnish_shared.slug import MAX_VERSION, parse_slug

router = make_router("prompts")

Number = Annotated[int, Path(ge=1, le=MAX_VERSION)]


@router.get(
    "/v1/prompts/{slug}/versions/{a}/merge/{b}", response_model=MergePreview, summary="What merging version b into version a would give"
)
async def preview(slug: str, a: Number, b: Number, principal: Viewer, gateway: GatewayParts) -> Response:
    """Against their nearest common ancestor: messages by line, settings by field, variables by name. Saves nothing."""
    name = parse_slug(slug)
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
        head = await store.find_head(tx, principal.workspace_id, name)
        if head is None:
            raise no_such_prompt(name)
        sides = await combine.sides_of(tx, head.prompt, ours=a, theirs=b, params=("a", "b"))
    merge = await asyncio.to_thread(sides.together)
    return json_response(merge_preview(head.prompt, sides, merge))


@router.post(
    "/v1/prompts/{slug}/merge",
    status_code=201,
    response_model=MergeAnswer,
    response_model_exclude_unset=True,
    summary="Merge a version or a branch into a line of the prompt",
    responses={409: {"description": "`merge_conflict`: `details.conflicts` lists base, ours, theirs of what is open; nothing was saved"}},
)
async def merge(slug: str, request: Request, body: MergeVersions, principal: PromptEditor, gateway: GatewayParts) -> Response:
    """The new version has both as its parents. Where the line has nothing of its own since, it moves to the other version; none is made."""
    name, into = parse_slug(slug), lines.parse_branch(body.into, param="into")
    source: Any = body.version if body.branch is None else lines.parse_branch(body.branch)
    if source is None:
        raise InvalidField("branch: to bring 'main' into a branch, name the version where it stands.", param="branch")
    resolutions = resolutions_of(body.resolutions)

    async def work(tx: Tx) -> dict[str, Any]:
        brought = await combine.merge_version(
            tx,
            principal.workspace_id,
            name,
            source=source,
            into=into,
            base_version=body.base_version,
            resolutions=resolutions,
            author=author_of(principal),
            clock=gateway.clock,
            message=body.message,
        )
        if brought.outcome in ("merged", "moved"):
            after = {"version": brought.saved.version.version, "merged": source, "into": body.into}
            await audit.note(tx, principal, action="prompt.version.merged", kind="prompt", key=name, after=after)
            await announce.prompt_changed(tx, principal.workspace_id, name)
        content = brought.saved.version.content
        warnings = warnings_of(brought.saved.prompt, content) + await model_warnings(tx, content)
        return answers.plain(merge_answer(brought, into=into, warnings=warnings))

    answer = await run_once(gateway, request, principal, status=201, work=work)
    await gateway.catalog.catch_up()
    return answer


@router.post(
    "/v1/prompts/{slug}/versions/{version}/cherry-pick",
    status_code=201,
    response_model=answers.VersionAnswer,
    summary="Take chosen parts of a version over into the newest one",
    responses={409: {"description": "`base_version` is not where the line stands: {error, newer_version, merge}"}},
)
async def cherry_pick(
    slug: str, version: Number, *, request: Request, body: CherryPick, principal: PromptEditor, gateway: GatewayParts
) -> Response:
    """A part that the version does not have is taken away. Taking everything gives back the version itself: none is saved twice."""
    name = parse_slug(slug)
    branch = None if body.branch is None else lines.parse_branch(body.branch)

    async def work(tx: Tx) -> dict[str, Any]:
        saved = await combine.cherry_pick(
            tx,
            principal.workspace_id,
            name,
            source=version,
            parts=body.parts,
            base_version=body.base_version,
            branch=branch,
            author=author_of(principal),
            clock=gateway.clock,
            message=body.message,
        )
        return await told(tx, principal, saved, of={"base_version": body.base_version, "picked_from": version})

    return await saved_once(gateway, request, principal, work=work)
