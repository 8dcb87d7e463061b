"""Publish one version: copy it into the marketplace, with what the rollups say of it."""

import json

from burnish_gateway.access.principal import Principal
from burnish_gateway.marketplace import store
from burnish_gateway.marketplace.entry import Entry
from burnish_gateway.marketplace.key_like import key_like
from burnish_gateway.marketplace.store import Publication
from burnish_gateway.registry import sharing_store
from burnish_gateway.registry import store as registry_store
from burnish_gateway.registry.prompt import Prompt, Version, no_such_prompt
from burnish_shared.db.session import Tx
from burnish_shared.errors import InvalidField
from burnish_shared.slug import Label, Slug


async def publish(
    tx: Tx, principal: Principal, slug: Slug, *, label: Label | None, version: int | None, given: Publication
) -> tuple[Entry, bool]:
    """The entry, and whether it is new: a version that is published already is only described anew.

    Raises NotFound for an unknown prompt, version or label, InvalidField where something in it looks like a secret.
    """
    head = await registry_store.lock_head(tx, principal.workspace_id, slug)
    if head is None:
        raise no_such_prompt(slug)
    number, _ = head.named(label=label, version=version)
    found = await registry_store.find_version(tx, principal.workspace_id, head.prompt.prompt_id, number)
    if found is None:
        raise no_such_prompt(slug, version=number)
    _refuse_secrets(head.prompt, found, given)
    figures = await store.find_figures(tx, principal.workspace_id, slug=slug, version=number)
    await sharing_store.widen(tx, head.prompt, to=given.visibility)
    return await store.put_entry(
        tx, head.prompt, found.content, version=number, organization_id=principal.organization_id, given=given, figures=figures
    )


def _refuse_secrets(prompt: Prompt, version: Version, given: Publication) -> None:
    texts = {
        "prompt": json.dumps(version.content.fields(), ensure_ascii=False).replace("\\n", "\n").replace('\\"', '"'),
        "description": f"{given.description}\n{prompt.description}\n{prompt.name}\n{prompt.use_case}",
        "example": given.example,
    }
    for param, text in texts.items():
        found = key_like(text)
        if found is not None:
            raise InvalidField(
                f"{param}: holds what looks like {found}. Take it out (a saved version never changes: save a new one) and publish that.",
                param=param,
            )
