"""Add, change and revoke provider keys: the row and its secret, the audit entry and the change note, in the caller's transaction."""

from typing import Final
from uuid import UUID

from burnish_gateway.access import audit
from burnish_gateway.access.principal import Principal
from burnish_gateway.provider_keys import store
from burnish_gateway.provider_keys.bodies import NewProviderKey, ProviderKeyChange
from burnish_gateway.provider_keys.provider_key import ProviderKey, last4_of, no_such_key
from burnish_gateway.turns_store import take_turns
from burnish_shared.auth.key_secrets import KeySecrets
from burnish_shared.contracts.provider_keys import KeyLimits, KeyPlace
from burnish_shared.db.changes import note_change
from burnish_shared.db.session import Tx
from burnish_shared.errors import Conflict, InvalidField
from burnish_shared.ids import new_uuid

KIND: Final = "provider_key"

KEYS_MOST: Final = 100
"""Keys of one workspace: each call of a model looks through those of its provider."""


async def add_key(tx: Tx, principal: Principal, body: NewProviderKey, *, address: str, secrets: KeySecrets) -> ProviderKey:
    """`address`: the base URL in its one spelling. Raises InvalidField for a provider without an address, Conflict for too many keys."""
    if not address and not await store.is_provider_known(tx, body.provider):
        raise InvalidField(
            f"provider: {body.provider!r} has no address of its own here; name the server by base_url, or one of the operator's providers.",
            param="provider",
        )
    await take_turns(tx, principal.workspace_id, "provider_keys")
    if await store.count_keys(tx, principal.workspace_id) >= KEYS_MOST:
        raise Conflict(f"A workspace has at most {KEYS_MOST} provider keys; revoke one first.")
    secret, place = body.key.get_secret_value(), KeyPlace(principal.workspace_id, new_uuid(), 1)
    kept = await secrets.keep(tx, place, secret)
    row = {
        "provider_key_id": place.provider_key_id, "workspace_id": place.workspace_id, "provider": body.provider, "name": body.name,
        "base_url": address, "priority": body.priority, "requests_per_minute": body.requests_per_minute,
        "tokens_per_minute": body.tokens_per_minute, "last4": last4_of(secret), "created_by": principal.actor,
    }  # fmt: skip
    await store.insert_key(tx, row, kept)
    made = await find_key(tx, principal, place.provider_key_id)
    await audit.note(tx, principal, action="provider_key.created", kind=KIND, key=str(made.provider_key_id), after=made.facts())
    await _tell(tx, made)
    return made


async def change_key(tx: Tx, principal: Principal, provider_key_id: UUID, body: ProviderKeyChange, *, secrets: KeySecrets) -> ProviderKey:
    """A new text keeps the id, and the key starts afresh. Raises NotFound, Conflict for a key that was revoked."""
    before = await find_key(tx, principal, provider_key_id, lock=True)
    if before.status == "revoked":
        raise Conflict("This provider key was revoked, and its text is gone; add a new one with POST /v1/provider-keys.")
    limits = body.limits(KeyLimits(before.requests_per_minute, before.tokens_per_minute))
    await store.change_key(tx, before, name=body.name, priority=body.priority, limits=limits)
    if body.key is not None:
        await _replace(tx, before, body.key.get_secret_value(), secrets=secrets)
    if body.key is not None or body.status is not None:
        await store.restore_key(tx, before)
    after = await find_key(tx, principal, provider_key_id)
    action = "provider_key.rotated" if body.key is not None else "provider_key.changed"
    note = audit.note_if_changed if body.key is None and body.status is None else audit.note
    await note(tx, principal, action=action, kind=KIND, key=str(provider_key_id), before=before.facts(), after=after.facts())
    await _tell(tx, after)
    return after


async def revoke_key(tx: Tx, principal: Principal, provider_key_id: UUID, *, secrets: KeySecrets) -> None:
    """No call starts with it any more; its text is destroyed. A second time nothing happens. Raises NotFound."""
    before = await find_key(tx, principal, provider_key_id, lock=True)
    if before.status == "revoked":
        return
    await store.revoke_key(tx, before)
    await secrets.forget(tx, before.place)
    await audit.note(tx, principal, action="provider_key.revoked", kind=KIND, key=str(provider_key_id), before=before.facts())
    await _tell(tx, before)


async def find_key(tx: Tx, principal: Principal, provider_key_id: UUID, *, lock: bool = False) -> ProviderKey:
    """Raises NotFound."""
    key = await store.find_key(tx, principal.workspace_id, provider_key_id, lock=lock)
    if key is None:
        raise no_such_key()
    return key


async def _replace(tx: Tx, key: ProviderKey, secret: str, *, secrets: KeySecrets) -> None:
    """The new text first, so that the old one is never missed."""
    place = KeyPlace(key.workspace_id, key.provider_key_id, key.secret_version + 1)
    await store.replace_secret(tx, key, await secrets.keep(tx, place, secret), last4=last4_of(secret))
    await secrets.forget(tx, key.place)


async def _tell(tx: Tx, key: ProviderKey) -> None:
    await note_change(tx, workspace_id=key.workspace_id, kind="provider_key", key=str(key.provider_key_id))
