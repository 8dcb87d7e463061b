"""Which models a call falls back to, in their order (PRODUCT E9)."""

from collections.abc import Sequence
from uuid import UUID

from burnish_gateway.access.principal import Principal
from burnish_gateway.deps import Gateway
from burnish_gateway.execution.order import Order
from burnish_gateway.models.book import CANNOT_BE_CALLED, ModelBook, ModelNotFound
from burnish_gateway.routing.choose_way import Way
from burnish_shared.contracts.executions import Route
from burnish_shared.db.model_store import ModelFacts
from burnish_shared.errors import InvalidField
from burnish_shared.prompt_settings import FALLBACKS_MOST


async def fallbacks_of(order: Order, way: Way, *, gateway: Gateway, principal: Principal) -> list[tuple[ModelFacts, Route]]:
    """Those that can be called now: the caller's, else the version's, else what `auto` found, else the model's own.

    Raises InvalidField for one that the caller names himself and that cannot be called.
    """
    ways: list[tuple[ModelFacts, Route]] = []
    named = order.fallback_models
    for index, model in enumerate(named if named is not None else await _usual(way, gateway.models, principal.workspace_id)):
        try:
            ways.append(await gateway.models.route(principal.workspace, model))
        except CANNOT_BE_CALLED as error:
            if named is not None:
                raise InvalidField(f"fallback_models[{index}]: {error.message}", param=f"fallback_models[{index}]") from error
    return ways


async def _usual(way: Way, models: ModelBook, workspace_id: UUID) -> Sequence[str]:
    of_version = way.version.fallback_models if way.version else ()
    if of_version or way.others is not None:
        return of_version or way.others or ()
    return await _own(way.facts, models, workspace_id)


async def _own(facts: ModelFacts, models: ModelBook, workspace_id: UUID) -> list[str]:
    """The model's fallback, that one's, and so on; a circle ends where it comes back."""
    found: list[str] = []
    passed = {facts.model}
    while (other := facts.fallback_model) and other not in passed and len(found) < FALLBACKS_MOST:
        found.append(other)
        passed.add(other)
        try:
            facts = await models.find(workspace_id, other)
        except ModelNotFound:
            break
    return found
