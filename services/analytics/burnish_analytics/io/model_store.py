"""Models that end soon, or have ended, of which nobody was told yet."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from burnish_shared.db.session import Tx


@dataclass(frozen=True, slots=True)
class Ending:
    """`mark`: `month`, `week` or `ended`, the last that was passed. `incident_key` is one for model, day and mark."""

    workspace_id: UUID
    model: str
    sunset_at: datetime
    successor: str | None
    provider: str
    mark: str
    incident_key: str


async def ending(tx: Tx, *, days: int, at_most: int) -> list[Ending]:
    """Of all workspaces: their own models, and the platform's that they called within 30 days."""
    return [Ending(**dict(row)) for row in await tx.fetch("SELECT * FROM models_ending($1, $2)", days, at_most)]


async def prompts_that_call(tx: Tx, workspace_id: UUID, model: str) -> list[str]:
    """Slugs of prompts whose labels name a version that calls the model."""
    rows = await tx.fetch(
        """SELECT DISTINCT p.slug FROM prompts p
             JOIN prompt_labels l ON l.workspace_id = p.workspace_id AND l.prompt_id = p.prompt_id
             JOIN prompt_versions v ON v.workspace_id = l.workspace_id AND v.prompt_id = l.prompt_id AND v.version = l.version
            WHERE p.workspace_id = $1 AND v.model = $2 ORDER BY p.slug""",
        workspace_id,
        model,
    )
    return [row["slug"] for row in rows]
