"""The SQL of ending a workspace. The transaction is that workspace's."""

from uuid import UUID

from burnish_gateway.privacy.erasure import WorkspaceErasure
from burnish_shared.db.session import Tx


async def begin(tx: Tx, workspace_id: UUID, *, requested_by: str) -> bool:
    """Whether this is the first time. From now on retention takes text and persons of everything."""
    row = await tx.fetchrow(
        "INSERT INTO workspace_erasures (workspace_id, requested_by) VALUES ($1, $2) ON CONFLICT DO NOTHING RETURNING true",
        workspace_id,
        requested_by,
    )
    await tx.execute(
        "UPDATE workspaces SET retention_days = 0, store_content = false, share_statistics = false WHERE workspace_id = $1", workspace_id
    )
    return row is not None


async def find(tx: Tx, workspace_id: UUID) -> WorkspaceErasure | None:
    """None: nobody asked for it."""
    row = await tx.fetchrow(
        "SELECT workspace_id, requested_by, requested_at, counts, completed_at FROM workspace_erasures WHERE workspace_id = $1",
        workspace_id,
    )
    return None if row is None else WorkspaceErasure(**dict(row))


async def revoke_api_keys(tx: Tx) -> list[str]:
    """All of them. Returns their prefixes."""
    rows = await tx.fetch("UPDATE api_keys SET revoked_at = coalesce(revoked_at, clock_timestamp()) RETURNING prefix")
    return [row["prefix"] for row in rows]


async def revoke_invitations(tx: Tx) -> None:
    """All that are open; what was to be mailed stays unsent. Who is just accepting one is waited for, and a member then."""
    await tx.execute("UPDATE invitations SET revoked_at = clock_timestamp() WHERE accepted_at IS NULL AND revoked_at IS NULL")
    await tx.execute(
        "UPDATE mails SET status = 'failed', sealed = NULL, error = 'taken_back', settled_at = clock_timestamp() WHERE status = 'pending'"
    )


async def remove_members(tx: Tx) -> list[UUID]:
    """All of them. Returns who they were."""
    return [row["user_id"] for row in await tx.fetch("DELETE FROM members RETURNING user_id")]
