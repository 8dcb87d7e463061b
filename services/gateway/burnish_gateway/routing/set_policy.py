"""Replaces the routing of a workspace or of one prompt. One transaction, with its audit entry and the change note."""

from typing import Any

from asyncpg import Record

from burnish_gateway.access import audit
from burnish_gateway.access.principal import Principal
from burnish_gateway.models.store import keep_models
from burnish_gateway.routing import store
from burnish_shared.clock import Clock
from burnish_shared.db.changes import note_change
from burnish_shared.db.session import Tx


async def set_policy(
    tx: Tx, principal: Principal, slug: str, *, requirements: dict[str, Any], rules: list[dict[str, Any]], clock: Clock
) -> Record:
    """`slug` '': the workspace's own."""
    await keep_models(tx, principal.workspace_id, [rule["use"]["model"] for rule in rules if "model" in rule["use"]])
    before = await store.lock_policy(tx, principal.workspace_id, slug)
    row = await store.put_policy(
        tx, principal.workspace_id, slug, requirements=requirements, rules=rules, by=principal.actor, now=clock.now()
    )
    await audit.note(
        tx, principal, action="routing.set", kind="routing", key=slug or "workspace",
        before=None if before is None else _audited(before), after=_audited(row),
    )  # fmt: skip
    await note_change(tx, workspace_id=principal.workspace_id, kind="routing", key=slug)
    return row


def _audited(row: Record) -> dict[str, Any]:
    """Conditions may quote what customers write, and stay out of the log; which rules there are does not."""
    rules = [{"name": one["name"], "use": one["use"]} for one in row["rules"]]
    return {"requirements": row["requirements"], "rules": rules}
