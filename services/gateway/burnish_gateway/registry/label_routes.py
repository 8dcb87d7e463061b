"""Labels of a prompt over HTTP."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Query, Request
from fastapi.responses import Response

from burnish_gateway.access import audit
from burnish_gateway.deps import GatewayParts, PromptEditor, Viewer
from burnish_gateway.idempotency import run_once
from burnish_gateway.paging import PAGE_DEFAULT, PAGE_MOST
from burnish_gateway.registry import announce, answers, bodies, store
from burnish_gateway.registry.chains_of_prompt import check_not_in_chains
from burnish_gateway.registry.history_bodies import RollBack
from burnish_gateway.registry.label_rules import check_may_remove
from burnish_gateway.registry.lines import version_of
from burnish_gateway.registry.model_warnings import model_warnings
from burnish_gateway.registry.move_label import move_label, remove_label, roll_back
from burnish_gateway.registry.note_label import note_label
from burnish_gateway.registry.prompt import Head, MovedLabel, no_such_prompt
from burnish_gateway.registry.retest_prompts import retest
from burnish_gateway.registry.spelling import author_of
from burnish_gateway.wire import Text, json_response, make_router
from burnish_shared.db.session import Tx
from burnish_shared.slug import Slug, parse_label, parse_movable_label, parse_slug

router = make_router("prompts")


@router.get("/v1/prompts/{slug}/labels", response_model=answers.LabelPage, summary="Where each label stands, `latest` too")
async def list_labels(slug: str, principal: Viewer, gateway: GatewayParts) -> Response:
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
        head = await _head(tx, principal.workspace_id, parse_slug(slug))
    return json_response({"data": [answers.plain(one) for one in answers.label_list(head)], "next_cursor": None})


@router.get("/v1/prompts/{slug}/labels/{label}", response_model=answers.LabelAnswer, summary="Where one label stands")
async def get_label(slug: str, label: str, principal: Viewer, gateway: GatewayParts) -> Response:
    wanted = parse_label(label)
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
        head = await _head(tx, principal.workspace_id, parse_slug(slug))
    version, _ = head.named(label=wanted, version=None)
    placed = head.labels.get(wanted)
    return json_response(answers.LabelAnswer(label=wanted, version=version, moved_at=placed.moved_at if placed else None))


@router.put("/v1/prompts/{slug}/labels/{label}", response_model=answers.LabelAnswer, summary="Move a label, or set a new one")
async def put_label(
    slug: str, label: str, *, request: Request, body: bodies.MoveLabel, principal: PromptEditor, gateway: GatewayParts
) -> Response:
    """Every gateway serves it within a second. Setting it where it stands changes nothing. Who takes part in an experiment on the label
    goes on getting an arm of that: `experiments` names those.

    A label that the workspace protects moves to approved versions alone, whose newest test run passed where the workspace asks for that
    too: else 409 `label_protected`, with what is lacking in `details.lacking`.
    """
    name, wanted = parse_slug(slug), parse_movable_label(label)

    async def work(tx: Tx) -> dict[str, Any]:
        moved = await move_label(
            tx,
            principal.workspace_id,
            name,
            wanted,
            version=body.version,
            author=author_of(principal),
            clock=gateway.clock,
            reason=body.reason,
        )
        if moved.is_moved:
            await note_label(
                tx, principal.workspace_id, principal, name, wanted, moved, version=body.version, reason=body.reason
            )  # fmt: skip
            await announce.prompt_changed(tx, principal.workspace_id, name)
        told = answers.plain(await _moved(tx, principal.workspace_id, name, moved))
        return told | (await retest(tx, principal, moved.effects) if body.retest and moved.effects else {})

    answer = await run_once(gateway, request, principal, status=200, work=work)
    await gateway.catalog.catch_up()
    return answer


@router.post(
    "/v1/prompts/{slug}/labels/{label}/rollback", response_model=answers.LabelAnswer, summary="Move a label back to where it stood before"
)
async def roll_label_back(
    slug: str, label: str, *, request: Request, principal: PromptEditor, gateway: GatewayParts, body: RollBack | None = None
) -> Response:
    """Undoes its last move, or goes to a version that it has named some time. Nothing is lost: the version that it leaves stays, and so
    does the history. A protected label goes back too, without an approval; a label that was removed comes back.

    A label by which a version with a protected one includes this prompt goes back to approved versions alone.
    """
    name, wanted = parse_slug(slug), parse_movable_label(label)
    to, reason = (body.version, body.reason) if body else (None, "")

    async def work(tx: Tx) -> dict[str, Any]:
        moved = await roll_back(
            tx,
            principal.workspace_id,
            name,
            wanted,
            to=to,
            author=author_of(principal),
            clock=gateway.clock,
            reason=reason or "rolled back",
        )
        if moved.is_moved:
            before, after = {"version": moved.from_version}, {"version": moved.placed.version, "reason": reason}
            await audit.note(
                tx, principal, action="prompt.label.rolled_back", kind="prompt_label", key=f"{name}@{wanted}", before=before, after=after
            )
            await announce.prompt_changed(tx, principal.workspace_id, name)
        return answers.plain(await _moved(tx, principal.workspace_id, name, moved))

    answer = await run_once(gateway, request, principal, status=200, work=work)
    await gateway.catalog.catch_up()
    return answer


@router.delete("/v1/prompts/{slug}/labels/{label}", response_model=answers.LabelAnswer, summary="Remove a label")
async def delete_label(
    slug: str,
    label: str,
    *,
    request: Request,
    principal: PromptEditor,
    gateway: GatewayParts,
    reason: Annotated[Text, Query(max_length=2_000)] = "",
) -> Response:
    """Whoever asks for it afterwards gets 404, never an old answer. Its history stays. A protected one is removed by admins alone.

    Refused while an experiment is on its calls, and while other prompts include this one, or chains run it, by the label.
    """
    name, removed = parse_slug(slug), parse_movable_label(label)

    async def work(tx: Tx) -> dict[str, Any]:
        await store.lock_head(tx, principal.workspace_id, name)  # before it is looked who runs it: a chain may be saved in this moment
        await check_may_remove(tx, principal, removed)
        await check_not_in_chains(tx, principal.workspace_id, name, label=removed, what=f"Removing '{removed}' of '{name}'")
        gone = await remove_label(
            tx, principal.workspace_id, name, removed, author=author_of(principal), clock=gateway.clock, reason=reason
        )
        before, after = {"version": gone.from_version}, {"reason": reason}
        await audit.note(
            tx, principal, action="prompt.label.removed", kind="prompt_label", key=f"{name}@{removed}", before=before, after=after
        )
        await announce.prompt_changed(tx, principal.workspace_id, name)
        return answers.plain(answers.LabelAnswer(label=removed, version=None, moved_at=gone.at))

    answer = await run_once(gateway, request, principal, status=200, work=work)
    await gateway.catalog.catch_up()
    return answer


@router.get(
    "/v1/prompts/{slug}/labels/{label}/history", response_model=answers.LabelMovePage, summary="Where a label has been, newest first"
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
    """A removed label keeps its history; a label that never was has none."""
    name, wanted = parse_slug(slug), parse_label(label)
    of = f"prompts/{name}/labels/{wanted}"
    position = gateway.cursors.open(cursor, principal.workspace_id, of=of)
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
        head = await _head(tx, principal.workspace_id, name)
        moves = await store.list_moves(tx, head.prompt, wanted, before=UUID(position[0]) if position else None, limit=limit + 1)
    page = gateway.cursors.page(moves, limit=limit, workspace_id=principal.workspace_id, of=of, position=lambda one: [str(one.move_id)])
    return json_response(page | {"data": [answers.plain(answers.label_move_answer(one)) for one in page["data"]]})


async def _moved(tx: Tx, workspace_id: UUID, slug: Slug, moved: MovedLabel) -> answers.LabelAnswer:
    """With what reaches no model of the version that it names now."""
    head = await _head(tx, workspace_id, slug)
    version = await version_of(tx, head.prompt, moved.placed.version)
    return answers.moved_label_answer(moved, warnings=await model_warnings(tx, version.content))


async def _head(tx: Tx, workspace_id: UUID, slug: Slug) -> Head:
    head = await store.find_head(tx, workspace_id, slug)
    if head is None:
        raise no_such_prompt(slug)
    return head
