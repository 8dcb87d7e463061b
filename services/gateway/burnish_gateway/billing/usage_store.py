"""Usage and ledger by day: closed days from their sums, open ones from the rows."""

from collections.abc import Sequence
from datetime import date
from typing import Final, Literal
from uuid import UUID

from asyncpg import Record

from burnish_shared.db.session import Tx

Dimension = Literal["day", "api_key", "prompt", "model", "provider", "provider_key", "key_source", "lane", "end_user"]

COUNTED: Final = (
    "executions", "successes", "input_tokens", "cached_input_tokens", "output_tokens", "cost_nusd", "markup_nusd", "loss_nusd", "simulated",
)  # fmt: skip
"""`simulated`: how many of the executions simulated models answered."""

OF_USERS: Final = frozenset({"day", "end_user"})
"""End users stand in a table of their own, which forgets them, and can only be shown with the day."""

RAW: Final[dict[Dimension, str]] = {
    "day": "day_of(e.execution_id)",
    "api_key": "coalesce(e.api_key_id::text, '')",
    "prompt": "coalesce(e.slug, '')",
    "model": "e.model",
    "provider": "e.provider",
    "provider_key": "coalesce(e.provider_key_id::text, '')",
    "key_source": "coalesce(e.key_source, '')",
    "lane": "e.lane",
    "end_user": "coalesce(e.end_user, '')",
}
"""The dimension of one execution, as `usage_counted` has it; only those that are asked for are computed."""

COUNTED_RAW: Final = (
    "count(*) AS executions, count(*) FILTER (WHERE e.status = 'success') AS successes, sum(e.input_tokens), sum(e.cached_input_tokens), "
    "sum(e.output_tokens), sum(e.cost_nusd), sum(e.markup_nusd), coalesce(sum(t.amount_nusd), 0), count(*) FILTER (WHERE e.simulated)"
)

CLOSED: Final = "coalesce((SELECT through FROM usage_closings), '-infinity')"

FIRST_DAY: Final = "greatest($2::date, (SELECT through FROM usage_closings) + 1)"
"""The first open day of a range that begins with $2."""


async def usage(
    tx: Tx, workspace_id: UUID, *, start: date, end: date, by: Sequence[Dimension], after: Sequence[str] | None, limit: int
) -> Sequence[Record]:
    """Sums of the days from `start` to `end`, both included, by the dimensions, in their order, at most limit + 1 rows.

    `after`: the last group that was seen. Without dimensions: one row, also where there was nothing.
    """
    table = "usage_user_days" if "end_user" in by else "usage_days"
    sums = ", ".join(f"coalesce(sum({name}), 0)::bigint AS {name}" for name in COUNTED)
    columns = ", ".join((*by, *COUNTED))
    groups = ", ".join(f"{name}::text" for name in by)
    later = f"AND ($4::text[] IS NULL OR ({groups}) > ({', '.join(f'($4::text[])[{n}]' for n in range(1, len(by) + 1))}))" if by else ""
    order = f"GROUP BY {groups} ORDER BY {groups}" if by else "HAVING $4::text[] IS NULL"
    shown = "".join(f"{name}::text AS {name}, " for name in by)
    return await tx.fetch(
        f"""SELECT {shown}{sums} FROM (
              SELECT {columns} FROM {table} WHERE workspace_id = $1 AND day >= $2 AND day <= $3 AND day <= {CLOSED}
              UNION ALL {_raw(by)}) u
             WHERE true {later} {order} LIMIT $5""",
        workspace_id,
        start,
        end,
        list(after) if after is not None else None,
        limit + 1,
    )


def _raw(by: Sequence[Dimension]) -> str:
    """Open days, from the rows."""
    return f"""SELECT {"".join(f"{RAW[name]} AS {name}, " for name in by)}{COUNTED_RAW} FROM executions e
                 LEFT JOIN transfers t ON t.workspace_id = e.workspace_id AND t.execution_id = e.execution_id AND t.kind = 'overage'
                   AND t.execution_id >= day_bound({FIRST_DAY}) AND t.execution_id < day_bound($3::date + 1)
                WHERE e.workspace_id = $1 AND e.execution_id >= day_bound({FIRST_DAY}) AND e.execution_id < day_bound($3::date + 1)
                {"GROUP BY " + ", ".join(RAW[name] for name in by) if by else ""}"""


NAMED: Final[dict[Dimension, str]] = {
    "api_key": "SELECT api_key_id::text AS id, name FROM api_keys WHERE api_key_id::text = ANY ($1)",
    "provider_key": "SELECT provider_key_id::text AS id, name FROM provider_keys WHERE provider_key_id::text = ANY ($1)",
}
"""Dimensions whose values are ids, and where their names stand."""


async def names(tx: Tx, dimension: Dimension, ids: Sequence[str]) -> dict[str, str]:
    """Id → name, of one of NAMED; a key that was revoked keeps its row, and its name."""
    rows = await tx.fetch(NAMED[dimension], list(ids))
    return {row["id"]: row["name"] for row in rows}


async def ledger(tx: Tx, workspace_id: UUID, *, start: date, end: date) -> Sequence[Record]:
    """What moved in the days from `start` to `end`, both included: (kind, debit, credit, transfers, amount_nusd)."""
    return await tx.fetch(
        f"""SELECT kind, debit, credit, sum(transfers)::bigint AS transfers, sum(amount_nusd)::bigint AS amount_nusd FROM (
              SELECT kind, debit, credit, transfers, amount_nusd FROM ledger_days
               WHERE workspace_id = $1 AND day >= $2 AND day <= $3 AND day <= {CLOSED}
              UNION ALL SELECT kind, debit, credit, transfers, amount_nusd FROM ledger_between($1, {FIRST_DAY}, $3)) l
             GROUP BY kind, debit, credit ORDER BY kind, debit, credit""",
        workspace_id,
        start,
        end,
    )


async def first_day(tx: Tx, workspace_id: UUID) -> date:
    """Where the books of a workspace begin: the day it was made, or that of an older row."""
    found: date = await tx.fetchval(
        "SELECT least((SELECT (created_at AT TIME ZONE 'UTC')::date FROM workspaces WHERE workspace_id = $1), "
        "(SELECT min(day) FROM ledger_days WHERE workspace_id = $1), "
        "(SELECT day_of(execution_id) FROM executions WHERE workspace_id = $1 ORDER BY execution_id LIMIT 1), "
        "(SELECT (min(at) AT TIME ZONE 'UTC')::date FROM transfers WHERE workspace_id = $1 AND execution_id IS NULL))",
        workspace_id,
    )
    return found


async def closed_through(tx: Tx) -> date | None:
    """The last day whose sums are closed."""
    found: date | None = await tx.fetchval("SELECT through FROM usage_closings")
    return found


async def rates_in_use(tx: Tx, *, most: int) -> list[Record]:
    """The limit of the transaction's workspace, then those of its API keys, the fullest first, with how far each is ahead of now."""
    return list(await tx.fetch("SELECT api_key_id, name, rate_id, rate_limit_per_minute, ahead_us FROM rates_in_use($1)", most))


async def token_rates_in_use(tx: Tx, *, most: int) -> list[Record]:
    """The same of limits of tokens; of the workspace only where it, or its plan, has one."""
    return list(await tx.fetch("SELECT api_key_id, name, rate_id, token_limit_per_minute, ahead_us FROM token_rates_in_use($1)", most))
