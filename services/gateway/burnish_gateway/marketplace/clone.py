"""Clone an entry of the marketplace: a prompt of one's own, whose lineage says where it came from."""

from burnish_gateway.access.principal import Principal
from burnish_gateway.marketplace import store
from burnish_gateway.marketplace.entry import Entry
from burnish_gateway.registry import sharing_store
from burnish_gateway.registry.content import VersionContent
from burnish_gateway.registry.create_prompt import create_prompt
from burnish_gateway.registry.prompt import CloneSource, Head, Version
from burnish_gateway.registry.spelling import author_of
from burnish_gateway.registry.store import NewPrompt
from burnish_shared.clock import Clock
from burnish_shared.db.session import Tx
from burnish_shared.slug import PRODUCTION, Slug


async def clone(tx: Tx, principal: Principal, entry: Entry, *, slug: Slug, name: str, clock: Clock) -> tuple[Head, Version]:
    """The new prompt with version 1 in production. Call `announce.prompt_changed` last in the transaction.

    A version that stood in for the entry's is not cloned with it. Raises Conflict for a slug in use.
    """
    new = NewPrompt(slug=slug, name=name, description=entry.description, use_case=entry.use_case, tags=tuple(entry.tags))
    head, version = await create_prompt(
        tx,
        principal.workspace_id,
        new,
        VersionContent.from_fields({**entry.content, "fallback_version": None}),
        label=PRODUCTION,
        author=author_of(principal),
        clock=clock,
        source="clone",
        change_message=f"Cloned from {entry.publisher}: {entry.slug}, version {entry.version}",
    )
    source = CloneSource(entry.entry_id, entry.publisher, entry.slug, entry.version)
    await sharing_store.insert_clone_edge(tx, head.prompt, version=version.version, source=source)
    await store.count_clone(tx, entry.entry_id)
    return head, version
