"""Links that set a new password, in SQL. They belong to a user, so the transaction needs no tenant but where it says so."""

from datetime import datetime
from uuid import UUID

from asyncpg import Record

from burnish_shared.db.session import Tx


async def find_account(tx: Tx, user_id: UUID) -> Record | None:
    """email, is_operator, is_disabled, has_password and has_identity (at a provider) of a member. The transaction is the workspace's; None:
    not a member of it."""
    return await tx.fetchrow(
        "SELECT u.email, u.is_operator, u.disabled_at IS NOT NULL AS is_disabled, "
        "EXISTS (SELECT FROM find_credential(u.email)) AS has_password, has_identity(u.user_id) "
        "FROM members m JOIN users u USING (user_id) WHERE m.user_id = $1",
        user_id,
    )


async def add_reset(
    tx: Tx,
    *,
    reset_id: UUID,
    user_id: UUID,
    digest: bytes,
    is_operators: bool,
    made_by: UUID | None,
    made_by_key: UUID | None,
    expires_at: datetime,
) -> UUID | None:
    """`made_by`, `made_by_key`: the user or the API key who must still govern the account when it is used, unless it `is_operators`.

    It takes the place of the one that the user may have, whose id is returned; None: there was none."""
    replaced: UUID | None = await tx.fetchval(
        "SELECT add_password_reset($1, $2, $3, $4, $5, $6, $7)", reset_id, user_id, digest, is_operators, made_by, made_by_key, expires_at
    )
    return replaced


async def find_reset(tx: Tx, reset_id: UUID) -> Record | None:
    """user_id, email, digest and is_open: whether it may be used still."""
    return await tx.fetchrow("SELECT * FROM find_password_reset($1)", reset_id)


async def use_reset(tx: Tx, reset_id: UUID, password_hash: str) -> bool:
    """Sets the password. False: somebody was faster, or it is over. The caller ends the sessions."""
    used: bool = await tx.fetchval("SELECT use_password_reset($1, $2)", reset_id, password_hash)
    return used
