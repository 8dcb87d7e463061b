"""Branches of a prompt, and prompts that begin with a version of another one, over HTTP (PRODUCT P4, O7)."""

from typing import Annotated, Any

from fastapi import Path, Request
from fastapi.responses import Response

from burnish_gateway.access import audit
from burnish_gateway.deps import GatewayParts, PromptEditor, Viewer
from burnish_gateway.idempotency import run_once
from burnish_gateway.registry import announce, answers, line_store, lines, store
from burnish_gateway.registry.create_prompt import create_prompt, of_its_own
from burnish_gateway.registry.history_answers import BranchAnswer, BranchPage, branch_answer, main_line
from burnish_gateway.registry.history_bodies import CopyVersion, StartBranch
from burnish_gateway.registry.model_warnings import model_warnings
from burnish_gateway.registry.prompt import Head, check_not_archived, no_such_prompt
from burnish_gateway.registry.save_whole import warnings_of
from burnish_gateway.registry.spelling import author_of
from burnish_gateway.wire import json_response, make_router
from burnish_shared.db.session import Tx
from burnish_shared.errors import InvalidField
from burnish_shared.slug import MAX_VERSION, Label, Slug, parse_movable_label, parse_slug

router = make_router("prompts")

Number = Annotated[int, Path(ge=1, le=MAX_VERSION)]


@router.get("/v1/prompts/{slug}/branches", response_model=BranchPage, summary="The lines of a prompt's history, and where each stands")
async def list_branches(slug: str, principal: Viewer, gateway: GatewayParts) -> Response:
    """`main` first, then those that moved last. At most 200, so there is no further page."""
    name = parse_slug(slug)
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
        head = await store.find_head(tx, principal.workspace_id, name)
        if head is None:
            raise no_such_prompt(name)
        branches = await line_store.list_branches(tx, head.prompt)
    return json_response(BranchPage(data=[main_line(head.prompt), *map(branch_answer, branches)], next_cursor=None))


@router.post("/v1/prompts/{slug}/branches", status_code=201, response_model=BranchAnswer, summary="Start a branch at any version")
async def start_branch(slug: str, request: Request, body: StartBranch, principal: PromptEditor, gateway: GatewayParts) -> Response:
    """Save on it with `branch` in `POST …/versions`, bring it back with `POST …/merge`.

    `latest` does not follow it; labels may name its versions.
    """
    name, branch = parse_slug(slug), _other_than_main(body.branch)

    async def work(tx: Tx) -> BranchAnswer:
        head = await _held(tx, principal.workspace_id, name)
        head.named(label=None, version=body.version)
        started = await line_store.start_branch(tx, head.prompt, branch, version=body.version, by=principal.actor)
        await audit.note(
            tx, principal, action="prompt.branch.started", kind="prompt", key=name, after={"branch": branch, "version": body.version}
        )
        await announce.prompt_changed(tx, principal.workspace_id, name)
        return branch_answer(started)

    return await run_once(gateway, request, principal, status=201, work=work)


@router.delete("/v1/prompts/{slug}/branches/{branch}", response_model=BranchAnswer, summary="Remove a branch; its versions stay")
async def remove_branch(slug: str, branch: str, *, request: Request, principal: PromptEditor, gateway: GatewayParts) -> Response:
    name, removed = parse_slug(slug), _other_than_main(branch)

    async def work(tx: Tx) -> BranchAnswer:
        head = await _held(tx, principal.workspace_id, name)
        gone = await line_store.remove_branch(tx, head.prompt, removed)
        before = {"branch": removed, "version": gone.version}
        await audit.note(tx, principal, action="prompt.branch.removed", kind="prompt", key=name, before=before)
        await announce.prompt_changed(tx, principal.workspace_id, name)
        return branch_answer(gone)

    return await run_once(gateway, request, principal, status=200, work=work)


@router.post(
    "/v1/prompts/{slug}/versions/{version}/copy",
    status_code=201,
    response_model=answers.PromptAnswer,
    summary="Make a prompt of its own out of a version",
)
async def copy_version(
    slug: str, version: Number, *, request: Request, body: CopyVersion, principal: PromptEditor, gateway: GatewayParts
) -> Response:
    """Its version 1 says the same; the lineage says where it came from. A version that stood in for it is not copied, and of locked blocks
    those that it holds; the others are said in `warnings`, as is a model that cannot be called.
    """
    name, copy_name = parse_slug(slug), parse_slug(body.slug)
    label = None if body.label is None else parse_movable_label(body.label)

    async def work(tx: Tx) -> dict[str, Any]:
        head = await store.find_head(tx, principal.workspace_id, name)
        if head is None:
            raise no_such_prompt(name)
        source, prompt = await lines.version_of(tx, head.prompt, version), head.prompt
        content = type(source.content).from_fields(source.content.fields() | {"fallback_version": None})
        new = of_its_own(prompt, content, slug=copy_name, name=body.name or copy_name)
        made, first = await create_prompt(
            tx, principal.workspace_id, new, content, label=label, author=author_of(principal), clock=gateway.clock, source="clone",
            change_message=f"Copied from {name}, version {version}", insists=True,
        )  # fmt: skip
        await store.insert_edge(
            tx, made.prompt, version=1, kind="cloned_from", parent_version=version, parent_prompt_id=prompt.prompt_id, job_id=None,
            suggestion_id=None,
        )  # fmt: skip
        after = {"version": 1, "label": label, "copied_from": f"{name}@{version}"}
        await audit.note(tx, principal, action="prompt.created", kind="prompt", key=copy_name, after=after)
        await announce.prompt_changed(tx, principal.workspace_id, copy_name)
        answer = answers.prompt_answer(made, first, label=label, template=content.template())
        warnings = warnings_of(prompt, content) + await model_warnings(tx, content)
        return answers.plain(answer.model_copy(update={"warnings": warnings}) if warnings else answer)

    answer = await run_once(gateway, request, principal, status=201, work=work)
    await gateway.catalog.catch_up()
    return answer


def _other_than_main(text: str) -> Label:
    branch = lines.parse_branch(text)
    if branch is None:
        raise InvalidField("'main' is the line that every prompt begins with; choose another name.", param="branch")
    return branch


async def _held(tx: Tx, workspace_id: Any, slug: Slug) -> Head:
    head = await store.lock_head(tx, workspace_id, slug)
    if head is None:
        raise no_such_prompt(slug)
    check_not_archived(head.prompt)
    return head
