"""What is checked of a version with all that it includes, before it is saved (PRODUCT P1, P2)."""

from collections.abc import Sequence
from uuid import UUID

from burnish_gateway.models.store import keep_models
from burnish_gateway.registry import uses_store
from burnish_gateway.registry.content import VersionContent
from burnish_gateway.registry.hold_snippets import hold_snippets
from burnish_gateway.registry.prompt import Prompt, Source
from burnish_shared.db.session import Tx
from burnish_shared.errors import Conflict, InvalidField
from burnish_shared.slug import Slug
from burnish_shared.template.syntax import Include

SHOWN_CHARS = 80


async def check_whole(tx: Tx, workspace_id: UUID, slug: Slug, content: VersionContent) -> tuple[Include, ...]:
    """The snippets that it includes itself. They, and the workspace's own models that it names, stay until the transaction ends.

    Raises InvalidField where one is missing, is no snippet, includes this prompt, or contradicts it.
    """
    await keep_models(tx, workspace_id, [content.model, *content.spec.get("fallback_models", ())])
    includes = content.includes()
    if includes:
        snippets = await hold_snippets(tx, workspace_id, includes)
        content.template(snippets, slug=slug)
        content.variants(snippets, slug=slug)
    return includes


async def note_uses(tx: Tx, prompt: Prompt, version: int, includes: Sequence[Include]) -> None:
    """Writes down what a version that was just saved includes."""
    if includes:
        await uses_store.insert_uses(tx, prompt, version, includes)


def check_locked(prompt: Prompt, content: VersionContent, *, source: Source) -> None:
    """Raises Conflict where a version that a machine wrote lacks a text that must stay."""
    if source != "optimizer":
        return
    for index, block in enumerate(prompt.locked_blocks):
        if not holds(content, block):
            shown = block if len(block) <= SHOWN_CHARS else block[:SHOWN_CHARS] + "…"
            raise Conflict(f"The locked block {index + 1} of '{prompt.slug}' is not kept: {shown!r}.", param=f"locked_blocks[{index}]")


def warnings_of(prompt: Prompt, content: VersionContent) -> list[str]:
    """What people may do, and should know: a text that optimization and compression must keep is not there to be kept."""
    return [
        f"The locked block {index + 1} stands in no message of this version, so nothing keeps it: {block[:SHOWN_CHARS]!r}."
        for index, block in enumerate(prompt.locked_blocks)
        if not holds(content, block)
    ]


def check_blocks(content: VersionContent, blocks: Sequence[str]) -> None:
    """Raises InvalidField for a block that stands in none of the version's messages: it could not be kept."""
    for index, block in enumerate(blocks):
        if not holds(content, block):
            raise InvalidField(
                f"locked_blocks[{index}]: this text stands in no message of the version, so it cannot be kept word for word.",
                param=f"locked_blocks[{index}]",
            )


def holds(content: VersionContent, block: str) -> bool:
    return any(block in str(message.get("content") or "") for message in content.messages)
