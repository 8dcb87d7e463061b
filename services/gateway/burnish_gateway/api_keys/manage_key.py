"""Make, rotate, rename, limit and revoke API keys: the row, the audit entry and the change note, in the caller's transaction."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from asyncpg import Record

from burnish_gateway.access.audit import note
from burnish_gateway.access.principal import Principal
from burnish_gateway.access.scopes import SCOPES
from burnish_gateway.access.take_back_invitations import take_back_of
from burnish_gateway.api_keys import key_store as store
from burnish_gateway.turns_store import take_turns
from burnish_shared.auth.api_keys import NewKey, new_key
from burnish_shared.auth.provisioning import create_api_key
from burnish_shared.db.changes import note_change
from burnish_shared.db.session import Tx
from burnish_shared.errors import Conflict, Forbidden, InvalidField, NotFound
from burnish_shared.ids import new_uuid
from burnish_shared.moments import in_utc


@dataclass(frozen=True, slots=True)
class Made:
    """A key that was just made; its text is nowhere else. `replaced_expires_at`: when the one that it replaces ends."""

    api_key_id: UUID
    key: NewKey
    replaced_expires_at: datetime | None = None


def checked_scopes(principal: Principal, scopes: Iterable[str]) -> tuple[str, ...]:
    """The scopes in order, each once. Raises InvalidField for one that does not exist, Forbidden for more than the maker has."""
    wanted = sorted(set(scopes))
    unknown = next((one for one in wanted if one not in SCOPES), None)
    if unknown is not None:
        raise InvalidField(
            f"scopes: there is no scope {unknown[:60]!r}; there are {', '.join(SCOPES)}.", param="scopes", details={"scope": unknown[:60]}
        )
    if principal.scopes and not (wanted and set(wanted) <= principal.scopes):
        raise Forbidden(
            f"Your key is narrowed to {', '.join(sorted(principal.scopes))}; a key that it makes must be narrowed to some of them.",
            param="scopes",
        )
    return tuple(wanted)


def checked_expiry(principal: Principal, expires_at: datetime | None, *, now: datetime) -> datetime | None:
    """Raises InvalidField for a moment that is over, Forbidden for a key that would outlive its maker."""
    if expires_at is not None and expires_at <= now:
        raise InvalidField("expires_at: must be a moment in the future.", param="expires_at")
    if principal.expires_at is not None and (expires_at is None or expires_at > principal.expires_at):
        raise Forbidden(f"Your key expires at {_text(principal.expires_at)}; a key that it makes must not outlive it.", param="expires_at")
    return expires_at


async def check_shares_no_limit(tx: Tx, principal: Principal, *, line: UUID | None = None) -> None:
    """Raises Forbidden where a narrowed key would get one beside its own rate limit and budgets. `line`: of the key that is rotated."""
    if not principal.scopes or (line is not None and line == principal.first_key_id):
        return
    budgets = await store.budgets_of(tx, [principal.first_key_id]) if principal.first_key_id else {}
    if principal.rate is not None or principal.tokens is not None or budgets:
        raise Forbidden(
            "Your key has a rate limit, a limit of tokens or a budget of its own, which would not hold for a key that it makes; "
            "it can only rotate itself."
        )


async def make_key(
    tx: Tx,
    principal: Principal,
    *,
    name: str,
    role: str,
    scopes: tuple[str, ...],
    expires_at: datetime | None,
    rate_limit_per_minute: int | None,
    token_limit_per_minute: int | None = None,
    pepper: bytes,
) -> Made:
    """`scopes` and `expires_at` are checked already. The caller writes the change note, last of all. Raises Forbidden."""
    await check_shares_no_limit(tx, principal)
    per_minute = {"rate_limit_per_minute": rate_limit_per_minute, "token_limit_per_minute": token_limit_per_minute}
    limits: dict[str, Any] = {"scopes": scopes, "expires_at": expires_at, **per_minute}
    api_key_id, key = await create_api_key(
        tx, workspace_id=principal.workspace_id, name=name, role=role, pepper=pepper, created_by=principal.actor, **limits
    )
    after = {
        "name": name,
        "role": role,
        "scopes": list(scopes),
        "expires_at": _text(expires_at),
        **per_minute,
    }
    await note(tx, principal, action="api_key.created", kind="api_key", key=str(api_key_id), after=after)
    return Made(api_key_id, key)


async def rotate_key(
    tx: Tx, principal: Principal, api_key_id: UUID, *, overlap_hours: int, expires_at: datetime | None, now: datetime, pepper: bytes
) -> Made:
    """A second key like the first, which ends after the overlap. Budgets and the rate limit hold for both together.

    Raises NotFound, Conflict for a key that is over or was rotated already, Forbidden for one that may more than the caller.
    """
    old = await locked_key(tx, api_key_id)
    if old["is_operator"]:
        raise Forbidden("The operator's key is replaced on the command line, with `burnish keys`.")
    if not old["is_active"]:
        raise Conflict("This key is revoked or expired; make another with POST /v1/api-keys.")
    if await store.has_successor(tx, api_key_id, first_key_id=old["first_key_id"]):
        raise Conflict("This key was rotated already; rotate the one that replaces it.")
    checked_scopes(principal, old["scopes"])
    await check_shares_no_limit(tx, principal, line=old["first_key_id"])
    until = checked_expiry(principal, expires_at or old["expires_at"], now=now)
    made, key = new_uuid(), new_key(pepper)
    ends_at = await store.succeed_key(
        tx, api_key_id, new=made, key=key, created_by=principal.actor, expires_at=until, overlap_hours=overlap_hours
    )
    await note(
        tx,
        principal,
        action="api_key.rotated",
        kind="api_key",
        key=str(api_key_id),
        before={"expires_at": _text(old["expires_at"])},
        after={"expires_at": _text(ends_at), "replaced_by": str(made), "replacement_expires_at": _text(until)},
    )
    await note_change(tx, workspace_id=principal.workspace_id, kind="api_key", key=key.prefix)
    await note_change(tx, workspace_id=principal.workspace_id, kind="api_key", key=old["prefix"])
    return Made(made, key, ends_at)


async def rename_key(tx: Tx, principal: Principal, key: Record, name: str) -> None:
    """The name that it has is no change."""
    if key["name"] == name:
        return
    await store.rename_key(tx, key["api_key_id"], name)
    await note(
        tx, principal, action="api_key.renamed", kind="api_key", key=str(key["api_key_id"]), before={"name": key["name"]},
        after={"name": name},
    )  # fmt: skip


async def check_may_limit(tx: Tx, principal: Principal, key: Record) -> None:
    """Raises Conflict for a key that is over, Forbidden for the operator's, and for a narrowed key that would loosen what binds itself, or
    change a key that may more than it."""
    if key["is_operator"]:
        raise Forbidden("The operator's key is kept on the command line, with `burnish keys`.")
    if not key["is_active"]:
        raise Conflict("This key is revoked or expired; its limits bind nothing any more.")
    if not principal.scopes:
        return
    if key["first_key_id"] == principal.first_key_id:
        raise Forbidden("Your key is narrowed; it does not change its own limits.")
    checked_scopes(principal, key["scopes"])
    await check_shares_no_limit(tx, principal)


async def change_limits(tx: Tx, principal: Principal, key: Record, wanted: Mapping[str, int | None]) -> list[str]:
    """Of the whole line, which counts together. `wanted`: columns of `key_store.LIMITS`; what it has is no change. Returns what
    `note_keys` is to be given, last: whoever holds its lock must wait for no other."""
    changes = {name: value for name, value in wanted.items() if key[name] != value}
    if not changes:
        return []
    prefixes = await store.set_limits(tx, key["first_key_id"], changes)
    await note(
        tx, principal, action="api_key.limited", kind="api_key", key=str(key["api_key_id"]),
        before={name: key[name] for name in changes}, after=changes,
    )  # fmt: skip
    return prefixes


async def note_keys(tx: Tx, principal: Principal, prefixes: Iterable[str]) -> None:
    """Every gateway forgets these keys within a second."""
    for prefix in prefixes:
        await note_change(tx, workspace_id=principal.workspace_id, kind="api_key", key=prefix)


async def revoke_key(tx: Tx, principal: Principal, api_key_id: UUID) -> None:
    """Its open invitations are taken back. Raises NotFound. Revoking twice is no change."""
    await take_turns(tx, principal.workspace_id, "invitations")
    old = await locked_key(tx, api_key_id)
    if old["revoked_at"] is not None:
        return
    await store.revoke_key(tx, api_key_id)
    await note(
        tx, principal, action="api_key.revoked", kind="api_key", key=str(api_key_id), before={"name": old["name"], "role": old["role"]}
    )
    await take_back_of(tx, principal.workspace_id, principal, maker=f"api_key:{api_key_id}")
    await note_change(tx, workspace_id=principal.workspace_id, kind="api_key", key=old["prefix"])


async def locked_key(tx: Tx, api_key_id: UUID) -> Record:
    """A key that is about to change. Raises NotFound."""
    row = await store.lock_key(tx, api_key_id)
    if row is None:
        raise no_such_key()
    return row


def no_such_key() -> NotFound:
    return NotFound("There is no API key of this id.")


def _text(moment: datetime | None) -> str | None:
    return None if moment is None else in_utc(moment)
