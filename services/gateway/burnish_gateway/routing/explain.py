"""Says how a call would be routed, without making it."""

from typing import Any

from burnish_gateway.access.principal import Principal
from burnish_gateway.deps import Gateway
from burnish_gateway.execution.order import Order, prepare
from burnish_gateway.registry.catalog import ResolvedVersion
from burnish_gateway.routing.choose_way import Way, Words, choose_way, words_of
from burnish_gateway.routing.fall_back import fallbacks_of
from burnish_gateway.routing.fall_back_cheaper import with_cheaper
from burnish_gateway.routing.policy import verdicts
from burnish_gateway.routing.qualify import NoModelQualifies
from burnish_shared.ids import new_uuid


async def explain(order: Order, *, gateway: Gateway, principal: Principal) -> dict[str, Any]:
    """Version, model, what it falls back to, the rule, and of each rule whether it holds.

    `models`: where `auto` found none, why each does not qualify.

    Raises what the call itself would: NotFound, MissingVariables, PriceUnknown, NoProviderKey, …
    """
    version = None
    if order.slug is not None:
        version = await gateway.catalog.in_use(principal.workspace_id, order.slug, label=order.label, version=order.version)
    told = await _rules(order, version, gateway=gateway, principal=principal)
    try:
        way = await choose_way(order, version, gateway=gateway, principal=principal)
    except NoModelQualifies as error:
        return {"model": None, "because": error.message, **error.details, "rules": told}
    chosen, behind = way.version, await _behind(order, way, gateway=gateway, principal=principal)
    return {
        "prompt": chosen.slug if chosen else None, "version": chosen.version if chosen else None, "label": chosen.label if chosen else None,
        "model": way.facts.model, "provider": way.facts.provider, "falls_back_to": behind,
        "routing": None if way.routing is None else way.routing.model_dump(), "rules": told,
    }  # fmt: skip


async def _behind(order: Order, way: Way, *, gateway: Gateway, principal: Principal) -> list[str]:
    """The models it falls back to, in their order; what is cheaper can be told only of the call as it would be made."""
    named = await fallbacks_of(order, way, gateway=gateway, principal=principal)
    if way.version is None or not way.version.fallback_cheaper:
        return [facts.model for facts, _ in named]
    request = prepare(
        order, execution_id=new_uuid(), principal=principal, version=way.version, facts=way.facts, route=way.route, fallbacks=named,
        routing=way.routing, now=gateway.clock.now(), deadline_s=gateway.settings.deadline_s, request_id="", traceparent=None,
    )  # fmt: skip
    request = await with_cheaper(request, order, way.version, gateway=gateway, principal=principal)
    return [one.route.model for one in request.fallbacks]


async def _rules(order: Order, version: ResolvedVersion | None, *, gateway: Gateway, principal: Principal) -> list[dict[str, Any]]:
    """Whether the condition of each rule holds for this call; null where it cannot be told, and why."""
    policies = await gateway.routing.of(principal.workspace_id)
    found = verdicts(policies.rules_for(version.slug if version else None), Words(words_of(order, version)))
    return [{"name": one.rule.name, "prompt": one.rule.prompt, "holds": one.holds, "because": one.because} for one in found]
