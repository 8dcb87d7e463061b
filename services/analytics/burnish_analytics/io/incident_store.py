"""Whether what an alert tells of still stands: marks of accounts, health of provider keys."""

from uuid import UUID

from burnish_analytics.core.incidents import Incident
from burnish_shared.db.session import Tx


async def still_stands(tx: Tx, workspace_id: UUID, incident: Incident) -> bool:
    """An event may come late: credit came in since, the period ended, the key was replaced. Nor does a warning of what is exhausted by now
    stand: that has an event of its own, and one alert."""
    if incident.kind == "provider_key":
        return bool(
            await tx.fetchval(
                "SELECT EXISTS (SELECT FROM provider_keys WHERE workspace_id = $1 AND provider_key_id = $2 AND status = 'set_aside')",
                workspace_id,
                UUID(incident.subject),
            )
        )
    return bool(
        await tx.fetchval(
            """SELECT EXISTS (SELECT FROM accounts WHERE workspace_id = $1 AND account_id = $2 AND crossed = $3
                               AND (kind <> 2 OR (resets_at > clock_timestamp() AND isfinite(resets_at))))""",
            workspace_id,
            int(incident.subject),
            2 if incident.metric == "exhausted" else 1,
        )
    )


async def over(tx: Tx, *, at_most: int) -> list[tuple[UUID, str]]:
    """(workspace, incident) of open alerts whose cause is over."""
    rows = await tx.fetch("SELECT workspace_id, incident_key FROM alerts_over($1)", at_most)
    return [(row["workspace_id"], row["incident_key"]) for row in rows]
