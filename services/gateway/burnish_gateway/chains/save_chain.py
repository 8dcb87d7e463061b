"""Make a chain, save its next version, move and remove its labels: as with prompts, nothing that was saved is ever edited."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from burnish_gateway.chains import store
from burnish_gateway.chains.chain import MAX_LABELS, MAX_VERSIONS, ChainHead, ChainVersion, no_such_chain
from burnish_gateway.chains.hold_prompts import hold_prompts
from burnish_gateway.models.store import keep_models
from burnish_gateway.registry.prompt import no_such_base
from burnish_shared.chains.form import Call, all_steps
from burnish_shared.chains.read_form import read_chain
from burnish_shared.db.session import Tx
from burnish_shared.errors import Conflict, NewerVersion
from burnish_shared.slug import Label, Slug


@dataclass(frozen=True, slots=True)
class NewChain:
    """What of a new chain is not versioned."""

    slug: Slug
    name: str
    description: str
    folder: str
    tags: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SavedChain:
    """`is_new` False: a version that says exactly this stood already, and is the answer."""

    head: ChainHead
    version: ChainVersion
    is_new: bool


@dataclass(frozen=True, slots=True)
class MovedLabel:
    """`is_moved` False: it stood there already."""

    version: int | None
    from_version: int | None
    moved_at: datetime
    is_moved: bool = True


async def create_chain(
    tx: Tx, workspace_id: UUID, new: NewChain, content: dict[str, Any], *, label: Label | None, message: str, author: str
) -> SavedChain:
    """The chain with version 1, and `label` on it where one is given. Raises Conflict where the slug is taken."""
    chain_id = await store.insert_chain(
        tx, workspace_id, slug=new.slug, name=new.name, description=new.description, folder=new.folder, tags=new.tags, author=author
    )
    if chain_id is None:
        raise Conflict(f"There is a chain '{new.slug}' already; add a version to it, or choose another slug.", param="slug")
    await keep_models(tx, workspace_id, _models(content))
    await hold_prompts(tx, workspace_id, content)
    version = await store.insert_version(tx, workspace_id, chain_id, content, version=1, base_version=None, message=message, author=author)
    if label is not None:
        await store.put_label(tx, workspace_id, chain_id, label, version=1)
        await store.insert_move(tx, workspace_id, chain_id, label, from_version=None, to_version=1, reason="", author=author)
    return SavedChain(await head_of(tx, workspace_id, new.slug), version, is_new=True)


async def add_version(
    tx: Tx, workspace_id: UUID, slug: Slug, content: dict[str, Any], *, base_version: int, message: str, author: str
) -> SavedChain:
    """Idempotent: saving the same again returns the version that stands.

    Raises NotFound for an unknown chain or base, NewerVersion where the base is not the newest, Conflict for an archived chain.
    """
    head = await changeable(tx, workspace_id, slug)
    base = await store.find_version(tx, workspace_id, head.chain_id, base_version)
    if base is None:
        raise no_such_base(slug, base_version, newest=head.latest_version)
    standing = await store.find_identical(tx, head, content)
    if standing is not None:
        return SavedChain(head, standing, is_new=False)
    if base_version != head.latest_version:
        raise _newer(base, await store.find_version(tx, workspace_id, head.chain_id, head.latest_version), content)
    if head.latest_version >= MAX_VERSIONS:
        raise Conflict(f"The chain '{slug}' has {MAX_VERSIONS:,} versions, which is the most.", param="chain")
    await keep_models(tx, workspace_id, _models(content))
    await hold_prompts(tx, workspace_id, content)
    number = head.latest_version + 1
    saved = await store.insert_version(
        tx, workspace_id, head.chain_id, content, version=number, base_version=base_version, message=message, author=author
    )
    await store.change_chain(tx, head, latest_version=number)
    return SavedChain(await head_of(tx, workspace_id, slug), saved, is_new=True)


async def move_label(
    tx: Tx, workspace_id: UUID, slug: Slug, label: Label, *, version: int, reason: str, author: str
) -> MovedLabel:  # fmt: skip
    """Where it stands there already, nothing happens. Raises NotFound for an unknown chain or version."""
    head = await changeable(tx, workspace_id, slug)
    head.named(label=None, version=version)
    return await _moved(tx, head, label, version=version, reason=reason, author=author)


async def roll_back(tx: Tx, workspace_id: UUID, slug: Slug, label: Label, *, to: int | None, reason: str, author: str) -> MovedLabel:
    """The label names again what it named before its last move, or the version `to`, which it has named some time.

    A removed one comes back; twice is back again. Protected or not, it goes freely: whoever has to go back cannot wait. Raises NotFound
    for an unknown chain or label, Conflict for an archived chain, and where there is nothing to go back to.
    """
    head = await changeable(tx, workspace_id, slug)
    if to is None:
        moves = await store.list_moves(tx, head, label, before=None, limit=1)
        if not moves:
            raise no_such_chain(slug, label=label)
        to = moves[0].from_version
        if to is None:
            raise Conflict(f"The label '{label}' has named no other version before; there is nothing to go back to.", param="label")
    head.named(label=None, version=to)
    if not await store.has_named(tx, head, label, to):
        raise Conflict(f"The label '{label}' has never named version {to}; move it there instead.", param="version")
    return await _moved(tx, head, label, version=to, reason=reason, author=author)


async def _moved(tx: Tx, head: ChainHead, label: Label, *, version: int, reason: str, author: str) -> MovedLabel:
    placed = head.labels.get(label)
    if placed is not None and placed[0] == version:
        return MovedLabel(version, version, placed[1], is_moved=False)
    if placed is None and len(head.labels) >= MAX_LABELS:
        raise Conflict(f"The chain '{head.slug}' has {MAX_LABELS} labels, which is the most; remove one first.", param="label")
    before = placed[0] if placed else None
    moved_at = await store.put_label(tx, head.workspace_id, head.chain_id, label, version=version)
    await store.insert_move(
        tx, head.workspace_id, head.chain_id, label, from_version=before, to_version=version, reason=reason, author=author
    )
    await store.change_chain(tx, head)
    return MovedLabel(version, before, moved_at)


async def remove_label(tx: Tx, workspace_id: UUID, slug: Slug, label: Label, *, reason: str, author: str) -> MovedLabel:
    """No run begins by this label any more. Raises NotFound where there is no such label."""
    head = await changeable(tx, workspace_id, slug)
    before, _ = head.named(label=label, version=None)
    await store.delete_label(tx, head, label)
    at = await store.insert_move(tx, workspace_id, head.chain_id, label, from_version=before, to_version=None, reason=reason, author=author)
    await store.change_chain(tx, head)
    return MovedLabel(None, before, at)


async def head_of(tx: Tx, workspace_id: UUID, slug: str, *, lock: bool = False) -> ChainHead:
    """Raises NotFound."""
    head = await store.find_head(tx, workspace_id, slug, lock=lock)
    if head is None:
        raise no_such_chain(slug)
    return head


async def changeable(tx: Tx, workspace_id: UUID, slug: str) -> ChainHead:
    """The chain, locked. Raises NotFound, and Conflict for an archived one."""
    head = await head_of(tx, workspace_id, slug, lock=True)
    check_not_archived(head)
    return head


def check_not_archived(head: ChainHead) -> None:
    """Raises Conflict."""
    if head.archived_at is not None:
        raise Conflict(
            f"The chain '{head.slug}' is archived; take it out of the archive first (PATCH with archived: false).", param="chain"
        )


def _newer(base: ChainVersion, newest: ChainVersion | None, content: dict[str, Any]) -> NewerVersion:
    """The 409: base, ours (the newest), theirs (what was sent), and the fields that each changed."""
    if newest is None:
        raise no_such_chain("?", version=base.version)
    ours, theirs = _changed(base.content, newest.content), _changed(base.content, content)
    apart = set(_changed(newest.content, content))
    merge = {
        "base_version": base.version, "newer_version": newest.version, "base": base.content, "ours": newest.content, "theirs": content,
        "changed_by_ours": ours, "changed_by_theirs": theirs, "conflicts": [one for one in theirs if one in ours and one in apart],
    }  # fmt: skip
    return NewerVersion(
        f"Version {newest.version} was saved since version {base.version}; look at 'merge' and save on top of it.",
        param="base_version",
        details={"newer_version": newest.version, "merge": merge},
    )


def _changed(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    """Names of fields; steps that stand at the top by their id, as `steps.ID`."""
    names = [one for one in sorted(before.keys() | after.keys()) if one != "steps" and before.get(one) != after.get(one)]
    old, new = ({one["id"]: one for one in content["steps"]} for content in (before, after))
    names += [f"steps.{one}" for one in dict.fromkeys([*old, *new]) if old.get(one) != new.get(one)]
    if [*old] != [*new] and old.keys() == new.keys():
        names.append("steps (their order)")
    return names


def _models(content: dict[str, Any]) -> list[str]:
    """Those that its steps name themselves."""
    calls = [step.does for step in all_steps(read_chain(content).steps)]
    return [one.model for one in calls if isinstance(one, Call) and one.model is not None]
