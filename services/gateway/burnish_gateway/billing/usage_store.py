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
    "prompt": "coalesce(e.slug, p.slug, '')",
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

    `after`: the last group that was seen. Without dimensions: one row, also where there was nothing. A page of end users sums what theirs
    was and no more; one by day and end user looks at no day before or behind those that it tells of.
    """
    if after and by[0] == "day":
        start = max(start, date.fromisoformat(after[0]))
    if tuple(by) == ("day", "end_user"):
        end = await _end_of_page(tx, workspace_id, start=start, end=end, after=after, limit=limit)
    sums = ", ".join(f"coalesce(sum({name}), 0)::bigint AS {name}" for name in COUNTED)
    groups = ", ".join(f"{name}::text" for name in by)
    later = f"AND ($4::text[] IS NULL OR ({groups}) > ({', '.join(f'($4::text[])[{n}]' for n in range(1, len(by) + 1))}))" if by else ""
    order = f"GROUP BY {groups} ORDER BY {groups}" if by else "HAVING $4::text[] IS NULL"
    shown = "".join(f"{name}::text AS {name}, " for name in by)
    is_of_users = bool(by) and by[0] == "end_user"
    return await tx.fetch(
        f"""{_NEXT_USERS if is_of_users else ""} SELECT {shown}{sums} FROM ({_parts(by, is_of_users=is_of_users)}) u
             WHERE true {later} {order} LIMIT $5""",
        workspace_id,
        start,
        end,
        list(after) if after is not None else None,
        limit + 1,
    )


async def _end_of_page(tx: Tx, workspace_id: UUID, *, start: date, end: date, after: Sequence[str] | None, limit: int) -> date:
    """The day by which a page of days and end users is full, if closed days fill it; `end` otherwise."""
    found: date | None = await tx.fetchval(
        f"""SELECT day FROM usage_user_days WHERE workspace_id = $1 AND (day, end_user) >= ($2, $4) AND day <= $3 AND day <= {CLOSED}
             ORDER BY day, end_user OFFSET $5 LIMIT 1""",
        workspace_id,
        start,
        end,
        after[1] if after is not None and after[0] == str(start) else "",
        limit + 1,
    )
    return found or end


def _parts(by: Sequence[Dimension], *, is_of_users: bool) -> str:
    """Closed days and open ones; `is_of_users`: of `page_users` alone. Who named nobody comes first, apart from the others' index."""
    table = "usage_user_days" if "end_user" in by else "usage_days"
    closed = f"SELECT {', '.join((*by, *COUNTED))} FROM {table} WHERE workspace_id = $1 AND day >= $2 AND day <= $3 AND day <= {CLOSED}"
    if not is_of_users:
        return f"{closed} UNION ALL {_raw(by)}"
    these = "ANY (ARRAY(SELECT p.end_user FROM page_users p))"
    named, nameless = _raw(by, f"AND e.end_user = {these}"), _raw(by, "AND e.end_user IS NULL AND coalesce(($4::text[])[1], '') = ''")
    return f"{closed} AND end_user = {these} UNION ALL {named} UNION ALL {nameless}"


_OPEN: Final = f"e.workspace_id = $1 AND e.execution_id >= day_bound({FIRST_DAY}) AND e.execution_id < day_bound($3::date + 1)"

_NEXT_USERS: Final = f"""WITH RECURSIVE page_users (end_user, place) AS (
  SELECT coalesce(($4::text[])[1], ''), 0
  UNION ALL
  SELECT n.end_user, p.place + 1 FROM page_users p CROSS JOIN LATERAL (SELECT least(
      (SELECT u.end_user FROM usage_user_days u WHERE u.workspace_id = $1 AND u.end_user > p.end_user AND u.day >= $2 AND u.day <= $3
          AND u.day <= {CLOSED} ORDER BY u.end_user LIMIT 1),
      (SELECT e.end_user FROM executions e WHERE {_OPEN} AND e.end_user > p.end_user ORDER BY e.end_user LIMIT 1)) AS end_user) n
   WHERE p.place < $5 AND n.end_user IS NOT NULL)"""
"""Whom a page may tell of: the one whom the page before ended with, and the next, each found by their index."""


def _raw(by: Sequence[Dimension], narrowed: str = "") -> str:
    """Open days, from the rows."""
    return f"""SELECT {"".join(f"{RAW[name]} AS {name}, " for name in by)}{COUNTED_RAW} FROM executions e
                 LEFT JOIN transfers t ON t.workspace_id = e.workspace_id AND t.execution_id = e.execution_id AND t.kind = 'overage'
                   AND t.execution_id >= day_bound({FIRST_DAY}) AND t.execution_id < day_bound($3::date + 1)
                {"LEFT JOIN prompts_of_jobs($1) p ON p.job_id = e.job_id" if "prompt" in by else ""}
                WHERE {_OPEN} {narrowed}
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
