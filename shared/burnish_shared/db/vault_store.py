"""Supabase's Vault, through functions that bind each secret to its workspace, key and version (0008_provider_keys.sql)."""

from uuid import UUID

from burnish_shared.contracts.provider_keys import KeyPlace
from burnish_shared.db.session import Tx


async def keep(tx: Tx, place: KeyPlace, secret: str) -> UUID | None:
    """Makes the secret; None where the database has no Vault that may be used. The transaction must be the workspace's."""
    kept: UUID | None = await tx.fetchval(
        "SELECT keep_in_vault($1, $2, $3, $4)", place.workspace_id, place.provider_key_id, place.version, secret
    )
    return kept


async def forget(tx: Tx, place: KeyPlace) -> None:
    """Deletes the secret; harmless when there is none. The transaction must be the workspace's."""
    await tx.execute("SELECT forget_in_vault($1, $2, $3)", place.workspace_id, place.provider_key_id, place.version)


async def read(tx: Tx, place: KeyPlace) -> str | None:
    """The secret that stands under the key's own name; None when there is none. The transaction must name the workspace."""
    secret: str | None = await tx.fetchval("SELECT read_from_vault($1, $2)", place.workspace_id, place.provider_key_id)
    return secret
