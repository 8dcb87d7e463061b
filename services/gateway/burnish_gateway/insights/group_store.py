"""Reads the figures of groups from rollups: those with the most executions first."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from burnish_gateway.insights.ranges import Range
from burnish_gateway.insights.store import DIMENSIONS, GROUPS, SUMS, Totals, histogram_of
from burnish_shared.db.session import Tx
from burnish_shared.measures import SUM_MOST

_WHERE = """r.grain = $1 AND r.bucket >= $2 AND r.bucket < $3 AND ($4::text[] IS NULL OR r.slug = ANY($4))
   AND ($5::text IS NULL OR r.traffic = $5)"""


# Hours by hour; by day, days that were counted, and of each other day its hours.
_TOLD = """r.bucket >= $2 AND r.bucket < $3 AND (r.grain = $1 OR r.grain = 'hour' AND NOT EXISTS
   (SELECT FROM rollup_top_users d
     WHERE d.workspace_id = r.workspace_id AND d.grain = 'day' AND d.bucket = date_trunc('day', r.bucket, 'UTC')))"""


@dataclass(frozen=True, slots=True)
class TopUsers:
    """End user → sums. Whoever is not told had at most `others_executions` and `others_cost_nusd`. `through`: what is over was counted."""

    found: dict[str, Totals]
    others_executions: int
    others_cost_nusd: int
    through: datetime | None


async def top_users(tx: Tx, wanted: Range, *, at_most: int) -> TopUsers:
    """The heaviest end users of live traffic, those with the most executions first."""
    arguments = (wanted.grain, wanted.start, wanted.end)
    rows = await tx.fetch(
        f"""SELECT r.end_user AS key, {", ".join(f"least(sum(r.{one}), {SUM_MOST})::bigint AS {one}" for one in SUMS)}
              FROM rollup_top_users r WHERE {_TOLD} GROUP BY 1 ORDER BY executions DESC, key LIMIT $4""",
        *arguments,
        at_most,
    )
    found = {row["key"]: Totals(sums={one: row[one] for one in SUMS}) for row in rows}
    for name in ("latency", "first_token"):
        counts = await tx.fetch(
            f"""SELECT key, array_agg(place ORDER BY place) AS places, array_agg(n ORDER BY place) AS counts
                  FROM (SELECT r.end_user AS key, u.place, sum(u.n)::bigint AS n
                          FROM rollup_top_users r, unnest(r.{name}) WITH ORDINALITY u(n, place)
                         WHERE {_TOLD} AND r.end_user = ANY($4) AND u.n <> 0
                         GROUP BY 1, 2) b GROUP BY 1""",
            *arguments,
            list(found),
        )
        for row in counts:
            setattr(found[row["key"]], name, histogram_of(row["places"], row["counts"]))
    [others] = await tx.fetch(
        f"""SELECT coalesce(sum(executions), 0)::bigint AS executions, least(coalesce(sum(cost_nusd), 0), {SUM_MOST})::bigint AS cost_nusd
              FROM (SELECT max(r.others_executions) AS executions, max(r.others_cost_nusd) AS cost_nusd
                      FROM rollup_top_users r WHERE {_TOLD} GROUP BY r.grain, r.bucket) b""",
        *arguments,
    )
    through = await tx.fetchval(
        """SELECT greatest((SELECT max(hour) + interval '1 hour' FROM end_user_hours WHERE hour < $1),
                           (SELECT max(day) + interval '24 hours' FROM end_user_days WHERE day < $1))""",
        wanted.end,
    )
    return TopUsers(found, others["executions"], others["cost_nusd"], through)


async def group_totals(
    tx: Tx,
    wanted: Range,
    *,
    group_by: str,
    slugs: Sequence[str] | None,
    traffic: str | None,
    model: str | None,
    unnamed: bool,
    at_most: int,
) -> dict[str, Totals]:
    """Group → sums. `slugs` None: of all prompts; calls without a prompt are no prompt, version or label, unless `unnamed`."""
    named: str | None
    if group_by in DIMENSIONS:
        table, group, where, named = "rollup_sets", "r.value", f"{_WHERE} AND r.dimension = $6", group_by
    else:
        table, group, named = "rollups", GROUPS[group_by], model
        where = f"{_WHERE} AND ($6::text IS NULL OR r.model = $6)" + ("" if group_by == "model" or unnamed else " AND r.slug <> ''")
    arguments = (wanted.grain, wanted.start, wanted.end, slugs, traffic, named)
    rows = await tx.fetch(
        f"""SELECT {group} AS key, {", ".join(f"least(sum(r.{one}), {SUM_MOST})::bigint AS {one}" for one in SUMS)}
              FROM {table} r WHERE {where} GROUP BY 1 ORDER BY executions DESC, key LIMIT $7""",
        *arguments,
        at_most,
    )
    found = {row["key"]: Totals(sums={one: row[one] for one in SUMS}) for row in rows}
    for name in ("latency", "first_token"):
        counts = await tx.fetch(
            f"""SELECT key, array_agg(place ORDER BY place) AS places, array_agg(n ORDER BY place) AS counts
                  FROM (SELECT {group} AS key, u.place, sum(u.n)::bigint AS n
                          FROM {table} r, unnest(r.{name}) WITH ORDINALITY u(n, place) WHERE {where} AND {group} = ANY($7) AND u.n <> 0
                         GROUP BY 1, 2) b GROUP BY 1""",
            *arguments,
            list(found),
        )
        for row in counts:
            setattr(found[row["key"]], name, histogram_of(row["places"], row["counts"]))
    return found
