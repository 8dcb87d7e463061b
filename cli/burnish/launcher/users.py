"""Users, made and changed from the command line by whoever holds the database."""

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from burnish.launcher import invitations
from burnish.launcher.files import read_json, write_json
from burnish.launcher.home import Home
from burnish_shared.errors import Conflict, NotFound

if TYPE_CHECKING:
    from burnish_shared.db.session import Database, Tx

ADMIN_EMAIL: Final = "admin@burnish.local"
ADMIN_FILE: Final = "admin.json"
OWNER: Final = "burnish_owner"
PASSWORD_BYTES: Final = 15
"""120 random bits, 20 characters."""


@dataclass(frozen=True, slots=True)
class NewUser:
    """Who is to be made. `workspace_id` with `role`: a first membership."""

    email: str
    name: str
    password: str
    is_operator: bool = False
    workspace_id: UUID | None = None
    role: str = "admin"


def random_password() -> str:
    return secrets.token_urlsafe(PASSWORD_BYTES)


@asynccontextmanager
async def operators_database(database_url: str) -> AsyncIterator["Database"]:
    """The database as the operator's own login, acting as the owner of our tables: it need not be a superuser's."""
    from burnish_shared.db.session import Database

    as_owner = f"{database_url}{'&' if '?' in database_url else '?'}role={OWNER}"
    database = await Database.open(as_owner, application_name="burnish-cli", max_size=1)
    try:
        yield database
    finally:
        await database.close()


async def create_user(database_url: str, user: NewUser) -> UUID:
    """Raises Conflict where the e-mail is taken, NotFound where there is no such workspace, InvalidField for a weak password."""
    from burnish_shared.auth import user_store as store
    from burnish_shared.auth.passwords import PasswordHashing, check_password
    from burnish_shared.ids import new_uuid

    password_hash = PasswordHashing().hash(check_password(user.password, email=user.email))
    user_id = new_uuid()
    async with operators_database(database_url) as db, db.unit_of_work() as tx:
        made = await store.create_user(
            tx, user_id=user_id, email=user.email, name=user.name, password_hash=password_hash, is_operator=user.is_operator
        )
        if not made:
            raise Conflict(f"{user.email} has an account already.")
        if user.workspace_id is not None:
            await _join(tx, user_id, user.email, workspace_id=user.workspace_id, role=user.role)
    return user_id


async def join(database_url: str, *, email: str, workspace_id: UUID, role: str) -> None:
    """Makes an account a member, or gives a member another role. Raises NotFound."""
    async with operators_database(database_url) as db, db.unit_of_work() as tx:
        await _join(tx, (await _found(tx, email))["user_id"], email, workspace_id=workspace_id, role=role)


async def set_password(database_url: str, *, email: str, password: str) -> None:
    """Ends all sessions of the user. Raises NotFound, and InvalidField for a weak password."""
    from burnish_shared.auth import user_store as store
    from burnish_shared.auth.passwords import PasswordHashing, check_password

    password_hash = PasswordHashing().hash(check_password(password, email=email))
    async with operators_database(database_url) as db, db.unit_of_work() as tx:
        user_id = (await _found(tx, email))["user_id"]
        await _note_everywhere(tx, user_id, action="user.password_changed", after={})
        await store.set_password(tx, user_id, password_hash)


async def make_reset_link(database_url: str, *, email: str, base_url: str) -> str:
    """The address at which the owner of the account sets a new password, once, within `RESET_LIFE_S`.

    Raises NotFound, and Conflict for an account that no password opens: one without any, and one that is disabled.
    """
    from burnish_shared.auth import user_store as store
    from burnish_shared.auth.random_token import new_token

    token = new_token()
    async with operators_database(database_url) as db, db.unit_of_work() as tx:
        found = await _found(tx, email)
        if found["password_hash"] is None:
            raise Conflict(f"{email} has no password: the account signs in through a provider. `burnish users set-password` gives it one.")
        if found["disabled_at"] is not None:
            raise Conflict(f"{email} is disabled; `burnish users enable` lets the account in again.")
        await store.add_reset(tx, reset_id=token.token_id, user_id=found["user_id"], digest=token.digest)
        await _note_everywhere(tx, found["user_id"], action="user.password_reset_made", after={})
    return f"{base_url.rstrip('/')}/app/reset-password#{token.text}"


