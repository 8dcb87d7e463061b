"""Models as they are shown: OpenAI's list format, with everything else beside it."""

from datetime import datetime
from typing import Any

from pydantic import BaseModel

from burnish_shared.contracts.executions import Rates
from burnish_shared.db.model_store import PRICES, SCORES, ModelFacts
from burnish_shared.moments import in_utc

AUDITED = (
    "provider", "base_url", "upstream_model", "context_tokens", "output_tokens", *PRICES, "price_tiers", "price_version", "capabilities",
    "preferred_for", "priority", *SCORES, "fallback_model", "successor", "deprecated_at", "sunset_at", "active",
)  # fmt: skip
"""What the audit log keeps of a model."""


class KnownModel(BaseModel):
    """What is not known of it is left out. Prices: nano-dollars per million tokens."""

    model: str
    provider: str
    upstream_model: str
    context_tokens: int
    output_tokens: int
    input_price_nusd_per_million: int
    output_price_nusd_per_million: int
    cached_input_price_nusd_per_million: int | None = None
    cache_write_input_price_nusd_per_million: int | None = None
    reasoning_price_nusd_per_million: int | None = None
    price_tiers: list[dict[str, int | str]] = []
    capabilities: list[str]
    source: str | None = None
    sunset_on: str | None = None


class KnownModelPage(BaseModel):
    """`source` and `as_of`: of the prices. `providers`: how many are known of each provider, whatever was asked for."""

    source: str
    as_of: str
    providers: dict[str, int]
    data: list[KnownModel]
    next_cursor: str | None


class RemovedModel(BaseModel):
    """`platform_model`: the operator's model of that name is called from now on."""

    id: str
    object: str = "model"
    deleted: bool = True
    platform_model: bool


def shown(facts: ModelFacts) -> dict[str, Any]:
    price = facts.price
    same = (
        "display_name", "provider", "upstream_model", "context_tokens", "output_tokens", "priority", *SCORES, "fallback_model", "successor",
        "active", "simulated", "notes",
    )  # fmt: skip
    dates = ("deprecated_at", "sunset_at", "retired_at", "last_tested_at", "updated_at")
    return {
        "id": facts.model, "object": "model", "type": "model", "created": int(facts.created_at.timestamp()) if facts.created_at else 0,
        "owned_by": facts.provider, "scope": "workspace" if facts.own else "platform",
        **{name: getattr(facts, name) for name in same},
        **(rates_shown(price) if price else dict.fromkeys(PRICES)),
        "price_tiers": [
            {"above_input_tokens": one.above_input_tokens, "service_tier": one.service_tier, **rates_shown(one)} for one in price.tiers
        ] if price else [],
        "price_version": price.version if price else None, "capabilities": list(facts.capabilities),
        "created_at": _written(facts.created_at),
        "preferred_for": list(facts.preferred_for), **{name: _written(getattr(facts, name)) for name in dates},
    }  # fmt: skip


def rates_shown(rates: Rates) -> dict[str, int | None]:
    return {name: getattr(rates, name.replace("_price", "")) for name in PRICES}


def audited(facts: ModelFacts) -> dict[str, Any]:
    whole = shown(facts) | {"base_url": facts.base_url}
    return {name: whole[name] for name in AUDITED}


def _written(at: datetime | None) -> str | None:
    return None if at is None else in_utc(at)
