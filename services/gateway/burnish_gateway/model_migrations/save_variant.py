"""Saves what a move to another model came to: a version for the successor, on a branch, which nobody gets until a label moves to it."""

from collections.abc import Mapping
from typing import Any

from asyncpg import Record

from burnish_gateway.access.principal import Principal
from burnish_gateway.optimization.measured_with import text_in
from burnish_gateway.registry import announce, line_store, lines
from burnish_gateway.registry import store as prompts_store
from burnish_gateway.registry.add_version import Origin, add_version
from burnish_gateway.registry.prompt import Author, no_such_prompt
from burnish_shared.clock import Clock
from burnish_shared.db.session import Tx
from burnish_shared.errors import Conflict
from burnish_shared.slug import Slug, parse_label


async def save_variant(
    tx: Tx, principal: Principal, migration: Record, step: Record, *, found: Mapping[str, Any] | None, clock: Clock
) -> int:
    """`found` None: the version's own text with the successor. Else what a suggestion changes over the version: its text for the successor
    becomes the version's variant for it, and all else (examples) the version's own. Returns the version's number.

    Raises NotFound where the version is gone, Conflict for an archived prompt, InvalidField.
    """
    slug, model = Slug(step["slug"]), migration["to_model"]
    head = await prompts_store.lock_head(tx, principal.workspace_id, slug)
    if head is None:
        raise no_such_prompt(slug)
    branch = parse_label(f"migration-{migration['migration_id'].hex[-8:]}-v{step['version']}", param="branch")
    try:
        await line_store.start_branch(tx, head.prompt, branch, version=step["version"], by=principal.actor)
    except Conflict:
        if branch not in {one.branch for one in await line_store.list_branches(tx, head.prompt)}:
            raise  # too many branches: the other one is ours
    base = await lines.version_of(tx, head.prompt, step["version"], param="prompt")
    given: dict[str, Any] = {name: value for name, value in (found or {}).items() if name not in ("messages", "variants")} | {
        "model": model
    }
    if (messages := text_in(found or {}, model)) is not None:
        others = [one for one in base.content.spec.get("variants") or () if one["model"] != model]
        given["variants"] = [*others, {"model": model, "messages": [dict(one) for one in messages]}]
    saved = await add_version(
        tx,
        principal.workspace_id,
        slug,
        given,
        base_version=step["version"],
        author=Author(principal.actor),
        clock=clock,
        origin=Origin("optimizer" if found is not None else "manual", "derived_from", job_id=step["job_id"]),
        change_message=f"For {model} instead of {migration['from_model']}"[:200],
        branch=branch,
    )
    await announce.prompt_changed(tx, principal.workspace_id, slug)
    return saved.version.version
