"""What a call of a version costs at most with a model, which is what is held for it. Pure."""

from dataclasses import dataclass

from burnish_gateway.registry.catalog import ResolvedVersion
from burnish_gateway.registry.text_answers import estimated
from burnish_shared.contracts.executions import Route
from burnish_shared.db.model_store import ModelFacts
from burnish_shared.pricing import most_nusd


@dataclass(frozen=True, slots=True)
class MostOfACall:
    """From the text alone: variables come on top."""

    input_tokens: int
    output_tokens: int
    cost_nusd: int


def most_of_a_call(version: ResolvedVersion, facts: ModelFacts, route: Route) -> MostOfACall:
    """With the text for this model, as many answers as the version asks for, and the markup where the operator's key would be used."""
    tokens = estimated(version.record.content, version.text_for(facts.model))
    output_tokens = min(tokens.output_tokens_most, facts.output_tokens) * (version.record.content.settings.get("n") or 1)
    markup_percent = route.markup_percent if route.keys == "platform" else 0
    cost_nusd = most_nusd(route.price, input_tokens=tokens.input_tokens, output_tokens=output_tokens, markup_percent=markup_percent)
    return MostOfACall(tokens.input_tokens, output_tokens, cost_nusd)
