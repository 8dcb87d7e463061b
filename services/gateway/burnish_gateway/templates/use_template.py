"""Use a template: a prompt of one's own, whose lineage says what it was made of."""

from burnish_gateway.access.principal import Principal
from burnish_gateway.marketplace import store as entries
from burnish_gateway.registry import sharing_store
from burnish_gateway.registry.content import VersionContent
from burnish_gateway.registry.create_prompt import create_prompt
from burnish_gateway.registry.prompt import CloneSource, Head, Version
from burnish_gateway.registry.spelling import author_of
from burnish_gateway.registry.store import NewPrompt
from burnish_gateway.templates import store
from burnish_gateway.templates.template import Template
from burnish_shared.clock import Clock
from burnish_shared.db.session import Tx
from burnish_shared.slug import Label


async def use_template(
    tx: Tx, principal: Principal, template: Template, new: NewPrompt, *, model: str | None, label: Label | None, insists: bool, clock: Clock
) -> tuple[Head, Version]:
    """The new prompt with version 1. Call `announce.prompt_changed` last in the transaction.

    Raises Conflict for a slug in use, LabelProtected where the caller `insists` on a label.
    """
    fields = {**template.content, "fallback_version": None} | ({"model": model, "provider": None} if model else {})
    head, version = await create_prompt(
        tx,
        principal.workspace_id,
        new,
        VersionContent.from_fields(fields),
        label=label,
        author=author_of(principal),
        clock=clock,
        source="clone",
        insists=insists,
        change_message=f"Made of the template {template.slug} of {template.publisher}, version {template.version}",
    )
    source = CloneSource(template.entry_id, template.publisher, template.slug, template.version)
    await sharing_store.insert_clone_edge(tx, head.prompt, version=version.version, source=source)
    if template.origin == "shipped":
        await store.count_use(tx, template.template_id)
    else:
        await entries.count_clone(tx, template.entry_id)
    return head, version
