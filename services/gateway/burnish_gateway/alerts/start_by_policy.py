"""An alert starts an optimization where the prompt's rule says so: once for an incident, within its budget. What it finds is
a suggestion: handing it out is for people, or for the workspace's policy of rollouts."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from burnish_gateway.access.principal import Role
from burnish_gateway.access.store import find_workspace
from burnish_gateway.alerts import policy_store
from burnish_gateway.alerts.check_policy import optimization_of
from burnish_gateway.alerts.policy_store import PolicyDue
from burnish_gateway.optimization.start import start_optimization
from burnish_gateway.rounds import RulePrincipal, StartRounds
from burnish_shared.db.audit_log import add_entry
from burnish_shared.db.session import Tx
from burnish_shared.errors import NotFound

MOST_AT_ONCE: Final = 20

ACTOR: Final = "system:alert_policy"


class PolicyStarter(StartRounds):
    """One optimization for each incident: the rule is locked, and each alert is noted once."""

    task = "policy"
    interval_s = 10.0
    most_at_once = MOST_AT_ONCE

    async def due(self, tx: Tx) -> Sequence[tuple[UUID, UUID]]:
        return await policy_store.due(tx, at_most=self.looked_at)

    async def start(self, tx: Tx, workspace_id: UUID, what: UUID) -> bool:
        found = await policy_store.lock_due(tx, what)
        return found is not None and await _start_one(tx, workspace_id, what, found)

    async def note_refused(self, tx: Tx, workspace_id: UUID, what: UUID, *, why: str) -> None:
        """Said once in the alert's history, and not tried again for this incident."""
        found = await policy_store.lock_due(tx, what)
        if found is not None:
            await policy_store.note_start(tx, workspace_id, what, slug=found.slug, job_id=None, refused=why)


async def _start_one(tx: Tx, workspace_id: UUID, alert_id: UUID, found: PolicyDue) -> bool:
    facts = await find_workspace(tx, workspace_id)
    if facts is None:
        raise NotFound("The workspace is gone.")  # noted like every refusal, so that it is not offered again and again
    body = optimization_of(found.policy, slug=found.slug, version=found.version)
    job = await start_optimization(tx, RulePrincipal(facts, Role.EDITOR, rule=ACTOR), body)
    await policy_store.note_start(tx, workspace_id, alert_id, slug=found.slug, job_id=job.id, refused=None)
    await add_entry(
        tx, workspace_id=workspace_id, actor=ACTOR, action="optimization.started", kind="optimization", key=str(job.id),
        after={"alert_id": str(alert_id), "prompt": found.slug, "version": found.version, "set_aside_nusd": job.set_aside_nusd},
    )  # fmt: skip
    return True
