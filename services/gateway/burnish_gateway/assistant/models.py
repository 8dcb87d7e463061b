"""Which models ask, write and enrich where the workspace says nothing: the registry's fast and its strong one."""

from dataclasses import dataclass
from typing import Final, Literal

from burnish_gateway.access.principal import Principal
from burnish_gateway.deps import Gateway
from burnish_gateway.models.book import CANNOT_BE_CALLED
from burnish_shared.contracts.executions import Route
from burnish_shared.db.model_store import ModelFacts
from burnish_shared.errors import InvalidField

Purpose = Literal["clarification", "prompt_writing", "enrichment"]
"""What a model's `preferred_for` may name to be chosen first."""

OUTPUT_LEAST_TOKENS: Final = 1_000
"""A model that may write less cannot answer with five questions."""


@dataclass(frozen=True, slots=True)
class Candidate:
    facts: ModelFacts
    route: Route


async def usual_model(gateway: Gateway, principal: Principal, purpose: Purpose) -> str:
    """The best of those that can be called now. A toy is chosen only where nothing else can be. Raises InvalidField where none can be."""
    found: list[Candidate] = []
    for facts in await gateway.models.every(principal.workspace_id):
        if facts.output_tokens < OUTPUT_LEAST_TOKENS or ("chat" not in facts.capabilities and facts.capabilities):
            continue
        try:
            found.append(Candidate(facts, await gateway.models.route_of(principal.workspace, facts)))
        except CANNOT_BE_CALLED:
            continue
    real = [one for one in found if not one.facts.simulated] or found
    if not real:
        raise InvalidField("No model can be called here; add a provider key, or a model with its price.", param="model")
    return min(real, key=lambda one: _rank(one, purpose)).facts.model


async def callable_model(gateway: Gateway, principal: Principal, model: str, *, param: str) -> ModelFacts:
    """What is known of a model that can be called. Raises InvalidField, naming `param`."""
    try:
        facts, _ = await gateway.models.route(principal.workspace, model)
    except CANNOT_BE_CALLED as error:
        raise InvalidField(f"{param}: {error.message}", param=param) from error
    return facts


def _rank(one: Candidate, purpose: Purpose) -> tuple[bool, float, int, int, str]:
    """Of writers the best first, of the others the cheapest: they are asked often, and somebody waits."""
    facts, price = one.facts, one.route.price
    cost_nusd = price.output_nusd_per_million + price.input_nusd_per_million
    if purpose == "prompt_writing":
        quality = facts.quality_score if facts.quality_score is not None else -1.0
        return purpose not in facts.preferred_for, -quality, -cost_nusd, facts.priority, facts.model
    return purpose not in facts.preferred_for, 0.0, cost_nusd, facts.priority, facts.model
