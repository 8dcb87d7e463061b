"""A workspace's policy rolls proven suggestions out without being asked: once for each, behind the policy's guardrails (PRODUCT O6, X3)."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final
from uuid import UUID

import structlog

from burnish_gateway.access.principal import Principal, Role
from burnish_gateway.access.store import find_workspace
from burnish_gateway.experiments import policy_store, settings_store
from burnish_gateway.metrics import BACKGROUND_FAILED
from burnish_gateway.optimization import decide
from burnish_gateway.optimization.bodies import AcceptBody
from burnish_shared.clock import Clock
from burnish_shared.contracts.experiments import RolloutPolicy
from burnish_shared.db.audit_log import add_entry
from burnish_shared.db.session import Database, Tx
from burnish_shared.errors import BurnishError, Busy, NotFound, Unavailable

log = structlog.get_logger("burnish.gateway")

INTERVAL_S: Final = 5.0
MOST_AT_ONCE: Final = 20
ACTOR: Final = "system:rollout_policy"


@dataclass(frozen=True, slots=True)
class PolicyPrincipal(Principal):
    """The workspace's own policy, acting as an editor would."""

    @property
    def actor(self) -> str:
        return ACTOR


@dataclass(frozen=True, slots=True)
class RolloutStarter:
    """Every gateway looks; one of them starts, because the suggestion is locked and tried once."""

    db: Database
    clock: Clock
    wake_relay: Callable[[], None]
    interval_s: float = INTERVAL_S

    async def run(self) -> None:
        while True:
            try:
                await self.round()
            except BurnishError as error:
                log.warning("rollout_policy.round_put_off", error=error.message)
            await asyncio.sleep(self.interval_s)

    async def round(self) -> int:
        """Returns how many rollouts began."""
        async with self.db.unit_of_work() as tx:
            due = await policy_store.due(tx, at_most=MOST_AT_ONCE)
        began = 0
        for workspace_id, suggestion_id in due:
            began += await self._start(workspace_id, suggestion_id)
        if began:
            self.wake_relay()
        return began

    async def _start(self, workspace_id: UUID, suggestion_id: UUID) -> bool:
        """The edge of one suggestion: a refusal is written down, and it waits for somebody as any other does."""
        try:
            async with self.db.unit_of_work(workspace=workspace_id) as tx:
                return await self._begun(tx, workspace_id, suggestion_id)
        except Busy:
            return False
        except Unavailable:
            raise
        except BurnishError as error:
            refused = f"{error.code}: {error.message}"[:500]
        except Exception:
            BACKGROUND_FAILED.labels("rollout_policy").inc()
            log.exception("rollout_policy.failed", workspace_id=str(workspace_id), suggestion_id=str(suggestion_id))
            refused = "internal_error: something went wrong on our side; it has been logged."
        async with self.db.unit_of_work(workspace=workspace_id) as tx:
            if await policy_store.lock(tx, workspace_id, suggestion_id):
                await policy_store.note_tried(tx, workspace_id, suggestion_id)
                await add_entry(
                    tx, workspace_id=workspace_id, actor=ACTOR, action="suggestion.rollout_refused", kind="suggestion",
                    key=str(suggestion_id), after={"why": refused},
                )  # fmt: skip
        return False

    async def _begun(self, tx: Tx, workspace_id: UUID, suggestion_id: UUID) -> bool:
        if not await policy_store.lock(tx, workspace_id, suggestion_id):
            return False
        policy = (await settings_store.find(tx, workspace_id)).rollout_policy
        facts = await find_workspace(tx, workspace_id)
        if facts is None:
            raise NotFound("The workspace is gone.")
        if policy is None:
            return False
        await policy_store.note_tried(tx, workspace_id, suggestion_id)
        await decide.accept(tx, PolicyPrincipal(facts, Role.EDITOR), suggestion_id, accept_body(policy), clock=self.clock)
        return True


def accept_body(policy: RolloutPolicy) -> AcceptBody:
    """As somebody would accept it."""
    asked = policy.rollout.model_dump() | ({} if policy.unit is None else {"unit": policy.unit})
    if policy.guardrails:
        asked["guardrails"] = [one.model_dump() for one in policy.guardrails]
    return AcceptBody.model_validate({"label": policy.label, "rollout": asked})
