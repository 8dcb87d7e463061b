"""Save a new version of a prompt. Also what accepting a suggestion, importing and cloning call."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from burnish_gateway.registry import announce, line_store, lines, store
from burnish_gateway.registry.content import VersionContent, checked, taken_over
from burnish_gateway.registry.hold_in_order import hold_for_save
from burnish_gateway.registry.merge import newer_version, unresolved
from burnish_gateway.registry.prompt import MAX_VERSIONS, Author, EdgeKind, Prompt, Source, Version, check_not_archived, no_such_prompt
from burnish_gateway.registry.save_whole import check_locked, check_whole, note_uses
from burnish_gateway.registry.three_way import Resolution, merged
from burnish_shared.clock import Clock
from burnish_shared.db.session import Tx
from burnish_shared.errors import Conflict
from burnish_shared.slug import Label, Slug


@dataclass(frozen=True, slots=True)
class Parent:
    """A further version that went into one. `prompt_id` None: of the same prompt."""

    kind: EdgeKind
    version: int
    prompt_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a version comes from. `job_id` and `suggestion_id` go into its lineage where the optimizer made it."""

    source: Source = "manual"
    edge: EdgeKind = "derived_from"
    job_id: UUID | None = None
    suggestion_id: UUID | None = None
    newest_only: bool = True
    """False: the base may be any version, as for a suggestion that was measured against an older one."""
    also: tuple[Parent, ...] = ()


@dataclass(frozen=True, slots=True)
class MergeOnto:
    """What a writer was offered and accepts: a merge with `newer_version`, in which these conflicts are resolved."""

    newer_version: int
    resolutions: Mapping[str, Resolution]


@dataclass(frozen=True, slots=True)
class SavedVersion:
    """`is_new` False: a version that says exactly this existed already, and is the answer."""

    prompt: Prompt
    version: Version
    is_new: bool


async def add_version(
    tx: Tx,
    workspace_id: UUID,
    slug: Slug,
    given: Mapping[str, Any],
    *,
    base_version: int,
    author: Author,
    clock: Clock,
    origin: Origin | None = None,
    change_message: str = "",
    branch: Label | None = None,
    merge: MergeOnto | None = None,
) -> SavedVersion:
    """Puts `given` (flat fields, see `content.taken_over`) over the base and saves what comes out as the next version of the line.

    Call `announce.prompt_changed` last in the transaction. Idempotent: saving the same again returns the version that stands.
    Raises NotFound for an unknown prompt, base or branch, NewerVersion where the line no longer stands at the base and no `merge`
    with where it stands was accepted, MergeConflict where that leaves something open, InvalidField for bad content.
    """
    origin = origin or Origin()
    await hold_for_save(tx, workspace_id, slug, given, base_version=base_version)
    head = await store.lock_head(tx, workspace_id, slug)
    if head is None:
        raise no_such_prompt(slug)
    prompt = head.prompt
    base = await lines.base_of(tx, prompt, base_version)
    stands_at = await line_store.stands_at(tx, prompt, branch)
    content = taken_over(base.content, given)
    checked(content, version=prompt.last_version + 1, base=base.content)

    standing = await store.find_identical(tx, prompt, content)
    if standing is not None:
        return SavedVersion(prompt, standing, is_new=False)
    if origin.newest_only and base_version != stands_at:
        newest = await lines.version_of(tx, prompt, stands_at)
        content = await _merged(tx, prompt, content, base=base, newest=newest, accepted=merge)
        origin = Origin("merge", also=(Parent("derived_from", base.version),))
        base = newest
    return await save_on(tx, prompt, content, base=base, author=author, clock=clock, origin=origin, message=change_message, branch=branch)


async def save_on(
    tx: Tx,
    prompt: Prompt,
    content: VersionContent,
    *,
    base: Version,
    author: Author,
    clock: Clock,
    origin: Origin,
    message: str,
    branch: Label | None,
) -> SavedVersion:
    """The content as the next version of the line, checked; the version that says exactly this, where there is one. The prompt is held."""
    check_not_archived(prompt)
    checked(content, version=prompt.last_version + 1, base=base.content)
    check_locked(prompt, content, source=origin.source)
    standing = await store.find_identical(tx, prompt, content)
    if standing is not None:
        return SavedVersion(prompt, standing, is_new=False)
    if prompt.last_version >= MAX_VERSIONS:
        raise Conflict(f"The prompt '{prompt.slug}' has {MAX_VERSIONS:,} versions, which is the most.", param="prompt")
    includes = await check_whole(tx, prompt.workspace_id, prompt.slug, content)
    saved = await store.insert_version(
        tx,
        prompt,
        content,
        version=prompt.last_version + 1,
        base_version=base.version,
        source=origin.source,
        change_message=message,
        author=author,
        branch=branch,
    )
    await note_uses(tx, prompt, saved.version, includes)
    # The first version of a branch says that it left its line there; what follows on the branch is changed from the one before.
    leaves = branch is not None and origin.edge == "derived_from" and base.branch != branch
    for parent in (Parent("branch_of" if leaves else origin.edge, base.version), *origin.also):
        await store.insert_edge(
            tx,
            prompt,
            version=saved.version,
            kind=parent.kind,
            parent_version=parent.version,
            parent_prompt_id=parent.prompt_id,
            job_id=origin.job_id,
            suggestion_id=origin.suggestion_id,
        )
    prompt = await lines.advance(tx, prompt, branch, to=saved.version)
    await announce.version_created(tx, prompt, version=saved.version, source=origin.source, revision=prompt.revision, clock=clock)
    return SavedVersion(prompt, saved, is_new=True)


async def _merged(
    tx: Tx, prompt: Prompt, content: VersionContent, *, base: Version, newest: Version, accepted: MergeOnto | None
) -> VersionContent:
    """What was sent, with what was saved since. Raises NewerVersion unless a merge with just this version was accepted."""
    ancestor = await lines.common_ancestor(tx, prompt, base.version, newest.version) or base
    if accepted is None or accepted.newer_version != newest.version:
        raise newer_version(base=base, newest=newest, submitted=content, ancestor=ancestor)
    together = merged(ancestor.content, newest.content, content, resolutions=accepted.resolutions)
    if together.conflicts:
        raise unresolved(together.conflicts, ancestor_version=ancestor.version)
    return together.content()
