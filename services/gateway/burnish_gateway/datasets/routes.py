"""`/v1/datasets`: items as JSON, JSONL or CSV, in three splits."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import Query, Request
from fastapi.responses import Response
from fastapi.routing import APIRoute
from pydantic import BaseModel

from burnish_gateway.access import audit
from burnish_gateway.datasets import answers, make_items_routes, store, versions_routes
from burnish_gateway.datasets import write_file as file
from burnish_gateway.datasets.add_items import add_items, create_dataset
from burnish_gateway.datasets.bodies import DatasetBody, ItemsBody, read_dataset, read_items
from burnish_gateway.datasets.change_dataset import ChangeDatasetBody, change_dataset
from burnish_gateway.datasets.correct_item import CorrectItemBody, correct_item, remove_item
from burnish_gateway.datasets.dataset import Change, no_such_dataset
from burnish_gateway.datasets.find_items import find_items
from burnish_gateway.datasets.from_executions import FromExecutionsAnswer, FromExecutionsBody, add_executions
from burnish_gateway.datasets.item import split_named
from burnish_gateway.datasets.leaks import LeakReport, find_leaks
from burnish_gateway.datasets.mapping import parse_mapping
from burnish_gateway.datasets.preview import Preview, PreviewBody, read_preview
from burnish_gateway.datasets.remove_dataset import remove_dataset
from burnish_gateway.datasets.upload_query import ColumnMap, KeepBlank, LeaveOut, blank_of
from burnish_gateway.deps import Editor, GatewayParts, Viewer, request_id_of
from burnish_gateway.describe_routes import needs_credentials
from burnish_gateway.idempotency import run_once
from burnish_gateway.paging import PAGE_DEFAULT, PAGE_MOST
from burnish_gateway.streamed_file import FILE_ANSWER, FileFormat, file_response
from burnish_gateway.wire import WITH_BODY, StrictRoute, Text, check_credentials, include, make_router, read_body
from burnish_shared.db.session import Tx
from burnish_shared.errors import InvalidField

UPLOAD_MOST_BYTES: Final = 16 * 1024 * 1024

LAST_OF_ITS_PLACE: Final = 2**31 - 1
"""Cursors of the release before name a place alone: what comes next stands after all that ever had it."""


class UploadRoute(StrictRoute):
    """Reads a body that may be larger than others, and that need not be JSON where the route reads it itself."""

    most_bytes = UPLOAD_MOST_BYTES

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        if self.body_field is not None:
            return super().get_route_handler()
        handle = APIRoute.get_route_handler(self)
        needs_caller = needs_credentials(self.dependant)

        async def read(request: Request) -> Response:
            if request.method in WITH_BODY:
                if needs_caller:
                    check_credentials(request)
                request._body = await read_body(request, most_bytes=UPLOAD_MOST_BYTES)
            return await handle(request)

        return read


router = make_router("datasets", route_class=UploadRoute)
include(router, make_items_routes.router)
include(router, versions_routes.router)

Limit = Annotated[int, Query(ge=1, le=PAGE_MOST)]


def _body_of(model: type[BaseModel]) -> dict[str, Any]:
    """The body's place in OpenAPI: these routes read it themselves, because it comes in three formats."""
    text = {"schema": {"type": "string"}}
    schema = model.model_json_schema(ref_template="#/components/schemas/{model}")
    inlined = schema.pop("$defs", {})
    if "ItemBody" in inlined:
        items = schema["properties"]["items"]
        next(one for one in (items, *items.get("anyOf", ())) if "items" in one)["items"] = inlined["ItemBody"]
    content = {"application/json": {"schema": schema}, "application/x-ndjson": text, "text/csv": text}
    return {"requestBody": {"required": True, "content": content}}


@router.post(
    "/v1/datasets", status_code=201, response_model=answers.AddedAnswer, openapi_extra=_body_of(DatasetBody), summary="Make a dataset"
)
async def create(
    *,
    request: Request,
    gateway: GatewayParts,
    principal: Editor,
    name: Annotated[str | None, Query(description="Name of an upload.")] = None,
    columns: ColumnMap = None,
    leave_out_blank: LeaveOut = False,
    keep_blank: KeepBlank = False,
) -> Response:
    """A new dataset from JSON items, from a JSONL or CSV upload with its name in the query, or (`sample`) of data that Burnish ships.

    A file with lines at fault is refused as a whole: `details.problems` names each, and nothing is saved. A second dataset of the same
    sample, without a name, gets a number behind its own.
    """
    raw, kind = await request.body(), request.headers.get("content-type", "")
    title, read = await asyncio.to_thread(
        read_dataset,
        raw,
        content_type=kind,
        name=name,
        mapping=parse_mapping(columns or ()),
        blank=blank_of(leave_out_blank=leave_out_blank, keep_blank=keep_blank),
    )

    async def work(tx: Tx) -> answers.AddedAnswer:
        change = Change(principal.actor, "uploaded")
        named = await store.free_name(tx, principal.workspace_id, title) if read.is_named_by_us else title
        made = answers.added_answer(await create_dataset(tx, principal.workspace_id, named, read.items, change=change), read)
        after = {"name": named, "version": made.version, "items": made.added}
        await audit.note(tx, principal, action="dataset.created", kind="dataset", key=str(made.id), after=after)
        return made

    return await run_once(gateway, request, principal, status=201, work=work)


