"""Labels of a chain over HTTP: the same words as of prompts."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Request
from fastapi.responses import Response

from burnish_gateway.access import audit
from burnish_gateway.chains import answers, bodies, store
from burnish_gateway.chains.label_rules import check_may_move
from burnish_gateway.chains.save_chain import head_of, move_label, remove_label, roll_back
from burnish_gateway.deps import GatewayParts, PromptEditor, Viewer
from burnish_gateway.idempotency import run_once
from burnish_gateway.paging import PAGE_DEFAULT, PAGE_MOST
from burnish_gateway.registry.history_bodies import RollBack
from burnish_gateway.wire import Text, json_response, make_router
from burnish_shared.db.session import Tx
from burnish_shared.errors import InvalidField
from burnish_shared.slug import parse_label, parse_movable_label, parse_slug

router = make_router("chains")


@router.get("/v1/chains/{slug}/labels", response_model=answers.ChainLabelPage, summary="Where each label of a chain stands, `latest` too")
async def list_labels(slug: str, principal: Viewer, gateway: GatewayParts) -> Response:
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
        head = await head_of(tx, principal.workspace_id, parse_slug(slug, param="chain"))
    return json_response(answers.ChainLabelPage(data=answers.label_list(head)))


@router.put(
    "/v1/chains/{slug}/labels/{label}", response_model=answers.ChainLabelAnswer, summary="Move a label of a chain, or set a new one"
)
async def put_label(
    slug: str, label: str, *, request: Request, body: bodies.MoveChainLabel, principal: PromptEditor, gateway: GatewayParts
) -> Response:
    """Runs that begin afterwards run that version; runs under way go on as they began. A label that the workspace protects is moved by
    admins, and back to what it has named before by anybody who may move labels.
    """
    name, wanted = parse_slug(slug, param="chain"), parse_movable_label(label)

    async def work(tx: Tx) -> answers.ChainLabelAnswer:
        await check_may_move(tx, principal, await head_of(tx, principal.workspace_id, name, lock=True), wanted, version=body.version)
        moved = await move_label(tx, principal.workspace_id, name, wanted, version=body.version, reason=body.reason, author=principal.actor)
        if moved.is_moved:
            before, after = {"version": moved.from_version}, {"version": moved.version, "reason": body.reason}
            await audit.note(
                tx, principal, action="chain.label.moved", kind="chain_label", key=f"{name}@{wanted}", before=before, after=after
            )
        return answers.ChainLabelAnswer(label=wanted, version=moved.version, moved_at=moved.moved_at)

    return await run_once(gateway, request, principal, status=200, work=work)


@router.post(
    "/v1/chains/{slug}/labels/{label}/rollback",
    response_model=answers.ChainLabelAnswer,
    summary="Move a label of a chain back to where it stood before",
)
async def roll_label_back(
    slug: str, label: str, *, request: Request, principal: PromptEditor, gateway: GatewayParts, body: RollBack | None = None
) -> Response:
    """Undoes its last move, or goes to a version that it has named some time; a removed label comes back, a protected one goes back too.
    Nothing is lost: the version that it leaves stays, and so does the history. Runs under way go on as they began.
    """
    name, wanted = parse_slug(slug, param="chain"), parse_movable_label(label)
    to, reason = (body.version, body.reason) if body else (None, "")

    async def work(tx: Tx) -> answers.ChainLabelAnswer:
        moved = await roll_back(tx, principal.workspace_id, name, wanted, to=to, reason=reason or "rolled back", author=principal.actor)
        if moved.is_moved:
            before, after = {"version": moved.from_version}, {"version": moved.version, "reason": reason}
            await audit.note(
                tx, principal, action="chain.label.rolled_back", kind="chain_label", key=f"{name}@{wanted}", before=before, after=after
            )
        return answers.ChainLabelAnswer(label=wanted, version=moved.version, moved_at=moved.moved_at)

    return await run_once(gateway, request, principal, status=200, work=work)


@router.delete("/v1/chains/{slug}/labels/{label}", response_model=answers.ChainLabelAnswer, summary="Remove a label of a chain")
async def delete_label(
    slug: str,
    label: str,
    *,
    request: Request,
    principal: PromptEditor,
    gateway: GatewayParts,
    reason: Annotated[Text, Query(max_length=2_000)] = "",
) -> Response:
    """Its history stays. One that the workspace protects is removed by admins alone."""
    name, removed = parse_slug(slug, param="chain"), parse_movable_label(label)
    if "\x00" in reason:
        raise InvalidField("reason: must not contain U+0000.", param="reason")

    async def work(tx: Tx) -> answers.ChainLabelAnswer:
        await check_may_move(tx, principal, await head_of(tx, principal.workspace_id, name, lock=True), removed, version=None)
        gone = await remove_label(tx, principal.workspace_id, name, removed, reason=reason, author=principal.actor)
        before, after = {"version": gone.from_version}, {"reason": reason}
        await audit.note(
            tx, principal, action="chain.label.removed", kind="chain_label", key=f"{name}@{removed}", before=before, after=after
        )
        return answers.ChainLabelAnswer(label=removed, version=None, moved_at=gone.moved_at)

    return await run_once(gateway, request, principal, status=200, work=work)


@router.get(
    "/v1/chains/{slug}/labels/{label}/history",
    response_model=answers.ChainLabelMovePage,
    summary="Where a label of a chain has been, newest first",
)
async def label_history(
    slug: str,
    label: str,
    *,
    principal: Viewer,
    gateway: GatewayParts,
    cursor: Annotated[Text | None, Query(max_length=500)] = None,
    limit: Annotated[int, Query(ge=1, le=PAGE_MOST)] = PAGE_DEFAULT,
) -> Response:
    name, wanted = parse_slug(slug, param="chain"), parse_label(label)
    of = f"chains/{name}/labels/{wanted}"
    position = gateway.cursors.open(cursor, principal.workspace_id, of=of)
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
        head = await head_of(tx, principal.workspace_id, name)
        moves = await store.list_moves(tx, head, wanted, before=UUID(position[0]) if position else None, limit=limit + 1)
    page = gateway.cursors.page(moves, limit=limit, workspace_id=principal.workspace_id, of=of, position=lambda one: [str(one.move_id)])
    data = [answers.label_move_answer(one) for one in page["data"]]
    return json_response(answers.ChainLabelMovePage(data=data, next_cursor=page["next_cursor"]))
