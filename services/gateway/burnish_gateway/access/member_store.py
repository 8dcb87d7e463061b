"""Members and invitations of a workspace in SQL. The transaction is the workspace's, save where it says otherwise."""

from datetime import datetime
from uuid import UUID

from asyncpg import Record

from burnish_shared.db.session import Tx

MEMBER = (
    "SELECT m.user_id, u.email, u.name, m.role, m.invited_by, m.created_at, u.disabled_at IS NOT NULL AS is_disabled "
    "FROM members m JOIN users u USING (user_id)"
)
INVITATION = (
    "SELECT invitation_id, email, role, invited_by, created_at, expires_at, accepted_at, revoked_at, expires_at <= clock_timestamp() "
    "AS is_over FROM invitations"
)


async def add_member(tx: Tx, workspace_id: UUID, user_id: UUID, *, role: str, invited_by: str | None) -> bool:
    """False: the user belongs to it already; the role stays."""
    added = await tx.fetchval(
        "INSERT INTO members (workspace_id, user_id, role, invited_by) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING RETURNING true",
        workspace_id,
        user_id,
        role,
        invited_by,
    )
    return bool(added)


async def list_members(
    tx: Tx, *, q: str = "", email: str | None = None, ids: list[UUID] | None = None, after: UUID | None, limit: int
) -> list[Record]:
    """The oldest account first, at most limit + 1. `q`: what their name or e-mail holds, great and small letters alike; empty: all.
    `email`: just this one, folded; None: any. `ids`: of users, those of them that are members; None: any.
    """
    return list(
        await tx.fetch(
            f"""{MEMBER} WHERE ($1::uuid IS NULL OR m.user_id > $1)
                   AND ($4::text IS NULL OR u.email = $4)
                   AND ($5::uuid[] IS NULL OR m.user_id = ANY ($5))
                   AND ($3 = '' OR strpos(lower(u.email), lower($3)) > 0 OR strpos(lower(coalesce(u.name, '')), lower($3)) > 0)
                 ORDER BY m.user_id LIMIT $2""",
            after,
            limit + 1,
            q,
            email,
            ids,
        )
    )


async def find_member(tx: Tx, user_id: UUID) -> Record | None:
    return await tx.fetchrow(f"{MEMBER} WHERE m.user_id = $1", user_id)


async def has_email(tx: Tx, email: str) -> bool:
    """Is the owner of this e-mail a member?"""
    found: bool = await tx.fetchval("SELECT EXISTS (SELECT FROM members m JOIN users u USING (user_id) WHERE u.email = $1)", email)
    return found


async def lock_admins(tx: Tx) -> set[UUID]:
    """The admins who may sign in. Until the transaction ends nobody else changes who is one of them."""
    rows = await tx.fetch("SELECT user_id FROM members WHERE role = 'admin' ORDER BY user_id FOR UPDATE")
    active = await tx.fetch("SELECT user_id FROM users WHERE user_id = ANY ($1) AND disabled_at IS NULL", [row["user_id"] for row in rows])
    return {row["user_id"] for row in active}


async def set_role(tx: Tx, user_id: UUID, role: str) -> None:
    await tx.execute("UPDATE members SET role = $2 WHERE user_id = $1", user_id, role)


async def remove_member(tx: Tx, user_id: UUID) -> None:
    await tx.execute("DELETE FROM members WHERE user_id = $1", user_id)


async def add_invitation(
    tx: Tx, *, invitation_id: UUID, workspace_id: UUID, email: str, role: str, digest: bytes, invited_by: str, expires_at: datetime
) -> None:
    await tx.execute(
        "INSERT INTO invitations (invitation_id, workspace_id, email, role, digest, invited_by, expires_at) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7)",
        invitation_id, workspace_id, email, role, digest, invited_by, expires_at,
    )  # fmt: skip


async def list_invitations(tx: Tx, *, after: UUID | None, limit: int) -> list[Record]:
    """Newest first, at most limit + 1, with those that are over."""
    return list(
        await tx.fetch(f"{INVITATION} WHERE $1::uuid IS NULL OR invitation_id < $1 ORDER BY invitation_id DESC LIMIT $2", after, limit + 1)
    )