@router.post("/v1/datasets/preview", response_model=Preview, openapi_extra=_body_of(PreviewBody), summary="Preview an upload")
async def preview(
    request: Request, gateway: GatewayParts, principal: Editor, columns: ColumnMap = None, keep_blank: KeepBlank = False
) -> Response:
    """What a file would become: its columns and what they probably mean, the first items, what is wrong with which line, and lines of
    different splits that say almost the same. Saves nothing."""
    raw, kind = await request.body(), request.headers.get("content-type", "")
    async with gateway.outside.large:
        blank = blank_of(leave_out_blank=False, keep_blank=keep_blank)
        shown = await asyncio.to_thread(read_preview, raw, content_type=kind, mapping=parse_mapping(columns or ()), blank=blank)

    async def work(tx: Tx) -> Preview:
        return shown

    return await run_once(gateway, request, principal, status=200, work=work)


@router.get("/v1/datasets", summary="Datasets, the newest first")
async def list_all(
    *,
    gateway: GatewayParts,
    principal: Viewer,
    archived: Annotated[bool, Query(description="Those that were archived, and no others.")] = False,
    q: Annotated[Text, Query(max_length=200, description="Only those whose name holds this.")] = "",
    limit: Limit = PAGE_DEFAULT,
    cursor: str | None = None,
) -> answers.DatasetPage:
    """Newest first."""
    position = gateway.cursors.open(cursor, principal.workspace_id, of="datasets")
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
        before = UUID(position[0]) if position else None
        found = await store.list_datasets(tx, principal.workspace_id, archived=archived, q=q, before=before, limit=limit + 1)
    page = gateway.cursors.page(
        found, limit=limit, workspace_id=principal.workspace_id, of="datasets", position=lambda one: [one.dataset_id]
    )
    return answers.DatasetPage(data=[answers.dataset_answer(one) for one in page["data"]], next_cursor=page["next_cursor"])


@router.get("/v1/datasets/{dataset_id}", summary="One dataset")
async def read(gateway: GatewayParts, principal: Viewer, dataset_id: UUID) -> answers.DatasetAnswer:
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
        dataset = await store.find_dataset(tx, principal.workspace_id, dataset_id)
    if dataset is None:
        raise no_such_dataset()
    return answers.dataset_answer(dataset)


@router.patch("/v1/datasets/{dataset_id}", response_model=answers.DatasetAnswer, summary="Rename, archive or restore a dataset")
async def change(*, request: Request, gateway: GatewayParts, principal: Editor, dataset_id: UUID, body: ChangeDatasetBody) -> Response:
    """`{"archived": true}` puts it away: lists leave it out, it can be read, and nothing is begun on it or changed in it until it is
    restored. What is under way goes on. Refused (409) while a schedule, an alert rule or the review queue would go on using it."""

    async def work(tx: Tx) -> answers.DatasetAnswer:
        was, now = await change_dataset(tx, principal.workspace_id, dataset_id, body, at=gateway.clock.now())
        if now is not was:
            before, after = ({"name": one.name, "archived": one.archived_at is not None} for one in (was, now))
            await audit.note(tx, principal, action="dataset.changed", kind="dataset", key=str(dataset_id), before=before, after=after)
        return answers.dataset_answer(now)

    return await run_once(gateway, request, principal, status=200, work=work)


@router.delete("/v1/datasets/{dataset_id}", response_model=answers.RemovedDataset, summary="Remove a dataset for good")
async def delete(*, request: Request, gateway: GatewayParts, principal: Editor, dataset_id: UUID) -> Response:
    """With its items and versions; nothing brings it back. Refused (409) where a test run, an optimization, a suggestion or anything that
    is set up rests on it: `details.used_by` says what, and archiving puts it away instead."""

    async def work(tx: Tx) -> answers.RemovedDataset:
        gone, looks = await remove_dataset(tx, principal.workspace_id, dataset_id)
        removed = answers.RemovedDataset(id=dataset_id, name=gone.name, items=sum(gone.counts.values()))
        before = {"name": gone.name, "version": gone.version, "items": removed.items, "test_looks": looks}
        await audit.note(tx, principal, action="dataset.removed", kind="dataset", key=str(dataset_id), before=before)
        return removed

    return await run_once(gateway, request, principal, status=200, work=work)


