"""Models and prices in memory."""

from dataclasses import dataclass, field
from typing import Final, Self
from uuid import UUID

from burnish_gateway.access.principal import WorkspaceFacts
from burnish_gateway.models.abilities import answers_chats, makes_embeddings
from burnish_shared.choose_keys import KeysAtHand, PlatformTerms, with_keys
from burnish_shared.contracts.executions import Route
from burnish_shared.db import model_store, route_store
from burnish_shared.db.config_cache import ChangeFeed, ConfigCache
from burnish_shared.db.model_store import ModelFacts
from burnish_shared.db.session import Database
from burnish_shared.errors import InvalidField, NoProviderKey, NotFound


class ModelNotFound(NotFound):
    """There is no such model, or it is retired; or no such prompt, version or label where `model` names one."""

    code = "model_not_found"


class PriceUnknown(InvalidField):
    """The model has no price yet, and paid use fails closed; set one with `POST /v1/models`."""

    code = "price_unknown"


class ModelUnsuitable(InvalidField):
    """The model does something else than what is asked: it makes embeddings and answers no chat, or the other way round; or it sees no
    image, or reads no PDF."""

    code = "model_unsuitable"


CANNOT_BE_CALLED: Final = (ModelNotFound, PriceUnknown, NoProviderKey, ModelUnsuitable)
"""What `ModelBook.route` says of a model that is of no use here, so that another may be tried."""


ROUTES_MOST: Final = 10_000
"""Routes that are kept; beyond it they are made anew."""


@dataclass(frozen=True, slots=True)
class _Made:
    """A route, and all that it was made of."""

    facts: ModelFacts
    keys: KeysAtHand
    allowed: bool
    markup: int
    route: Route


@dataclass(frozen=True, slots=True)
class ModelBook:
    """Knows each model that a workspace has called, and which keys there are for its provider, until a change touches them."""

    known: ConfigCache[tuple[UUID, str], ModelFacts]
    lists: ConfigCache[UUID, list[ModelFacts]]
    keys: ConfigCache[tuple[UUID, str, str], KeysAtHand]
    _made: dict[tuple[UUID, str], _Made] = field(default_factory=dict)

    @classmethod
    def over(cls, db: Database, *, feed: ChangeFeed) -> Self:
        async def load(key: tuple[UUID, str]) -> ModelFacts:
            workspace_id, model = key
            async with db.unit_of_work(workspace=workspace_id, read_only=True) as tx:
                facts = await model_store.find_model(tx, model)
            if facts is None:
                raise NotFound(
                    f"There is no model {model[:200]!r}. GET /v1/models lists those that can be called; POST /v1/models adds one."
                )
            return facts

        def touched(key: tuple[UUID, str], workspace_id: UUID | None, changed: str) -> bool:
            return workspace_id is None or (key[0] == workspace_id and changed in (key[1], "*"))

        async def load_list(workspace_id: UUID) -> list[ModelFacts]:
            async with db.unit_of_work(workspace=workspace_id, read_only=True) as tx:
                return await model_store.list_models(tx)

        async def load_keys(key: tuple[UUID, str, str]) -> KeysAtHand:
            workspace_id, provider, address = key
            async with db.unit_of_work(workspace=workspace_id, read_only=True) as tx:
                return await route_store.find_keys_at_hand(tx, workspace_id, provider=provider, address=address)

        return cls(
            known=ConfigCache(load, feed=feed, kinds=frozenset({"model", "provider"}), touched=touched),
            lists=ConfigCache(
                load_list,
                feed=feed,
                kinds=frozenset({"model", "provider"}),
                touched=lambda known, workspace, _: workspace is None or workspace == known,
            ),
            keys=ConfigCache(
                load_keys,
                feed=feed,
                kinds=frozenset({"provider_key", "provider"}),
                touched=lambda known, workspace, _: workspace is None or known[0] == workspace,
            ),
        )

    async def find(self, workspace_id: UUID, model: str) -> ModelFacts:
        """Raises ModelNotFound for a model that is absent, retired, or another workspace's."""
        try:
            facts = await self.known.get((workspace_id, model.replace("\x00", "\ufffd")))  # no column holds U+0000
        except NotFound as error:
            raise ModelNotFound(error.message, param="model") from None
        if not facts.active:
            instead = f" Its successor is {facts.successor!r}." if facts.successor else ""
            raise ModelNotFound(f"The model {model[:200]!r} is retired.{instead}", param="model")
        return facts

    async def every(self, workspace_id: UUID) -> list[ModelFacts]:
        """All models that are not retired, by name. Treat the list as frozen: all requests share it."""
        return await self.lists.get(workspace_id)

    async def route(self, workspace: WorkspaceFacts, model: str, *, embeds: bool = False) -> tuple[ModelFacts, Route]:
        """Where, at what price and with whose key. `embeds`: it is wanted for embeddings, and else to answer.

        Raises PriceUnknown where no price is set (paid use fails closed), NoProviderKey where nobody's key may be used, ModelUnsuitable
        where the model says that it does the other thing.
        """
        facts = await self.find(workspace.workspace_id, model)
        if embeds and not makes_embeddings(facts.capabilities):
            raise ModelUnsuitable(f"The model {model[:200]!r} answers chats and makes no embeddings; name one that does.", param="model")
        if not embeds and not answers_chats(facts.capabilities):
            raise ModelUnsuitable(f"The model {model[:200]!r} makes embeddings and answers no chat; name one that does.", param="model")
        return facts, await self.route_of(workspace, facts)

    async def route_of(self, workspace: WorkspaceFacts, facts: ModelFacts) -> Route:
        """As `route`, for a model that is known."""
        keys = await self.keys.get((workspace.workspace_id, facts.provider, route_store.key_address(facts)))
        allowed, markup = workspace.platform_keys, workspace.platform_markup_percent
        name = workspace.workspace_id, facts.model
        made = self._made.get(name)
        if made is not None and made.facts is facts and made.keys is keys and made.allowed == allowed and made.markup == markup:
            return made.route
        route = _route(facts, keys, PlatformTerms(allowed=allowed, markup_percent=markup))
        if len(self._made) >= ROUTES_MOST:
            self._made.clear()
        self._made[name] = _Made(facts, keys, allowed, markup, route)
        return route


def _route(facts: ModelFacts, keys: KeysAtHand, terms: PlatformTerms) -> Route:
    """Raises PriceUnknown, NoProviderKey."""
    route = facts.route()
    if route is None:
        raise PriceUnknown(
            f"The model {facts.model[:200]!r} has no price yet; set one with POST /v1/models before it is used.", param="model"
        )
    return with_keys(route, facts, keys=keys, terms=terms)
