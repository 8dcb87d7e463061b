"""Put a label on a version, or take it away. Also what accepting a suggestion calls."""

from uuid import UUID

from burnish_gateway.registry import announce, store
from burnish_gateway.registry.prompt import MAX_LABELS, Author, MovedLabel, PlacedLabel, RemovedLabel, no_such_prompt
from burnish_shared.clock import Clock
from burnish_shared.db.session import Tx
from burnish_shared.errors import Conflict
from burnish_shared.slug import Label, Slug


async def move_label(
    tx: Tx, workspace_id: UUID, slug: Slug, label: Label, *, version: int, author: Author, clock: Clock, reason: str = ""
) -> MovedLabel:
    """The label now names `version`. Call `announce.prompt_changed` last in the transaction.

    Idempotent: where it stands there already, nothing happens and the time of its last move comes back. Raises NotFound for an
    unknown prompt or version.
    """
    head = await store.lock_head(tx, workspace_id, slug)
    if head is None:
        raise no_such_prompt(slug)
    prompt = head.prompt
    head.named(label=None, version=version)
    before = head.labels.get(label)
    if before is not None and before.version == version:
        return MovedLabel(before, version, is_moved=False)
    if before is None and len(head.labels) >= MAX_LABELS:
        raise Conflict(f"The prompt '{slug}' has {MAX_LABELS} labels, which is the most; remove one first.", param="label")

    from_version = before.version if before else None
    moved_at = await store.put_label(tx, prompt, label, version=version)
    await store.insert_move(
        tx, prompt, label, from_version=from_version, to_version=version, reason=reason, author=author, moved_at=moved_at
    )
    revision = await store.raise_revision(tx, prompt, latest_version=prompt.latest_version)
    await announce.label_moved(tx, prompt, label=label, from_version=from_version, to_version=version, revision=revision, clock=clock)
    return MovedLabel(PlacedLabel(label, version, moved_at), from_version, is_moved=True)


async def remove_label(
    tx: Tx, workspace_id: UUID, slug: Slug, label: Label, *, author: Author, clock: Clock, reason: str = ""
) -> RemovedLabel:
    """Nobody is served by this label any more. Raises NotFound where there is no such label.

    Call `announce.prompt_changed` last in the transaction.
    """
    head = await store.lock_head(tx, workspace_id, slug)
    if head is None:
        raise no_such_prompt(slug)
    prompt = head.prompt
    from_version, _ = head.named(label=label, version=None)

    moved_at = await store.delete_label(tx, prompt, label)
    await store.insert_move(tx, prompt, label, from_version=from_version, to_version=None, reason=reason, author=author, moved_at=moved_at)
    revision = await store.raise_revision(tx, prompt, latest_version=prompt.latest_version)
    await announce.label_moved(tx, prompt, label=label, from_version=from_version, to_version=None, revision=revision, clock=clock)
    return RemovedLabel(from_version, moved_at)
