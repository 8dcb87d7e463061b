"""Change a member's role, remove one, leave: a workspace that has an admin keeps one.

Open invitations by who is no admin any more, and for who was removed, are taken back.
"""

from uuid import UUID

from asyncpg import Record

from burnish_gateway.access import member_store as store
from burnish_gateway.access.audit import Actor, note_in
from burnish_gateway.access.take_back_invitations import take_back_of
from burnish_gateway.turns_store import take_turns
from burnish_shared.db.changes import note_change
from burnish_shared.db.session import Tx
from burnish_shared.errors import Forbidden, LastAdmin, NotFound

ADMIN = "admin"


async def change_role(tx: Tx, workspace_id: UUID, by: Actor, *, user_id: UUID, role: str, acting_user: UUID | None) -> None:
    """`acting_user`: the person who asks; None for a key. Raises NotFound, and LastAdmin where nobody else is one."""
    await take_turns(tx, workspace_id, "invitations")
    admins = await _admins(tx, acting_user)
    member = await _member(tx, user_id)
    if member["role"] == role:
        return
    if member["role"] == ADMIN:
        _check_others(admins, user_id)
    await store.set_role(tx, user_id, role)
    await note_in(
        tx, workspace_id, by, action="member.role_changed", kind="member", key=str(user_id),
        before={"role": member["role"]}, after={"role": role},
    )  # fmt: skip
    if member["role"] == ADMIN:
        await take_back_of(tx, workspace_id, by, maker=f"user:{user_id}")
    await note_change(tx, workspace_id=workspace_id, kind="member", key=str(user_id))


async def remove_member(tx: Tx, workspace_id: UUID, by: Actor, *, user_id: UUID, acting_user: UUID | None) -> None:
    """As `change_role`. A person may also remove themselves (`acting_user` is `user_id`), whatever their role."""
    await take_turns(tx, workspace_id, "invitations")
    admins = await _admins(tx, None if acting_user == user_id else acting_user)
    member = await _member(tx, user_id)
    if member["role"] == ADMIN:
        _check_others(admins, user_id)
    await store.remove_member(tx, user_id)
    await note_in(
        tx, workspace_id, by, action="member.left" if acting_user == user_id else "member.removed", kind="member", key=str(user_id),
        before={"email": member["email"], "role": member["role"]},
    )  # fmt: skip
    await take_back_of(tx, workspace_id, by, maker=f"user:{user_id}", guest=member["email"])
    await note_change(tx, workspace_id=workspace_id, kind="member", key=str(user_id))


async def _admins(tx: Tx, acting_user: UUID | None) -> set[UUID]:
    """Locks the admins. Who asked may have been demoted by another who was faster."""
    admins = await store.lock_admins(tx)
    if acting_user is not None and acting_user not in admins:
        raise Forbidden("You are not an admin of this workspace any more.")
    return admins


async def _member(tx: Tx, user_id: UUID) -> Record:
    member = await store.find_member(tx, user_id)
    if member is None:
        raise NotFound("There is no member of this id.")
    return member


def _check_others(admins: set[UUID], user_id: UUID) -> None:
    if not admins - {user_id}:
        raise LastAdmin("This is the last admin of the workspace; make somebody else an admin first.")
