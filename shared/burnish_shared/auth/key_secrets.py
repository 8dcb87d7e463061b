"""Where the secrets of provider keys are kept: sealed in their row, or in Supabase's Vault. Both bind a secret to its place."""

from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from burnish_shared.auth.keyring import Keyring
from burnish_shared.contracts.provider_keys import KeyPlace
from burnish_shared.db import vault_store
from burnish_shared.db.session import Tx
from burnish_shared.errors import Unavailable


@dataclass(frozen=True, slots=True)
class Kept:
    """What the row holds of a secret: exactly one of the two."""

    sealed: bytes | None = None
    vault_secret_id: UUID | None = None


class KeySecrets(Protocol):
    """One way of keeping secrets. The transaction is that of the workspace."""

    async def keep(self, tx: Tx, place: KeyPlace, secret: str) -> Kept:
        """Keeps it. Raises Unavailable where this way does not exist."""
        ...

    async def forget(self, tx: Tx, place: KeyPlace) -> None:
        """Destroys what is kept outside the row; the row itself is the caller's. Harmless when nothing is."""
        ...

    async def open(self, tx: Tx, place: KeyPlace, kept: Kept) -> str:
        """The secret. Raises ValueError when what is kept does not belong to this place."""
        ...


@dataclass(frozen=True, slots=True)
class SealedKeySecrets:
    """Envelope encryption: the row holds the sealed bytes."""

    keyring: Keyring

    async def keep(self, tx: Tx, place: KeyPlace, secret: str) -> Kept:
        return Kept(sealed=self.keyring.seal(secret.encode(), context=place.context))

    async def forget(self, tx: Tx, place: KeyPlace) -> None:
        return None

    async def open(self, tx: Tx, place: KeyPlace, kept: Kept) -> str:
        if kept.sealed is None:
            raise ValueError("this secret is not sealed in its row")
        return self.keyring.open(kept.sealed, context=place.context).decode()


@dataclass(frozen=True, slots=True)
class VaultKeySecrets:
    """Supabase's Vault: the row holds the id of the secret there."""

    async def keep(self, tx: Tx, place: KeyPlace, secret: str) -> Kept:
        kept = await vault_store.keep(tx, place, secret)
        if kept is None:
            raise Unavailable(
                "This installation keeps secrets in Vault (BURNISH_SECRETS=vault), but its database has no schema `vault` that it may use."
            )
        return Kept(vault_secret_id=kept)

    async def forget(self, tx: Tx, place: KeyPlace) -> None:
        await vault_store.forget(tx, place)

    async def open(self, tx: Tx, place: KeyPlace, kept: Kept) -> str:
        secret = await vault_store.read(tx, place) if kept.vault_secret_id is not None else None
        if secret is None:
            raise ValueError("Vault holds no secret of this place")
        return secret


def way_of(kept: Kept, *, keyring: Keyring) -> KeySecrets:
    """The way in which a secret was kept: an installation that changed over has rows of both."""
    return SealedKeySecrets(keyring) if kept.sealed is not None else VaultKeySecrets()
