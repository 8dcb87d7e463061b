"""Accounts and ledger in SQL, read only: they are written by the functions of the books alone."""

from collections.abc import Sequence

from asyncpg import Record

from burnish_shared.db.session import Tx


async def find_balance(tx: Tx, account_id: int) -> Record | None:
    return await tx.fetchrow(
        "SELECT limit_nusd - spent_nusd AS balance_nusd, held_nusd, spent_nusd, suspended FROM accounts WHERE account_id = $1", account_id
    )


async def list_transfers(tx: Tx, *, after: int | None, limit: int) -> Sequence[Record]:
    """Newest first, at most limit + 1."""
    return await tx.fetch(
        "SELECT transfer_id, kind, amount_nusd, debit_account_id, credit_account_id, execution_id, reason, at FROM transfers "
        "WHERE $1::bigint IS NULL OR transfer_id < $1 ORDER BY transfer_id DESC LIMIT $2",
        after,
        limit + 1,
    )
