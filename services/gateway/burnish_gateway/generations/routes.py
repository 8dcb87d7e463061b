"""`/v1/generations`: lines of generations, what is latest and best, snapshots, forks, going back, files (PRODUCT O8)."""

from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import Path, Query, Request
from fastapi.responses import Response

from burnish_gateway.access import audit
from burnish_gateway.deps import Editor, GatewayParts, Viewer
from burnish_gateway.generations import answers, store
from burnish_gateway.generations.bodies import (
    GENERATIONS_MOST,
    NUMBER_MOST,
    ForkBody,
    ImportBody,
    LineForm,
    SnapshotBody,
    Which,
)
from burnish_gateway.generations.choose import check_unscheduled, line_of, no_such_generation, no_such_line, no_such_snapshot
from burnish_gateway.generations.copy_generations import fork, import_line, restore, snapshot
from burnish_gateway.idempotency import run_once
from burnish_gateway.paging import PAGE_DEFAULT, PAGE_MOST
from burnish_gateway.wire import ChatRoute, Text, include, json_response, make_router
from burnish_shared.db.session import Tx
from burnish_shared.errors import Conflict
from burnish_shared.slug import parse_slug

router = make_router("optimization")
files = make_router("optimization", route_class=ChatRoute)
"""Files are larger than other bodies."""

KIND: Final = "generations"

Limit = Annotated[int, Query(ge=1, le=PAGE_MOST)]
Cursor = Annotated[Text | None, Query(max_length=500)]
Snapshot = Annotated[Text, Path(min_length=1, max_length=100)]


@files.post("/v1/generations/import", status_code=201, response_model=answers.LineAnswer, summary="Read a line of generations from a file")
async def post_import(request: Request, body: ImportBody, principal: Editor, gateway: GatewayParts) -> Response:
    """What `GET /v1/generations/{line_id}/export` wrote, here or elsewhere, becomes a new line of a prompt of this workspace."""

    async def work(tx: Tx) -> answers.LineAnswer:
        made = await import_line(tx, principal, body)
        after = {"prompt": made.slug, "generations": len(body.file.generations), "candidates": len(body.file.candidates)}
        await audit.note(tx, principal, action="generations.imported", kind=KIND, key=str(made.line_id), after=after)
        return answers.line_answer(await line_of(tx, principal.workspace_id, made.line_id))

    return await run_once(gateway, request, principal, status=201, work=work)


include(router, files)  # before the routes of one line, whose id would take its place


@router.get("/v1/generations", response_model=answers.LinePage, summary="Lines of generations, the newest first")
async def list_lines(
    *, principal: Viewer, gateway: GatewayParts, prompt: Annotated[Text | None, Query(max_length=130)] = None, cursor: Cursor = None,
    limit: Limit = PAGE_DEFAULT,
) -> Response:  # fmt: skip
    """One for each job that wrote generations (with the job's id), each fork and each import."""
    position = gateway.cursors.open(cursor, principal.workspace_id, of=KIND)
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
        rows = await store.list_lines(
            tx,
            principal.workspace_id,
            slug=None if prompt is None else parse_slug(prompt, param="prompt"),
            before=UUID(position[0]) if position else None,
            limit=limit + 1,
        )
    page = gateway.cursors.page(rows, limit=limit, workspace_id=principal.workspace_id, of=KIND, position=lambda row: [str(row["line_id"])])
    return json_response(answers.LinePage(data=[answers.line_answer(row) for row in page["data"]], next_cursor=page["next_cursor"]))


@router.get("/v1/generations/{line_id}", response_model=answers.HeadsAnswer, summary="A line with its latest and its best generation")
async def read_line(line_id: UUID, principal: Viewer, gateway: GatewayParts) -> Response:
    """Both whole, in one read. `best`: the first of those with the highest fitness."""
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
        row = await store.read_heads(tx, principal.workspace_id, line_id)
    if row is None:
        raise no_such_line()
    return json_response(answers.heads_answer(row))


