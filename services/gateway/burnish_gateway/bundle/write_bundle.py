"""An export as one JSON document, written page by page: memory holds some prompts, or one dataset, at a time.

The same content gives the same bytes, wherever it is: prompts lie in the order of their slugs, nothing names the installation.
"""

import json
from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from burnish_gateway.bundle import chain_store, evaluator_store, store
from burnish_gateway.bundle.experiments import experiments_of
from burnish_gateway.bundle.form import FORMAT, VERSION, ChainForm, ChainVersionForm, GateForm, LabelForm, MoveForm, PromptForm
from burnish_shared.db.session import Database, Tx
from burnish_shared.moments import in_utc_us

PAGE: Final = 25
"""Prompts, with all their versions."""

_OWN: Final = tuple(name for name in PromptForm.model_fields if name not in ("versions", "branches", "labels", "label_moves", "lineage"))

_NEEDED: Final = ("input", "expected")
"""Of an item: the input of a prompt without variables is `{}`."""


async def write_bundle(db: Database, workspace_id: UUID, *, folder: str | None, datasets: bool) -> AsyncIterator[bytes]:
    """The document, some prompts at a time. Each page is a transaction of its own: what changes meanwhile may be in it or not."""
    yield f'{{"format":"{FORMAT}","version":{VERSION},"prompts":['.encode()
    after, between = "", "\n"
    while True:
        async with db.unit_of_work(workspace=workspace_id, read_only=True) as tx:
            page = await store.slugs_after(tx, workspace_id, folder=folder, after=after, limit=PAGE)
            whole = await _read(tx, workspace_id, [prompt_id for prompt_id, _ in page])
        for prompt_id, slug in page:
            if prompt_id in whole:
                yield (between + _line(whole[prompt_id])).encode()
                after, between = slug, ",\n"
        if len(page) < PAGE:
            break
    yield b'],"chains":['
    between = "\n"
    async for chain in _chains(db, workspace_id, folder=folder):
        yield (between + _line(chain)).encode()
        between = ",\n"
    yield b'],"datasets":['
    between = "\n"
    async for dataset in _datasets(db, workspace_id) if datasets else _none():
        yield (between + _line(dataset)).encode()
        between = ",\n"
    yield b'],"evaluators":['
    between = "\n"
    for evaluator in await _evaluators(db, workspace_id) if folder is None else ():
        yield (between + _line(evaluator)).encode()
        between = ",\n"
    yield b'],"experiments":['
    between = "\n"
    for experiment in await experiments_of(db, workspace_id) if folder is None else ():
        yield (between + _line(experiment)).encode()
        between = ",\n"
    yield b"]}\n"


async def _read(tx: Tx, workspace_id: UUID, ids: list[UUID]) -> dict[UUID, dict[str, Any]]:
    prompts = await store.read_prompts(tx, workspace_id, ids)
    gates = await store.read_gates(tx, workspace_id, ids)
    versions = _by_prompt(await store.read_versions(tx, workspace_id, ids))
    branches = _by_prompt(await store.read_branches(tx, workspace_id, ids))
    labels = _by_prompt(await store.read_labels(tx, workspace_id, ids))
    moves = _by_prompt(await store.read_moves(tx, workspace_id, ids))
    edges = _by_prompt(await store.read_edges(tx, workspace_id, ids))
    return {
        one: _said(said, _OWN)
        | ({"gate": _said(gates[one], GateForm.model_fields)} if one in gates else {})
        | {"versions": [_version(row) for row in versions[one]]}
        | {name: rows for name, rows in (
            ("branches", [_said(row, ("branch", "version", "from_version", "created_by")) for row in branches[one]]),
            ("labels", [_said(row, ("label", "version", "moved_at")) for row in labels[one]]),
            ("label_moves", [_said(row, ("label", "from_version", "to_version", "reason", "author", "moved_at")) for row in moves[one]]),
            ("lineage", [_edge(row) for row in edges[one]]),
        ) if rows}
        for one, said in prompts.items()
    }  # fmt: skip


def _version(row: Mapping[str, Any]) -> dict[str, Any]:
    said = {**row, "message": row["change_message"]}
    return _said(said, ("version", "content", "base_version", "branch", "source", "message", "author", "created_at"))


def _edge(row: Mapping[str, Any]) -> dict[str, Any]:
    parent = {"slug": row["parent_slug"], "version": row["parent_version"]} if row["parent_slug"] else None
    names = ("entry_id", "publisher", "slug", "version")
    source = {name: row[f"source_{name}"] for name in names} if row["source_entry_id"] else None
    said = {**row, "parent": parent, "source": source}
    return _said(said, ("version", "kind", "parent", "source", "job_id", "suggestion_id", "created_at"))


async def _chains(db: Database, workspace_id: UUID, *, folder: str | None) -> AsyncIterator[dict[str, Any]]:
    after = ""
    while True:
        async with db.unit_of_work(workspace=workspace_id, read_only=True) as tx:
            page = await chain_store.chains_after(tx, workspace_id, folder=folder, after=after, limit=PAGE)
        for one in page:
            versions = [_said(version, ChainVersionForm.model_fields) for version in one["versions"]]
            labels = [_said(label, LabelForm.model_fields) for label in one["labels"]]
            moves = [_said(move, MoveForm.model_fields) for move in one["label_moves"]]
            own = _said(one, [name for name in ChainForm.model_fields if name not in ("versions", "labels", "label_moves")])
            parts = {"versions": versions, "labels": labels, "label_moves": moves}
            yield own | {name: rows for name, rows in parts.items() if rows}
        if len(page) < PAGE:
            return
        after = page[-1]["slug"]


async def _datasets(db: Database, workspace_id: UUID) -> AsyncIterator[dict[str, Any]]:
    async with db.unit_of_work(workspace=workspace_id, read_only=True) as tx:
        found = await store.list_datasets(tx, workspace_id)
    for one in found:
        async with db.unit_of_work(workspace=workspace_id, read_only=True) as tx:
            items = await store.read_items(tx, workspace_id, one["dataset_id"])
        said = _said(one, ("name", "version", "test_version", "created_by", "created_at", "updated_at", "archived_at"))
        yield said | {"items": [_said(item, ("split", "input", "expected", "metadata", "added_version")) for item in items]}


async def _evaluators(db: Database, workspace_id: UUID) -> list[dict[str, Any]]:
    async with db.unit_of_work(workspace=workspace_id, read_only=True) as tx:
        found = await evaluator_store.list_evaluators(tx, workspace_id)
    names = ("version", "settings", "message", "created_by", "created_at")
    return [
        _said(one, ("name", "created_by", "created_at")) | {"versions": [_said(version, names) for version in one["versions"]]}
        for one in found
    ]


async def _none() -> AsyncIterator[dict[str, Any]]:
    return
    yield


def _said(row: Mapping[str, Any], names: Iterable[str]) -> dict[str, Any]:
    """These of its fields that say something and those that an import asks for, times as RFC 3339 writes them in UTC."""
    return {name: _time(name, row[name]) for name in names if row.get(name) not in (None, "", [], {}) or name in _NEEDED}


def _time(name: str, value: Any) -> Any:
    if not name.endswith("_at"):
        return value
    at = value if isinstance(value, datetime) else datetime.fromisoformat(value)
    return in_utc_us(at)


def _line(value: Mapping[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str)


def _by_prompt(rows: Iterable[dict[str, Any]]) -> defaultdict[UUID, list[dict[str, Any]]]:
    found: defaultdict[UUID, list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        found[row["prompt_id"]].append(row)
    return found
