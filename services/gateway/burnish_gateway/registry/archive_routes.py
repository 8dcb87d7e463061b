"""Putting a prompt away, bringing it back, and removing it for good, over HTTP (PRODUCT P1)."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Request
from fastapi.responses import Response
from pydantic import BaseModel, Field

from burnish_gateway.access import audit
from burnish_gateway.deps import Admin, GatewayParts, PromptEditor
from burnish_gateway.idempotency import run_once
from burnish_gateway.registry import announce, answers, archive_store, store
from burnish_gateway.registry.chains_of_prompt import check_not_in_chains
from burnish_gateway.registry.label_rules import check_may_archive
from burnish_gateway.registry.prompt import Head, no_such_prompt
from burnish_gateway.registry.snippet_effects import check_not_included
from burnish_gateway.wire import ApiModel, Text, make_router
from burnish_shared.db.session import Tx
from burnish_shared.errors import Conflict, InvalidField
from burnish_shared.slug import Slug, parse_slug

router = make_router("prompts")


class ConfirmPurge(ApiModel):
    confirm: Annotated[Text, Field(max_length=200, description="The slug once more: nothing brings the prompt back.")]


class PurgedPrompt(BaseModel):
    """`versions`: how many went with it."""

    slug: str
    versions: int


@router.post("/v1/prompts/{slug}/archive", response_model=answers.PromptItem, summary="Put a prompt away")
async def archive(slug: str, request: Request, principal: PromptEditor, gateway: GatewayParts) -> Response:
    """Its slug, versions and history stay; it can be read, and neither executed nor changed until it is restored.

    What of it is published leaves the marketplace until it is restored; clones and the workspace's own templates stay.
    Refused while an experiment runs on it, and while other prompts include it or chains run it. Repeating changes nothing.
    A prompt on which a protected label stands is archived by admins alone.
    """
    name = parse_slug(slug)

    async def work(tx: Tx) -> dict[str, Any]:
        head = await _held(tx, principal.workspace_id, name)
        if head.prompt.archived_at is None:
            await check_may_archive(tx, principal, head)
            if running := await archive_store.experiments_running(tx, head.prompt):
                raise Conflict(
                    f"The prompt '{name}' takes part in {' and '.join(running)}; end {'that' if len(running) == 1 else 'those'} first.",
                    param="prompt",
                )
            await check_not_included(tx, head.prompt, what=f"Archiving '{name}'")
            await check_not_in_chains(tx, principal.workspace_id, name, what=f"Archiving '{name}'")
            head = await _changed(tx, head, by=principal.actor)
            await audit.note(
                tx, principal, action="prompt.archived", kind="prompt", key=name, before={"archived": False}, after={"archived": True}
            )
            await announce.prompt_changed(tx, principal.workspace_id, name)
        return answers.plain(answers.prompt_item(head))

    answer = await run_once(gateway, request, principal, status=200, work=work)
    await gateway.catalog.catch_up()
    return answer


@router.post("/v1/prompts/{slug}/restore", response_model=answers.PromptItem, summary="Bring an archived prompt back")
async def restore(slug: str, request: Request, principal: PromptEditor, gateway: GatewayParts) -> Response:
    """As it was, with its labels. Repeating changes nothing."""
    name = parse_slug(slug)

    async def work(tx: Tx) -> dict[str, Any]:
        head = await _held(tx, principal.workspace_id, name)
        if head.prompt.archived_at is not None:
            head = await _changed(tx, head, by=None)
            await audit.note(
                tx, principal, action="prompt.restored", kind="prompt", key=name, before={"archived": True}, after={"archived": False}
            )
            await announce.prompt_changed(tx, principal.workspace_id, name)
        return answers.plain(answers.prompt_item(head))

    answer = await run_once(gateway, request, principal, status=200, work=work)
    await gateway.catalog.catch_up()
    return answer


@router.post("/v1/prompts/{slug}/purge", response_model=PurgedPrompt, summary="Remove an archived prompt for good")
async def purge(slug: str, request: Request, body: ConfirmPurge, principal: Admin, gateway: GatewayParts) -> Response:
    """All of it goes: versions, labels, lineage, test runs, jobs, suggestions, its entries in the marketplace.

    Clones of others stay, and so does what was paid for: executions, figures, amounts, the audit log. The slug is free again.
    """
    name = parse_slug(slug)

    async def work(tx: Tx) -> dict[str, Any]:
        if body.confirm != name:
            raise InvalidField(f"confirm: must be the slug, '{name}', because nothing brings the prompt back.", param="confirm")
        head = await _held(tx, principal.workspace_id, name)
        if head.prompt.archived_at is None:
            raise Conflict(f"Only an archived prompt is removed; put it away with POST /v1/prompts/{name}/archive first.", param="prompt")
        if running := await archive_store.running(tx, head.prompt):
            raise Conflict(f"The prompt '{name}' is being worked on by {', '.join(running)}; wait, or cancel that first.", param="prompt")
        before = {"versions": head.prompt.last_version, "labels": {one.label: one.version for one in head.labels.values()}}
        versions = await archive_store.purge(tx, head.prompt)
        await audit.note(tx, principal, action="prompt.purged", kind="prompt", key=name, before=before, after={"versions": 0})
        await announce.prompt_changed(tx, principal.workspace_id, name)
        return PurgedPrompt(slug=name, versions=versions).model_dump(mode="json")

    answer = await run_once(gateway, request, principal, status=200, work=work)
    await gateway.catalog.catch_up()
    return answer


async def _held(tx: Tx, workspace_id: UUID, slug: Slug) -> Head:
    head = await store.lock_head(tx, workspace_id, slug)
    if head is None:
        raise no_such_prompt(slug)
    return head


async def _changed(tx: Tx, head: Head, *, by: str | None) -> Head:
    await archive_store.set_archived(tx, head.prompt, by=by)
    found = await store.find_head(tx, head.prompt.workspace_id, head.prompt.slug)
    return found or head
