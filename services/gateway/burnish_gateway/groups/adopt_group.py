"""Makes a group of messages without a prompt a prompt, whose history is that of the group (PRODUCT E1)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from burnish_gateway.access import audit
from burnish_gateway.access.principal import Principal
from burnish_gateway.execution.group_key import INSTRUCTIONS
from burnish_gateway.execution.order import CALLERS_PLACEHOLDER
from burnish_gateway.groups import store
from burnish_gateway.registry import announce
from burnish_gateway.registry.content import VersionContent
from burnish_gateway.registry.create_prompt import create_prompt
from burnish_gateway.registry.prompt import Head, Version
from burnish_gateway.registry.spelling import author_of
from burnish_gateway.registry.store import NewPrompt
from burnish_shared.clock import Clock
from burnish_shared.contracts.executions import PromptRef
from burnish_shared.db.changes import note_change
from burnish_shared.db.session import Tx
from burnish_shared.errors import Conflict, NotFound
from burnish_shared.prompt_settings import DEFAULT_OUTPUT_TOKENS, settings_of
from burnish_shared.slug import Label, Slug

NOBODY: Final = UUID(int=0)
"""Before every id: of all that is still known."""


@dataclass(frozen=True, slots=True)
class Adoption:
    """What the prompt is to be. `messages`, `model` None: those of the group's newest call.

    `insists`: the label was asked for by name, so it is refused where it is protected, and not left out.
    """

    group_key: str
    slug: Slug
    name: str
    label: Label | None
    insists: bool = False
    messages: Sequence[Mapping[str, Any]] | None = None
    model: str | None = None


async def adopt_group(tx: Tx, principal: Principal, asked: Adoption, *, clock: Clock) -> tuple[Head, Version]:
    """The prompt, with version 1. From the commit on the group's calls count for it; analytics moves those of before.

    Raises NotFound for a group that nothing is known of, Conflict for one that has become a prompt, a slug that is taken, and a group
    whose texts are not kept where the caller gives none, LabelProtected. Writes the change notes.
    """
    workspace_id = principal.workspace_id
    before = await store.find_adopted(tx, workspace_id, asked.group_key)
    if before is not None:
        raise Conflict(f"This group has become the prompt '{before['slug']}' already.", param="group_key")
    found = await store.list_groups(tx, workspace_id, since=NOBODY, group_key=asked.group_key)
    if not found:
        raise NotFound("There is no group of this key, or its calls have not been counted yet.")
    content = await _content(tx, workspace_id, asked, newest=found[0]["newest"])
    head, version = await create_prompt(
        tx, workspace_id, NewPrompt(slug=asked.slug, name=asked.name), content, label=asked.label, author=author_of(principal), clock=clock,
        change_message=f"From calls without a prompt, grouped by {asked.group_key}", insists=asked.insists,
    )  # fmt: skip
    prompt = PromptRef(prompt_id=head.prompt.prompt_id, slug=asked.slug, version=version.version)
    if await store.adopt(tx, workspace_id, asked.group_key, prompt=prompt, by=principal.actor) is None:
        raise Conflict("Somebody else has made a prompt of this group at the same moment.", param="group_key")
    after = {"group": asked.group_key, "version": version.version, "label": next(iter(head.labels), None)}
    await audit.note(tx, principal, action="execution_group.adopted", kind="prompt", key=asked.slug, after=after)
    await announce.prompt_changed(tx, workspace_id, asked.slug)
    await note_change(tx, workspace_id=workspace_id, kind="execution_group", key=asked.group_key)
    return head, version


async def _content(tx: Tx, workspace_id: UUID, asked: Adoption, *, newest: Sequence[UUID]) -> VersionContent:
    """The instructions as they are, then the messages that a call brings."""
    row = await store.newest_content(tx, workspace_id, newest)
    if asked.messages is not None:
        messages = [dict(one) for one in asked.messages]
    elif row is not None:
        messages = instructions(row["messages"])
    else:
        raise Conflict("The texts of this group are not kept; give 'messages', the text that the prompt is to have.", param="messages")
    settings = settings_of(row["settings"]) if row is not None else {}
    if settings.get("max_tokens") == DEFAULT_OUTPUT_TOKENS:  # Nobody asked for it: it is what is held for where nothing is said.
        del settings["max_tokens"]
    model = asked.model or (row["model"] if row is not None else None)
    return VersionContent.from_fields({"messages": messages, "model": model, **settings})


def instructions(messages: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """System and developer messages as templates that say just that, and behind them the place for what a call brings."""
    said = [{"role": one["role"], "content": _literal(one.get("content"))} for one in messages if one.get("role") in INSTRUCTIONS]
    return [*said, {"role": "placeholder", "name": CALLERS_PLACEHOLDER}]


def _literal(content: object) -> str:
    """Two braces begin a variable, four stand for two."""
    if isinstance(content, list):
        content = "\n".join(part["text"] for part in content if isinstance(part, dict) and isinstance(part.get("text"), str))
    return content.replace("{{", "{{{{") if isinstance(content, str) else ""
