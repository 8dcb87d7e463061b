"""A workspace's policy rolls proven suggestions out without being asked, behind its guardrails: each policy tries each once (O6, X3)."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from burnish_gateway.access.principal import Role
from burnish_gateway.access.store import find_workspace
from burnish_gateway.experiments import policy_store, settings_store
from burnish_gateway.experiments.bodies import RolloutAsked
from burnish_gateway.optimization import decide
from burnish_gateway.optimization.bodies import AcceptBody
from burnish_gateway.optimization.rollout_warning import COST, costs_too_much
from burnish_gateway.rounds import RulePrincipal, StartRounds
from burnish_shared.clock import Clock
from burnish_shared.contracts.experiments import RolloutPolicy
from burnish_shared.db.audit_log import add_entry
from burnish_shared.db.session import Database, Tx
from burnish_shared.errors import Conflict, NotFound

MOST_AT_ONCE: Final = 20
ACTOR: Final = "system:rollout_policy"


class WouldBeTakenBack(Conflict):
    """What was measured costs more than the guardrails of a rollout allow, so that none is begun."""

    code = "would_be_taken_back"


class RolloutStarter(StartRounds):
    """Each suggestion is locked and tried once; where that is refused, it keeps why, and waits for another policy, or for somebody as
    any other does."""

    task = "rollout_policy"
    interval_s = 5.0
    most_at_once = MOST_AT_ONCE

    def __init__(self, db: Database, clock: Clock, wake_relay: Callable[[], None]) -> None:
        super().__init__(db, clock, wake_relay)
        self._tried_by: dict[UUID, RolloutPolicy] = {}

    async def due(self, tx: Tx) -> Sequence[tuple[UUID, UUID]]:
        return await policy_store.due(tx, at_most=self.looked_at)

    async def start(self, tx: Tx, workspace_id: UUID, what: UUID) -> bool:
        if not await policy_store.lock(tx, workspace_id, what):
            return False
        policy = (await settings_store.find(tx, workspace_id)).rollout_policy
        facts = await find_workspace(tx, workspace_id)
        if facts is None:
            raise NotFound("The workspace is gone.")
        if policy is None:
            return False
        self._tried_by[what] = policy
        body = accept_body(policy)
        check_cost(await policy_store.evidence_of(tx, workspace_id, what), body)
        await policy_store.note_tried(tx, workspace_id, what)
        principal = RulePrincipal(facts, Role.EDITOR, rule=ACTOR)
        await decide.accept(tx, principal, what, body, clock=self.clock)
        del self._tried_by[what]
        return True

    async def note_refused(self, tx: Tx, workspace_id: UUID, what: UUID, *, why: str) -> None:
        tried_by = self._tried_by.pop(what, None)
        policy = (await settings_store.find(tx, workspace_id, for_update=True)).rollout_policy
        if policy is not None and tried_by is not None and policy.says_other_than(tried_by):
            return  # one that was set meanwhile: it is due again
        if await policy_store.lock(tx, workspace_id, what):
            await policy_store.note_tried(tx, workspace_id, what, refused=why)
            await add_entry(
                tx, workspace_id=workspace_id, actor=ACTOR, action="suggestion.rollout_refused", kind="suggestion",
                key=str(what), after={"why": why},
            )  # fmt: skip


def check_cost(evidence: Mapping[str, Any], body: AcceptBody) -> None:
    """Raises WouldBeTakenBack: a rollout that is doomed would give some calls a dearer answer, and hold the label, for nothing."""
    too_dear = costs_too_much(evidence, body.rollout.guardrails if isinstance(body.rollout, RolloutAsked) else None)
    if too_dear is not None:
        raise WouldBeTakenBack(
            f"{too_dear}: it would be taken back, so none was begun. Accept it with rollout.guardrails that have a wider {COST}, or "
            "without a rollout, or look for a cheaper text (a metric `cost`, or `tokens_most`)."
        )


def accept_body(policy: RolloutPolicy) -> AcceptBody:
    """As somebody would accept it."""
    asked = policy.rollout.model_dump() | {"metric": policy.metric} | ({} if policy.unit is None else {"unit": policy.unit})
    if policy.guardrails:
        asked["guardrails"] = [one.model_dump() for one in policy.guardrails]
    return AcceptBody.model_validate({"label": policy.label, "rollout": asked})
