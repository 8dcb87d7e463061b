"""Accept an invitation: as the signed-in owner of the e-mail, or by making the account."""

from dataclasses import dataclass
from uuid import UUID

from asyncpg import Record

from burnish_gateway.access import mail_store, member_store, people_store
from burnish_gateway.access.audit import note_in
from burnish_gateway.access.person import Person
from burnish_gateway.access.take_back_invitations import take_back_unmade
from burnish_gateway.deps import Gateway
from burnish_gateway.turns_store import take_turns
from burnish_shared.auth.passwords import check_password
from burnish_shared.auth.random_token import fits, token_id_of
from burnish_shared.db.changes import note_change
from burnish_shared.db.session import Tx
from burnish_shared.errors import Conflict, Forbidden, InvalidField, NotFound
from burnish_shared.ids import new_uuid


@dataclass(frozen=True, slots=True)
class Newcomer:
    """Whoever accepts. `is_new`: the account is made with it."""

    user_id: UUID
    is_new: bool = False

    @property
    def actor(self) -> str:
        return f"user:{self.user_id}"


async def accept(gateway: Gateway, token: str, *, person: Person | None, password: str | None, name: str) -> Newcomer:
    """Makes the owner of the token a member. `person`: who is signed in; else `password` makes the account.

    Raises NotFound alike for a token that is unknown, used, revoked, expired or another's, and in other words where its maker may invite
    nobody any more, which ends it; Conflict where the e-mail has an account (sign in first); InvalidField where neither a session nor a
    password is there; Forbidden where nobody may make an account.
    """
    invitation_id, found = await find_open(gateway, token)
    if not _is_for(found, person):
        raise _no_such_invitation()
    if person is not None:
        newcomer, password_hash = Newcomer(person.user.user_id), None
    else:
        newcomer, password_hash = Newcomer(new_uuid(), is_new=True), await _hash(gateway, found["email"], password)
    workspace_id: UUID = found["workspace_id"]
    async with gateway.db.unit_of_work(workspace=workspace_id, user=newcomer.user_id) as tx:
        await take_turns(tx, workspace_id, "invitations")
        is_dead = await take_back_unmade(tx, workspace_id, invitation_id, maker=found["invited_by"])
        if newcomer.is_new and not is_dead:
            await _make_account(tx, newcomer, email=found["email"], name=name, password_hash=password_hash)
        if not is_dead:
            await _join(tx, newcomer, found, invitation_id)
    if is_dead:
        raise unmade()
    gateway.authenticator.people.users.forget(newcomer.user_id)
    return newcomer


async def find_open(gateway: Gateway, token: str) -> tuple[UUID, Record]:
    """The id and the row of `find_invitation` of the invitation that `token` opens.

    Raises NotFound alike for a token that is unknown, used, revoked or expired.
    """
    invitation_id = token_id_of(token)
    if invitation_id is None:
        raise _no_such_invitation()
    async with gateway.db.unit_of_work(read_only=True) as tx:
        found = await member_store.find_invitation(tx, invitation_id)
    if found is None or not _is_open(gateway, found, token):
        raise _no_such_invitation()
    return invitation_id, found


async def _make_account(tx: Tx, newcomer: Newcomer, *, email: str, name: str, password_hash: str | None) -> None:
    made = await people_store.create_user(tx, user_id=newcomer.user_id, email=email, name=name, password_hash=password_hash)
    if not made:
        raise Conflict("The e-mail of this invitation has an account already; sign in first, then accept it.")


async def _join(tx: Tx, newcomer: Newcomer, found: Record, invitation_id: UUID) -> None:
    """The transaction is the workspace's."""
    workspace_id, role = found["workspace_id"], found["role"]
    if not await member_store.accept_invitation(tx, invitation_id):
        raise _no_such_invitation()
    await mail_store.take_back(tx, [invitation_id])  # the link was handed over before it was mailed
    joined = await member_store.add_member(tx, workspace_id, newcomer.user_id, role=role, invited_by=found["invited_by"])
    await note_in(
        tx, workspace_id, newcomer, action="invitation.accepted", kind="invitation", key=str(invitation_id),
        after={"email": found["email"], "user_id": str(newcomer.user_id), "role": role if joined else None},
    )  # fmt: skip
    await note_change(tx, workspace_id=workspace_id, kind="member", key=str(newcomer.user_id))


async def _hash(gateway: Gateway, email: str, password: str | None) -> str:
    if password is None:
        raise InvalidField("password: sign in first, or choose a password for the new account.", param="password")
    if gateway.settings.sign_up == "closed":
        raise Forbidden("This installation makes no accounts for newcomers; ask whoever runs it for one, sign in, then accept.")
    return await gateway.passwords.hash(check_password(password, email=email))


def _is_open(gateway: Gateway, found: Record, token: str) -> bool:
    is_over = found["accepted_at"] is not None or found["revoked_at"] is not None or found["expires_at"] <= gateway.clock.now()
    return fits(token, found["digest"]) and not is_over


def _is_for(found: Record, person: Person | None) -> bool:
    """A person whose provider vouched for no e-mail (a Supabase project's token) has none here: what they hold is the token."""
    return person is None or person.user.email in {None, found["email"]}


def _no_such_invitation() -> NotFound:
    return NotFound("There is no open invitation of this token for you; ask for a new one.")


def unmade() -> NotFound:
    """Told to who holds the token alone."""
    return NotFound("Whoever made this invitation may not invite any more, so it has ended; ask an admin of the workspace for a new one.")
