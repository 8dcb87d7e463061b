"""What the models of a test run or a job cost here."""

from burnish_gateway.access.principal import Principal
from burnish_gateway.optimization.bodies import OptimizationBody
from burnish_gateway.routing.qualify import answers_chats
from burnish_shared.contracts.executions import Price
from burnish_shared.db import model_store, route_store
from burnish_shared.db.session import Tx
from burnish_shared.errors import InvalidField
from burnish_shared.pricing import with_markup


async def dearest_of(tx: Tx, principal: Principal, task_model: str, body: OptimizationBody) -> Price:
    """The price of the dearest model that may answer: the job's, and those that are tried as a setting."""
    found = [await price_of(tx, principal, task_model, param="models.task")]
    tried = body.settings.space.get("model", []) if body.settings else []
    found += [await price_of(tx, principal, one, param="settings.space.model") for one in dict.fromkeys(tried) if one != task_model]
    found += [
        await price_of(tx, principal, one, param="models.variants") for one in dict.fromkeys(body.models.variants) if one != task_model
    ]
    return max(found, key=lambda one: (one.output_nusd_per_million, one.input_nusd_per_million))


async def price_of(tx: Tx, principal: Principal, model: str, *, param: str) -> Price:
    """What its tokens cost here, with the markup where the operator's key would be used.

    Raises InvalidField for a model that cannot be called: unknown, retired, or without a price; NoProviderKey.
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
    if route.keys != "platform":
        return route.price
    return with_markup(route.price, percent=route.markup_percent)


def _instead_of(successor: str | None) -> str:
    if successor:
        return f"Name its successor {successor!r}, or save a version that does."
    return "Name another, or save a version that does; GET /v1/models lists those that can be called."
