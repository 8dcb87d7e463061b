"""SQL of the installation's own secrets. Values are sealed before they come here."""

from burnish_shared.db.session import Tx


async def lock_installation(tx: Tx) -> None:
    """Until the transaction ends, nobody else makes secrets of the installation."""
    await tx.execute("SELECT pg_advisory_xact_lock(hashtext('burnish.installation_secrets'))")


async def find_check(tx: Tx) -> bytes | None:
    """The sealed check of the key-encryption key; None in a database that has not seen one."""
    sealed: bytes | None = await tx.fetchval("SELECT sealed FROM kek_check")
    return sealed


async def add_check(tx: Tx, sealed: bytes) -> None:
    await tx.execute("INSERT INTO kek_check (sealed) VALUES ($1)", sealed)


async def find_secrets(tx: Tx) -> dict[str, bytes]:
    """Name → sealed value."""
    return {row["name"]: row["sealed"] for row in await tx.fetch("SELECT name, sealed FROM installation_secrets")}


async def add_secret(tx: Tx, *, name: str, sealed: bytes) -> None:
    await tx.execute("INSERT INTO installation_secrets (name, sealed) VALUES ($1, $2)", name, sealed)
