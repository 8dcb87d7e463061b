"""Budgets in SQL: the row says for whom, its account counts."""

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from asyncpg import Record

from burnish_gateway.billing.budget import BUDGETS_MOST, BudgetFacts
from burnish_shared.books.user_accounts import EACH, user_account
from burnish_shared.db.session import Tx

USERS_COUNTED_MOST: Final = 100_000
"""End users of one budget that are looked at to show it."""

_IS_EACH = "b.target_kind = 'end_user' AND b.target_id = '*'"

SHOWN = f"""SELECT b.budget_id, b.name, b.target_kind, coalesce(p.slug, b.target_id) AS target_id, b.period, b.limit_nusd, b.warn_percent,
       b.hard, b.account_id, b.created_by, b.created_at, b.closed_at,
       CASE WHEN {_IS_EACH} THEN coalesce(u.most[1] - u.most[2], 0) ELSE a.held_nusd END AS held_nusd,
       CASE WHEN {_IS_EACH} THEN coalesce(u.most[2], 0) WHEN a.resets_at <= clock_timestamp() THEN 0 ELSE a.spent_nusd END AS spent_nusd,
       CASE WHEN {_IS_EACH} THEN u.counted END AS end_users, CASE WHEN {_IS_EACH} THEN u.used_up END AS end_users_used_up
  FROM budgets b JOIN accounts a ON a.account_id = b.account_id
  LEFT JOIN prompts p ON b.target_kind = 'prompt' AND p.prompt_id::text = b.target_id
  LEFT JOIN LATERAL (SELECT count(*) AS counted, count(*) FILTER (WHERE c.used >= b.limit_nusd) AS used_up,
                            max(ARRAY[c.used, c.spent]) AS most
                       FROM (SELECT o.spent + o.held_nusd AS used, o.spent
                               FROM (SELECT held_nusd, CASE WHEN resets_at > clock_timestamp() THEN spent_nusd ELSE 0 END AS spent
                                       FROM accounts WHERE workspace_id = b.workspace_id AND parent_account_id = b.account_id AND kind = 2
                                        AND (held_nusd > 0 OR resets_at > clock_timestamp())
                                      LIMIT {USERS_COUNTED_MOST}) o) c) u ON {_IS_EACH}"""
"""Of a budget for each end user, what is spent and held is that of the one who has the least left."""


async def open_budgets(tx: Tx) -> list[BudgetFacts]:
    """Those of the transaction's workspace that are not closed."""
    rows = await tx.fetch(
        "SELECT budget_id, account_id, name, target_kind, target_id, limit_nusd, period, hard FROM budgets WHERE closed_at IS NULL "
        "ORDER BY budget_id LIMIT $1",
        BUDGETS_MOST,
    )
    return [BudgetFacts(**dict(row)) for row in rows]


async def list_budgets(tx: Tx, *, after: UUID | None, limit: int, target_kind: str | None, target_id: str | None) -> Sequence[Record]:
    """Newest first, at most limit + 1, without closed ones. `target_id` as it is stored."""
    return await tx.fetch(
        f"{SHOWN} WHERE b.closed_at IS NULL AND ($1::uuid IS NULL OR b.budget_id < $1) AND ($3::text IS NULL OR b.target_kind = $3) "
        "AND ($4::text IS NULL OR b.target_id = $4) ORDER BY b.budget_id DESC LIMIT $2",
        after,
        limit + 1,
        target_kind,
        target_id,
    )


async def list_of_end_user(tx: Tx, end_user: str) -> list[dict[str, Any]]:
    """Open budgets that a call of this end user counts against as theirs, with what they spent and what is held for them in the running
    period. One of their own takes the place of one for each end user of the same period. Day before month."""
    rows = await tx.fetch(
        """SELECT budget_id, name, target_kind, target_id, period, limit_nusd, warn_percent, hard, account_id, created_by, created_at,
                  closed_at FROM budgets
            WHERE closed_at IS NULL AND target_kind = 'end_user' AND target_id = ANY ($1) ORDER BY period, target_id = $2""",
        [end_user, EACH],
        EACH,
    )
    bound = {row["period"]: row for row in reversed(rows)}  # their own comes last, and stays
    accounts = {
        period: row["account_id"] if row["target_id"] == end_user else user_account(row["account_id"], end_user)
        for period, row in bound.items()
    }
    used = await tx.fetch(
        """SELECT account_id, held_nusd, CASE WHEN resets_at <= clock_timestamp() THEN 0 ELSE spent_nusd END AS spent_nusd
             FROM accounts WHERE account_id = ANY ($1)""",
        list(accounts.values()),
    )
    figures = {row["account_id"]: (row["held_nusd"], row["spent_nusd"]) for row in used}
    shown: list[dict[str, Any]] = []
    for period in sorted(bound):
        held_nusd, spent_nusd = figures.get(accounts[period], (0, 0))
        shown.append(dict(bound[period]) | {"held_nusd": held_nusd, "spent_nusd": spent_nusd, "end_users": None, "end_users_used_up": None})
    return shown


