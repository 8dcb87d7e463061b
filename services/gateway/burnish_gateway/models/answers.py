"""Models as they are shown: OpenAI's list format, with everything else beside it."""

from datetime import datetime
from typing import Any

from burnish_shared.contracts.executions import Rates
from burnish_shared.db.model_store import PRICES, SCORES, ModelFacts

AUDITED = (
    "provider", "base_url", "upstream_model", "context_tokens", "output_tokens", *PRICES, "price_tiers", "price_version", "capabilities",
    "preferred_for", "priority", *SCORES, "fallback_model", "successor", "deprecated_at", "sunset_at", "active",
)  # fmt: skip
"""What the audit log keeps of a model."""


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
    return None if at is None else at.isoformat()
