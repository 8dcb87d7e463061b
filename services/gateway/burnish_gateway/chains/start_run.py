"""Begin a run: everything that can be refused is refused before anything costs."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from burnish_gateway.access.principal import Principal
from burnish_gateway.chains import runs_store, store
from burnish_gateway.chains.bodies import RunChain
from burnish_gateway.chains.chain import ChainHead, ChainVersion, no_such_chain
from burnish_gateway.chains.check_prompts import check_prompts
from burnish_gateway.chains.run_chain import Given
from burnish_gateway.chains.runs_store import Claim
from burnish_gateway.deps import Gateway
from burnish_gateway.execution.order import may_be_stored
from burnish_gateway.execution.verdicts import suspended
from burnish_shared.chains.form import Call, Chain, all_steps
from burnish_shared.chains.read_form import read_chain
from burnish_shared.chains.variables import variables_for
from burnish_shared.db.session import Tx
from burnish_shared.errors import Conflict, InvalidField
from burnish_shared.hops import current_hops
from burnish_shared.ids import new_uuid
from burnish_shared.slug import Label
from burnish_shared.tracing import new_traceparent, valid


@dataclass(frozen=True, slots=True)
class RunPlan:
    """A run that can begin."""

    head: ChainHead
    version: ChainVersion
    label: Label | None
    given: Given
    deadline_s: float
    may_be_stored: bool


async def plan_run(
    slug: str, *, label: Label | None, body: RunChain, gateway: Gateway, principal: Principal
) -> RunPlan:  # fmt: skip
    """Raises NotFound, Conflict for an archived chain, MissingVariables, InvalidField, Suspended."""
    if principal.workspace.suspended_at is not None:
        raise suspended()
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
        head = await store.find_head(tx, principal.workspace_id, slug)
        if head is None:
            raise no_such_chain(slug)
        number, reached_by = head.named(label=label, version=body.version)
        version = await store.find_version(tx, principal.workspace_id, head.chain_id, number)
    if version is None:
        raise no_such_chain(slug, version=number)
    if head.archived_at is not None:
        raise Conflict(f"The chain '{slug}' is archived; it cannot be run.", param="chain")
    chain = read_chain(version.content)
    variables = variables_for(chain, body.variables)
    await check_prompts(chain, principal.workspace_id, catalog=gateway.catalog)
    is_kept = _may_be_stored(chain)
    if body.mode == "background" and not is_kept:
        raise InvalidField(
            "mode: a step says store: false, so nothing of a run is kept that could be read later; wait for it (mode: sync).", param="mode"
        )
    return RunPlan(head, version, reached_by, Given(variables, body.metadata), body.deadline_s or chain.deadline_s, is_kept)


def _may_be_stored(chain: Chain) -> bool:
    """False where a step says `store: false`: its text is also in what later steps are asked, and in the run's output."""
    return all(may_be_stored(one.does.overrides) for one in all_steps(chain.steps) if isinstance(one.does, Call))


async def insert_run(
    tx: Tx, plan: RunPlan, body: RunChain, *, gateway: Gateway, principal: Principal, request_id: str, traceparent: str | None
) -> tuple[UUID, Claim | None]:
    """Its id, and our claim, where it can begin here; else whoever has room takes it."""
    keeps_text = principal.workspace.store_content and plan.may_be_stored
    run_id = new_uuid()
    await runs_store.insert_run(
        tx, run_id=run_id, workspace_id=principal.workspace_id, chain_id=plan.head.chain_id, slug=plan.head.slug,
        version=plan.version.version, label=plan.label, background=body.mode == "background", keeps_text=keeps_text,
        variables=plan.given.variables if keeps_text else None, metadata=plan.given.metadata if keeps_text else {},
        deadline_at=gateway.clock.now() + timedelta(seconds=plan.deadline_s), end_user=body.user_id, session_id=body.session_id,
        app=body.app, actor=principal.actor, api_key_id=principal.api_key_id, user_id=principal.user_id,
        first_key_id=principal.first_key_id, traceparent=new_traceparent(valid(traceparent)), request_id=request_id, hops=current_hops(),
    )  # fmt: skip
    begins_here = gateway.chains.has_room or body.mode == "sync" or not keeps_text
    return run_id, await gateway.chains.lease(tx, principal.workspace_id, run_id) if begins_here else None