async def short_budgets(tx: Tx, prompt_ids: Sequence[UUID], *, below_nusd: int) -> Sequence[Record]:
    """Hard ones of the workspace and of these prompts that let through less than `below_nusd` now, the tightest first."""
    return await tx.fetch(
        f"""SELECT budget_id AS id, name, target_kind, period, greatest(0, limit_nusd - spent_nusd - held_nusd) AS left_nusd
              FROM ({SHOWN} WHERE b.closed_at IS NULL AND b.hard
                     AND (b.target_kind = 'workspace' OR b.target_kind = 'prompt' AND b.target_id = ANY ($1))) shown
             WHERE limit_nusd - spent_nusd - held_nusd < $2 ORDER BY left_nusd, budget_id""",
        [str(one) for one in prompt_ids],
        below_nusd,
    )


async def find_budget(tx: Tx, budget_id: UUID) -> Record | None:
    """Also one that is closed."""
    return await tx.fetchrow(f"{SHOWN} WHERE b.budget_id = $1", budget_id)


async def lock_budget(tx: Tx, budget_id: UUID) -> None:
    """Nobody else changes or closes it before this transaction ends; what is read after this is what they left."""
    await tx.execute("SELECT FROM budgets WHERE budget_id = $1 FOR NO KEY UPDATE", budget_id)


async def count_open(tx: Tx) -> int:
    counted: int = await tx.fetchval("SELECT count(*) FROM budgets WHERE closed_at IS NULL")
    return counted


async def find_prompt(tx: Tx, slug: str) -> UUID | None:
    found: UUID | None = await tx.fetchval("SELECT prompt_id FROM prompts WHERE slug = $1", slug)
    return found


async def find_key_line(tx: Tx, api_key_id: UUID) -> UUID | None:
    """The first key of its line: a budget holds for the keys that it was rotated into as well."""
    found: UUID | None = await tx.fetchval("SELECT coalesce(first_key_id, api_key_id) FROM api_keys WHERE api_key_id = $1", api_key_id)
    return found


async def list_key_budgets(tx: Tx, first_key_id: UUID) -> list[Record]:
    """budget_id, period and limit_nusd of the open budgets of a key's line: one for each period at most. Nobody else changes them before
    this transaction ends."""
    return list(
        await tx.fetch(
            "SELECT budget_id, period, limit_nusd FROM budgets WHERE target_kind = 'api_key' AND target_id = $1 AND closed_at IS NULL "
            "ORDER BY budget_id FOR NO KEY UPDATE",
            str(first_key_id),
        )
    )


async def make_account(
    tx: Tx, workspace_id: UUID, budget_id: UUID, *, limit_nusd: int, warn_nusd: int | None, period: str | None, hard: bool
) -> int:
    """`period` None: the limit is for good."""
    account_id: int = await tx.fetchval(
        "SELECT make_budget_account($1, $2, $3, $4, $5, $6)", workspace_id, budget_id, limit_nusd, warn_nusd, period, hard
    )
    return account_id


async def change_account(
    tx: Tx, workspace_id: UUID, budget_id: UUID, *, limit_nusd: int, warn_nusd: int | None, period: str | None, hard: bool
) -> None:
    await tx.fetchval("SELECT change_budget_account($1, $2, $3, $4, $5, $6)", workspace_id, budget_id, limit_nusd, warn_nusd, period, hard)


async def close_account(tx: Tx, workspace_id: UUID, budget_id: UUID) -> None:
    await tx.fetchval("SELECT close_budget_account($1, $2)", workspace_id, budget_id)


async def insert_budget(tx: Tx, workspace_id: UUID, budget_id: UUID, account_id: int, *, created_by: str, **fields: Any) -> bool:
    """False: the target has an open budget of this period."""
    done = await tx.fetchval(
        "INSERT INTO budgets (budget_id, workspace_id, account_id, created_by, name, target_kind, target_id, period, limit_nusd, "
        "warn_percent, hard) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) ON CONFLICT DO NOTHING RETURNING true",
        budget_id, workspace_id, account_id, created_by, fields["name"], fields["target_kind"], fields["target_id"], fields["period"],
        fields["limit_nusd"], fields["warn_percent"], fields["hard"],
    )  # fmt: skip
    return done is not None


async def change_budget(tx: Tx, budget_id: UUID, *, name: str, limit_nusd: int, warn_percent: int | None, hard: bool) -> None:
    await tx.execute(
        "UPDATE budgets SET name = $2, limit_nusd = $3, warn_percent = $4, hard = $5 WHERE budget_id = $1",
        budget_id,
        name,
        limit_nusd,
        warn_percent,
        hard,
    )


async def close_budget(tx: Tx, budget_id: UUID) -> None:
    await tx.execute("UPDATE budgets SET closed_at = clock_timestamp() WHERE budget_id = $1 AND closed_at IS NULL", budget_id)
