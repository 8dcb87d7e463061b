"""Make an account of one's own with an organization, where the operator lets everybody."""

from uuid import UUID

from fastapi import Request

from burnish_gateway.access import people_store as store
from burnish_gateway.access import session_store
from burnish_gateway.access.wire_fields import folded
from burnish_gateway.deps import Gateway
from burnish_gateway.sign_in.sign_in import count_try
from burnish_gateway.team.found_organization import Founder, found_organization
from burnish_shared.auth.passwords import check_password
from burnish_shared.errors import Conflict, InvalidField
from burnish_shared.ids import new_uuid


async def sign_up(gateway: Gateway, request: Request, *, email: str, password: str, name: str, organization: str | None) -> UUID:
    """The new user. Raises InvalidField, Conflict where the e-mail has an account, RateLimited for too many tries.

    That an e-mail has an account cannot be hidden here: no message is sent that could tell its owner alone.
    """
    address = folded(email)
    if address is None:
        raise InvalidField("email: must be an e-mail address, such as ada@example.com.", param="email")
    composed = check_password(password, email=address)
    guessing = await count_try(gateway, request, address)
    password_hash = await gateway.passwords.hash(composed)
    user_id = new_uuid()
    founder = Founder(actor=f"user:{user_id}", user_id=user_id, room=user_id)
    async with gateway.db.unit_of_work(workspace=user_id, user=user_id) as tx:
        if not await store.create_user(tx, user_id=user_id, email=address, name=name, password_hash=password_hash):
            raise Conflict("This e-mail has an account already; sign in instead.", param="email")
        await found_organization(
            tx, founder, name=organization or name or address.partition("@")[0], plan=gateway.settings.sign_up_plan,
            pepper=gateway.installation.pepper,
        )  # fmt: skip
    async with gateway.db.unit_of_work() as tx:  # the address stays counted: accounts are not made by the hundred
        await session_store.forgive_sign_in(tx, pair=guessing.pair, email_digest=guessing.email, address_digest=None)
    return user_id
