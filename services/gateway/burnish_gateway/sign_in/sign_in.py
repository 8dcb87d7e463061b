"""Sign in with e-mail and password, slowly where somebody guesses; and what every way of signing in ends with: a session."""

import hashlib
import hmac
from dataclasses import dataclass
from math import ceil
from uuid import UUID

import structlog
from fastapi import Request

from burnish_gateway.access import session_store as store
from burnish_gateway.access.person import Person
from burnish_gateway.access.session_token import csrf_token_of
from burnish_gateway.client_address import network_of
from burnish_gateway.deps import Gateway
from burnish_gateway.metrics import SIGN_INS
from burnish_shared.auth.random_token import new_token
from burnish_shared.auth.sealing import derived_key
from burnish_shared.db.changes import note_change
from burnish_shared.errors import RateLimited, Unauthenticated

log = structlog.get_logger("burnish.gateway")

USER_AGENT_MOST = 300

WRONG = "E-mail and password do not fit together."
"""Said of an unknown e-mail, a wrong password and a disabled account alike."""


@dataclass(frozen=True, slots=True)
class Guessing:
    """Digests under which tries are counted: of e-mail and address together, of each alone. IPv6 counts by its /64."""

    pair: bytes
    email: bytes
    address: bytes

    @classmethod
    def of(cls, email: str, address: str, *, session_key: bytes) -> "Guessing":
        key, network = derived_key(session_key, purpose="sign-in-tries"), network_of(address)

        def digest(text: str) -> bytes:
            return hmac.digest(key, text.encode(), hashlib.sha256)

        return cls(pair=digest(f"pair {network} {email}"), email=digest(f"email {email}"), address=digest(f"address {network}"))


@dataclass(frozen=True, slots=True)
class OpenedSession:
    """A session that begins now. `set_cookie` goes to its owner, once."""

    person: Person
    set_cookie: str


def address_of(request: Request) -> str:
    """Where the request comes from, as far as the gateway knows."""
    return request.client.host if request.client is not None else ""


async def count_try(gateway: Gateway, request: Request, email: str) -> Guessing:
    """Counts one try of this e-mail from this address. Raises RateLimited while it is too early for another."""
    address = address_of(request)
    guessing = Guessing.of(email, address, session_key=gateway.installation.session_key)
    async with gateway.db.unit_of_work() as tx:
        wait_s = await store.begin_sign_in(tx, pair=guessing.pair, email_digest=guessing.email, address_digest=guessing.address,
                                           email=email, network=network_of(address))  # fmt: skip
    if wait_s > 0:
        SIGN_INS.labels("slowed_down").inc()
        raise RateLimited(f"Too many tries; the next one is taken in {ceil(wait_s)} s.", retry_after_s=wait_s)
    return guessing


@dataclass(frozen=True, slots=True)
class Verified:
    """Whose password it is, and the hash that stood there when it was looked at."""

    user_id: UUID
    email: str
    password_hash: str


async def verify_password(gateway: Gateway, request: Request, *, email: str, password: str) -> Verified:
    """The user of e-mail and password. Raises Unauthenticated in one and the same way for whatever is wrong, RateLimited for guessing."""
    guessing = await count_try(gateway, request, email)
    async with gateway.db.unit_of_work(read_only=True) as tx:
        row = await store.find_credential(tx, email)
    stored: str | None = row["password_hash"] if row is not None else None
    fits = await gateway.passwords.verify(stored, password)
    if row is None or stored is None or not fits or row["disabled_at"] is not None:
        raise _refused()
    user_id: UUID = row["user_id"]
    fresh = await gateway.passwords.hash(password) if gateway.passwords.is_outdated(stored) else None
    async with gateway.db.unit_of_work() as tx:
        stands = stored if fresh is None else await store.replace_hash(tx, user_id, email=email, old=stored, new=fresh)
        await store.forgive_sign_in(tx, pair=guessing.pair, email_digest=guessing.email, address_digest=guessing.address)
    if stands not in (None, stored, fresh) and not await gateway.passwords.verify(stands, password):
        raise _refused()  # changed meanwhile; else another sign-in renewed it first
    SIGN_INS.labels("signed_in").inc()
    return Verified(user_id, email, stands or stored)


def _refused() -> Unauthenticated:
    SIGN_INS.labels("refused").inc()
    log.info("sign_in.refused")
    return Unauthenticated(WRONG)


async def open_session(
    gateway: Gateway, request: Request, user_id: UUID, *, way: str, by_password: Verified | None = None
) -> OpenedSession:
    """A session under a new token, whatever the request carried; the session that its cookie named is over (no fixation).

    `by_password`: what let them in. Raises Unauthenticated where it was changed or taken away meanwhile: whoever changes a password
    ends the sessions that there are, and this one would begin after it.
    """
    people = gateway.authenticator.people
    token, rules = new_token(), people.rules
    former = await people.live_session(rules.cookie.read(request.headers.get("cookie")))
    async with gateway.db.unit_of_work(user=user_id) as tx:
        if by_password is not None and not await store.hold_password(tx, user_id, email=by_password.email, stood=by_password.password_hash):
            raise Unauthenticated(WRONG)
        await store.add_session(
            tx, session_id=token.token_id, user_id=user_id, digest=token.digest, way=way, expires_at=gateway.clock.now() + rules.lifetime,
            address=address_of(request), network=network_of(address_of(request)),
            user_agent=request.headers.get("user-agent", "")[:USER_AGENT_MOST],
        )  # fmt: skip
    if former is not None:
        await close_session(gateway, former.user_id, former.session_id)
    people.users.forget(user_id)
    user = await people.users.get(user_id)
    csrf_token = csrf_token_of(token.token_id, people.csrf_key)
    return OpenedSession(
        person=Person(user=user, way=way, session_id=token.token_id, csrf_token=csrf_token),
        set_cookie=rules.cookie.header(token.text, max_age_s=int(rules.lifetime.total_seconds())),
    )


async def close_session(gateway: Gateway, user_id: UUID, session_id: UUID) -> bool:
    """Ends a session of this user, on every gateway within a second. False: the user has none of this id."""
    async with gateway.db.unit_of_work(user=user_id) as tx:
        ended = await store.end_session(tx, session_id)
        if ended:
            await note_change(tx, workspace_id=None, kind="user_session", key=str(session_id))
    gateway.authenticator.people.sessions.forget(session_id)
    return ended
