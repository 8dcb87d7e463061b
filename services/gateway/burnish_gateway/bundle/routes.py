"""`/v1/import`: prompts with their history, and datasets, out of a bundle (`GET /v1/export?scope=prompts`) or a foreign file."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Annotated, Any, Final, Literal

from fastapi import Query, Request
from fastapi.responses import Response
from fastapi.routing import APIRoute
from pydantic import BaseModel, Field

from burnish_gateway.access import audit
from burnish_gateway.access.principal import Principal
from burnish_gateway.bundle.bring_models import ModelResult, bring_models, missing_models, refusals_of
from burnish_gateway.bundle.bring_reactions import bring_reactions, sound_reactions
from burnish_gateway.bundle.compare_histories import Outcome
from burnish_gateway.bundle.foreign.convert import Format, convert
from burnish_gateway.bundle.foreign.reactions import Reaction
from burnish_gateway.bundle.form import IMPORT_MOST_BYTES
from burnish_gateway.bundle.import_bundle import Imported, import_bundle
from burnish_gateway.bundle.import_evaluators import check_newest
from burnish_gateway.bundle.read_bundle import ReadBundle
from burnish_gateway.deps import Admin, Gateway, GatewayParts
from burnish_gateway.idempotency import or_answered, run_once
from burnish_gateway.imports.book_reported import BookedReports, book_in, count_booked, to_be_stored
from burnish_gateway.imports.reported import Reported
from burnish_gateway.origin_store import count_known
from burnish_gateway.wire import json_response, make_router, read_body
from burnish_shared.db.changes import ChangeKind, note_changes, tell_pages
from burnish_shared.db.session import Tx

router = make_router("export", route_class=APIRoute)

BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {"schema": {"type": "object", "properties": {"format": {"type": "string"}}}},
            "application/yaml": {"schema": {"type": "string"}},
        },
    }
}


class PromptImported(BaseModel):
    """A prompt, or a chain. `conflict`: the one that is here has another history, or is archived, and was left alone; `reason` says why."""

    slug: str
    outcome: Outcome
    versions_added: int
    reason: str | None


class DatasetImported(BaseModel):
    name: str
    outcome: Outcome
    items_added: int


class ExecutionsImported(BaseModel):
    """`added`: those of `found` that were not here."""

    found: int = 0
    added: int = 0


class FeedbackImported(BaseModel):
    """`found`: reactions to the executions of the file. Each counts once, however often the file is brought in."""

    found: int = 0


class ModelImported(BaseModel):
    """`refused`: the workspace may not have it as the file describes it; `reason` says why."""

    model: str
    outcome: Literal["created", "unchanged", "refused"]
    reason: str | None


class ExperimentImported(BaseModel):
    """`refused`: what it names is not here, or something else; a note says what."""

    name: str
    outcome: Literal["created", "unchanged", "refused"]


class EvaluatorImported(BaseModel):
    """`conflict`: the one of this name that is here has other versions, or cannot go on with those; `reason` says why."""

    name: str
    outcome: Outcome
    versions_added: int
    reason: str | None


class ImportedAnswer(BaseModel):
    """What became of each prompt, dataset, chain, execution and model, or would. `notes`: what of the file was not taken and why, and what
    else is to be known.
    """

    dry_run: bool
    prompts: list[PromptImported]
    datasets: list[DatasetImported]
    chains: list[PromptImported]
    executions: ExecutionsImported
    feedback: FeedbackImported
    models: list[ModelImported]
    experiments: list[ExperimentImported]
    evaluators: list[EvaluatorImported]
    notes: list[str]
    left_out: int = Field(
        description="How much of the file is not here afterwards: what was left alone or refused, and what notes tell as not taken, also "
        "notes that are not listed; a note counts once, however many items it names. 0: nothing was left out. What is here already keeps "
        "its labels and fields, which counts nothing."
    )


@router.post("/v1/import", response_model=ImportedAnswer, summary="Bring in prompts and datasets from a file", openapi_extra=BODY)
async def post_import(
    request: Request,
    principal: Admin,
    gateway: GatewayParts,
    *,
    format: Annotated[Format, Query(description="`bundle` is our own; see the guide for the others.")] = "bundle",
    dry_run: Annotated[bool, Query(description="Says what would happen, and changes nothing.")] = False,
    model: Annotated[
        str | None, Query(max_length=200, description="For prompts of foreign files that name none; `auto` if not given.")
    ] = None,
    name: Annotated[
        str | None,
        Query(min_length=1, max_length=150, description="Of a file of promptfoo or DSPy: what its prompts, and its dataset, are called."),
    ] = None,
) -> Response:
    """At most 16 MiB. The same file twice changes nothing the second time. A prompt that is not here is made with all its versions, labels
    and lineage, authors and times as the file names them; one that is here goes on where the file goes on from the same versions, and its
    labels stay where they are. Executions of foreign files come in as `POST /v1/executions/import` takes them, once each and free;
    what people said of them becomes their feedback.
    """
    raw = await read_body(request, most_bytes=IMPORT_MOST_BYTES)
    request._body = raw  # where Starlette keeps a body that was read already
    reading = _read(gateway, principal, raw, format, model=model or "auto", name=name)
    read = await reading if dry_run else await or_answered(reading, gateway=gateway, request=request, principal=principal)
    if isinstance(read, Response):
        return read
    bundle, refusals, executions, reactions = read
    booked: list[BookedReports] = []

    async def work(tx: Tx) -> dict[str, Any]:
        done = await import_bundle(tx, principal, bundle, at=gateway.clock.now(), dry_run=dry_run)
        made = 0
        if dry_run:
            theirs = {(one.source, one.their_id) for one in executions}
            made = len(theirs) - await count_known(tx, principal.workspace_id, theirs)
        elif executions:
            booked.append(await book_in(tx, principal, executions))
            made = booked[-1].made
        models = await bring_models(tx, gateway, principal, bundle.models, refusals=refusals, dry_run=dry_run)
        for text in await missing_models(tx, (one for one in bundle.prompts if one.slug in done.changed), coming=models):
            done.notes.tell(text)
        answer = _answer(done, models, bundle, executions={"found": len(executions), "added": made}, dry_run=dry_run)
        answer |= {"feedback": {"found": len(reactions)}}
        if dry_run:
            return answer
        counts = _counts(done, models, format=format, made=made, reactions=len(reactions))
        await audit.note(tx, principal, action="workspace.imported", kind="workspace", key=str(principal.workspace_id), after=counts)
        await _tell(tx, principal, done, counts)
        return answer

    if dry_run:
        async with gateway.db.unit_of_work(workspace=principal.workspace_id) as tx:
            return json_response(await work(tx))
    answer = await run_once(gateway, request, principal, status=200, work=work)
    for one in booked[-1:]:
        count_booked(one)
    await bring_reactions(gateway, principal, reactions)
    await gateway.catalog.catch_up()
    return answer


async def _read(
    gateway: Gateway, principal: Principal, raw: bytes, format: Format, *, model: str, name: str | None
) -> tuple[ReadBundle, dict[str, str], Sequence[Reported], list[Reaction]]:
    """The file, why models of it are refused, and of its executions and reactions those that can be kept."""
    async with gateway.outside.large:
        bundle = await asyncio.to_thread(convert, raw, format, model=model, name=name, now=gateway.clock.now())
    await check_newest(gateway, principal, bundle.evaluators)
    refusals = await refusals_of(gateway, bundle.models)
    executions = await to_be_stored(gateway, principal, bundle.executions) if bundle.executions else ()
    return bundle, refusals, executions, await sound_reactions(gateway, principal, bundle.reactions, notes=bundle.notes)


ON_PAGES: Final[Mapping[ChangeKind, str]] = {
    "chain": "chains",
    "dataset": "datasets",
    "evaluator": "evaluators",
    "experiment": "experiments",
}
"""What open pages are told of, and how it is called among what became more."""


def _counts(done: Imported, models: Sequence[ModelResult], *, format: Format, made: int, reactions: int) -> dict[str, Any]:
    """For the audit log: what became more by it; of reactions, those that came along."""
    return {
        "format": format, "prompts": len(done.changed), "datasets": sum(one.items_added > 0 for one in done.datasets),
        "executions": made, "feedback": reactions, "models": sum(one.outcome == "created" for one in models),
        "chains": sum(one.versions_added > 0 for one in done.chains),
        "experiments": sum(one.outcome == "created" for one in done.experiments),
        "evaluators": sum(one.versions_added > 0 for one in done.evaluators),
    }  # fmt: skip


async def _tell(tx: Tx, principal: Principal, done: Imported, counts: Mapping[str, Any]) -> None:
    """The last statements of the import."""
    for kind, of_kind in ON_PAGES.items():
        if counts[of_kind]:
            tell_pages(tx, workspace_id=principal.workspace_id, kind=kind)
    if done.changed:
        await note_changes(tx, [(principal.workspace_id, "prompt", slug) for slug in done.changed])


NOTHING: Final = "The file holds nothing to bring in. Is it of the format that 'format' names, or 'bundle' where nothing is said?"


def _answer(
    done: Imported, models: Sequence[ModelResult], bundle: ReadBundle, *, executions: dict[str, int], dry_run: bool
) -> dict[str, Any]:
    refused = {one.model for one in models if one.outcome == "refused"}
    told = done.notes.texts + (bundle.of_keys(refused) if bundle.of_keys is not None else [])
    is_empty = not (done.prompts or done.datasets or done.chains or done.experiments or done.evaluators or models or executions["found"])
    return {
        "dry_run": dry_run, "prompts": [asdict(one) for one in done.prompts], "datasets": [asdict(one) for one in done.datasets],
        "chains": [asdict(one) for one in done.chains], "executions": executions, "models": [asdict(one) for one in models],
        "experiments": [asdict(one) for one in done.experiments], "evaluators": [asdict(one) for one in done.evaluators],
        "notes": told or ([NOTHING] if is_empty else []),
        "left_out": done.left_out + len(refused),
    }  # fmt: skip
