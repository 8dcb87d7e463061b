"""Bring versions of a prompt together: merge one into a line, or take chosen parts of one over (PRODUCT P4)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from burnish_gateway.registry import line_store, lines, store
from burnish_gateway.registry.add_version import Origin, Parent, SavedVersion, add_version, save_on
from burnish_gateway.registry.cherry_pick import picked
from burnish_gateway.registry.merge import unresolved
from burnish_gateway.registry.prompt import Author, Prompt, Version, check_not_archived, no_such_prompt
from burnish_gateway.registry.three_way import Merged, Resolution, merged
from burnish_shared.clock import Clock
from burnish_shared.db.session import Tx
from burnish_shared.errors import Conflict
from burnish_shared.slug import Label, Slug

Outcome = Literal["merged", "moved", "nothing_to_do", "identical"]
"""`moved`: the line had nothing of its own and stands at the other version now; `identical`: an older version says what came out."""


@dataclass(frozen=True, slots=True)
class Brought:
    """What a merge did: the version that stands for it, and the nearest common ancestor that it was made against."""

    saved: SavedVersion
    outcome: Outcome
    ancestor_version: int


@dataclass(frozen=True, slots=True)
class Sides:
    """A merge to look at: of `theirs` into `ours`. `ancestor` None: they have nothing in common."""

    ours: Version
    theirs: Version
    ancestor: Version | None

    def together(self, resolutions: Mapping[str, Resolution] | None = None) -> Merged:
        """Raises Conflict without a common ancestor, InvalidField for resolutions that do not fit."""
        if self.ancestor is None:
            raise Conflict(f"The versions {self.ours.version} and {self.theirs.version} have no common ancestor; pick parts instead.")
        return merged(self.ancestor.content, self.ours.content, self.theirs.content, resolutions=resolutions)


async def sides_of(tx: Tx, prompt: Prompt, *, ours: int, theirs: int, params: tuple[str, str] = ("version", "version")) -> Sides:
    """Raises NotFound, which names the one of `params`."""
    left = await lines.version_of(tx, prompt, ours, param=params[0])
    right = await lines.version_of(tx, prompt, theirs, param=params[1])
    return Sides(left, right, await lines.common_ancestor(tx, prompt, ours, theirs))


async def merge_version(
    tx: Tx,
    workspace_id: UUID,
    slug: Slug,
    *,
    source: int | Label,
    into: Label | None,
    base_version: int | None,
    resolutions: Mapping[str, Resolution],
    author: Author,
    clock: Clock,
    message: str = "",
) -> Brought:
    """The line `into` (None: the main one) has the version, or branch, `source` from now on. Call `announce.prompt_changed` last.

    Raises NotFound, Conflict where the line does not stand at `base_version`, MergeConflict where something is open: nothing is saved then.
    """
    prompt = await _held(tx, workspace_id, slug)
    number = source if isinstance(source, int) else await line_store.stands_at(tx, prompt, source)
    stands_at = await line_store.stands_at(tx, prompt, into)
    if base_version not in (None, stands_at):
        raise Conflict(
            f"'{into or lines.MAIN}' stands at version {stands_at} by now, not {base_version}; look at the merge again.",
            param="base_version",
            details={"newer_version": stands_at},
        )
    sides = await sides_of(tx, prompt, ours=stands_at, theirs=number)
    if sides.ancestor is not None and sides.ancestor.version == number:
        return Brought(SavedVersion(prompt, sides.ours, is_new=False), "nothing_to_do", number)
    together = sides.together(resolutions)
    common = sides.ancestor.version if sides.ancestor is not None else 0
    if together.conflicts:
        raise unresolved(together.conflicts, ancestor_version=common)
    content = together.content()
    if content == sides.theirs.content:
        moved = await lines.advance(tx, prompt, into, to=number)
        return Brought(SavedVersion(moved, sides.theirs, is_new=False), "moved", common)
    words = message or f"Merged version {number}"
    origin = Origin("merge", also=(Parent("derived_from", number),))
    saved = await save_on(tx, prompt, content, base=sides.ours, author=author, clock=clock, origin=origin, message=words, branch=into)
    same_as_ours = saved.version.version == stands_at
    return Brought(saved, "merged" if saved.is_new else "nothing_to_do" if same_as_ours else "identical", common)


async def cherry_pick(
    tx: Tx,
    workspace_id: UUID,
    slug: Slug,
    *,
    source: int,
    parts: Sequence[str],
    base_version: int,
    branch: Label | None,
    author: Author,
    clock: Clock,
    message: str = "",
) -> SavedVersion:
    """Parts of the version `source` over `base_version`, as the next version of the line. Call `announce.prompt_changed` last.

    Raises what `add_version` raises, and InvalidField for a part that is none.
    """
    prompt = await _held(tx, workspace_id, slug)
    base, other = await lines.base_of(tx, prompt, base_version), await lines.version_of(tx, prompt, source)
    return await add_version(
        tx,
        workspace_id,
        slug,
        picked(base.content, other.content, parts),
        base_version=base_version,
        author=author,
        clock=clock,
        origin=Origin("merge", also=(Parent("cherry_picked_from", source),)),
        change_message=message or f"{', '.join(parts)[:1_900]} of version {source}",
        branch=branch,
    )


async def _held(tx: Tx, workspace_id: UUID, slug: Slug) -> Prompt:
    head = await store.lock_head(tx, workspace_id, slug)
    if head is None:
        raise no_such_prompt(slug)
    check_not_archived(head.prompt)
    return head.prompt
