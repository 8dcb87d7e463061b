"""When a model was last tested (PRODUCT E5): the newest completed test run with it, or a later moment that somebody wrote down."""

from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

from burnish_gateway.models import store
from burnish_shared.db.model_store import ModelFacts
from burnish_shared.db.session import Tx


async def with_last_tested(tx: Tx, workspace_id: UUID, models: Sequence[ModelFacts]) -> list[ModelFacts]:
    """The same, each with the later of both. Read from this workspace's runs and not written to the model: a model of the platform is
    everybody's, and nobody learns from it what another workspace tested."""
    runs = await store.last_tested(tx, workspace_id, [one.model for one in models])
    return [replace(one, last_tested_at=max(filter(None, (one.last_tested_at, runs.get(one.model))), default=None)) for one in models]
