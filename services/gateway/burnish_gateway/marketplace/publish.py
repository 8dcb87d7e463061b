"""Publish one version: copy it into the marketplace, with what the rollups say of it."""

import asyncio
import json
from dataclasses import dataclass
from typing import Self

from burnish_gateway.access.principal import Principal
from burnish_gateway.marketplace import store
from burnish_gateway.marketplace.entry import Entry
from burnish_gateway.marketplace.key_like import key_like
from burnish_gateway.marketplace.store import Publication
from burnish_gateway.registry import sharing_store
from burnish_gateway.registry import store as registry_store
from burnish_gateway.registry.prompt import Prompt, Version, check_not_archived, no_such_prompt
from burnish_shared.db.session import Database, Tx
from burnish_shared.errors import Conflict, InvalidField, NotFound
from burnish_shared.slug import Label, Slug


@dataclass(frozen=True, slots=True)
class Screened:
    """Texts that were searched for secrets, and what was found: the name of the part that holds it and what it looks like, or None."""

    texts: dict[str, str]
    found: tuple[str, str] | None

    @classmethod
    def of(cls, texts: dict[str, str]) -> Self:
        found = ((param, key_like(text)) for param, text in texts.items())
        return cls(texts, next(((param, kind) for param, kind in found if kind is not None), None))


async def screen(
    db: Database, principal: Principal, slug: Slug, *, label: Label | None, version: int | None, given: Publication
) -> Screened | None:
    """Searches what would be published now, in a thread and before any lock is held: texts may be long. None: there is no such version."""
    async with db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
        head = await registry_store.find_head(tx, principal.workspace_id, slug)
        if head is None:
            return None
        try:
            number, _ = head.named(label=label, version=version)
        except NotFound:
            return None
        found = await registry_store.find_version(tx, principal.workspace_id, head.prompt.prompt_id, number)
    return None if found is None else await asyncio.to_thread(Screened.of, _texts(head.prompt, found, given))


async def publish(
    tx: Tx, principal: Principal, slug: Slug, *, label: Label | None, version: int | None, given: Publication, screened: Screened | None
) -> tuple[Entry, bool]:
    """The entry, and whether it is new: a version that is published already is only described anew.

    `screened`: what `screen` said a moment ago; a prompt that was changed since then is searched again.
    Raises NotFound for an unknown prompt, version or label, Conflict for an archived prompt and for a version that includes other prompts,
    InvalidField where something in it looks like a secret.
    """
    head = await registry_store.lock_head(tx, principal.workspace_id, slug)
    if head is None:
        raise no_such_prompt(slug)
    check_not_archived(head.prompt)
    number, _ = head.named(label=label, version=version)
    found = await registry_store.find_version(tx, principal.workspace_id, head.prompt.prompt_id, number)
    if found is None:
        raise no_such_prompt(slug, version=number)
    if given.visibility != "private" and (included := found.content.includes()):
        named = ", ".join(one.name for one in included)
        raise Conflict(
            f"Version {number} includes prompts that others do not have ({named}); write their text out to publish it.", param="version"
        )
    texts = _texts(head.prompt, found, given)
    _refuse_secrets(screened if screened is not None and screened.texts == texts else Screened.of(texts))
    figures = await store.find_figures(tx, principal.workspace_id, slug=slug, version=number)
    if given.visibility not in (None, "private"):
        await sharing_store.widen(tx, head.prompt, to=given.visibility)
    return await store.put_entry(
        tx, head.prompt, found.content, version=number, organization_id=principal.organization_id, given=given, figures=figures
    )


def _texts(prompt: Prompt, version: Version, given: Publication) -> dict[str, str]:
    return {
        "prompt": json.dumps(version.content.fields(), ensure_ascii=False).replace("\\n", "\n").replace('\\"', '"'),
        "description": f"{given.description}\n{prompt.description}\n{prompt.name}\n{prompt.use_case}",
        "example": given.example,
        "categories": "\n".join(given.categories),
        "tags": "\n".join(prompt.tags),
        "use_cases": "\n".join(given.form.get("use_cases", ())),
        "recommended_models": "\n".join(given.form.get("recommended_models", ())),
        "benchmarks": "\n".join(str(one) for said in given.form.get("benchmarks", ()) for one in said.values()),
    }


def _refuse_secrets(screened: Screened) -> None:
    if screened.found is not None:
        param, kind = screened.found
        raise InvalidField(
            f"{param}: holds what looks like {kind}. Take it out (a saved version never changes: save a new one) and publish that.",
            param=param,
        )
