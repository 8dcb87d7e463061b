"""Invitations end with the right to make them: who governs a workspace no more cannot come back by a link of theirs."""

from collections.abc import Sequence
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


async def note_revoked(tx: Tx, workspace_id: UUID, by: Actor, revoked: Sequence[Record]) -> None:
    """`revoked`: invitation_id, email and role of each. Mails that are not sent yet stay unsent."""
    await mail_store.take_back(tx, [row["invitation_id"] for row in revoked])
    for row in revoked:
        before = {"email": row["email"], "role": row["role"]}
        await note_in(tx, workspace_id, by, action="invitation.revoked", kind="invitation", key=str(row["invitation_id"]), before=before)


async def check_may_invite(tx: Tx, principal: Principal) -> None:
    """Whoever was removed, demoted or revoked while the request was on its way invites nobody. Ask in one's turn. Raises Forbidden."""
    if not await store.may_invite(tx, user_id=None if principal.is_operator else principal.user_id, api_key_id=principal.api_key_id):
        raise Forbidden("You are not an admin of this workspace any more.")
