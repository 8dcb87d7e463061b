"""Models, their prices and where they are called: read by gateway and optimizer when an execution is prepared."""

from collections.abc import Sequence
from dataclasses import dataclass

from asyncpg import Record

from burnish_shared.contracts.executions import Price, Route
from burnish_shared.db.session import Tx

COLUMNS = (
    "model, provider, upstream_model, display_name, context_tokens, output_tokens, input_price_nusd_per_million, "
    "cached_input_price_nusd_per_million, output_price_nusd_per_million, capabilities, price_version, active, notes, created_at"
)


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """A model as a workspace may call it. `price` None: unknown, so it cannot be used (fails closed).

    `needs_key`: its address is the provider's own, and asks for one; whether a workspace's own address does, its keys say.
    """

    model: str
    provider: str
    upstream_model: str
    base_url: str
    display_name: str
    context_tokens: int
    output_tokens: int
    price: Price | None
    capabilities: tuple[str, ...]
    active: bool
    simulated: bool
    own: bool
    own_base_url: bool
    needs_key: bool

    def route(self) -> Route | None:
        """Where and at what price it is called; None without a price."""
        if self.price is None:
            return None
        return Route(
            model=self.model, provider=self.provider, upstream_model=self.upstream_model, base_url=self.base_url, price=self.price,
            simulated=self.simulated, own_base_url=self.own_base_url,
        )  # fmt: skip


async def find_model(tx: Tx, model: str) -> ModelFacts | None:
    """The workspace's own model of that name, else the platform's. The transaction must be the workspace's."""
    row = await tx.fetchrow(
        f"SELECT {COLUMNS}, base_url, true AS own FROM workspace_models WHERE model = $1 "
        f"UNION ALL SELECT {COLUMNS}, '', false FROM platform_models WHERE model = $1 ORDER BY own DESC LIMIT 1",
        model,
    )
    return None if row is None else _with_provider(row, await _providers(tx))


async def list_models(tx: Tx) -> list[ModelFacts]:
    """All models a workspace may call, by name; its own stand for the platform's of the same name."""
    rows = await tx.fetch(
        f"SELECT DISTINCT ON (model) * FROM (SELECT {COLUMNS}, base_url, true AS own FROM workspace_models "
        f"UNION ALL SELECT {COLUMNS}, '', false FROM platform_models) m WHERE active ORDER BY model, own DESC"
    )
    providers = await _providers(tx)
    return [_with_provider(row, providers) for row in rows]


async def _providers(tx: Tx) -> dict[str, Record]:
    return {row["provider"]: row for row in await tx.fetch("SELECT provider, base_url, simulated, needs_key FROM providers")}


def _with_provider(row: Record, providers: dict[str, Record]) -> ModelFacts:
    provider = providers.get(row["provider"])
    own_url: str = row["base_url"] if row["own"] else ""
    return ModelFacts(
        model=row["model"],
        provider=row["provider"],
        upstream_model=row["upstream_model"],
        base_url=own_url or (provider["base_url"] if provider else ""),
        display_name=row["display_name"],
        context_tokens=row["context_tokens"],
        output_tokens=row["output_tokens"],
        price=_price(row),
        capabilities=tuple(row["capabilities"]),
        active=row["active"],
        simulated=bool(provider and provider["simulated"] and not own_url),
        own=row["own"],
        own_base_url=bool(own_url),
        needs_key=not own_url and (provider is None or provider["needs_key"]),
    )


def _price(row: Record) -> Price | None:
    prices: Sequence[int | None] = (row["input_price_nusd_per_million"], row["output_price_nusd_per_million"])
    if prices[0] is None or prices[1] is None:
        return None
    cached = row["cached_input_price_nusd_per_million"]
    return Price(
        version=row["price_version"], input_nusd_per_million=prices[0], output_nusd_per_million=prices[1],
        cached_input_nusd_per_million=prices[0] if cached is None else cached,
    )  # fmt: skip
