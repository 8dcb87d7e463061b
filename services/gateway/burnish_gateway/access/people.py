"""From a session cookie or a verified token to a Person, out of memory; forgets what the change sequence touches."""

import asyncio
import hmac
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Protocol, TypeVar
from uuid import UUID

import structlog
from starlette.requests import Request

from burnish_gateway.access import people_store, session_store
from burnish_gateway.access.person import Claims, Person, SessionFacts, UserFacts
from burnish_gateway.access.session_token import SAFE_METHODS, CookieShape, csrf_token_of, is_own_origin
from burnish_gateway.access.welcome import Welcome, let_in
from burnish_shared.auth.random_token import fits, token_id_of
from burnish_shared.clock import Clock
from burnish_shared.db.config_cache import ChangeFeed, ConfigCache
from burnish_shared.db.session import Database
from burnish_shared.errors import BurnishError, CsrfRefused, Forbidden, NotFound, Unauthenticated
from burnish_shared.ids import new_uuid

log = structlog.get_logger("burnish.gateway")

T = TypeVar("T")

CSRF_HEADER = "x-csrf-token"

TOUCH_S = 300.0
"""How exactly it is known when a session was last used: one write for so many seconds of use."""


class TokenVerifier(Protocol):
    """Verifies tokens of identity providers."""

    async def verify(self, token: str) -> Claims:
        """What the token says. Raises Unauthenticated when it is not one that we trust."""
        ...


@dataclass(frozen=True, slots=True)
class SessionRules:
    """How long sessions last, and where they may come from. `idle`: without use."""

    lifetime: timedelta
    idle: timedelta
    cookie: CookieShape
    public_url: str


