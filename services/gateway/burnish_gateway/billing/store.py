"""Accounts and ledger in SQL. They are read here; they are written by the functions of the books alone."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from asyncpg import Record

from burnish_shared.db.session import Tx

OF_EXECUTIONS: Final = ("charge", "overage")
"""Kinds of transfers that belong to an execution. No other does."""


async def find_balance(tx: Tx, account_id: int) -> Record | None:
    return await tx.fetchrow(
        "SELECT limit_nusd - spent_nusd AS balance_nusd, held_nusd, spent_nusd, suspended, warn_nusd AS below_nusd, in_flight "
        "FROM accounts WHERE account_id = $1",
        account_id,
    )


async def month_so_far(tx: Tx, workspace_id: UUID) -> Record:
    """Of the running month: base credit, and what the organization's workspaces have drawn together of the credit line."""
    row = await tx.fetchrow(
        "SELECT credit_line_used($1) AS credit_line_used_nusd, coalesce(sum(amount_nusd), 0)::bigint AS base_credit_nusd FROM transfers "
        "WHERE workspace_id = $1 AND execution_id IS NULL AND kind = 'base_grant' "
        "AND at >= date_trunc('month', clock_timestamp() AT TIME ZONE 'UTC') AT TIME ZONE 'UTC'",
        workspace_id,
    )
    assert row is not None  # noqa: S101 – an aggregate has one row
    return row


async def spent_unused(tx: Tx, workspace_id: UUID, account_id: int) -> int:
    """Of all that ever went out of a credit account what was no use of it: what came back of a job or fee, and what was moved away or
    taken back. Of closed days the sums of the day, at most four; of the others each entry, by the index of what no execution moved."""
    amount_nusd: int = await tx.fetchval(
        """WITH closed AS (SELECT (max(through) + 1)::timestamp AT TIME ZONE 'UTC' AS until FROM usage_closings WHERE workspace_id = $1)
           SELECT (coalesce((SELECT sum(amount_nusd) FROM ledger_days
                              WHERE workspace_id = $1 AND (kind IN ('funding_return', 'refund') AND credit = 'credit'
                                                           OR kind IN ('move_out', 'adjustment') AND debit = 'credit')), 0)
                   + coalesce((SELECT sum(amount_nusd) FROM transfers
                                WHERE workspace_id = $1 AND execution_id IS NULL AND at >= coalesce((SELECT until FROM closed), '-infinity')
                                  AND (credit_account_id = $2 AND kind IN ('funding_return', 'refund')
                                       OR debit_account_id = $2 AND kind IN ('move_out', 'adjustment'))), 0))::bigint""",
        workspace_id,
        account_id,
    )
    return amount_nusd


async def allowance_given(tx: Tx, workspace_id: UUID) -> int:
    """For the period that runs: its entries name the month, and those after a change of plan what it came to besides.

    Read by the index of references: there are a few of these a month, among all else that an account is moved by.
    """
    given: int = await tx.fetchval(
        """WITH moved AS (SELECT kind, amount_nusd, left(reference, 7) AS month FROM transfers
                           WHERE workspace_id = $1 AND kind IN ('allowance', 'allowance_expired') AND reference IS NOT NULL)
           SELECT coalesce(sum(amount_nusd), 0)::bigint FROM moved WHERE kind = 'allowance' AND month = (SELECT max(month) FROM moved)""",
        workspace_id,
    )
    return given


async def list_transfers(
    tx: Tx, *, after: int | None, limit: int, kind: str | None, start: datetime | None, end: datetime | None
) -> Sequence[Record]:
    """Newest first, at most limit + 1. What no execution moved is little beside all charges, and has an index of its own."""
    unexecuted = "" if kind is None or kind in OF_EXECUTIONS else "execution_id IS NULL AND "
    return await tx.fetch(
        "SELECT transfer_id, kind, amount_nusd, debit_account_id, credit_account_id, execution_id, reason, corrects, at, "
        "coalesce((SELECT e.simulated FROM executions e WHERE e.workspace_id = t.workspace_id AND e.execution_id = t.execution_id), false) "
        "AS simulated FROM transfers t "
        f"WHERE {unexecuted}($1::bigint IS NULL OR transfer_id < $1) AND ($3::text IS NULL OR kind = $3) "
        "AND ($4::timestamptz IS NULL OR at >= $4) AND ($5::timestamptz IS NULL OR at < $5) ORDER BY transfer_id DESC LIMIT $2",
        after,
        limit + 1,
        kind,
        start,
        end,
    )