async def set_disabled(database_url: str, *, email: str, is_disabled: bool) -> None:
    """Lets a user in no more, at any gateway, within a second; or lets them in again. Open invitations of theirs end. Raises NotFound."""
    from burnish_shared.auth import user_store as store
    from burnish_shared.db.changes import note_change

    async with operators_database(database_url) as db, db.unit_of_work() as tx:
        found = await _found(tx, email)
        user_id = found["user_id"]
        workspaces = await store.workspaces_of(tx, user_id) if is_disabled else []
        await invitations.take_turns(tx, workspaces)
        if (found["disabled_at"] is not None) != is_disabled:
            await _note_everywhere(tx, user_id, action="user.disabled" if is_disabled else "user.enabled", after={"email": email})
        await store.set_disabled(tx, user_id, is_disabled=is_disabled)
        await invitations.take_back(tx, workspaces, maker=f"user:{user_id}")
        await note_change(tx, workspace_id=None, kind="user", key=str(user_id))


async def list_users(database_url: str) -> list[dict[str, Any]]:
    from burnish_shared.auth import user_store as store

    async with operators_database(database_url) as db, db.unit_of_work() as tx:
        return [dict(row) for row in await store.list_users(tx)]


async def ensure_admin(home: Home, database_url: str, *, workspace_id: UUID) -> dict[str, str | None]:
    """The person who runs this installation: made once, an operator and admin of the demo workspace, with a random password.

    `password` is kept in the home, and None once it was changed, which only its owner knows then.
    """
    from burnish_shared.auth import user_store as store
    from burnish_shared.auth.passwords import PasswordHashing

    stored = read_json(home.path / ADMIN_FILE)
    password = stored["password"] if isinstance(stored, dict) else random_password()
    async with operators_database(database_url) as db, db.unit_of_work() as tx:
        found = await store.find_user(tx, ADMIN_EMAIL)
    if found is None:
        write_json(home.path / ADMIN_FILE, {"email": ADMIN_EMAIL, "password": password}, is_durable=True)
        await create_user(database_url, NewUser(ADMIN_EMAIL, "Administrator", password, is_operator=True, workspace_id=workspace_id))
        return {"email": ADMIN_EMAIL, "password": password}
    is_known = stored is not None and PasswordHashing().verify(found["password_hash"], password)
    return {"email": ADMIN_EMAIL, "password": password if is_known else None}


async def _join(tx: "Tx", user_id: UUID, email: str, *, workspace_id: UUID, role: str) -> None:
    """With its audit entry and, last, its change note. Open invitations end of who is no admin (any more)."""
    from burnish_shared.auth import user_store as store
    from burnish_shared.db.changes import note_change
    from burnish_shared.ids import new_uuid

    if not await store.has_workspace(tx, workspace_id):
        raise NotFound(f"There is no workspace {workspace_id}.")
    await invitations.take_turns(tx, [workspace_id])
    await store.join(tx, workspace_id=workspace_id, user_id=user_id, role=role)
    await store.note(
        tx, workspace_id=workspace_id, audit_id=new_uuid(), action="member.added", kind="member", key=str(user_id),
        after={"email": email, "role": role},
    )  # fmt: skip
    if role != "admin":
        await invitations.take_back(tx, [workspace_id], maker=f"user:{user_id}")
    await note_change(tx, workspace_id=workspace_id, kind="member", key=str(user_id))


async def _note_everywhere(tx: "Tx", user_id: UUID, *, action: str, after: dict[str, object]) -> None:
    """In the log of every workspace that the user belongs to: their admins must see who else lets somebody in."""
    from burnish_shared.auth import user_store as store
    from burnish_shared.ids import new_uuid

    for workspace_id in await store.workspaces_of(tx, user_id):
        await store.note(tx, workspace_id=workspace_id, audit_id=new_uuid(), action=action, kind="user", key=str(user_id), after=after)


async def _found(tx: "Tx", email: str) -> Any:
    from burnish_shared.auth import user_store as store

    found = await store.find_user(tx, email)
    if found is None:
        raise NotFound(f"Nobody has the e-mail {email}; `burnish users list` shows who is there.")
    return found
