"""Reads the prompts that a prompt includes, at one moment: for whoever saves, moves a label, or runs a version outside of a gateway."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from burnish_shared.db.session import Tx
from burnish_shared.errors import InvalidField
from burnish_shared.slug import PRODUCTION
from burnish_shared.template import parse_messages
from burnish_shared.template.snippets import MAX_SNIPPET_DEPTH, Snippet, gather, snippet_of
from burnish_shared.template.survey import includes_of
from burnish_shared.template.syntax import Include


async def load_snippets(
    tx: Tx, workspace_id: UUID, includes: Sequence[Include], *, pinned: Mapping[str, int] | None = None
) -> dict[str, Snippet]:
    """Those that are there, by the name that includes them. One query, whatever their number. `pinned`: versions that some names are
    taken to mean, also where the prompt has been archived since.

    Raises InvalidField for a prompt that cannot be included, because it has several messages.
    """
    rows = await tx.fetch(
        """SELECT i.name, i.slug, v.version, v.content
             FROM unnest($2::text[], $3::text[], $4::text[], $5::integer[], $6::integer[]) AS i (name, slug, label, at_version, pinned)
             JOIN prompts p ON p.workspace_id = $1 AND p.slug = i.slug AND (p.archived_at IS NULL OR i.pinned IS NOT NULL)
             LEFT JOIN prompt_labels l ON l.workspace_id = $1 AND l.prompt_id = p.prompt_id AND l.label = i.label
             JOIN prompt_versions v
               ON v.workspace_id = $1 AND v.prompt_id = p.prompt_id AND v.version = coalesce(i.pinned, i.at_version, l.version)""",
        workspace_id,
        [one.name for one in includes],
        [one.slug for one in includes],
        [None if one.version else one.label or PRODUCTION for one in includes],
        [one.version for one in includes],
        [(pinned or {}).get(one.name) for one in includes],
    )
    return {row["name"]: snippet_of(row["slug"], row["version"], row["content"]) for row in rows}


async def gather_snippets(
    tx: Tx, workspace_id: UUID, includes: Sequence[Include], *, pinned: Mapping[str, int] | None = None
) -> dict[str, Snippet]:
    """All that are needed, one query for each depth. Raises InvalidField as `gather`."""
    return await SnippetReader(tx, workspace_id, pinned=pinned).gather(includes)


async def snippets_of_version(
    tx: Tx, workspace_id: UUID, content: Mapping[str, Any], *, pinned: Mapping[str, int] | None = None
) -> dict[str, Snippet]:
    """What the texts of a version include, as it stands now, or as `pinned` says. Empty where something is missing: putting them together
    then says what."""
    [found] = await snippets_of_versions(tx, workspace_id, [content], pinned=pinned)
    return found


async def snippets_of_versions(
    tx: Tx, workspace_id: UUID, contents: Sequence[Mapping[str, Any]], *, pinned: Mapping[str, int] | None = None
) -> list[dict[str, Snippet]]:
    """The same of several versions, in their order: one query for each depth, however many they are."""
    reader = SnippetReader(tx, workspace_id, pinned=pinned)
    includes = [_includes_in(content) for content in contents]
    await reader.read_ahead([one for wanted in includes for one in wanted])
    found: list[dict[str, Snippet]] = []
    for wanted in includes:
        try:
            found.append(await reader.gather(wanted))
        except InvalidField:
            found.append({})
    return found


def _includes_in(content: Mapping[str, Any]) -> list[Include]:
    texts = [content["messages"], *(one["messages"] for one in content.get("variants") or ())]
    templates = [parse_messages(messages, parameters=content.get("parameters")) for messages in texts]
    return list(dict.fromkeys(one for text in templates for one in text.includes))


class SnippetReader:
    """Reads each snippet once, however many versions of one transaction ask for it."""

    def __init__(self, tx: Tx, workspace_id: UUID, *, pinned: Mapping[str, int] | None = None) -> None:
        self._tx = tx
        self._workspace_id = workspace_id
        self._pinned = pinned
        self._known: dict[str, Snippet | None] = {}

    async def read_ahead(self, includes: Sequence[Include]) -> None:
        """What texts that include these will ask for, one query for each depth. Of what cannot be included `gather` says so."""
        wanted = list(includes)
        for _ in range(MAX_SNIPPET_DEPTH + 1):
            wanted = [one for one in dict.fromkeys(wanted) if one.name not in self._known]
            if not wanted:
                return
            try:
                found = await load_snippets(self._tx, self._workspace_id, wanted, pinned=self._pinned)
            except InvalidField:
                return
            self._known |= {one.name: found.get(one.name) for one in wanted}
            wanted = [deeper for snippet in found.values() for deeper in includes_of(snippet.parts)]

    async def gather(self, includes: Sequence[Include], *, instead: Mapping[str, Snippet] | None = None) -> dict[str, Snippet]:
        """`instead`: what some names are taken to mean. Raises InvalidField as `gather`."""

        async def load(wanted: Sequence[Include]) -> Mapping[str, Snippet]:
            unknown = [one for one in wanted if one.name not in self._known]
            if unknown:
                found = await load_snippets(self._tx, self._workspace_id, unknown, pinned=self._pinned)
                self._known |= {one.name: found.get(one.name) for one in unknown}
            meant = {one.name: (instead or {}).get(one.name) or self._known[one.name] for one in wanted}
            return {name: snippet for name, snippet in meant.items() if snippet is not None}

        return await gather(includes, load) if includes else {}
