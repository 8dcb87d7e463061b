"""Adds the next cheaper models to what a call falls back to, where its version says so (PRODUCT E9)."""

from burnish_gateway.access.principal import Principal
from burnish_gateway.deps import Gateway
from burnish_gateway.execution.order import Order, fallback_of, why_untold
from burnish_gateway.registry.catalog import ResolvedVersion
from burnish_gateway.routing.choose_way import choose_models
from burnish_gateway.routing.qualify import NoModelQualifies
from burnish_shared.contracts.executions import ExecutionRequest
from burnish_shared.prompt_settings import FALLBACKS_MOST


async def with_cheaper(
    request: ExecutionRequest, order: Order, version: ResolvedVersion, *, gateway: Gateway, principal: Principal
) -> ExecutionRequest:
    """Models that can do what the call asks and cost less, the dearest of them first, behind those that are named.

    A caller who names fallbacks has said what he wants: nothing is added.
    """
    room = FALLBACKS_MOST - len(request.fallbacks)
    if order.fallback_models is not None or room <= 0:
        return request
    policies = await gateway.routing.of(principal.workspace_id)
    try:
        choices = await choose_models(order, version, policies=policies, gateway=gateway, principal=principal)
    except NoModelQualifies:
        return request
    known = {request.route.model, *(one.route.model for one in request.fallbacks)}
    cheaper = [one for one in choices if one.facts.model not in known and one.cost_nusd < request.hold_nusd]
    cheaper = [one for one in cheaper if why_untold(request.settings, route=one.route) is None]
    cheaper.sort(key=lambda one: (-one.cost_nusd, one.facts.priority, one.facts.model))
    first = (await gateway.models.find(principal.workspace_id, request.route.model)).context_tokens
    added = [
        fallback_of(order, version, request.messages, request.settings, extra=request.extra, facts=one.facts, route=one.route, first=first)
        for one in cheaper[:room]
    ]
    return request.model_copy(update={"fallbacks": [*request.fallbacks, *added]})
