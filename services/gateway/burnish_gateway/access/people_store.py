"""Users, their memberships and identities in SQL."""

from uuid import UUID

from asyncpg import Record

from burnish_gateway.access.person import Membership, UserFacts
from burnish_gateway.access.principal import ROLES
from burnish_shared.db.session import Tx


async def find_user(tx: Tx, user_id: UUID) -> UserFacts | None:
    """The user with all memberships. The transaction must be the user's (`unit_of_work(user=…)`)."""
    row = await tx.fetchrow("SELECT user_id, email, name, is_operator, disabled_at FROM users WHERE user_id = $1", user_id)
    if row is None:
        return None
    return UserFacts(**row, memberships=tuple(_membership(one) for one in await memberships_of(tx, user_id)))


async def memberships_of(tx: Tx, user_id: UUID) -> list[Record]:
    """Workspaces of the user, the oldest membership first. Needs no tenant."""
    return list(await tx.fetch("SELECT * FROM memberships_of($1)", user_id))


async def find_identity(tx: Tx, *, issuer: str, subject: str) -> UUID | None:
    """The user behind a provider's subject; None: never seen here. Needs no tenant."""
    user_id: UUID | None = await tx.fetchval("SELECT find_identity($1, $2)", issuer, subject)
    return user_id


async def link_identity(
    tx: Tx, *, new_user_id: UUID, issuer: str, subject: str, email: str | None, email_verified: bool, name: str
) -> UUID | None:
    """The user of an identity, made (as `new_user_id`) or joined by verified e-mail at first sight; the same at every repeat.

    An account of this e-mail that nobody vouched for is disabled and loses the e-mail; the identity's owner gets a user without its things.
    `email` is folded (`emails.fold_email`). None: the e-mail is another user's, and the provider does not vouch for it.
    """
    user_id: UUID | None = await tx.fetchval(
        "SELECT link_identity($1, $2, $3, $4, $5, $6)", new_user_id, issuer, subject, email, email_verified, name
    )
    return user_id


async def create_user(tx: Tx, *, user_id: UUID, email: str, name: str, password_hash: str | None) -> bool:
    """False: the e-mail is taken, nothing was made. `email` is folded."""
    made: bool = await tx.fetchval("SELECT create_user($1, $2, $3, $4)", user_id, email, name, password_hash)
    return made


def _membership(row: Record) -> Membership:
    return Membership(workspace_id=row["workspace_id"], organization_id=row["organization_id"], role=ROLES[row["role"]])