@router.get(
    "/v1/generations/{line_id}/history", response_model=answers.GenerationPage, summary="The generations of a line, the newest first"
)
async def list_history(
    line_id: UUID, *, principal: Viewer, gateway: GatewayParts, cursor: Cursor = None, limit: Limit = PAGE_DEFAULT
) -> Response:
    """Figures of each; `GET …/history/{number}` has the candidates."""
    of = f"{KIND}/{line_id}"
    position = gateway.cursors.open(cursor, principal.workspace_id, of=of)
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
        await line_of(tx, principal.workspace_id, line_id)
        rows = await store.list_generations(
            tx, principal.workspace_id, line_id, before=int(position[0]) if position else None, limit=limit + 1
        )
    page = gateway.cursors.page(rows, limit=limit, workspace_id=principal.workspace_id, of=of, position=lambda row: [row["number"]])
    data = [answers.figures_answer(row) for row in page["data"]]
    return json_response(answers.GenerationPage(data=data, next_cursor=page["next_cursor"]))


@router.get(
    "/v1/generations/{line_id}/history/{number}", response_model=answers.GenerationAnswer, summary="One generation with its candidates"
)
async def read_generation(
    line_id: UUID, number: Annotated[int, Path(ge=0, le=NUMBER_MOST)], principal: Viewer, gateway: GatewayParts
) -> Response:
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
        await line_of(tx, principal.workspace_id, line_id)
        found = await store.read_generations(tx, principal.workspace_id, line_id, [number])
    if not found:
        raise no_such_generation(number)
    return json_response(answers.GenerationAnswer(**found[0]))


@router.post("/v1/generations/{line_id}/fork", status_code=201, response_model=answers.LineAnswer, summary="Fork a line at a generation")
async def post_fork(line_id: UUID, request: Request, body: ForkBody, principal: Editor, gateway: GatewayParts) -> Response:
    """A line of its own that begins with a copy of that generation. Begin a search there with `start` of `POST /v1/optimizations`."""

    async def work(tx: Tx) -> answers.LineAnswer:
        made = await fork(tx, principal, line_id, body)
        after = {"forked_from": str(line_id), "number": made.source[1] if made.source else None}
        await audit.note(tx, principal, action="generations.forked", kind=KIND, key=str(made.line_id), after=after)
        return answers.line_answer(await line_of(tx, principal.workspace_id, made.line_id))

    return await run_once(gateway, request, principal, status=201, work=work)


@router.post("/v1/generations/{line_id}/restore", response_model=answers.LineAnswer, summary="Go back to an earlier generation")
async def post_restore(line_id: UUID, request: Request, body: Which, principal: Editor, gateway: GatewayParts) -> Response:
    """A copy of it becomes the latest one; what came between stays in the history. Not while the line's job goes on (409)."""

    async def work(tx: Tx) -> answers.LineAnswer:
        before = await line_of(tx, principal.workspace_id, line_id)
        number = await restore(tx, principal, line_id, body)
        was, now = {"latest": before["latest_number"]}, {"latest": number} | body.model_dump(exclude_none=True, exclude_defaults=True)
        await audit.note(tx, principal, action="generations.restored", kind=KIND, key=str(line_id), before=was, after=now)
        return answers.line_answer(await line_of(tx, principal.workspace_id, line_id))

    return await run_once(gateway, request, principal, status=200, work=work)


@router.get("/v1/generations/{line_id}/export", response_model=LineForm, summary="Write a line of generations to a file")
async def get_export(line_id: UUID, principal: Viewer, gateway: GatewayParts) -> Response:
    """Candidates, generations with their scores, snapshots: the newest 500 generations. `POST /v1/generations/import` reads it."""
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
        line = await line_of(tx, principal.workspace_id, line_id)
        generations, candidates, edges = await store.read_all(tx, principal.workspace_id, line_id, most=GENERATIONS_MOST)
        snapshots = await store.list_snapshots(tx, principal.workspace_id, line_id)
    if not generations:
        raise Conflict("This line has no generation yet.", param="line_id")
    file = answers.line_file(line, generations=generations, candidates=candidates, edges=edges, snapshots=snapshots)
    return json_response(file, headers={"content-disposition": f'attachment; filename="generations-{line_id}.json"'})


