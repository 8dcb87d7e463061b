"""Invitations end with the right to make them: who governs a workspace no more cannot come back by a link of theirs.

They are taken back when the right ends, and the right is asked for again when one is used: a key ends by itself, and a release that
did not take them back may have left some.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from asyncpg import Record

from burnish_gateway.access import mail_store
from burnish_gateway.access import member_store as store
from burnish_gateway.access.audit import Actor, note_in
from burnish_gateway.access.principal import Principal
from burnish_shared.db.session import Tx
from burnish_shared.errors import Forbidden


async def take_back_of(tx: Tx, workspace_id: UUID, by: Actor, *, maker: str, guest: str | None = None) -> None:
    """Revokes the open invitations that `maker` (an actor, such as `user:<id>`) made, and those of the e-mail `guest`.

    In one's turn at `invitations`, taken before members or keys are locked: whoever erases the workspace ends all of them, too.
    """
    await note_revoked(tx, workspace_id, by, await store.revoke_invitations_of(tx, workspace_id, maker=maker, guest=guest))


async def note_revoked(tx: Tx, workspace_id: UUID, by: Actor, revoked: Sequence[Record], *, reason: str | None = None) -> None:
    """`revoked`: invitation_id, email and role of each. Mails that are not sent yet stay unsent. `reason`: for the log."""
    await mail_store.take_back(tx, [row["invitation_id"] for row in revoked])
    for row in revoked:
        before = {"email": row["email"], "role": row["role"]}
        await note_in(
            tx, workspace_id, by, action="invitation.revoked", kind="invitation", key=str(row["invitation_id"]), before=before,
            after=None if reason is None else {"reason": reason},
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Unasked:
    """Who takes an invitation back that somebody tries to use."""

    actor: str = "system:invitations"


async def may_still_invite(tx: Tx, maker: str) -> bool:
    """Whether `maker` (an actor) has the right now. Where nobody is behind it, as on the command line, it cannot end."""
    kind, _, key = maker.partition(":")
    match kind:
        case "user":
            return await store.may_invite(tx, user_id=UUID(key), api_key_id=None)
        case "api_key":
            return await store.key_may_invite(tx, UUID(key))
        case _:
            return True


async def makers_that_ended(tx: Tx, invitations: Sequence[Record]) -> set[str]:
    """Of who made those of `invitations` that are open the actors that have the right no more."""
    makers = {row["invited_by"] for row in invitations if row["accepted_at"] is None and row["revoked_at"] is None and not row["is_over"]}
    return {maker for maker in makers if not await may_still_invite(tx, maker)}


async def take_back_unmade(tx: Tx, workspace_id: UUID, invitation_id: UUID, *, maker: str) -> bool:
    """Revokes one whose maker may not invite any more, and says so in the audit log. False: they may. In one's turn, as `take_back_of`."""
    if await may_still_invite(tx, maker):
        return False
    revoked = await store.revoke_if_open(tx, invitation_id)
    reason = f"{maker} may not invite any more"
    await note_revoked(tx, workspace_id, Unasked(), [revoked] if revoked is not None else [], reason=reason)
    return True


async def check_may_invite(tx: Tx, principal: Principal) -> None:
    """Whoever was removed, demoted or revoked while the request was on its way invites nobody. Ask in one's turn. Raises Forbidden."""
    if not await store.may_invite(tx, user_id=None if principal.is_operator else principal.user_id, api_key_id=principal.api_key_id):
        raise Forbidden("You are not an admin of this workspace any more.")
