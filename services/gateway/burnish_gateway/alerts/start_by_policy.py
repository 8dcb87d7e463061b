"""An alert starts an optimization where the prompt's rule says so: once for an incident, within its budget. Nothing is rolled out."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final
from uuid import UUID

import structlog

from burnish_gateway.access.principal import Principal, Role
from burnish_gateway.access.store import find_workspace
from burnish_gateway.alerts import policy_store
from burnish_gateway.alerts.policy_store import PolicyDue
from burnish_gateway.metrics import BACKGROUND_FAILED
from burnish_gateway.optimization.bodies import OptimizationBody
from burnish_gateway.optimization.start import start_optimization
from burnish_shared.db.audit_log import add_entry
from burnish_shared.db.session import Database, Tx
from burnish_shared.errors import BurnishError, Busy, NotFound, Unavailable

log = structlog.get_logger("burnish.gateway")

INTERVAL_S: Final = 10.0
MOST_AT_ONCE: Final = 20

ACTOR: Final = "system:alert_policy"


@dataclass(frozen=True, slots=True)
class PolicyPrincipal(Principal):
    """The workspace's own rule, acting as an editor would."""

    @property
    def actor(self) -> str:
        return ACTOR


@dataclass(frozen=True, slots=True)
class PolicyStarter:
    """Every gateway looks; one of them starts, because the rule is locked and each alert is noted once."""

    db: Database
    wake_relay: Callable[[], None]
    interval_s: float = INTERVAL_S

    async def run(self) -> None:
        while True:
            try:
                await self.round()
            except BurnishError as error:
                log.warning("policy.round_put_off", error=error.message)
            await asyncio.sleep(self.interval_s)

    async def round(self) -> int:
        """Returns how many optimizations were started."""
        async with self.db.unit_of_work() as tx:
            due = await policy_store.due(tx, at_most=MOST_AT_ONCE)
        started = 0
        for workspace_id, alert_id in due:
            started += await self._start(workspace_id, alert_id)
        if started:
            self.wake_relay()
        return started

    async def _start(self, workspace_id: UUID, alert_id: UUID) -> bool:
        try:
            async with self.db.unit_of_work(workspace=workspace_id) as tx:
                found = await policy_store.lock_due(tx, alert_id)
                return found is not None and await _start_one(tx, workspace_id, alert_id, found)
        except Busy:  # tried again in the next round, after the others
            log.warning("policy.put_off", workspace_id=str(workspace_id), alert_id=str(alert_id))
            return False
        except Unavailable:
            raise
        except BurnishError as error:
            refused = f"{error.code}: {error.message}"[:500]  # what was named is gone, or there is no credit
        except Exception:  # the rules of other workspaces must not wait for one that cannot be followed
            BACKGROUND_FAILED.labels("policy").inc()
            log.exception("policy.failed", workspace_id=str(workspace_id), alert_id=str(alert_id))
            refused = "internal_error: something went wrong on our side; it has been logged."
        # Said once in the alert's history, and not tried again for this incident.
        async with self.db.unit_of_work(workspace=workspace_id) as tx:
            found = await policy_store.lock_due(tx, alert_id)
            if found is not None:
                await policy_store.note_start(tx, workspace_id, alert_id, slug=found.slug, job_id=None, refused=refused)
        return False


async def _start_one(tx: Tx, workspace_id: UUID, alert_id: UUID, found: PolicyDue) -> bool:
    facts = await find_workspace(tx, workspace_id)
    if facts is None:
        raise NotFound("The workspace is gone.")  # noted like every refusal, so that it is not offered again and again
    policy = found.policy
    items = {name: policy.get(name) for name in ("dataset_id", "source")}
    body = OptimizationBody.model_validate({"prompt": found.slug, "version": found.version, **items, "budget": policy["budget"]})
    job = await start_optimization(tx, PolicyPrincipal(facts, Role.EDITOR), body)
    await policy_store.note_start(tx, workspace_id, alert_id, slug=found.slug, job_id=job.id, refused=None)
    await add_entry(
        tx, workspace_id=workspace_id, actor=ACTOR, action="optimization.started", kind="optimization", key=str(job.id),
        after={"alert_id": str(alert_id), "prompt": found.slug, "version": found.version, "set_aside_nusd": job.set_aside_nusd},
    )  # fmt: skip
    return True