@dataclass(slots=True)
class People:
    """Everybody who signed in. `tokens` is None where no identity provider is configured."""

    db: Database
    clock: Clock
    rules: SessionRules
    csrf_key: bytes
    sessions: ConfigCache[UUID, SessionFacts]
    users: ConfigCache[UUID, UserFacts]
    identities: ConfigCache[Claims, UUID]
    tokens: TokenVerifier | None = None
    _touching: dict[UUID, "asyncio.Task[None]"] = field(default_factory=dict)

    @classmethod
    def over(
        cls, db: Database, *, feed: ChangeFeed, clock: Clock, rules: SessionRules, csrf_key: bytes, tokens: TokenVerifier | None = None
    ) -> "People":
        async def load_session(session_id: UUID) -> SessionFacts:
            async with db.unit_of_work(read_only=True) as tx:
                return _there(await session_store.find_session(tx, session_id))

        async def load_user(user_id: UUID) -> UserFacts:
            async with db.unit_of_work(user=user_id, read_only=True) as tx:
                return _there(await people_store.find_user(tx, user_id))

        async def load_identity(claims: Claims) -> UUID:
            return await find_or_make_user(db, claims)

        def is_it(known: UUID, _: UUID | None, key: str) -> bool:
            return str(known) == key

        return cls(
            db=db, clock=clock, rules=rules, csrf_key=csrf_key, tokens=tokens,
            sessions=ConfigCache(load_session, feed=feed, kinds=frozenset({"user_session"}), touched=is_it),
            users=ConfigCache(load_user, feed=feed, kinds=frozenset({"user", "member"}), touched=is_it),
            # Whose an identity is never changes, so no change touches it; whether that user may sign in, `users` says each time.
            identities=ConfigCache(load_identity, feed=feed, kinds=frozenset(), touched=lambda *_: False),
        )  # fmt: skip

    async def of_token(self, token: str) -> Person:
        """Raises Unauthenticated where the token is not trusted or its user is disabled."""
        user_id = await self.identities.get(await self.verifier().verify(token))
        return Person(user=await self._enabled(user_id), way="token")

    def verifier(self) -> TokenVerifier:
        """Of tokens. Raises Unauthenticated where none is trusted."""
        if self.tokens is None:
            raise Unauthenticated(
                "Send a key of this installation as `Authorization: Bearer bk_live_…`; no sign-in provider is set up here."
            )
        return self.tokens

    async def of_cookie(self, cookie: str, request: Request) -> Person:
        """Raises Unauthenticated in the same words for every session that is none, and CsrfRefused where only the cookie was sent."""
        facts = await self.live_session(cookie)
        if facts is None:
            raise Unauthenticated("This session is over, or none of ours; sign in again.")
        user = await self._enabled(facts.user_id)
        csrf_token = csrf_token_of(facts.session_id, self.csrf_key)
        if request.method not in SAFE_METHODS:
            if not hmac.compare_digest(request.headers.get(CSRF_HEADER, "").encode(), csrf_token.encode()):
                raise CsrfRefused(
                    "A request with the session cookie that changes something needs X-CSRF-Token, as GET /v1/auth/session says it."
                )
            self.check_origin(request)
        self._touch(facts)
        return Person(user=user, way=facts.way, session_id=facts.session_id, csrf_token=csrf_token)

    async def renewed(self, person: Person) -> Person:
        """The same person, read anew."""
        self.users.forget(person.user.user_id)
        return replace(person, user=await self._enabled(person.user.user_id))

    def check_origin(self, request: Request) -> None:
        """Raises CsrfRefused when a browser says that the request comes from somebody else's page."""
        headers = request.headers
        if not is_own_origin(headers.get("origin"), host=headers.get("host", ""), public_url=self.rules.public_url):
            raise CsrfRefused("This request comes from a page of another origin; use the address of this installation.")

    async def live_session(self, cookie: str | None) -> SessionFacts | None:
        """The session of this cookie; None where it is none, over, or idle for too long."""
        session_id = token_id_of(cookie or "")
        if cookie is None or session_id is None:
            return None
        facts = await self._known(session_id)
        if facts is not None and self._is_idle(facts):  # another gateway may have seen it in use since we looked
            self.sessions.forget(session_id)
            facts = await self._known(session_id)
        if facts is None or not fits(cookie, facts.digest) or facts.revoked_at is not None:
            return None
        return None if facts.expires_at <= self.clock.now() or self._is_idle(facts) else facts

    async def _known(self, session_id: UUID) -> SessionFacts | None:
        try:
            return await self.sessions.get(session_id)
        except NotFound:
            return None

    async def _enabled(self, user_id: UUID) -> UserFacts:
        try:
            user = await self.users.get(user_id)
        except NotFound:
            user = None
        if user is None or user.disabled_at is not None:
            raise Unauthenticated("This account is not there, or not any more; ask whoever runs this installation.")
        return user

    def _is_idle(self, facts: SessionFacts) -> bool:
        return facts.last_seen_at + self.rules.idle <= self.clock.now()

    def _touch(self, facts: SessionFacts) -> None:
        """Writes now and then that the session is in use; nobody waits for it, and a failure only makes it end sooner."""
        age_s = (self.clock.now() - facts.last_seen_at).total_seconds()
        if age_s >= min(TOUCH_S, self.rules.idle.total_seconds() / 4) and facts.session_id not in self._touching:
            task = self._touching[facts.session_id] = asyncio.create_task(self._write_touch(facts))
            task.add_done_callback(lambda _: self._touching.pop(facts.session_id, None))

    async def _write_touch(self, facts: SessionFacts) -> None:
        try:
            async with self.db.unit_of_work(user=facts.user_id) as tx:
                await session_store.touch_session(tx, facts.session_id)
            self.sessions.forget(facts.session_id)
        except BurnishError as error:
            log.warning("session.touch_failed", error=str(error))


async def find_or_make_user(db: Database, claims: Claims, *, welcome: Welcome | None = None) -> UUID:
    """The user of verified claims, made or joined at first sight. Raises Forbidden when the e-mail is another user's and not verified.

    `welcome`: where one belongs whose account is made now; None: nowhere.
    """
    async with db.unit_of_work(read_only=True) as tx:
        user_id = await people_store.find_identity(tx, issuer=claims.issuer, subject=claims.subject)
    if user_id is None:
        newcomer = new_uuid()
        async with db.unit_of_work() as tx:
            user_id = await people_store.link_identity(
                tx, new_user_id=newcomer, issuer=claims.issuer, subject=claims.subject, email=claims.email,
                email_verified=claims.email_verified, name=claims.name[:200],
            )  # fmt: skip
            if welcome is not None and user_id == newcomer and welcome.is_for(claims):
                await let_in(tx, welcome, newcomer)
    if user_id is None:
        raise Forbidden(
            "Another account here has this e-mail, and your provider's word does not open it. Sign in as that account does, or ask whoever "
            "runs this installation to join accounts by verified e-mail (BURNISH_OIDC_LINK_BY_EMAIL)."
        )
    return user_id


def _there(found: T | None) -> T:
    if found is None:
        raise NotFound("nobody of this id")
    return found
