"""Users in SQL, for the operator's own login: the command line and the launcher. Services use the functions of people instead."""

from typing import Final
from uuid import UUID

from asyncpg import Record

from burnish_shared.db.audit_log import AuditKind
from burnish_shared.db.session import Tx

RESET_LIFE_S: Final = 3_600
"""How long a link that sets a new password works."""


async def create_user(tx: Tx, *, user_id: UUID, email: str, name: str, password_hash: str, is_operator: bool) -> bool:
    """False: the e-mail is taken. `email` is folded; the operator vouches for it."""
    if not await tx.fetchval("SELECT create_user($1, $2, $3, $4)", user_id, email, name, password_hash):
        return False
    await tx.execute("UPDATE users SET is_operator = $2, email_verified_at = clock_timestamp() WHERE user_id = $1", user_id, is_operator)
    return True


async def find_user(tx: Tx, email: str) -> Record | None:
    """user_id, name, is_operator, disabled_at and password_hash (None: signs in through a provider)."""
    return await tx.fetchrow(
        "SELECT u.user_id, u.name, u.is_operator, u.disabled_at, c.password_hash FROM users u LEFT JOIN credentials c USING (user_id) "
        "WHERE u.email = $1",
        email,
    )


async def list_users(tx: Tx) -> list[Record]:
    """Everybody, the oldest account first, with the number of their workspaces and when they were last seen."""
    return list(
        await tx.fetch(
            "SELECT u.user_id, u.email, u.name, u.is_operator, u.created_at, u.disabled_at, "
            "(SELECT count(*) FROM members m WHERE m.user_id = u.user_id) AS workspaces, "
            "(SELECT max(s.last_seen_at) FROM user_sessions s WHERE s.user_id = u.user_id) AS last_seen_at "
            "FROM users u ORDER BY u.user_id"
        )
    )


async def set_password(tx: Tx, user_id: UUID, password_hash: str) -> None:
    """Ends every session of the user too. Writes its change notes: call it last."""
    await tx.execute("SELECT set_password($1, $2)", user_id, password_hash)
    await tx.execute("SELECT end_sessions($1, NULL)", user_id)


async def add_reset(tx: Tx, *, reset_id: UUID, user_id: UUID, digest: bytes) -> None:
    """A link that sets a new password, made by the operator. It takes the place of the one that the user may have."""
    await tx.execute(
        "SELECT add_password_reset($1, $2, $3, true, NULL, NULL, clock_timestamp() + $4 * interval '1 second')",
        reset_id, user_id, digest, RESET_LIFE_S,
    )  # fmt: skip


async def set_disabled(tx: Tx, user_id: UUID, *, is_disabled: bool) -> None:
    """The caller writes the change note."""
    await tx.execute(
        "UPDATE users SET disabled_at = CASE WHEN $2 THEN coalesce(disabled_at, clock_timestamp()) END WHERE user_id = $1",
        user_id,
        is_disabled,
    )


async def workspaces_of(tx: Tx, user_id: UUID) -> list[UUID]:
    return [row["workspace_id"] for row in await tx.fetch("SELECT workspace_id FROM members WHERE user_id = $1 ORDER BY 1", user_id)]


async def join(tx: Tx, *, workspace_id: UUID, user_id: UUID, role: str) -> None:
    """Makes the user a member with this role, or gives a member it. The caller writes the change note."""
    await tx.execute(
        "INSERT INTO members (workspace_id, user_id, role, invited_by) VALUES ($1, $2, $3, 'operator') "
        "ON CONFLICT (workspace_id, user_id) DO UPDATE SET role = excluded.role",
        workspace_id,
        user_id,
        role,
    )


async def list_keys(tx: Tx, workspace_id: UUID) -> list[Record]:
    return list(
        await tx.fetch(
            "SELECT api_key_id, name, prefix, role, scopes, is_operator, created_by, created_at, expires_at, revoked_at, last_used_at "
            "FROM api_keys WHERE workspace_id = $1 ORDER BY api_key_id",
            workspace_id,
        )
    )


async def workspace_of_key(tx: Tx, api_key_id: UUID) -> UUID | None:
    """None: there is no such key."""
    found: UUID | None = await tx.fetchval("SELECT workspace_id FROM api_keys WHERE api_key_id = $1", api_key_id)
    return found


async def revoke_key(tx: Tx, api_key_id: UUID) -> Record | None:
    """workspace_id, name and prefix; None: there is no such key. The caller writes the change note."""
    return await tx.fetchrow(
        "UPDATE api_keys SET revoked_at = coalesce(revoked_at, clock_timestamp()) WHERE api_key_id = $1 "
        "RETURNING workspace_id, name, prefix",
        api_key_id,
    )


async def home_of(tx: Tx, organization_id: UUID) -> UUID:
    """The organization's home workspace. For the operator's own login."""
    home: UUID = await tx.fetchval("SELECT home_workspace_id FROM organizations WHERE organization_id = $1", organization_id)
    return home


async def find_demo_workspace(tx: Tx, *, key_name: str) -> Record | None:
    """workspace_id and organization_id of the one that `burnish up` made: the oldest that the command line made with an operator's key of
    this name, whatever it is called by now. None: there is none, or it was erased."""
    return await tx.fetchrow(
        "SELECT w.workspace_id, w.organization_id FROM workspaces w WHERE NOT is_erased(w.workspace_id) AND EXISTS ("
        "SELECT FROM api_keys k WHERE k.workspace_id = w.workspace_id AND k.is_operator AND k.name = $1 AND k.created_by = 'operator') "
        "ORDER BY w.created_at LIMIT 1",
        key_name,
    )


async def has_workspace(tx: Tx, workspace_id: UUID) -> bool:
    found: bool = await tx.fetchval("SELECT EXISTS (SELECT FROM workspaces WHERE workspace_id = $1)", workspace_id)
    return found


async def note(tx: Tx, *, workspace_id: UUID, audit_id: UUID, action: str, kind: AuditKind, key: str, after: dict[str, object]) -> None:
    """An entry of the audit log in the operator's name."""
    await tx.execute(
        "INSERT INTO audit_log (audit_id, workspace_id, actor, action, object_kind, object_id, after) "
        "VALUES ($1, $2, 'operator', $3, $4, $5, $6)",
        audit_id, workspace_id, action, kind, key, after,
    )  # fmt: skip
