"""Bring in prompts with their history, and datasets. The same file twice changes nothing the second time.

A prompt that is not there is made whole. One that is there goes on where the file goes on from the same versions; where the two histories
differ it is left alone, and said. Labels of a prompt that is there stay where they are: moving `production` is nobody's by-product.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from burnish_gateway.access.principal import Principal
from burnish_gateway.bundle import store
from burnish_gateway.bundle.compare_histories import Compared, Outcome, compared
from burnish_gateway.bundle.experiments import ExperimentResult, import_experiments
from burnish_gateway.bundle.form import DatasetForm
from burnish_gateway.bundle.import_chains import import_chains, missing_prompts, other_prompts
from burnish_gateway.bundle.import_evaluators import EvaluatorResult, import_evaluators
from burnish_gateway.bundle.import_gates import import_gates
from burnish_gateway.bundle.notes import Notes
from burnish_gateway.bundle.read_bundle import ReadBundle, ReadDataset, ReadPrompt
from burnish_gateway.bundle.snippet_notes import other_snippets, snippet_notes
from burnish_gateway.datasets.add_items import add_items
from burnish_gateway.datasets.dataset import Change
from burnish_gateway.datasets.item import NewItem, expect_alike
from burnish_gateway.datasets.versions_store import insert_version
from burnish_gateway.models.store import keep_models
from burnish_gateway.outside import all_of
from burnish_shared.contracts.events import Event
from burnish_shared.db.session import Tx
from burnish_shared.ids import new_uuid

SERVICE = "gateway"


@dataclass(frozen=True, slots=True)
class PromptResult:
    """Of a chain too."""

    slug: str
    outcome: Outcome
    versions_added: int
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class DatasetResult:
    name: str
    outcome: Outcome
    items_added: int


@dataclass(frozen=True, slots=True)
class Imported:
    """`changed`: slugs whose prompts are new or longer; `notes`: what was not taken, and what else is to be known."""

    prompts: tuple[PromptResult, ...]
    datasets: tuple[DatasetResult, ...]
    chains: tuple[PromptResult, ...]
    experiments: tuple[ExperimentResult, ...]
    notes: Notes
    evaluators: tuple[EvaluatorResult, ...] = ()

    @property
    def left_out(self) -> int:
        """What was left alone, and what notes tell as lost; an experiment that is refused has a note."""
        return (
            self.notes.lost
            + sum(one.outcome == "conflict" for one in (*self.prompts, *self.chains))
            + sum(one.outcome == "conflict" for one in self.evaluators)
        )

    @property
    def changed(self) -> list[str]:
        return [one.slug for one in self.prompts if one.outcome in ("created", "extended")]


@dataclass(frozen=True, slots=True)
class _Writer:
    """Who brings it in, and when."""

    workspace_id: UUID
    actor: str
    at: datetime


async def import_bundle(tx: Tx, principal: Principal, bundle: ReadBundle, *, at: datetime, dry_run: bool) -> Imported:
    """`dry_run`: says what would happen, and does nothing. Call `note_changes` with the changed prompts last in the transaction."""
    writer = _Writer(principal.workspace_id, principal.actor, at)
    if not dry_run:
        await store.one_at_a_time(tx, writer.workspace_id)
        await keep_models(tx, writer.workspace_id, _models_of(bundle))
    standing = await store.lock_standing(tx, writer.workspace_id, [one.slug for one in bundle.prompts])
    planned = [(one, compared(one.slug, one.hashes, standing.get(one.slug))) for one in bundle.prompts]
    longer = [(one, _first_new(one, standing.get(one.slug))) for one, result in planned if result.added]
    others: dict[str, int] = {one.slug: result.other_from for one, result in planned if result.other_from is not None}
    told_of_datasets = Notes()  # before all that is written: what they are compared with may make it begin again (`outside`)
    datasets = await all_of(_dataset(tx, writer, one, dry_run=dry_run, notes=told_of_datasets) for one in bundle.datasets)
    notes = Notes()
    notes.join(bundle.notes)
    for text in await _missing_parents(tx, writer, longer):
        notes.lose(text)
    if not dry_run:
        await _make(tx, writer, [one for one, result in planned if result.outcome == "created"])
        await _extend(tx, writer, [(one, standing[one.slug]) for one, result in planned if result.outcome == "extended"])
        await _link(tx, writer, longer)
        await _announce(tx, writer, [one for one, _ in longer], standing)
    snippets = [*snippet_notes(bundle.prompts), *other_snippets(longer, others), *await _missing_snippets(tx, writer, bundle.prompts)]
    for text in snippets:
        notes.tell(text)
    chains = dict(await import_chains(tx, principal, bundle.chains, at=at, dry_run=dry_run))
    coming = [one.slug for one in bundle.prompts]
    missing = await missing_prompts(tx, writer.workspace_id, bundle.chains, coming=coming)
    for text in (*missing, *other_prompts(bundle.chains, chains, others)):
        notes.tell(text)
    notes.join(told_of_datasets)
    experiments, told = await import_experiments(tx, principal, bundle.experiments, at=at, dry_run=dry_run, coming=coming, others=others)
    notes.join(told)
    evaluators, told_of_evaluators = await import_evaluators(tx, principal, bundle.evaluators, at=at, dry_run=dry_run)
    notes.join(told_of_evaluators)
    made = [one.form for one, result in planned if result.outcome == "created"]
    notes.join(await import_gates(tx, principal, made, dry_run=dry_run))
    prompts = tuple(_result(one.slug, result) for one, result in planned)
    told_of_chains = tuple(_result(slug, one) for slug, one in chains.items())
    return Imported(prompts, tuple(datasets), told_of_chains, tuple(experiments), notes, tuple(evaluators))


def _models_of(bundle: ReadBundle) -> list[str]:
    """What its prompts and chains call: who removes one of them meanwhile waits, and is then refused."""
    named = {
        name for one in bundle.prompts for content in one.contents for name in (content.model, *content.spec.get("fallback_models", ()))
    }
    return list(named.union(*(one.models for one in bundle.chains)))


def _result(slug: str, found: Compared) -> PromptResult:
    return PromptResult(slug, found.outcome, found.added, found.reason)


def _first_new(read: ReadPrompt, standing: Mapping[str, Any] | None) -> int:
    return 1 if standing is None else len(standing["hashes"]) + 1


async def _make(tx: Tx, writer: _Writer, prompts: Sequence[ReadPrompt]) -> None:
    ids = {one.slug: new_uuid() for one in prompts}
    await store.insert_rows(tx, "prompts", [_prompt_row(writer, one, ids[one.slug]) for one in prompts])
    await _insert_versions(tx, writer, [(one, ids[one.slug], 1) for one in prompts])
    await store.mark_branched(tx, writer.workspace_id, {ids[one.slug]: len(one.hashes) for one in prompts if _has_branches(one)})
    await store.insert_rows(tx, "prompt_branches", [row for one in prompts for row in _branch_rows(writer, one, ids[one.slug])])
    labels = [
        {"workspace_id": writer.workspace_id, "prompt_id": ids[one.slug], "label": label.label, "version": label.version,
         "moved_at": label.moved_at or writer.at}
        for one in prompts for label in one.form.labels
    ]  # fmt: skip
    await store.insert_rows(tx, "prompt_labels", labels)
    await store.insert_rows(tx, "prompt_label_moves", [row for one in prompts for row in _move_rows(writer, one, ids[one.slug])])


async def _extend(tx: Tx, writer: _Writer, prompts: Sequence[tuple[ReadPrompt, Mapping[str, Any]]]) -> None:
    """Lines that stand at a new version in the file move there; the others stay where they are here."""
    if not prompts:
        return
    await _insert_versions(tx, writer, [(one, there["prompt_id"], len(there["hashes"]) + 1) for one, there in prompts])
    first = {there["prompt_id"]: len(there["hashes"]) + 1 for _, there in prompts}
    await store.continue_prompts(tx, writer.workspace_id, {there["prompt_id"]: len(one.hashes) for one, there in prompts})
    newest = {there["prompt_id"]: _newest(one) for one, there in prompts}
    await store.move_main_lines(tx, writer.workspace_id, {one: version for one, version in newest.items() if version >= first[one]})
    held = await store.branches_there(tx, writer.workspace_id, list(first))
    rows = [
        row for one, there in prompts for row in _branch_rows(writer, one, there["prompt_id"]) if row["version"] >= first[row["prompt_id"]]
    ]
    await store.insert_rows(tx, "prompt_branches", [row for row in rows if (row["prompt_id"], row["branch"]) not in held])
    moved = {(row["prompt_id"], row["branch"]): row["version"] for row in rows if (row["prompt_id"], row["branch"]) in held}
    await store.move_branches(tx, writer.workspace_id, moved)


async def _insert_versions(tx: Tx, writer: _Writer, prompts: Sequence[tuple[ReadPrompt, UUID, int]]) -> None:
    rows, uses = [], []
    has_branches = any(version.branch for one, _, _ in prompts for version in one.form.versions)
    for one, prompt_id, first in prompts:
        for version, content, digest, includes in zip(one.form.versions, one.contents, one.hashes, one.includes, strict=True):
            if version.version < first:
                continue
            own = {"workspace_id": writer.workspace_id, "prompt_id": prompt_id, "version": version.version}
            rows.append(
                own | {
                    "model": content.model, "content": content.fields(), "content_hash": digest, "base_version": version.base_version,
                    "source": version.source, "change_message": version.message, "author": version.author or writer.actor,
                    "created_at": version.created_at or writer.at,
                } | ({"branch": version.branch} if has_branches else {})
            )  # fmt: skip
            uses += [
                own | {"slug": use.slug, "label": use.label, "at_version": use.version, "name": use.name} for use in dict.fromkeys(includes)
            ]
    await store.insert_rows(tx, "prompt_versions", rows)
    await store.insert_rows(tx, "prompt_uses", uses)


async def _missing_parents(tx: Tx, writer: _Writer, prompts: Sequence[tuple[ReadPrompt, int]]) -> list[str]:
    """Notes: lineage of the new versions that names what is neither here nor coming. Such an edge cannot be kept."""
    edges = [
        (one.slug, edge.version, edge.parent)
        for one, first in prompts
        for edge in one.form.lineage
        if edge.parent and edge.version >= first
    ]
    there = await store.versions_of(tx, writer.workspace_id, list({parent.slug for _, _, parent in edges})) if edges else {}
    known = there.keys() | {(one.slug, number) for one, _ in prompts for number in range(1, len(one.hashes) + 1)}
    return [
        f"{slug}@{version}: its lineage names {parent.slug}@{parent.version}, which is not here."
        for slug, version, parent in edges if (parent.slug, parent.version) not in known
    ]  # fmt: skip


async def _link(tx: Tx, writer: _Writer, prompts: Sequence[tuple[ReadPrompt, int]]) -> None:
    """Lineage of the new versions, as far as what it names is here."""
    wanted = {one.slug for one, _ in prompts} | {edge.parent.slug for one, _ in prompts for edge in one.form.lineage if edge.parent}
    there = await store.versions_of(tx, writer.workspace_id, list(wanted))
    rows = []
    for one, first in prompts:
        for edge in one.form.lineage:
            if edge.version < first:
                continue
            parent = there.get((edge.parent.slug, edge.parent.version)) if edge.parent else None
            if edge.parent and parent is None:
                continue
            rows.append({
                "edge_id": new_uuid(), "workspace_id": writer.workspace_id, "kind": edge.kind, "prompt_id": there[one.slug, edge.version],
                "version": edge.version, "parent_prompt_id": parent, "parent_version": edge.parent.version if edge.parent else None,
                "job_id": edge.job_id, "suggestion_id": edge.suggestion_id,
                "source_entry_id": edge.source.entry_id if edge.source else None,
                "source_publisher": edge.source.publisher if edge.source else None,
                "source_slug": edge.source.slug if edge.source else None,
                "source_version": edge.source.version if edge.source else None, "created_at": edge.created_at or writer.at,
            })  # fmt: skip
    await store.insert_rows(tx, "lineage_edges", rows)


async def _announce(tx: Tx, writer: _Writer, prompts: Sequence[ReadPrompt], standing: Mapping[str, Mapping[str, Any]]) -> None:
    """One event for each prompt, of its newest version: the history that came with it is no news."""
    messages = []
    there = await store.versions_of(tx, writer.workspace_id, [one.slug for one in prompts])
    for one in prompts:
        version, revision = _newest(one), standing[one.slug]["revision"] + 1 if one.slug in standing else 1
        prompt_id = str(there[one.slug, version])
        event = Event(
            id=new_uuid(), type="prompt.version.created", workspace_id=writer.workspace_id, occurred_at=writer.at, object_id=prompt_id,
            object_version=revision, data={"prompt_id": prompt_id, "slug": one.slug, "version": version, "source": "import"},
        )  # fmt: skip
        messages.append((event.subject(), str(event.id), event.to_bytes()))
    await store.put_events(tx, messages, service=SERVICE)


async def _missing_snippets(tx: Tx, writer: _Writer, prompts: Sequence[ReadPrompt]) -> list[str]:
    names = {use.slug: one.slug for one in prompts for version in one.includes for use in version}
    there = await store.slugs_there(tx, writer.workspace_id, list(names)) | {one.slug for one in prompts}
    return [f"{user}: includes the snippet '{slug}', which is not here." for slug, user in sorted(names.items()) if slug not in there]


async def _dataset(tx: Tx, writer: _Writer, read: ReadDataset, *, dry_run: bool, notes: Notes) -> DatasetResult:
    """`notes`: gets what was left out."""
    form = read.form
    named = await store.find_datasets(tx, writer.workspace_id, [form.name])
    same = next((one for one in named if _is_same(one, form)), None)
    if same is None:
        if not dry_run:
            await _make_dataset(tx, writer, read)
        return DatasetResult(form.name, "created", len(read.items))
    given = {one.content_hash: one.expected for one in read.items}
    here = await store.answers_here(tx, writer.workspace_id, same["dataset_id"], list(given))
    missing = len(given) - len(here)
    if otherwise := sum(not expect_alike(expected, given[content]) for content, expected in here.items()):
        notes.lose(
            f"The dataset '{form.name}' expects another answer here of {otherwise:,} of these inputs: what is here stays. Correct the "
            "items here where the file is right."
        )
    if missing and same["archived_at"] is not None:
        notes.lose(f"The dataset '{form.name}' is archived here: {missing:,} of its items were left out; restore it, and import again.")
        return DatasetResult(form.name, "unchanged", 0)
    if missing and not dry_run:
        await add_items(tx, writer.workspace_id, same["dataset_id"], read.items, change=Change(writer.actor, "imported"))
    return DatasetResult(form.name, "extended" if missing else "unchanged", missing)


def _is_same(there: Mapping[str, Any], form: DatasetForm) -> bool:
    """The name of one that is archived is free for another."""
    return there["archived_at"] is None if form.created_at is None else there["created_at"] == form.created_at


async def _make_dataset(tx: Tx, writer: _Writer, read: ReadDataset) -> None:
    form, dataset_id = read.form, new_uuid()
    ids = [new_uuid() for _ in read.items]
    added = {NewItem(one.input, "").content_hash: one.added_version for one in reversed(form.items)}
    pairs = [
        {"items": [str(ids[one.first]), str(ids[one.second])], "splits": [read.items[one.first].place, read.items[one.second].place],
         "similarity": one.similarity}
        for one in read.alike
    ]  # fmt: skip
    created_at = form.created_at or writer.at
    await store.insert_rows(tx, "datasets", [{
        "dataset_id": dataset_id, "workspace_id": writer.workspace_id, "name": form.name, "version": form.version,
        "test_version": form.test_version, "near_duplicates": pairs, "created_by": form.created_by or writer.actor,
        "created_at": created_at, "updated_at": form.updated_at or created_at, "archived_at": form.archived_at,
    }])  # fmt: skip
    await store.insert_rows(tx, "dataset_items", [
        {"item_id": item_id, "workspace_id": writer.workspace_id, "dataset_id": dataset_id, "position": position, "split": item.place,
         "input": item.input, "expected": item.expected, "metadata": item.metadata, "content_hash": item.content_hash,
         "added_version": added[item.content_hash]}
        for position, (item_id, item) in enumerate(zip(ids, read.items, strict=True))
    ])  # fmt: skip
    await insert_version(tx, writer.workspace_id, dataset_id, version=form.version, change=Change(writer.actor, "imported"))


def _prompt_row(writer: _Writer, one: ReadPrompt, prompt_id: UUID) -> dict[str, Any]:
    form = one.form
    same = ("name", "description", "use_case", "folder", "tags", "categories", "app_contexts", "locked_blocks", "rules", "visibility",
            "archived_at", "archived_by")  # fmt: skip
    created_at = form.created_at or writer.at
    return {name: getattr(form, name) for name in same} | {
        "prompt_id": prompt_id, "workspace_id": writer.workspace_id, "slug": one.slug, "name": form.name or one.slug,
        "latest_version": _newest(one), "created_by": form.created_by or writer.actor, "created_at": created_at,
        "updated_at": form.updated_at or created_at,
    }  # fmt: skip


def _newest(one: ReadPrompt) -> int:
    """Where the main line stands."""
    return one.form.latest_version or max((version.version for version in one.form.versions if version.branch is None), default=1)


def _has_branches(one: ReadPrompt) -> bool:
    return len(one.hashes) > _newest(one) or bool(one.form.branches) or any(version.branch for version in one.form.versions)


def _branch_rows(writer: _Writer, one: ReadPrompt, prompt_id: UUID) -> list[dict[str, Any]]:
    """Where its branches stand. A file that does not say where lines stand has each at the last version saved on it."""
    own = {"workspace_id": writer.workspace_id, "prompt_id": prompt_id}
    if one.form.latest_version is not None:
        return [own | named.model_dump() | {"created_by": named.created_by or writer.actor} for named in one.form.branches]
    found: dict[str, dict[str, Any]] = {}
    for version in one.form.versions:
        if version.branch is not None:
            begun = {"branch": version.branch, "from_version": version.base_version or 1, "created_by": version.author or writer.actor}
            row = found.setdefault(version.branch, own | begun)
            row["version"] = version.version
    return list(found.values())


def _move_rows(writer: _Writer, one: ReadPrompt, prompt_id: UUID) -> list[dict[str, Any]]:
    """The history of its labels; one that was never told begins now."""
    own = {"workspace_id": writer.workspace_id, "prompt_id": prompt_id}
    rows = [{"move_id": new_uuid(), **own, **move.model_dump()} for move in one.form.label_moves]
    told = {move.label for move in one.form.label_moves}
    return rows + [
        {"move_id": new_uuid(), **own, "label": label.label, "from_version": None, "to_version": label.version, "reason": "",
         "author": writer.actor, "moved_at": label.moved_at or writer.at}
        for label in one.form.labels if label.label not in told
    ]  # fmt: skip
