"""Bring in chains with their history, by the rules of prompts: made whole, gone on with, or left alone where two histories differ."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from burnish_gateway.access.principal import Principal
from burnish_gateway.bundle import chain_store, store
from burnish_gateway.bundle.compare_histories import Compared, compared
from burnish_gateway.bundle.read_chains import ReadChain
from burnish_shared.db.session import Tx
from burnish_shared.ids import new_uuid


async def import_chains(
    tx: Tx, principal: Principal, chains: Sequence[ReadChain], *, at: datetime, dry_run: bool
) -> list[tuple[str, Compared]]:
    """What became of each, or would, in the order of the file."""
    workspace_id = principal.workspace_id
    standing = await chain_store.lock_standing(tx, workspace_id, [one.slug for one in chains]) if chains else {}
    planned = [(one, compared(one.slug, one.hashes, standing.get(one.slug))) for one in chains]
    if not dry_run:
        rows = _Rows(workspace_id, principal.actor, at)
        for one, result in planned:
            if result.outcome in ("created", "extended"):
                rows.add(one, standing.get(one.slug))
        await rows.write(tx)
    return [(one.slug, result) for one, result in planned]


async def missing_prompts(tx: Tx, workspace_id: UUID, chains: Sequence[ReadChain], *, coming: Sequence[str]) -> list[str]:
    """Notes: prompts that chains run and that are neither here nor `coming`."""
    wanted = {slug: one.slug for one in chains for slug in one.prompts}
    there = await store.slugs_there(tx, workspace_id, list(wanted)) | set(coming) if wanted else set()
    return [f"{user}: runs the prompt '{slug}', which is not here." for slug, user in sorted(wanted.items()) if slug not in there]


def other_prompts(chains: Sequence[ReadChain], results: Mapping[str, Compared], others: Mapping[str, int]) -> list[str]:
    """Notes: prompts that chains run which come in, and that were left alone because they say something else here.

    `results`: what becomes of each chain; `others`: from which version on a slug says something else here.
    """
    coming = [one for one in chains if results[one.slug].added]
    return [
        f"{one.slug}: runs the prompt '{slug}', which says something else here than in the file, and runs that."
        for one in coming for slug in one.prompts if slug in others
    ]  # fmt: skip


class _Rows:
    """Rows of several chains, written table by table."""

    def __init__(self, workspace_id: UUID, actor: str, at: datetime) -> None:
        self.workspace_id, self.actor, self.at = workspace_id, actor, at
        self.chains: list[dict[str, Any]] = []
        self.versions: list[dict[str, Any]] = []
        self.labels: list[dict[str, Any]] = []
        self.moves: list[dict[str, Any]] = []
        self.longer: dict[UUID, int] = {}

    def add(self, one: ReadChain, standing: Mapping[str, Any] | None) -> None:
        chain_id: UUID = new_uuid() if standing is None else standing["chain_id"]
        own = {"workspace_id": self.workspace_id, "chain_id": chain_id}
        first = 1 if standing is None else len(standing["hashes"]) + 1
        for version, content, digest in zip(one.form.versions, one.contents, one.hashes, strict=True):
            if version.version >= first:
                self.versions.append(own | {
                    "version": version.version, "content": content, "content_hash": digest, "base_version": version.base_version,
                    "change_message": version.message, "author": version.author or self.actor, "created_at": version.created_at or self.at,
                })  # fmt: skip
        if standing is not None:
            self.longer[chain_id] = len(one.hashes)
            return
        form, created_at = one.form, one.form.created_at or self.at
        self.chains.append(own | {
            "slug": one.slug, "name": form.name or one.slug, "description": form.description, "folder": form.folder, "tags": form.tags,
            "latest_version": len(one.hashes), "created_by": form.created_by or self.actor, "created_at": created_at,
            "updated_at": form.updated_at or created_at, "archived_at": form.archived_at,
        })  # fmt: skip
        self.labels += [
            own | {"label": label.label, "version": label.version, "moved_at": label.moved_at or self.at} for label in form.labels
        ]
        self.moves += [{"move_id": new_uuid()} | own | move.model_dump() for move in form.label_moves]
        told = {move.label for move in form.label_moves}
        self.moves += [
            {"move_id": new_uuid()} | own | {
                "label": label.label, "from_version": None, "to_version": label.version, "reason": "", "author": self.actor,
                "moved_at": label.moved_at or self.at,
            }
            for label in form.labels if label.label not in told
        ]  # fmt: skip

    async def write(self, tx: Tx) -> None:
        await store.insert_rows(tx, "chains", self.chains)
        await store.insert_rows(tx, "chain_versions", self.versions)
        await store.insert_rows(tx, "chain_labels", self.labels)
        await store.insert_rows(tx, "chain_label_moves", self.moves)
        if self.longer:
            await chain_store.continue_chains(tx, self.workspace_id, self.longer)
