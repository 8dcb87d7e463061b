"""Which served prompts change with a snippet, and whether each would still be a prompt (PRODUCT P2)."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, Final

from burnish_gateway.registry import store, uses_store
from burnish_gateway.registry.content import VersionContent
from burnish_gateway.registry.prompt import Affected, Prompt
from burnish_gateway.registry.uses_store import Use
from burnish_shared.db.session import Tx
from burnish_shared.db.snippet_store import SnippetReader
from burnish_shared.errors import Conflict, InvalidField
from burnish_shared.slug import PRODUCTION, Label
from burnish_shared.template.snippets import MAX_SNIPPET_DEPTH, Snippet, snippet_of

NAMED_MOST: Final = 10


async def users_of(tx: Tx, prompt: Prompt, *, names: frozenset[str] | None = None) -> list[tuple[Use, tuple[str, ...]]]:
    """Served versions that include the prompt, directly or by others that they include, each with its way to it.

    `names`: by which names it is included directly; None: any. One query for each depth.
    """
    found: dict[tuple[str, int], tuple[Use, tuple[str, ...]]] = {}
    ways: dict[str, tuple[str, ...]] = {}
    wanted: Sequence[str] = [prompt.slug]
    for depth in range(MAX_SNIPPET_DEPTH):
        users = await uses_store.users(tx, prompt.workspace_id, wanted) if wanted else []
        reached: dict[str, tuple[str, ...]] = {}
        for use in users:
            if (depth == 0 and names is not None and use.name not in names) or (depth > 0 and use.name not in ways):
                continue
            way = (use.name, *ways.get(use.name, ()))
            if use.is_served:
                found.setdefault((use.slug, use.version), (use, way))
            for name in _names_of(use):
                reached.setdefault(name, way)
        ways = {**reached}
        wanted = sorted({name.partition("@")[0] for name in reached} - {prompt.slug})
    return list(found.values())


async def effects_of(tx: Tx, prompt: Prompt, label: Label, *, version: int | None) -> list[Affected]:
    """What changes when `label` moves to this version; None: when the label is taken away. One query where nobody includes it."""
    names = frozenset({f"{prompt.slug}@{label}"} | ({str(prompt.slug)} if label == PRODUCTION else set()))
    users = await users_of(tx, prompt, names=names)
    if not users:
        return []
    instead: Mapping[str, Snippet] | str
    try:
        found = None if version is None else await store.find_version(tx, prompt.workspace_id, prompt.prompt_id, version)
        if found is None:
            raise InvalidField(f"The label '{label}' of the snippet '{prompt.slug}' would be gone.", param="label")
        instead = {name: snippet_of(prompt.slug, found.version, found.content.fields()) for name in names}
    except InvalidField as error:
        instead = error.message
    reader = SnippetReader(tx, prompt.workspace_id)
    return [await _effect(reader, use, way, instead) for use, way in users]


def refuse_broken(effects: Sequence[Affected], *, what: str) -> None:
    """Raises Conflict, naming the prompts that would be none any more."""
    broken = [one for one in effects if one.problem is not None]
    if broken:
        named = "; ".join(f"{one.slug}, version {one.version}: {one.problem}" for one in broken[:NAMED_MOST])
        more = f" (and {len(broken) - NAMED_MOST} more)" if len(broken) > NAMED_MOST else ""
        raise Conflict(f"{what} would break prompts that include it: {named}{more}", param="label")


async def check_not_included(tx: Tx, prompt: Prompt, *, what: str) -> None:
    """Raises Conflict where served versions of other prompts include it."""
    users = [(use, way) for use, way in await users_of(tx, prompt) if use.slug != prompt.slug]
    if users:
        named = ", ".join(dict.fromkeys(f"{use.slug} (version {use.version})" for use, _ in users[:NAMED_MOST]))
        raise Conflict(f"{what} would break prompts that include it: {named}. Take it out of those first.", param="prompt")


def _names_of(use: Use) -> list[str]:
    """The names by which others can include this version: its labels, its number, and its bare slug for `production`."""
    names = [f"{use.slug}@{label}" for label in use.labels] + [f"{use.slug}@{use.version}"]
    return [*names, use.slug] if PRODUCTION in use.labels else names


async def _effect(reader: SnippetReader, use: Use, way: tuple[str, ...], instead: Mapping[str, Snippet] | str) -> Affected:
    if isinstance(instead, str):
        return Affected(use.slug, use.version, use.labels, way, problem=instead)
    content = VersionContent.from_fields(use.content)
    includes = content.includes()
    before: tuple[frozenset[str], frozenset[str]] | None = None
    with suppress(InvalidField):  # it was broken before: what it asked for is not known
        before = _asks(content, await reader.gather(includes), slug=use.slug)
    try:
        after = _asks(content, await reader.gather(includes, instead=instead), slug=use.slug)
    except InvalidField as error:
        return Affected(use.slug, use.version, use.labels, way, problem=error.message)
    required, names = after
    return Affected(
        use.slug, use.version, use.labels, way,
        new_required=tuple(sorted(required - before[0])) if before else (),
        no_longer_used=tuple(sorted(before[1] - names)) if before else (),
    )  # fmt: skip


def _asks(content: VersionContent, snippets: Mapping[str, Any], *, slug: str) -> tuple[frozenset[str], frozenset[str]]:
    """What the texts of a version require, and all variables that they use."""
    texts = [content.template(snippets, slug=slug), *(one.template for one in content.variants(snippets, slug=slug))]
    return (
        frozenset(name for text in texts for name in text.required),
        frozenset(variable.name for text in texts for variable in text.variables.values()),
    )
