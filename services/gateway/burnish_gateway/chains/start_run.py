"""Begin a run: everything that can be refused is refused before anything costs."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from burnish_gateway.access.principal import Principal
from burnish_gateway.chains import runs_store, store
from burnish_gateway.chains.bodies import RunChain
from burnish_gateway.chains.chain import ChainHead, ChainVersion, no_such_chain
from burnish_gateway.chains.check_prompts import check_prompts
from burnish_gateway.chains.form import Chain, Parameter
from burnish_gateway.chains.read_form import read_chain
from burnish_gateway.chains.run_chain import Given
from burnish_gateway.chains.runs_store import Claim
from burnish_gateway.deps import Gateway
from burnish_gateway.execution.verdicts import suspended
from burnish_shared.db.session import Tx
from burnish_shared.errors import Conflict, InvalidField, MissingVariables
from burnish_shared.hops import current_hops
from burnish_shared.ids import new_uuid
from burnish_shared.slug import Label
from burnish_shared.template.values import has_type
from burnish_shared.tracing import new_traceparent, valid


@dataclass(frozen=True, slots=True)
class RunPlan:
    """A run that can begin."""

    head: ChainHead
    version: ChainVersion
    label: Label | None
    given: Given
    deadline_s: float


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
    variables = _variables(chain, body.variables)
    await check_prompts(chain, principal.workspace_id, catalog=gateway.catalog)
    return RunPlan(head, version, reached_by, Given(variables, body.metadata), body.deadline_s or chain.deadline_s)


async def insert_run(
    tx: Tx, plan: RunPlan, body: RunChain, *, gateway: Gateway, principal: Principal, request_id: str, traceparent: str | None
) -> tuple[UUID, Claim | None]:
    """Its id, and our claim, where it can begin here; else whoever has room takes it."""
    keeps_text = principal.workspace.store_content
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


def _variables(chain: Chain, given: Mapping[str, Any]) -> dict[str, Any]:
    """With the defaults of those that were not given. A null counts as not given."""
    if chain.parameters is None:
        return dict(given)
    unknown = sorted(given.keys() - chain.parameters.keys())
    if unknown:
        known = f"it takes {', '.join(chain.parameters)}" if chain.parameters else "it takes none"
        raise InvalidField(f"variables.{unknown[0]}: is no parameter of this chain; {known}.", param=f"variables.{unknown[0]}")
    missing = [name for name, one in chain.parameters.items() if one.required and given.get(name) is None]
    if missing:
        raise MissingVariables(
            f"The chain needs {', '.join(missing)}; give each in variables.", param="variables", details={"missing": missing}
        )  # fmt: skip
    return {name: _value(name, one, given.get(name)) for name, one in chain.parameters.items()}


def _value(name: str, parameter: Parameter, given: Any) -> Any:
    if given is None:
        return parameter.default
    if parameter.type is not None and not has_type(given, parameter.type):
        raise InvalidField(f"variables.{name}: must be of type {parameter.type}.", param=f"variables.{name}")
    return given
