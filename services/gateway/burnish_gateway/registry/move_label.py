"""Put a label on a version, or take it away. Also what accepting a suggestion calls."""

from uuid import UUID

from burnish_gateway.registry import announce, store
from burnish_gateway.registry.archive_store import experiments_on, experiments_running
from burnish_gateway.registry.check_includes import check_includes
from burnish_gateway.registry.hold_in_order import hold_for_back, hold_for_label
from burnish_gateway.registry.label_rules import check_may_name, check_may_reach
from burnish_gateway.registry.prompt import (
    MAX_LABELS,
    Author,
    Head,
    MovedLabel,
    PlacedLabel,
    RemovedLabel,
    check_not_archived,
    no_such_prompt,
)
from burnish_gateway.registry.snippet_effects import effects_of, refuse_broken
from burnish_shared.clock import Clock
from burnish_shared.db.session import Tx
from burnish_shared.errors import Conflict
from burnish_shared.slug import Label, Slug


async def move_label(
    tx: Tx, workspace_id: UUID, slug: Slug, label: Label, *, version: int, author: Author, clock: Clock, reason: str = ""
) -> MovedLabel:
    """The label now names `version`. Call `announce.prompt_changed` last in the transaction.

    Idempotent: where it stands there already, nothing happens and the time of its last move comes back. Raises NotFound for an
    unknown prompt or version, Conflict for a version that cannot be put together, LabelProtected where the label asks for an approval or a
    test run that the version, or a snippet that it includes by a label, lacks.
    """
    await hold_for_label(tx, workspace_id, slug, version=version)
    head = await _held(tx, workspace_id, slug)
    head.named(label=None, version=version)
    before = head.labels.get(label)
    if before is not None and before.version == version:
        return MovedLabel(before, version, is_moved=False)
    await check_may_name(tx, head.prompt, label, version=version)
    return await _moved(tx, head, label, version=version, author=author, clock=clock, reason=reason, is_back=False)


async def roll_back(
    tx: Tx, workspace_id: UUID, slug: Slug, label: Label, *, to: int | None, author: Author, clock: Clock, reason: str = ""
) -> MovedLabel:
    """The label names again what it named before its last move, or the version `to`, which it has named some time.

    A protected label too goes back without being asked for anything: that version was served by this label already, and whoever has to
    go back cannot wait; its snippets come along as they stood then. A label that is not protected, by which a version with a protected one
    includes this prompt, asks for an approval here too: nobody was asked when it stood there.

    Call `announce.prompt_changed` last. Raises NotFound, Conflict where there is nothing to go back to.
    """
    await hold_for_back(tx, workspace_id, slug, label, to=to)
    head = await _held(tx, workspace_id, slug)
    if to is None:
        moves = await store.list_moves(tx, head.prompt, label, before=None, limit=1)
        if not moves:
            raise no_such_prompt(slug, label=label)
        to = moves[0].from_version
        if to is None:
            raise Conflict(f"The label '{label}' has named no other version before; there is nothing to go back to.", param="label")
    head.named(label=None, version=to)
    before = head.labels.get(label)
    if before is not None and before.version == to:
        return MovedLabel(before, to, is_moved=False)
    if not await store.has_named(tx, head.prompt, label, to):
        raise Conflict(f"The label '{label}' has never named version {to}; move it there instead.", param="version")
    return await _moved(tx, head, label, version=to, author=author, clock=clock, reason=reason, is_back=True)


async def _moved(
    tx: Tx, head: Head, label: Label, *, version: int, author: Author, clock: Clock, reason: str, is_back: bool
) -> MovedLabel:  # fmt: skip
    prompt, before = head.prompt, head.labels.get(label)
    check_not_archived(prompt)
    await check_includes(tx, prompt, label, version=version, is_back=is_back)
    effects = await effects_of(tx, prompt, label, version=version)
    refuse_broken(effects, what=f"Moving '{label}' of '{prompt.slug}' to version {version}")
    await check_may_reach(tx, prompt, label, version=version, effects=effects)
    if before is None and len(head.labels) >= MAX_LABELS:
        raise Conflict(f"The prompt '{prompt.slug}' has {MAX_LABELS} labels, which is the most; remove one first.", param="label")

    from_version = before.version if before else None
    moved_at = await store.put_label(tx, prompt, label, version=version)
    await store.insert_move(
        tx, prompt, label, from_version=from_version, to_version=version, reason=reason, author=author, moved_at=moved_at
    )
    revision = await store.raise_revision(tx, prompt, latest_version=prompt.latest_version)
    await announce.label_moved(tx, prompt, label=label, from_version=from_version, to_version=version, revision=revision, clock=clock)
    experiments = await experiments_on(tx, prompt, label)
    placed = PlacedLabel(label, version, moved_at)
    return MovedLabel(placed, from_version, is_moved=True, effects=tuple(effects), experiments=tuple(experiments))


async def remove_label(
    tx: Tx, workspace_id: UUID, slug: Slug, label: Label, *, author: Author, clock: Clock, reason: str = ""
) -> RemovedLabel:
    """Nobody is served by this label any more. Raises NotFound where there is no such label, Conflict for an archived prompt, and while an
    experiment is on its calls: they would all be answered 404, whatever their arm.

    Call `announce.prompt_changed` last in the transaction.
    """
    head = await _held(tx, workspace_id, slug)
    prompt = head.prompt
    from_version, _ = head.named(label=label, version=None)
    check_not_archived(prompt)
    if running := await experiments_running(tx, prompt, label=label):
        raise Conflict(
            f"The label '{label}' of '{slug}' takes part in {' and '.join(running)}; end {'that' if len(running) == 1 else 'those'} first.",
            param="label",
        )
    refuse_broken(await effects_of(tx, prompt, label, version=None), what=f"Removing '{label}' of '{slug}'")

    moved_at = await store.delete_label(tx, prompt, label)
    await store.insert_move(tx, prompt, label, from_version=from_version, to_version=None, reason=reason, author=author, moved_at=moved_at)
    revision = await store.raise_revision(tx, prompt, latest_version=prompt.latest_version)
    await announce.label_moved(tx, prompt, label=label, from_version=from_version, to_version=None, revision=revision, clock=clock)
    return RemovedLabel(from_version, moved_at)


async def _held(tx: Tx, workspace_id: UUID, slug: Slug) -> Head:
    head = await store.lock_head(tx, workspace_id, slug)
    if head is None:
        raise no_such_prompt(slug)
    return head
