"""What the models of a test run or a job cost here."""

from collections.abc import Mapping
from typing import Any

from burnish_gateway.access.principal import Principal
from burnish_gateway.execution.told_place import told_in
from burnish_gateway.models.abilities import answers_chats
from burnish_gateway.models.provider_extra import checked_extra
from burnish_gateway.optimization.bodies import OptimizationBody
from burnish_shared.contracts.executions import Price
from burnish_shared.db import model_store, route_store
from burnish_shared.db.session import Tx
from burnish_shared.errors import InvalidField
from burnish_shared.pricing import with_markup
from burnish_shared.prompt_settings import extra_of


async def dearest_of(tx: Tx, principal: Principal, task_model: str, body: OptimizationBody, *, asked: Mapping[str, Any]) -> Price:
    """The price of the dearest model that may answer: the job's, and those that are tried as a setting. `asked`: as `price_of`."""
    tried = body.settings.space.get("model", []) if body.settings else []
    named = {task_model: "models.task"}
    for param, models in (("settings.space.model", tried), ("models.variants", body.models.variants)):
        named |= {one: param for one in models if one not in named}
    found = [await price_of(tx, principal, one, param=param, asked=asked) for one, param in named.items()]
    return max(found, key=lambda one: (one.output_nusd_per_million, one.input_nusd_per_million))


async def price_of(tx: Tx, principal: Principal, model: str, *, param: str, asked: Mapping[str, Any] | None = None) -> Price:
    """What its tokens cost here, with the markup where the operator's key would be used.

    Raises InvalidField for a model that cannot be called: unknown, retired, or without a price; NoProviderKey. `asked`: fields of the
    version that it is asked with; what they say in the provider's own words is refused as at a call (UnsupportedParameter), for a run would
    leave it out and measure something else.
    """
    if model == "auto":
        raise InvalidField("The version leaves its model to routing ('auto'); name one that is to be measured.", param=param)
    facts = await model_store.find_model(tx, model)
    if facts is not None and not facts.active:
        raise InvalidField(f"The model {model[:200]!r} is retired. {_instead_of(facts.successor)}", param=param)
    if facts is None:
        raise InvalidField(f"There is no model {model[:200]!r}; GET /v1/models lists those that can be called.", param=param)
    if not answers_chats(facts.capabilities):
        raise InvalidField(f"The model {model[:200]!r} makes embeddings and answers no chat; name one that does.", param=param)
    route = await route_store.find_route(tx, principal.workspace_id, facts)
    if route is None:
        raise InvalidField(f"The model {model[:200]!r} has no price yet; set one with POST /v1/models.", param=param)
    if extra := extra_of(asked or {}):
        with told_in("extra", extra):
            checked_extra(extra, route=route, spoken="openai")
    if route.keys != "platform":
        return route.price
    return with_markup(route.price, percent=route.markup_percent)


def _instead_of(successor: str | None) -> str:
    if successor:
        return f"Name its successor {successor!r}, or save a version that does."
    return "Name another, or save a version that does; GET /v1/models lists those that can be called."
