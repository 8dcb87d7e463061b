"""Set a password anew by a link that an admin or the operator made: for somebody who forgot theirs."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import structlog
from asyncpg import Record
from fastapi import Request

from burnish_gateway.access import mail_store, people_store, session_store
from burnish_gateway.access.audit import note, note_in
from burnish_gateway.access.mail_link import tell_of_new_password
from burnish_gateway.access.principal import ROLES, Principal, Role
from burnish_gateway.access.store import enter
from burnish_gateway.deps import Gateway
from burnish_gateway.sign_in import reset_store as store
from burnish_gateway.sign_in.sign_in import Guessing, address_of
from burnish_shared.auth.passwords import check_password
from burnish_shared.auth.random_token import NewToken, fits, token_id_of
from burnish_shared.auth.user_store import RESET_LIFE_S
from burnish_shared.db.session import Tx
from burnish_shared.errors import Conflict, Forbidden, NotFound

log = structlog.get_logger("burnish.gateway")

LIFE: Final = timedelta(seconds=RESET_LIFE_S)


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose password was set anew, as the audit log names them."""

    user_id: UUID

    @property
    def actor(self) -> str:
        return f"user:{self.user_id}"


@dataclass(frozen=True, slots=True)
class MadeReset:
    """A link that can be used until `expires_at`. `email`: of the account."""

    email: str
    expires_at: datetime


async def make_reset(tx: Tx, principal: Principal, user_id: UUID, token: NewToken, *, now: datetime) -> MadeReset:
    """The transaction is the workspace's. Raises NotFound for nobody's id, Conflict for an account that a password does not open, or not
    alone; Forbidden for one's own (the old password is asked for there) and for an account that opens more than the caller governs."""
    account = await store.find_account(tx, user_id)
    if account is None:
        raise NotFound("There is no member of this id.")
    if user_id == principal.user_id:
        raise Forbidden("This is your own account: change your password at POST /v1/auth/password, which asks for the old one.")
    if not principal.is_operator:
        await _check_governs(tx, principal, user_id, account)
    if not account["has_password"]:
        raise Conflict("This account has no password: it signs in through a provider.")
    if account["has_identity"] and not principal.is_operator:
        # Who made the link could set a password that its owner, whom the provider lets in, never misses, and wait for what they join.
        raise Conflict("This account also signs in through a provider, which needs no password; the operator can have it set anew.")
    if account["is_disabled"]:
        raise Conflict("This account is disabled, and no password lets it in; the operator enables it (burnish users enable).")
    expires_at = now + LIFE
    replaced = await store.add_reset(
        tx, reset_id=token.token_id, user_id=user_id, digest=token.digest, is_operators=principal.is_operator,
        made_by=principal.user_id, made_by_key=principal.api_key_id, expires_at=expires_at,
    )  # fmt: skip
    if replaced is not None:
        await mail_store.take_back(tx, [replaced])
    await note(
        tx, principal, action="user.password_reset_made", kind="user", key=str(user_id), after={"expires_at": expires_at.isoformat()}
    )
    return MadeReset(account["email"], expires_at)


async def use_reset(gateway: Gateway, request: Request, token: str, *, password: str) -> None:
    """Sets the password, ends every session of the user, tells them by mail, and forgets their failed tries. Raises NotFound alike for
    whatever is wrong with the token, InvalidField for a password that is too weak, which leaves the link as it is."""
    reset_id = token_id_of(token)
    async with gateway.db.unit_of_work(read_only=True) as tx:
        found = await store.find_reset(tx, reset_id) if reset_id is not None else None
    if found is None or reset_id is None or not fits(token, found["digest"]) or not found["is_open"]:
        raise _no_such_link()
    user_id: UUID = found["user_id"]
    password_hash = await gateway.passwords.hash(check_password(password, email=found["email"], field="new_password"))
    async with gateway.db.unit_of_work(user=user_id) as tx:
        if not await store.use_reset(tx, reset_id, password_hash):
            raise _no_such_link()
        for number, membership in enumerate(await people_store.memberships_of(tx, user_id)):
            await enter(tx, membership["workspace_id"])
            if number == 0:
                await tell_of_new_password(tx, gateway, workspace_id=membership["workspace_id"], user_id=user_id, email=found["email"])
            await mail_store.take_back(tx, [reset_id])
            await note_in(tx, membership["workspace_id"], Owner(user_id), action="user.password_reset", kind="user", key=str(user_id))
        tries = Guessing.of(found["email"], address_of(request), session_key=gateway.installation.session_key)
        await session_store.forgive_sign_in(tx, pair=tries.pair, email_digest=tries.email, address_digest=None)
        await session_store.end_sessions(tx, user_id, save=None)
    log.info("sign_in.password_reset", user_id=str(user_id))


async def _check_governs(tx: Tx, principal: Principal, user_id: UUID, account: Record) -> None:
    """A password opens the whole account. So only who is an admin wherever it belongs may have it set anew: else somebody who invites a
    person could enter the other workspaces of that person."""
    own = {principal.workspace_id}
    if principal.user_id is not None:
        rows = await people_store.memberships_of(tx, principal.user_id)
        own = {row["workspace_id"] for row in rows if ROLES[row["role"]] is Role.ADMIN}
    theirs = {row["workspace_id"] for row in await people_store.memberships_of(tx, user_id)}
    if account["is_operator"] or not theirs <= own:
        raise Forbidden(
            "This account may open more than you govern, so only the operator of this installation can have its password set anew: "
            "burnish users reset-link."
        )


def _no_such_link() -> NotFound:
    return NotFound("This link is used, over, or not whole; ask for a new one.")