@router.get("/v1/datasets/{dataset_id}/file", summary="A dataset as a file", response_class=Response, responses=FILE_ANSWER)
async def read_file(
    request: Request,
    gateway: GatewayParts,
    principal: Viewer,
    dataset_id: UUID,
    version: Annotated[int | None, Query(ge=1, le=2**31 - 1, description="As it was then; as it is now, unless given.")] = None,
    split: str | None = None,
    format: FileFormat = "jsonl",
) -> Response:
    """JSON lines with `input`, `expected`, `split` and `metadata`, in the order in which they came: what an upload reads. Or CSV
    (`format=csv`) for spreadsheets: variables and other metadata are JSON in a cell, and a text that would run as a formula has an
    apostrophe before it."""
    wanted = _split(split)
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
        dataset = await store.find_dataset(tx, principal.workspace_id, dataset_id)
    if dataset is None:
        raise no_such_dataset()
    _check_version(version, newest=dataset.version)
    at = version or dataset.version
    pages = file.items_of(gateway.db, principal.workspace_id, dataset_id, version=at, split=wanted)
    said = file.row_of if format == "csv" else file.said_of
    name = f"dataset-{dataset_id}-v{at}{f'-{wanted}' if wanted else ''}"
    return file_response(pages, said, columns=file.COLUMNS, format=format, name=name, request_id=request_id_of(request))


@router.get("/v1/datasets/{dataset_id}/leaks", summary="What would make a proof too kind")
async def leaks(gateway: GatewayParts, principal: Viewer, dataset_id: UUID) -> LeakReport:
    """Items and people that are in several splits, labels that contradict each other, and how often the test split was looked at."""
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
        dataset = await store.find_dataset(tx, principal.workspace_id, dataset_id)
        if dataset is None:
            raise no_such_dataset()
        return await find_leaks(tx, principal.workspace_id, dataset)


@router.post(
    "/v1/datasets/{dataset_id}/items",
    status_code=201,
    response_model=answers.AddedAnswer,
    openapi_extra=_body_of(ItemsBody),
    summary="Add items to a dataset",
)
async def add(
    *,
    request: Request,
    gateway: GatewayParts,
    principal: Editor,
    dataset_id: UUID,
    columns: ColumnMap = None,
    leave_out_blank: LeaveOut = False,
    keep_blank: KeepBlank = False,
) -> Response:
    """More items: the next version of the dataset. Items that are there already change nothing."""
    raw, kind = await request.body(), request.headers.get("content-type", "")
    read = await asyncio.to_thread(
        read_items,
        raw,
        content_type=kind,
        mapping=parse_mapping(columns or ()),
        blank=blank_of(leave_out_blank=leave_out_blank, keep_blank=keep_blank),
    )

    async def work(tx: Tx) -> answers.AddedAnswer:
        change = Change(principal.actor, "uploaded")
        more = answers.added_answer(await add_items(tx, principal.workspace_id, dataset_id, read.items, change=change), read)
        after = {"version": more.version, "added": more.added}
        await audit.note(tx, principal, action="dataset.items_added", kind="dataset", key=str(dataset_id), after=after)
        return more

    return await run_once(gateway, request, principal, status=201, work=work)


@router.post(
    "/v1/datasets/{dataset_id}/items/from-executions",
    status_code=201,
    response_model=FromExecutionsAnswer,
    summary="Add executions to a dataset",
)
async def add_from_executions(
    request: Request, gateway: GatewayParts, principal: Editor, dataset_id: UUID, body: FromExecutionsBody
) -> Response:
    """What was asked becomes the input, and what you, or a correction, say is right the expected answer. `skipped` says which could not."""

    async def work(tx: Tx) -> FromExecutionsAnswer:
        taken = await add_executions(tx, principal.workspace_id, dataset_id, body, by=principal.actor)
        more = FromExecutionsAnswer(**answers.added_answer(taken.added).model_dump(), skipped=taken.skipped)
        after = {"version": more.version, "added": more.added, "executions": len(body.executions)}
        await audit.note(tx, principal, action="dataset.items_added", kind="dataset", key=str(dataset_id), after=after)
        return more

    return await run_once(gateway, request, principal, status=201, work=work)


