"""Save a new version of a prompt. Also what accepting a suggestion, importing and cloning call."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from burnish_gateway.registry import announce, store
from burnish_gateway.registry.content import VersionContent, checked, taken_over
from burnish_gateway.registry.merge import newer_version
from burnish_gateway.registry.prompt import MAX_VERSIONS, Author, EdgeKind, Prompt, Source, Version, no_such_prompt
from burnish_shared.clock import Clock
from burnish_shared.db.session import Tx
from burnish_shared.errors import Conflict
from burnish_shared.slug import Slug


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a version comes from. `job_id` and `suggestion_id` go into its lineage where the optimizer made it."""

    source: Source = "manual"
    edge: EdgeKind = "derived_from"
    job_id: UUID | None = None
    suggestion_id: UUID | None = None
    newest_only: bool = True
    """False: the base may be any version, as for a suggestion that was measured against an older one."""


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
) -> SavedVersion:
    """Puts `given` (flat fields, see `content.taken_over`) over the base and saves what comes out as the next version.

    Call `announce.prompt_changed` last in the transaction. Idempotent: saving the same again returns the version that stands.
    Raises NotFound for an unknown prompt or base, NewerVersion where the base is not the newest, InvalidField for bad content.
    """
    origin = origin or Origin()
    head = await store.lock_head(tx, workspace_id, slug)
    if head is None:
        raise no_such_prompt(slug)
    prompt = head.prompt
    base = await store.find_version(tx, workspace_id, prompt.prompt_id, base_version)
    if base is None:
        raise no_such_prompt(slug, version=base_version)
    content = taken_over(base.content, given)
    checked(content, version=prompt.latest_version + 1)

    standing = await store.find_identical(tx, prompt, content)
    if standing is not None:
        return SavedVersion(prompt, standing, is_new=False)
    if origin.newest_only and base_version != prompt.latest_version:
        raise newer_version(base=base, newest=await store.newest_version(tx, prompt), submitted=content)
    if prompt.latest_version >= MAX_VERSIONS:
        raise Conflict(f"The prompt '{slug}' has {MAX_VERSIONS:,} versions, which is the most.", param="prompt")

    saved = await _save(tx, prompt, content, base=base, author=author, origin=origin, change_message=change_message)
    revision = await store.raise_revision(tx, prompt, latest_version=saved.version)
    await announce.version_created(tx, prompt, version=saved.version, source=origin.source, revision=revision, clock=clock)
    return SavedVersion(replace(prompt, latest_version=saved.version, revision=revision), saved, is_new=True)


async def _save(
    tx: Tx, prompt: Prompt, content: VersionContent, *, base: Version, author: Author, origin: Origin, change_message: str
) -> Version:
    saved = await store.insert_version(
        tx,
        prompt,
        content,
        version=prompt.latest_version + 1,
        base_version=base.version,
        source=origin.source,
        change_message=change_message,
        author=author,
    )
    await store.insert_edge(
        tx,
        prompt,
        version=saved.version,
        kind=origin.edge,
        parent_version=base.version,
        job_id=origin.job_id,
        suggestion_id=origin.suggestion_id,
    )
    return saved
