"""SQL of optimizations that alerts started."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from burnish_shared.db.session import Tx


@dataclass(frozen=True, slots=True)
class PolicyDue:
    """An open alert whose prompt has a policy, locked. `policy`: `start_optimization` of the prompt's rule."""

    slug: str
    version: int
    policy: dict[str, Any]


async def due(tx: Tx, *, at_most: int) -> list[tuple[UUID, UUID]]:
    """(workspace, alert) of those that a policy may start something for."""
    rows = await tx.fetch("SELECT workspace_id, alert_id FROM policy_starts_due($1)", at_most)
    return [(row["workspace_id"], row["alert_id"]) for row in rows]


async def lock_due(tx: Tx, alert_id: UUID) -> PolicyDue | None:
    """None where another gateway was first, the incident is over, the rule changed, or the cooldown runs."""
    row = await tx.fetchrow(
        """SELECT a.slug, a.version, r.start_optimization AS policy FROM alerts a JOIN alert_rules r ON r.slug = a.slug
            WHERE a.alert_id = $1 AND a.resolved_at IS NULL AND r.enabled AND r.start_optimization IS NOT NULL FOR UPDATE OF r""",
        alert_id,
    )
    if row is None:
        return None
    is_taken = await tx.fetchval(
        """SELECT EXISTS (SELECT FROM policy_starts p WHERE p.alert_id = $1
                             OR p.slug = $2 AND p.refused IS NULL AND p.started_at > clock_timestamp() - $3 * interval '1 hour')""",
        alert_id,
        row["slug"],
        row["policy"]["cooldown_hours"],
    )
    return None if is_taken else PolicyDue(row["slug"], row["version"], row["policy"])


async def note_start(tx: Tx, workspace_id: UUID, alert_id: UUID, *, slug: str, job_id: UUID | None, refused: str | None) -> None:
    """Once for each alert, whatever came of it."""
    await tx.execute(
        "INSERT INTO policy_starts (workspace_id, alert_id, slug, job_id, refused) VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING",
        workspace_id, alert_id, slug, job_id, refused,
    )  # fmt: skip
