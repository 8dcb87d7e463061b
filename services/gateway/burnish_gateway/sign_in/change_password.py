"""Change one's own password: the old one is asked for, every other session ends, and a mail says so."""

from fastapi import Request

from burnish_gateway.access import session_store as store
from burnish_gateway.access.audit import note_in
from burnish_gateway.access.mail_link import tell_of_new_password
from burnish_gateway.access.person import Person
from burnish_gateway.access.store import enter
from burnish_gateway.deps import Gateway
from burnish_gateway.sign_in.sign_in import verify_password
from burnish_shared.auth.passwords import check_password
from burnish_shared.errors import Conflict, InvalidField, Unauthenticated


async def change_password(gateway: Gateway, request: Request, person: Person, *, old: str, new: str) -> None:
    """Raises InvalidField for a wrong old password (a stolen session must not be able to keep the account) or a new one that is too weak,
    RateLimited for guessing, Conflict where the person signs in without a password, or where it was changed by another call meanwhile."""
    email = person.user.email
    if email is None or not await _has_password(gateway, email):
        raise Conflict("This account has no password: it signs in through a provider.")
    composed = check_password(new, email=email, field="new_password")
    try:
        verified = await verify_password(gateway, request, email=email, password=old)
    except Unauthenticated:
        raise InvalidField("old_password: is not your password.", param="old_password") from None
    password_hash = await gateway.passwords.hash(composed)
    user_id = person.user.user_id
    async with gateway.db.unit_of_work(user=user_id) as tx:
        if not await store.swap_password(tx, user_id, email=email, old=verified.password_hash, new=password_hash):
            raise Conflict("The password was changed by another call meanwhile; sign in with that one.", param="old_password")
        for number, membership in enumerate(person.user.memberships):
            await enter(tx, membership.workspace_id)
            if number == 0:
                await tell_of_new_password(tx, gateway, workspace_id=membership.workspace_id, user_id=user_id, email=email)
            await note_in(tx, membership.workspace_id, person, action="user.password_changed", kind="user", key=str(user_id))
        await store.end_sessions(tx, user_id, save=person.session_id)


async def _has_password(gateway: Gateway, email: str) -> bool:
    async with gateway.db.unit_of_work(read_only=True) as tx:
        return await store.find_credential(tx, email) is not None