async def revoke_invitation(tx: Tx, invitation_id: UUID) -> Record | None:
    """email and role of one that nobody accepted; None: there is none. Revoking twice keeps the first time."""
    return await tx.fetchrow(
        "UPDATE invitations SET revoked_at = coalesce(revoked_at, clock_timestamp()) WHERE invitation_id = $1 AND accepted_at IS NULL "
        "RETURNING email, role",
        invitation_id,
    )


async def revoke_if_open(tx: Tx, invitation_id: UUID) -> Record | None:
    """invitation_id, email and role of what was open still; None: it is over already."""
    return await tx.fetchrow(
        "UPDATE invitations SET revoked_at = clock_timestamp() WHERE invitation_id = $1 AND accepted_at IS NULL AND revoked_at IS NULL "
        "RETURNING invitation_id, email, role",
        invitation_id,
    )


async def revoke_open_invitations(tx: Tx, email: str) -> list[Record]:
    """Takes back those of this e-mail that could be accepted still, and returns them."""
    return list(
        await tx.fetch(
            "UPDATE invitations SET revoked_at = clock_timestamp() WHERE email = $1 AND accepted_at IS NULL AND revoked_at IS NULL "
            "AND expires_at > clock_timestamp() RETURNING invitation_id, email, role",
            email,
        )
    )


async def revoke_invitations_of(tx: Tx, workspace_id: UUID, *, maker: str, guest: str | None) -> list[Record]:
    """Takes back those by this maker, or for this e-mail, that could be accepted still, and returns them. The operator's own login, which
    sees every workspace, asks for them too."""
    return list(
        await tx.fetch(
            "UPDATE invitations SET revoked_at = clock_timestamp() WHERE workspace_id = $3 AND (invited_by = $1 OR email = $2) "
            "AND accepted_at IS NULL AND revoked_at IS NULL AND expires_at > clock_timestamp() RETURNING invitation_id, email, role",
            maker,
            guest,
            workspace_id,
        )
    )


async def may_invite(tx: Tx, *, user_id: UUID | None, api_key_id: UUID | None) -> bool:
    """Whether this person is an admin now who may sign in, and this key not revoked. None: nobody to ask about."""
    may: bool = await tx.fetchval(
        "SELECT ($1::uuid IS NULL OR EXISTS (SELECT FROM members m JOIN users u USING (user_id) "
        "WHERE m.user_id = $1 AND m.role = 'admin' AND u.disabled_at IS NULL)) "
        "AND NOT EXISTS (SELECT FROM api_keys WHERE api_key_id = $2 AND revoked_at IS NOT NULL)",
        user_id,
        api_key_id,
    )
    return may


async def key_may_invite(tx: Tx, api_key_id: UUID) -> bool:
    """Whether this key was not revoked, and it, or one that took its place by rotation, is an admin's now: not narrowed, not over."""
    may: bool = await tx.fetchval(
        "SELECT EXISTS (SELECT FROM api_keys made JOIN api_keys k "
        "ON coalesce(k.first_key_id, k.api_key_id) = coalesce(made.first_key_id, made.api_key_id) AND k.api_key_id >= made.api_key_id "
        "WHERE made.api_key_id = $1 AND made.revoked_at IS NULL AND k.role = 'admin' AND k.scopes = '{}' AND k.revoked_at IS NULL "
        "AND (k.expires_at IS NULL OR k.expires_at > clock_timestamp()))",
        api_key_id,
    )
    return may


async def find_invitation(tx: Tx, invitation_id: UUID) -> Record | None:
    """Needs no tenant: whoever was invited belongs to no workspace yet."""
    return await tx.fetchrow("SELECT * FROM find_invitation($1)", invitation_id)


async def accept_invitation(tx: Tx, invitation_id: UUID) -> bool:
    """False: somebody was faster, or it is over."""
    accepted = await tx.fetchval(
        "UPDATE invitations SET accepted_at = clock_timestamp() "
        "WHERE invitation_id = $1 AND accepted_at IS NULL AND revoked_at IS NULL AND expires_at > clock_timestamp() RETURNING true",
        invitation_id,
    )
    return bool(accepted)