async def find_charge(tx: Tx, *, transfer_id: int | None, execution_id: UUID | None) -> Record | None:
    """A charge or fee of this workspace, and what was not given back of it yet."""
    return await tx.fetchrow(
        "SELECT t.transfer_id, t.amount_nusd - coalesce((SELECT sum(c.amount_nusd) FROM transfers c "
        "WHERE c.workspace_id = t.workspace_id AND c.execution_id IS NULL AND c.corrects = t.transfer_id), 0)::bigint AS left_nusd "
        "FROM transfers t "
        "WHERE t.kind IN ('charge', 'fee') AND (t.transfer_id = $1 OR t.execution_id = $2)",
        transfer_id,
        execution_id,
    )


async def add_credit(
    tx: Tx, workspace_id: UUID, account_id: int, *, kind: str, amount_nusd: int, reference: str | None, reason: str
) -> int | None:
    """The transfer; the first one again for a reference that was seen, for a payment also another workspace's. None: no such account."""
    transfer_id: int | None = await tx.fetchval(
        "SELECT add_credit($1, $2, $3, $4, $5, $6)", workspace_id, account_id, kind, amount_nusd, reference, reason
    )
    return transfer_id


async def amount_of(tx: Tx, transfer_id: int) -> int | None:
    """Of an entry in the ledger of the transaction's workspace."""
    amount_nusd: int | None = await tx.fetchval("SELECT amount_nusd FROM transfers WHERE transfer_id = $1", transfer_id)
    return amount_nusd


async def refund(tx: Tx, workspace_id: UUID, transfer_id: int, *, amount_nusd: int, reason: str) -> Record | None:
    """(refund_id or None where it is too much, left_nusd). None: no such charge."""
    return await tx.fetchrow("SELECT refund_id, left_nusd FROM refund($1, $2, $3, $4)", workspace_id, transfer_id, amount_nusd, reason)


async def adjust(tx: Tx, workspace_id: UUID, transfer_id: int, *, amount_nusd: int, reason: str) -> Record | None:
    """(adjustment_id or None where it is too much, left_nusd). None: nothing of this id brought credit in."""
    return await tx.fetchrow("SELECT adjustment_id, left_nusd FROM adjust($1, $2, $3, $4)", workspace_id, transfer_id, amount_nusd, reason)


async def move_credit(
    tx: Tx, workspace_id: UUID, account_id: int, *, to_workspace_id: UUID, to_account_id: int, amount_nusd: int, reason: str
) -> bool | None:
    """False: not so much is free. None: the accounts are not of one organization."""
    moved: bool | None = await tx.fetchval(
        "SELECT move_credit($1, $2, $3, $4, $5, $6)", workspace_id, account_id, to_workspace_id, to_account_id, amount_nusd, reason
    )
    return moved


async def set_warning(tx: Tx, workspace_id: UUID, account_id: int, *, below_nusd: int | None) -> None:
    await tx.execute("SELECT set_credit_warning($1, $2, $3)", workspace_id, account_id, below_nusd)


async def suspend(tx: Tx, workspace_id: UUID, *, suspended: bool) -> bool:
    """Whether that changed anything."""
    changed: bool = await tx.fetchval("SELECT suspend_workspace($1, $2)", workspace_id, suspended)
    return changed


async def is_erased(tx: Tx, workspace_id: UUID) -> bool:
    """Whether its erasure was asked for. The transaction is that workspace's."""
    found: bool = await tx.fetchval("SELECT is_erased($1)", workspace_id)
    return found
