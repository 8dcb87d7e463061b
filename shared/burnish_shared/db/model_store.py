"""Models, their prices and where they are called: read by gateway and optimizer when an execution is prepared."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from asyncpg import Record

from burnish_shared.contracts.executions import Price, PriceTier, Route
from burnish_shared.db.session import Tx

PRICES: Final = (
    "input_price_nusd_per_million", "cached_input_price_nusd_per_million", "cache_write_input_price_nusd_per_million",
    "output_price_nusd_per_million", "reasoning_price_nusd_per_million",
)  # fmt: skip
"""Columns of prices by class of token; without `_price` they are the fields of `Rates`."""

SCORES: Final = ("quality_score", "quality_source", "reliability_score", "reliability_source", "latency_ms", "latency_source")

COLUMNS: Final = ", ".join(
    (
        "model", "provider", "upstream_model", "display_name", "context_tokens", "output_tokens", *PRICES, "price_tiers", "capabilities",
        "preferred_for", "priority", *SCORES, "fallback_model", "successor", "price_version", "active", "deprecated_at", "sunset_at",
        "retired_at", "last_tested_at", "notes", "created_at", "updated_at",
    )
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """A model as a workspace may call it. `price` None: unknown, so it cannot be used (fails closed).

    `needs_key`: its address is the provider's own, and asks for one; whether a workspace's own address does, its keys say.
    Scores are None where nobody said one; `latency_ms` is what half of the calls take at most. Of equally dear models that with the lower
    `priority` goes first.
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
    preferred_for: tuple[str, ...] = ()
    priority: int = 100
    quality_score: float | None = None
    quality_source: str = ""
    reliability_score: float | None = None
    reliability_source: str = ""
    latency_ms: int | None = None
    latency_source: str = ""
    fallback_model: str | None = None
    successor: str | None = None
    deprecated_at: datetime | None = None
    sunset_at: datetime | None = None
    retired_at: datetime | None = None
    last_tested_at: datetime | None = None
    notes: str = ""
    created_at: datetime | None = None
    updated_at: datetime | None = None

    def route(self) -> Route | None:
        """Where and at what price it is called; None without a price."""
        if self.price is None:
            return None
        return Route(
            model=self.model, provider=self.provider, upstream_model=self.upstream_model, base_url=self.base_url, price=self.price,
            simulated=self.simulated, own_base_url=self.own_base_url,
        )  # fmt: skip


async def find_model(tx: Tx, model: str) -> ModelFacts | None:
    """The workspace's own model of that name, else the platform's, retired or not. The transaction must be the workspace's."""
    row = await tx.fetchrow(
        f"SELECT {COLUMNS}, base_url, true AS own FROM workspace_models WHERE model = $1 "
        f"UNION ALL SELECT {COLUMNS}, '', false FROM platform_models WHERE model = $1 ORDER BY own DESC LIMIT 1",
        model,
    )
    return None if row is None else _with_provider(row, await _providers(tx))


async def find_platform_model(tx: Tx, model: str) -> ModelFacts | None:
    """The platform's, whatever a workspace has under that name."""
    row = await tx.fetchrow(f"SELECT {COLUMNS}, '' AS base_url, false AS own FROM platform_models WHERE model = $1", model)
    return None if row is None else _with_provider(row, await _providers(tx))


async def list_models(tx: Tx, *, retired: bool = False) -> list[ModelFacts]:
    """All models a workspace may call, by name; its own stand for the platform's of the same name. `retired`: and those that ended."""
    rows = await tx.fetch(
        f"SELECT * FROM (SELECT DISTINCT ON (model) * FROM (SELECT {COLUMNS}, base_url, true AS own FROM workspace_models "
        f"UNION ALL SELECT {COLUMNS}, '', false FROM platform_models) m ORDER BY model, own DESC) n WHERE active OR $1 ORDER BY model",
        retired,
    )
    providers = await _providers(tx)
    return [_with_provider(row, providers) for row in rows]


async def _providers(tx: Tx) -> dict[str, Record]:
    return {row["provider"]: row for row in await tx.fetch("SELECT provider, base_url, simulated, needs_key FROM providers")}


def _with_provider(row: Record, providers: dict[str, Record]) -> ModelFacts:
    provider = providers.get(row["provider"])
    own_url: str = row["base_url"] if row["own"] else ""
    same: dict[str, Any] = {
        name: row[name]
        for name in (
            "model", "provider", "upstream_model", "display_name", "context_tokens", "output_tokens", "active", "own", "priority",
            *SCORES, "fallback_model", "successor", "deprecated_at", "sunset_at", "retired_at", "last_tested_at", "notes", "created_at",
            "updated_at",
        )
    }  # fmt: skip
    return ModelFacts(
        **same,
        base_url=own_url or (provider["base_url"] if provider else ""),
        price=_price(row),
        capabilities=tuple(row["capabilities"]),
        preferred_for=tuple(row["preferred_for"]),
        simulated=bool(provider and provider["simulated"] and not own_url),
        own_base_url=bool(own_url),
        needs_key=not own_url and (provider is None or provider["needs_key"]),
    )


def _price(row: Record) -> Price | None:
    """None where input or output has no price. What has no price of its own costs what it is a part of."""
    of_class = {name.replace("_price", ""): row[name] for name in PRICES}
    if of_class["input_nusd_per_million"] is None or of_class["output_nusd_per_million"] is None:
        return None
    if of_class["cached_input_nusd_per_million"] is None:
        of_class["cached_input_nusd_per_million"] = of_class["input_nusd_per_million"]
    return Price(version=row["price_version"], tiers=[PriceTier(**one) for one in row["price_tiers"]], **of_class)