@router.get("/v1/generations/{line_id}/snapshots", response_model=answers.SnapshotPage, summary="The snapshots of a line, by name")
async def list_snapshots(line_id: UUID, principal: Viewer, gateway: GatewayParts) -> Response:
    """All of them: there is no further page."""
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
        await line_of(tx, principal.workspace_id, line_id)
        rows = await store.list_snapshots(tx, principal.workspace_id, line_id)
    return json_response(answers.SnapshotPage(data=[answers.snapshot_answer(row) for row in rows], next_cursor=None))


@router.post(
    "/v1/generations/{line_id}/snapshots", status_code=201, response_model=answers.SnapshotAnswer, summary="Keep a generation by a name"
)
async def post_snapshot(line_id: UUID, request: Request, body: SnapshotBody, principal: Editor, gateway: GatewayParts) -> Response:
    """The latest one, unless a number, another snapshot or `best` is given."""

    async def work(tx: Tx) -> answers.SnapshotAnswer:
        kept = await snapshot(tx, principal, line_id, body, name=body.name, note=body.note)
        after: dict[str, Any] = {"name": kept["name"], "number": kept["number"]}
        await audit.note(tx, principal, action="generations.snapshot.made", kind=KIND, key=str(line_id), after=after)
        return answers.snapshot_answer(kept)

    return await run_once(gateway, request, principal, status=201, work=work)


@router.delete(
    "/v1/generations/{line_id}/snapshots/{snapshot}", response_model=answers.SnapshotAnswer, summary="Forget a name of a generation"
)
async def delete_snapshot(line_id: UUID, snapshot: Snapshot, *, request: Request, principal: Editor, gateway: GatewayParts) -> Response:
    """The generation stays. Not while a schedule begins with it (409)."""

    async def work(tx: Tx) -> answers.SnapshotAnswer:
        await line_of(tx, principal.workspace_id, line_id)
        await check_unscheduled(tx, principal.workspace_id, line_id, snapshot=snapshot)
        gone = await store.remove_snapshot(tx, principal.workspace_id, line_id, snapshot)
        if gone is None:
            raise no_such_snapshot()
        before = {"name": gone["name"], "number": gone["number"]}
        await audit.note(tx, principal, action="generations.snapshot.removed", kind=KIND, key=str(line_id), before=before)
        return answers.snapshot_answer(gone)

    return await run_once(gateway, request, principal, status=200, work=work)


@router.delete("/v1/generations/{line_id}", response_model=answers.RemovedAnswer, summary="Remove a line of generations")
async def delete_line(line_id: UUID, request: Request, principal: Editor, gateway: GatewayParts) -> Response:
    """With its candidates and snapshots, also from the lineage. Versions that were made of them stay. Not while its job goes on, or
    one that begins there, and not while a schedule does (409)."""

    async def work(tx: Tx) -> answers.RemovedAnswer:
        line = await line_of(tx, principal.workspace_id, line_id, for_update=True)
        if await store.is_under_way(tx, principal.workspace_id, line_id):
            raise Conflict("The job that writes these generations is not over; cancel it first.", param="line_id")
        if job := await store.begins_there(tx, principal.workspace_id, line_id):
            raise Conflict(f"The optimization {job}, which begins there, is not over; cancel it first.", param="line_id")
        await check_unscheduled(tx, principal.workspace_id, line_id)
        count = await store.remove_line(tx, principal.workspace_id, line_id)
        before = {"prompt": line["slug"], "generations": count}
        await audit.note(tx, principal, action="generations.removed", kind=KIND, key=str(line_id), before=before)
        return answers.RemovedAnswer(id=line_id, generations=count)

    return await run_once(gateway, request, principal, status=200, work=work)
