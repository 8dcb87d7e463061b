"""Change the settings of a workspace, within what its plan allows."""

from typing import Any
from uuid import UUID

from asyncpg import Record

from burnish_gateway.access import organization_store as store
from burnish_gateway.access.audit import note
from burnish_gateway.access.principal import Principal
from burnish_shared.db.changes import note_change
from burnish_shared.db.session import Tx
from burnish_shared.errors import InvalidField, NotFound


async def settings_of(tx: Tx, workspace_id: UUID, *, plan: str) -> tuple[Record, Record]:
    """The workspace and its plan. Raises NotFound."""
    return _both(await store.find_workspace_settings(tx, workspace_id), await store.find_plan(tx, plan))


async def change_workspace(tx: Tx, principal: Principal, wanted: dict[str, Any]) -> None:
    """`wanted`: columns of `organization_store.SETTINGS`. What stays as it is leaves no entry. Raises InvalidField beyond the plan.

    The transaction is the workspace's. Writes the change note.
    """
    workspace_id = principal.workspace_id
    row, plan = _both(await store.lock_workspace_settings(tx, workspace_id), await store.find_plan(tx, principal.workspace.plan))
    _check_plan(wanted, plan)
    changes = {name: value for name, value in wanted.items() if row[name] != value}
    if not changes:
        return
    await store.change_workspace(tx, workspace_id, changes)
    await note(
        tx, principal, action="workspace.changed", kind="workspace", key=str(workspace_id),
        before={name: row[name] for name in changes}, after=changes,
    )  # fmt: skip
    await note_change(tx, workspace_id=workspace_id, kind="workspace", key=str(workspace_id))


def _check_plan(wanted: dict[str, Any], plan: Record) -> None:
    for name, most, unit in (
        ("retention_days", plan["retention_days_most"], "days"),
        ("rate_limit_per_minute", plan["rate_limit_per_minute"], "requests a minute"),
    ):
        value = wanted.get(name)
        if value is not None and value > most:
            raise InvalidField(f"{name}: the plan {plan['plan']!r} allows at most {most} {unit}.", param=name)
    if wanted.get("platform_keys") and not plan["platform_keys"]:
        raise InvalidField(f"platform_keys: the plan {plan['plan']!r} has no use of the operator's keys.", param="platform_keys")


def _both(row: Record | None, plan: Record | None) -> tuple[Record, Record]:
    if row is None or plan is None:
        raise NotFound("There is no workspace of this id, or you do not belong to it.")
    return row, plan
