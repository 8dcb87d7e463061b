"""What the busiest end user of an hour used. Nobody is named: an execution stands for them, which erasure knows how to clean."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from burnish_shared.db.session import Tx
from burnish_shared.measures import SUM_MOST


@dataclass(frozen=True, slots=True)
class BusiestHour:
    """Of one workspace and closed hour. `…_execution`: one of the busiest end user's, None where nobody was named."""

    end_users: int
    most_calls: int
    most_cost_nusd: int
    calls_execution: str | None
    cost_execution: str | None
    simulated: bool


async def due(tx: Tx, *, hour: datetime, at_most: int) -> list[UUID]:
    """Workspaces with use by end users in that hour that was not looked at, or with an open alert about such use."""
    rows = await tx.fetch("SELECT end_user_hours_due($1, $2)", hour, at_most)
    return [row[0] for row in rows]


async def days_due(tx: Tx, *, before: datetime, days: int, at_most: int) -> list[tuple[UUID, datetime]]:
    """(workspace, day) with use by end users that was not counted, of so many days before a moment, the oldest first."""
    rows = await tx.fetch("SELECT workspace_id, day FROM end_user_days_due($1, $2, $3)", before, days, at_most)
    return [(row["workspace_id"], row["day"]) for row in rows]


async def busiest(tx: Tx, workspace_id: UUID, *, hour: datetime) -> BusiestHour:
    """Live traffic only."""
    [row] = await tx.fetch(
        f"""WITH u AS (SELECT end_user, count(*) AS calls, least(sum(cost_nusd), {SUM_MOST})::bigint AS cost,
                            min(execution_id::text) AS one,
                             bool_and(simulated) AS simulated
                        FROM execution_facts
                       WHERE workspace_id = $1 AND finished_at >= $2 AND finished_at < $2 + interval '1 hour' AND traffic = 'live'
                         AND end_user <> '' GROUP BY 1)
           SELECT count(*) AS end_users, coalesce(max(calls), 0) AS most_calls, coalesce(max(cost), 0) AS most_cost_nusd,
                  (array_agg(one ORDER BY calls DESC))[1] AS calls_execution, (array_agg(one ORDER BY cost DESC))[1] AS cost_execution,
                  coalesce(bool_and(simulated), false) AS simulated FROM u""",
        workspace_id,
        hour,
    )
    return BusiestHour(**dict(row))


async def history(tx: Tx, workspace_id: UUID, *, before: datetime, hours: int) -> list[tuple[int, int]]:
    """(most calls, most cost) of the latest hours with use, at most `hours` of them."""
    rows = await tx.fetch(
        """SELECT most_calls, most_cost_nusd FROM end_user_hours WHERE workspace_id = $1 AND hour < $2 AND end_users > 0
            ORDER BY hour DESC LIMIT $3""",
        workspace_id,
        before,
        hours,
    )
    return [(row["most_calls"], row["most_cost_nusd"]) for row in rows]


async def keep(tx: Tx, workspace_id: UUID, *, hour: datetime, busiest: BusiestHour, forget_before: datetime) -> bool:
    """Writes the hour down, and forgets old ones. False when somebody did before."""
    await tx.execute("DELETE FROM end_user_hours WHERE workspace_id = $1 AND hour < $2", workspace_id, forget_before)
    made = await tx.fetchval(
        """INSERT INTO end_user_hours (workspace_id, hour, end_users, most_calls, most_cost_nusd) VALUES ($1, $2, $3, $4, $5)
           ON CONFLICT DO NOTHING RETURNING true""",
        workspace_id, hour, busiest.end_users, busiest.most_calls, busiest.most_cost_nusd,
    )  # fmt: skip
    return bool(made)


async def keep_day(tx: Tx, workspace_id: UUID, *, day: datetime, forget_before: datetime) -> bool:
    """Notes that the day is counted, and forgets old notes. False when somebody did before."""
    await tx.execute("DELETE FROM end_user_days WHERE workspace_id = $1 AND day < $2", workspace_id, forget_before)
    made = await tx.fetchval(
        "INSERT INTO end_user_days (workspace_id, day) VALUES ($1, $2) ON CONFLICT DO NOTHING RETURNING true", workspace_id, day
    )
    return bool(made)