@router.get("/v1/datasets/{dataset_id}/items", summary="Items of a dataset")
async def list_items(
    *,
    gateway: GatewayParts,
    principal: Viewer,
    dataset_id: UUID,
    split: Annotated[str | None, Query(description="One, or several with commas: `train,validation` is what a search sees.")] = None,
    q: Annotated[Text, Query(max_length=200, description="Only items in whose input or answer these words stand.")] = "",
    category: Annotated[Text | None, Query(max_length=200, description="Only items of this `metadata.category`.")] = None,
    tag: Annotated[Text | None, Query(max_length=200, description="Only items that have this one of `metadata.tags`.")] = None,
    synthetic: Annotated[bool | None, Query(description="Only what was made up, or (false) only what was not.")] = None,
    item: Annotated[list[UUID] | None, Query(max_length=PAGE_MOST, description="Only these; may be given several times.")] = None,
    version: Annotated[int | None, Query(ge=1, le=2**31 - 1, description="As it was then; as it is now, unless given.")] = None,
    limit: Limit = PAGE_DEFAULT,
    cursor: str | None = None,
) -> answers.ItemPage:
    """In the order in which they came. With `q` a page may hold fewer than `limit`, or none, and have a `next_cursor` all the same: of a
    large dataset a part is looked through at a time, and the cursor looks on where it ended."""
    splits = tuple(dict.fromkeys(one for name in (split or "").split(",") if (one := _split(name)) is not None))
    wanted = store.Wanted(splits=splits, only=item, category=category, tag=tag, synthetic=synthetic, version=version)
    words, marks = q.strip(), (category, tag, synthetic)
    of = f"items:{dataset_id}:{','.join(splits)}" + (f":{words}" if words else "") + (f"|{marks}" if marks != (None, None, None) else "")
    of += f"|v{version}" if version else ""
    position = gateway.cursors.open(cursor, principal.workspace_id, of=of)
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
        newest = await store.newest_version(tx, principal.workspace_id, dataset_id)
        if newest is None:
            raise no_such_dataset()
        _check_version(version, newest=newest)
        after = (int(position[0]), int(position[1]) if len(position) > 1 else LAST_OF_ITS_PLACE) if position else None
        if words:
            some = await find_items(tx, principal.workspace_id, dataset_id, wanted, words=words, after=after, limit=limit)
            further = gateway.cursors.make(principal.workspace_id, of=of, position=some.place) if some.place else None
            return answers.ItemPage(data=[answers.item_answer(one) for one in some.items], next_cursor=further)
        found = await store.list_items(tx, principal.workspace_id, dataset_id, wanted, after=after, limit=limit + 1)
    page = gateway.cursors.page(
        found, limit=limit, workspace_id=principal.workspace_id, of=of, position=lambda one: [one.position, one.added_version]
    )
    return answers.ItemPage(data=[answers.item_answer(one) for one in page["data"]], next_cursor=page["next_cursor"])


@router.patch(
    "/v1/datasets/{dataset_id}/items/{item_id}", response_model=answers.CorrectedItem, summary="Correct the right answer of an item"
)
async def correct(
    *, request: Request, gateway: GatewayParts, principal: Editor, dataset_id: UUID, item_id: UUID, body: CorrectItemBody
) -> Response:
    """The next version of the dataset holds another item in its place, with an id of its own; runs that saw the old one keep it. The same
    answer again changes nothing."""

    async def work(tx: Tx) -> answers.CorrectedItem:
        dataset, item = await correct_item(tx, principal.workspace_id, dataset_id, item_id, expected=body.expected, by=principal.actor)
        if item.item_id != item_id:
            before = {"version": dataset.version - 1, "item": str(item_id)}
            after = {"version": dataset.version, "item": str(item.item_id)}
            await audit.note(
                tx, principal, action="dataset.item_corrected", kind="dataset", key=str(dataset_id), before=before, after=after
            )
        return answers.CorrectedItem(**answers.item_answer(item).model_dump(), dataset_version=dataset.version)

    return await run_once(gateway, request, principal, status=200, work=work)


@router.delete("/v1/datasets/{dataset_id}/items/{item_id}", response_model=answers.DatasetAnswer, summary="Take an item out of a dataset")
async def remove(*, request: Request, gateway: GatewayParts, principal: Editor, dataset_id: UUID, item_id: UUID) -> Response:
    """The next version of the dataset is without it; runs that saw it keep it, and its input may come again."""

    async def work(tx: Tx) -> answers.DatasetAnswer:
        dataset = await remove_item(tx, principal.workspace_id, dataset_id, item_id, by=principal.actor)
        before, after = {"version": dataset.version - 1, "item": str(item_id)}, {"version": dataset.version, "item": None}
        await audit.note(tx, principal, action="dataset.item_removed", kind="dataset", key=str(dataset_id), before=before, after=after)
        return answers.dataset_answer(dataset)

    return await run_once(gateway, request, principal, status=200, work=work)


def _check_version(version: int | None, *, newest: int) -> None:
    """Raises InvalidField."""
    if version is not None and version > newest:
        raise InvalidField(f"version: the newest is {newest}.", param="version")


def _split(name: str | None) -> str | None:
    """Raises InvalidField."""
    try:
        return split_named(name)
    except ValueError as error:
        raise InvalidField(f"split: {error}", param="split") from error
