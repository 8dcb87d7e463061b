"""Make a prompt with its first version."""

from uuid import UUID

from burnish_gateway.registry import announce, store
from burnish_gateway.registry.content import VersionContent, checked
from burnish_gateway.registry.label_rules import check_may_name, rules_of
from burnish_gateway.registry.prompt import Author, Head, PlacedLabel, Prompt, Source, Version
from burnish_gateway.registry.save_whole import check_blocks, check_whole, holds, note_uses
from burnish_shared.clock import Clock
from burnish_shared.db.session import Tx
from burnish_shared.errors import Conflict
from burnish_shared.slug import Label, Slug


async def create_prompt(
    tx: Tx,
    workspace_id: UUID,
    new: store.NewPrompt,
    content: VersionContent,
    *,
    label: Label | None,
    author: Author,
    clock: Clock,
    source: Source = "manual",
    change_message: str = "",
    insists: bool = False,
) -> tuple[Head, Version]:
    """The prompt with version 1, and `label` on it where one is given. Call `announce.prompt_changed` last in the transaction.

    A label that is protected is left out, as nobody has approved the version yet, or refused (LabelProtected) where the caller `insists`.
    Raises Conflict where the slug is taken, InvalidField where the content could never be sent.
    """
    checked(content, version=1)
    check_blocks(content, new.locked_blocks)
    includes = await check_whole(tx, workspace_id, new.slug, content)

    prompt = await store.insert_prompt(tx, workspace_id, new, author=author)
    if prompt is None:
        raise await _taken(tx, workspace_id, new.slug)
    version = await store.insert_version(
        tx, prompt, content, version=1, base_version=None, source=source, change_message=change_message, author=author
    )
    await note_uses(tx, prompt, 1, includes)
    await announce.version_created(tx, prompt, version=1, source=source, revision=prompt.revision, clock=clock)

    labels: dict[str, PlacedLabel] = {}
    if label is not None and insists:
        await check_may_name(tx, prompt, label, version=1)
    if label is not None and (insists or label not in (await rules_of(tx, workspace_id)).protected):
        moved_at = await store.put_label(tx, prompt, label, version=1)
        await store.insert_move(tx, prompt, label, from_version=None, to_version=1, reason="", author=author, moved_at=moved_at)
        await announce.label_moved(tx, prompt, label=label, from_version=None, to_version=1, revision=prompt.revision, clock=clock)
        labels[label] = PlacedLabel(label, 1, moved_at)
    return Head(prompt, labels), version


def of_its_own(prompt: Prompt, content: VersionContent, *, slug: Slug, name: str) -> store.NewPrompt:
    """A prompt of what was made from another one: all that is said of that one, and of its locked blocks those that the content holds."""
    return store.NewPrompt(
        slug, name, prompt.description, prompt.use_case, prompt.folder, prompt.tags, prompt.categories, prompt.app_contexts,
        tuple(one for one in prompt.locked_blocks if holds(content, one)), prompt.rules,
    )  # fmt: skip


async def _taken(tx: Tx, workspace_id: UUID, slug: Slug) -> Conflict:
    head = await store.find_head(tx, workspace_id, slug)
    archived_at = head.prompt.archived_at if head else None
    if archived_at is None:
        return Conflict(f"There is a prompt '{slug}' already; add a version to it, or choose another slug.", param="slug")
    restore = f"restore it with POST /v1/prompts/{slug}/restore, or choose another slug."
    return Conflict(f"There is a prompt '{slug}' already, archived on {archived_at:%Y-%m-%d}; {restore}", param="slug")
