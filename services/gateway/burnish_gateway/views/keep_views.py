"""Keep, change and remove the filters of a page under a name: with the audit entry, in the caller's transaction."""

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from asyncpg import Record

from burnish_gateway.access.audit import note
from burnish_gateway.access.principal import Principal
from burnish_gateway.turns_store import take_turns
from burnish_gateway.views import store
from burnish_gateway.views.bodies import NewView, ViewChange
from burnish_shared.db.session import Tx
from burnish_shared.errors import Conflict, InvalidField, NotFound
from burnish_shared.ids import new_uuid

VIEWS_MOST: Final = 200
"""Of one workspace, so that all of them come in one answer."""

OF_PEOPLE: Final = ("user", "session", "user_id", "session_id")
"""Filters that name an end user or a conversation: erasures do not look for them here (T8)."""


async def add_view(tx: Tx, principal: Principal, body: NewView) -> UUID:
    """Raises InvalidField, Conflict."""
    _check_filters(body.filters)
    await take_turns(tx, principal.workspace_id, "saved_views")
    await _check_name(tx, body.place, body.name, but=None)
    if await store.count(tx) >= VIEWS_MOST:
        raise Conflict(f"This workspace has {VIEWS_MOST} views; remove one first.")
    view_id = new_uuid()
    await store.add(
        tx, principal.workspace_id, view_id, place=body.place, name=body.name, filters=body.filters, by=principal.actor
    )  # fmt: skip
    await _note(tx, principal, "saved", view_id, before=None, after=await found(tx, view_id))
    return view_id


async def change_view(tx: Tx, principal: Principal, view_id: UUID, body: ViewChange) -> None:
    """What says nothing new changes nothing. Raises InvalidField, NotFound, Conflict."""
    if body.filters is not None:
        _check_filters(body.filters)
    await take_turns(tx, principal.workspace_id, "saved_views")
    before = await found(tx, view_id)
    if body.name is not None:
        await _check_name(tx, before["place"], body.name, but=view_id)
    if body.name in (None, before["name"]) and body.filters in (None, before["filters"]):
        return
    await store.change(tx, view_id, name=body.name, filters=body.filters, by=principal.actor)
    await _note(tx, principal, "changed", view_id, before=before, after=await found(tx, view_id))


async def remove_view(tx: Tx, principal: Principal, view_id: UUID) -> None:
    """Raises NotFound."""
    await take_turns(tx, principal.workspace_id, "saved_views")
    before = await found(tx, view_id)
    await store.remove(tx, view_id)
    await _note(tx, principal, "removed", view_id, before=before, after=None)


async def found(tx: Tx, view_id: UUID) -> Record:
    """Raises NotFound, the same for what is absent and another tenant's."""
    row = await store.find(tx, view_id)
    if row is None:
        raise NotFound("There is no view of this id.", param="view_id")
    return row


def _check_filters(filters: Mapping[str, Any]) -> None:
    for name in OF_PEOPLE:
        if name in filters:
            raise InvalidField(
                f"filters.{name}: a view stays until somebody removes it, and names nobody; leave this out.", param=f"filters.{name}"
            )


async def _check_name(tx: Tx, place: str, name: str, *, but: UUID | None) -> None:
    if await store.is_taken(tx, place, name, but=but):
        raise Conflict(f"There is a view {name!r} of this page already; give another name, or change that one.", param="name")


async def _note(tx: Tx, principal: Principal, what: str, view_id: UUID, *, before: Record | None, after: Record | None) -> None:
    await note(tx, principal, action=f"view.{what}", kind="view", key=str(view_id), before=_facts(before), after=_facts(after))


def _facts(row: Record | None) -> dict[str, Any] | None:
    """What the log shows: which filters, and not their values, since it outlives the view."""
    return None if row is None else {"place": row["place"], "name": row["name"], "filters": sorted(row["filters"])}
