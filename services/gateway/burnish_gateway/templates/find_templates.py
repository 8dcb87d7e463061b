"""Find templates: those that ship first, then what workspaces made, the newest first."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal
from uuid import UUID

from burnish_gateway.access.principal import Principal
from burnish_gateway.marketplace import store as entries
from burnish_gateway.templates import store
from burnish_gateway.templates.library import ShippedTemplate, shipped
from burnish_gateway.templates.template import Template, no_such_template, of_entry, of_shipped
from burnish_shared.db.session import Tx

WORD: Final = re.compile(r"[^\W_]+")

OriginFilter = Literal["shipped", "workspace", "shared"]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which templates a list holds. None: whatever."""

    text: str | None = None
    category: str | None = None
    tag: str | None = None
    origin: OriginFilter | None = None


@dataclass(frozen=True, slots=True)
class Listed:
    """A template and where it stands in the list: what a cursor holds."""

    template: Template
    position: list[Any]


async def list_templates(tx: Tx, principal: Principal, wanted: Wanted, *, after: Sequence[Any] | None, limit: int) -> list[Listed]:
    """Those behind the position `after`. The transaction sees what the caller's organization sees."""
    found: list[Listed] = []
    if wanted.origin in (None, "shipped") and (after is None or after[0] == "shipped"):
        uses = await store.uses_of_shipped(tx)
        beyond = after[1] if after else ""
        names = [name for name, one in shipped().items() if fits(one, name, wanted)]
        names = names[names.index(beyond) + 1 :] if beyond in names else names
        found = [Listed(of_shipped(name, shipped()[name], uses=uses.get(name, 0)), ["shipped", name]) for name in names[:limit]]
    if len(found) < limit and wanted.origin != "shipped":
        position = list(after[1:]) if after and after[0] == "entry" else None
        rows = await entries.list_entries(
            tx, principal.workspace_id, _of_entries(wanted), sort="newest", after=position, limit=limit - len(found)
        )
        found += [Listed(of_entry(entry, reader=principal.workspace_id), ["entry", repr(key), str(entry.entry_id)]) for entry, key in rows]
    return found


async def find_template(tx: Tx, principal: Principal, template_id: str) -> Template:
    """The template with its content. Raises NotFound for what is none, or what the caller may not see."""
    ships = shipped().get(template_id)
    if ships is not None:
        uses = await store.uses_of_shipped(tx)
        return of_shipped(template_id, ships, uses=uses.get(template_id, 0), whole=True)
    try:
        entry_id = UUID(template_id)
    except ValueError:
        raise no_such_template() from None
    await entries.as_organization(tx, principal.organization_id)
    entry = await entries.find_entry(tx, entry_id)
    if entry is None:
        raise no_such_template()
    return of_entry(entry, reader=principal.workspace_id)


def fits(template: ShippedTemplate, name: str, wanted: Wanted) -> bool:
    """Whether every word that was asked begins a word of it."""
    asked = WORD.findall(unicodedata.normalize("NFKC", wanted.text or "").lower())  # what ships is English: no marks to fold
    there_are = WORD.findall(f"{name}\n{template.text()}") if asked else []
    return (
        bool(asked or wanted.text is None)  # a text without a word is in nothing, as in the lists of prompts and of what workspaces made
        and all(any(one.startswith(word) for one in there_are) for word in asked)
        and wanted.category in (None, template.category)
        and (wanted.tag is None or wanted.tag in template.tags)
    )


def _of_entries(wanted: Wanted) -> entries.Wanted:
    return entries.Wanted(
        text=wanted.text, category=wanted.category, tag=wanted.tag, mine=wanted.origin == "workspace", others=wanted.origin == "shared",
        templates=True,
    )  # fmt: skip
