"""A prompt that changes and the snippets that it includes, locked in one order: of two that include each other, or beside an import, which
locks all of its prompts by name, one waits for the other. Locked one after the other, as they were met, they would wait for each other."""

import contextlib
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from burnish_gateway.registry import store, uses_store
from burnish_gateway.registry.content import VersionContent, taken_over
from burnish_shared.db.session import Tx
from burnish_shared.db.snippet_store import gather_snippets
from burnish_shared.errors import BurnishError
from burnish_shared.slug import Label, Slug


async def hold_for_save(tx: Tx, workspace_id: UUID, slug: Slug, given: Mapping[str, Any], *, base_version: int) -> None:
    """Before `store.lock_head` of a prompt to which `given` is saved over a version. What is wrong with it is said later, by who saves."""
    with contextlib.suppress(BurnishError):
        base = await _content_of(tx, workspace_id, slug, base_version)
        if base is not None:
            await _hold(tx, workspace_id, slug, taken_over(base, given))


async def hold_for_label(tx: Tx, workspace_id: UUID, slug: Slug, *, version: int) -> None:
    """Before `store.lock_head` of a prompt one of whose labels moves to a version."""
    with contextlib.suppress(BurnishError):
        content = await _content_of(tx, workspace_id, slug, version)
        if content is not None:
            await _hold(tx, workspace_id, slug, content)


async def hold_for_back(tx: Tx, workspace_id: UUID, slug: Slug, label: Label, *, to: int | None) -> None:
    """The same where a label goes back. `to` None: to where its last move came from."""
    if to is None:
        head = await store.find_head(tx, workspace_id, slug)
        moves = [] if head is None else await store.list_moves(tx, head.prompt, label, before=None, limit=1)
        to = moves[0].from_version if moves else None
    if to is not None:
        await hold_for_label(tx, workspace_id, slug, version=to)


async def _content_of(tx: Tx, workspace_id: UUID, slug: Slug, number: int) -> VersionContent | None:
    head = await store.find_head(tx, workspace_id, slug)
    found = None if head is None else await store.find_version(tx, workspace_id, head.prompt.prompt_id, number)
    return None if found is None else found.content


async def _hold(tx: Tx, workspace_id: UUID, slug: Slug, content: VersionContent) -> None:
    includes = content.includes()
    if not includes:
        return
    others: Sequence[str] = [str(one.slug) for one in includes]
    with contextlib.suppress(BurnishError):
        others = [name.partition("@")[0] for name in await gather_snippets(tx, workspace_id, includes)]
    await uses_store.hold_beside(tx, workspace_id, slug, sorted(set(others) - {slug}))
