"""Keep a template of the source systems as a prompt: made with `production` on it, or its next version, to which production moves."""

from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from asyncpg import Record

from burnish_gateway.access import audit
from burnish_gateway.access.principal import Principal
from burnish_gateway.assistant.models import usual_model
from burnish_gateway.compat.source import store
from burnish_gateway.compat.source.bodies import ChangedSourcePrompt, NewSourcePrompt
from burnish_gateway.compat.source.template import categories_in, converted
from burnish_gateway.deps import Gateway
from burnish_gateway.registry import announce
from burnish_gateway.registry import store as prompts_store
from burnish_gateway.registry.add_version import add_version
from burnish_gateway.registry.content import VersionContent
from burnish_gateway.registry.create_prompt import create_prompt
from burnish_gateway.registry.move_label import move_label
from burnish_gateway.registry.note_label import note_label
from burnish_gateway.registry.prompt import check_not_archived, no_such_prompt
from burnish_gateway.registry.spelling import author_of, tags_of
from burnish_shared.clock import Clock
from burnish_shared.db.session import Tx
from burnish_shared.errors import Conflict
from burnish_shared.slug import PRODUCTION, Slug, parse_slug

TOY: Final = "simulated/reader"
"""Of the toys the one that sorts texts, which is what the prompts of these systems do."""


@dataclass(frozen=True, slots=True)
class KeptPrompt:
    """`changes`: what of the template was written otherwise."""

    row: Record
    changes: list[str]


async def model_for(gateway: Gateway, principal: Principal, named: str | None) -> str:
    """The model that is named, else the installation's for these paths, else the registry's. Raises InvalidField where there is none."""
    chosen = named or gateway.settings.compat_model or await usual_model(gateway, principal, "enrichment")
    return TOY if chosen.startswith("simulated/") and not named and not gateway.settings.compat_model else chosen


async def create(tx: Tx, principal: Principal, body: NewSourcePrompt, *, model: str, clock: Clock) -> KeptPrompt:
    """Raises Conflict where the id is taken, InvalidField."""
    slug, text = parse_slug(body.id, param="id"), converted(body.template)
    categories = body.categories if body.categories is not None else categories_in(body.template)
    new = prompts_store.NewPrompt(slug=slug, name=body.name, categories=tags_of(categories))
    content = VersionContent.from_fields({"messages": [{"role": "user", "content": text.template}], "model": model})
    try:
        await create_prompt(tx, principal.workspace_id, new, content, label=PRODUCTION, author=author_of(principal), clock=clock)
    except Conflict as taken:
        if taken.param != "slug":
            raise
        raise Conflict(taken.message, param="id") from taken
    await audit.note(tx, principal, action="prompt.created", kind="prompt", key=slug, after={"version": 1, "label": PRODUCTION})
    await announce.prompt_changed(tx, principal.workspace_id, slug)
    return KeptPrompt(await _kept(tx, principal.workspace_id, slug), text.changes)


async def change(tx: Tx, principal: Principal, slug: Slug, body: ChangedSourcePrompt, *, clock: Clock) -> KeptPrompt:
    """Raises NotFound, Conflict for an archived one, LabelProtected."""
    head = await prompts_store.lock_head(tx, principal.workspace_id, slug)
    if head is None:
        raise no_such_prompt(slug)
    check_not_archived(head.prompt)
    changes: list[str] = []
    if body.template is not None:
        changes = await _next_version(tx, principal, slug, body.template, base_version=head.prompt.latest_version, clock=clock)
    fields: dict[str, Any] = {} if body.name is None else {"name": body.name}
    if body.categories is not None or (body.template is not None and categories_in(body.template)):
        fields["categories"] = list(tags_of(body.categories if body.categories is not None else categories_in(body.template or "")))
    if fields:
        before = {name: getattr(head.prompt, name) for name in fields}
        await prompts_store.update_prompt(tx, head.prompt, fields)
        await audit.note(tx, principal, action="prompt.changed", kind="prompt", key=slug, before=before, after=fields)
    await announce.prompt_changed(tx, principal.workspace_id, slug)
    return KeptPrompt(await _kept(tx, principal.workspace_id, slug), changes)


async def _next_version(tx: Tx, principal: Principal, slug: Slug, template: str, *, base_version: int, clock: Clock) -> list[str]:
    text = converted(template)
    given = {"messages": [{"role": "user", "content": text.template}]}
    saved = await add_version(
        tx, principal.workspace_id, slug, given, base_version=base_version, author=author_of(principal), clock=clock,
        change_message="By the source system's interface",
    )  # fmt: skip
    version = saved.version.version
    if saved.is_new:
        after = {"version": version, "base_version": base_version}
        await audit.note(tx, principal, action="prompt.version.created", kind="prompt", key=slug, after=after)
    moved = await move_label(tx, principal.workspace_id, slug, PRODUCTION, version=version, author=author_of(principal), clock=clock)
    await note_label(tx, principal.workspace_id, principal, slug, PRODUCTION, moved, version=version)
    return text.changes


async def _kept(tx: Tx, workspace_id: UUID, slug: Slug) -> Record:
    row = await store.find_prompt(tx, workspace_id, slug)
    if row is None:
        raise no_such_prompt(slug)
    return row
