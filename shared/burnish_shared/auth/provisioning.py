"""Makes workspaces and keys, for the gateway and for the command line. Each function is one step inside the caller's transaction."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from burnish_shared.auth.api_keys import NewKey, new_key
from burnish_shared.db.session import Tx
from burnish_shared.ids import AccountId, OrganizationId, WorkspaceId, new_uuid


async def create_workspace(tx: Tx, *, name: str, organization_id: UUID | None = None) -> tuple[WorkspaceId, OrganizationId, AccountId]:
    """A workspace with an empty credit account; without `organization_id` an organization of its own, of the same name."""
    workspace_id, organization = new_uuid(), organization_id or new_uuid()
    account = await tx.fetchval("SELECT create_workspace($1, $2, $3, $4)", workspace_id, organization, organization_id is None, name)
    return WorkspaceId(workspace_id), OrganizationId(organization), AccountId(account)


async def grant_credit(tx: Tx, *, workspace_id: UUID, amount_nusd: int, reason: str) -> None:
    """Operator only: the role of a service may not call it."""
    await tx.fetchval("SELECT grant_credit($1, $2, $3)", workspace_id, amount_nusd, reason)


async def create_api_key(
    tx: Tx,
    *,
    workspace_id: UUID,
    name: str,
    role: str,
    pepper: bytes,
    scopes: Sequence[str] = (),
    expires_at: datetime | None = None,
    rate_limit_per_minute: int | None = None,
    token_limit_per_minute: int | None = None,
    created_by: str = "operator",
) -> tuple[UUID, NewKey]:
    """A key of `role` admin, editor or viewer. The transaction must be the workspace's. `NewKey.text` is not kept anywhere.

    `scopes` narrow what the role may; empty: all of it. `created_by`: as the audit log names people.
    """
    api_key_id, key = new_uuid(), new_key(pepper)
    await tx.execute(
        "INSERT INTO api_keys (api_key_id, workspace_id, name, prefix, digest, role, scopes, expires_at, rate_limit_per_minute, "
        "token_limit_per_minute, created_by) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        api_key_id, workspace_id, name, key.prefix, key.digest, role, list(scopes), expires_at, rate_limit_per_minute,
        token_limit_per_minute, created_by,
    )  # fmt: skip
    return api_key_id, key


async def make_operator(tx: Tx, api_key_id: UUID) -> None:
    """Lets a key act on the whole installation. Only the operator's own login may; a service's is refused by PostgreSQL."""
    await tx.execute("UPDATE api_keys SET is_operator = true WHERE api_key_id = $1", api_key_id)
