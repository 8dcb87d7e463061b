"""A workspace's own models in SQL."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from burnish_shared.db.session import Tx


async def put_model(tx: Tx, workspace_id: UUID, model: Mapping[str, Any]) -> None:
    """Adds the model, or replaces what it said; each change of prices is a new price version."""
    await tx.execute(
        "INSERT INTO workspace_models (workspace_id, model, provider, upstream_model, base_url, display_name, context_tokens, "
        "output_tokens, "
        "input_price_nusd_per_million, cached_input_price_nusd_per_million, output_price_nusd_per_million, "
        "capabilities, notes, price_version) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) ON CONFLICT (workspace_id, model) DO UPDATE SET "
        "provider = excluded.provider, upstream_model = excluded.upstream_model, base_url = excluded.base_url, "
        "display_name = excluded.display_name, "
        "context_tokens = excluded.context_tokens, output_tokens = excluded.output_tokens, "
        "input_price_nusd_per_million = excluded.input_price_nusd_per_million, "
        "cached_input_price_nusd_per_million = excluded.cached_input_price_nusd_per_million, "
        "output_price_nusd_per_million = excluded.output_price_nusd_per_million, capabilities = excluded.capabilities, "
        "notes = excluded.notes, "
        "price_version = excluded.price_version, active = true",
        workspace_id,
        model["model"],
        model["provider"],
        model["upstream_model"] or model["model"],
        model["base_url"],
        model["display_name"] or model["model"],
        model["context_tokens"],
        model["output_tokens"],
        model["input_price_nusd_per_million"],
        model["cached_input_price_nusd_per_million"],
        model["output_price_nusd_per_million"],
        model["capabilities"],
        model["notes"],
        f"own-{datetime.now(UTC):%Y%m%dT%H%M%S}",
    )
