"""From what a request carries to a Principal, out of memory: an API key, a provider's token, or the cookie of a session."""

from dataclasses import dataclass
from uuid import UUID

from starlette.requests import Request

from burnish_gateway.access import store
from burnish_gateway.access.people import People
from burnish_gateway.access.person import Membership, Person
from burnish_gateway.access.principal import KeyFacts, Principal, WorkspaceFacts
from burnish_shared.auth.api_keys import matches, prefix_of
from burnish_shared.clock import Clock
from burnish_shared.db.config_cache import ChangeFeed, ConfigCache
from burnish_shared.db.session import Database
from burnish_shared.errors import NotFound, NoWorkspace, Unauthenticated

WORKSPACE_HEADER = "x-burnish-workspace"
"""Which of a person's workspaces is meant; without it the oldest membership. A key belongs to one workspace alone."""


@dataclass(frozen=True, slots=True)
class Key:
    """A well-formed API key."""

    text: str
    prefix: str


@dataclass(frozen=True, slots=True)
class Token:
    """Of a sign-in provider."""

    text: str


@dataclass(frozen=True, slots=True)
class Cookie:
    """Of a session."""

    text: str


Carried = Key | Token | Cookie


@dataclass(frozen=True, slots=True)
class Authenticator:
    """Knows keys, people and workspaces; forgets what the change sequence touches."""

    keys: ConfigCache[str, tuple[KeyFacts, ...]]
    workspaces: ConfigCache[UUID, WorkspaceFacts]
    people: People
    pepper: bytes
    clock: Clock

    @classmethod
    def over(cls, db: Database, *, feed: ChangeFeed, people: People, pepper: bytes, clock: Clock) -> "Authenticator":
        async def load_keys(prefix: str) -> tuple[KeyFacts, ...]:
            async with db.unit_of_work(read_only=True) as tx:
                found = await store.find_keys(tx, prefix)
            if not found:
                raise NotFound("no such key")
            return tuple(found)

        async def load_workspace(workspace_id: UUID) -> WorkspaceFacts:
            async with db.unit_of_work(workspace=workspace_id, read_only=True) as tx:
                facts = await store.find_workspace(tx, workspace_id)
            if facts is None:
                raise NotFound("no such workspace")
            return facts

        return cls(
            keys=ConfigCache(load_keys, feed=feed, kinds=frozenset({"api_key"}), touched=lambda prefix, _, changed: prefix == changed),
            workspaces=ConfigCache(
                load_workspace,
                feed=feed,
                kinds=frozenset({"workspace", "plan"}),
                touched=lambda known, workspace, _: workspace is None or known == workspace,
            ),
            people=people,
            pepper=pepper,
            clock=clock,
        )

    async def principal(self, request: Request) -> Principal:
        """The caller in one workspace: a key's own, or the one of a person that the request names.

        Raises Unauthenticated, CsrfRefused, NoWorkspace, and NotFound for a workspace that is not the caller's.
        """
        caller = await self.caller(request)
        wanted = request.headers.get(WORKSPACE_HEADER)
        return await self.as_person(caller, wanted) if isinstance(caller, Person) else await self.as_key(caller, wanted)

    async def caller(self, request: Request) -> KeyFacts | Person:
        """Whose key, token or cookie this is. Raises Unauthenticated, CsrfRefused."""
        match self.carried(request):
            case Key(text, prefix):
                return await self._key(text, prefix)
            case Token(text):
                return await self.people.of_token(text)
            case Cookie(text):
                return await self.people.of_cookie(text, request)

    def carried(self, request: Request) -> Carried:
        """What the request says of who asks, true or not, without a look into anything: its body need not have come.

        With a bearer and a cookie it is the bearer's; `x-api-key` stands for a bearer. Raises Unauthenticated where it can be nobody's.
        """
        scheme, _, text = request.headers.get("authorization", "").partition(" ")
        text = text.strip()
        if not scheme and (key := request.headers.get("x-api-key", "").strip()):
            scheme, text = "bearer", key  # where Anthropic's clients put it
        if scheme.lower() == "bearer" and text:
            return _as_key(text) if text.startswith("bk_") else self._as_token(text)
        cookie = self.people.rules.cookie.read(request.headers.get("cookie"))
        if cookie is None:
            raise Unauthenticated("Send a key of this installation as `Authorization: Bearer bk_live_…`, or sign in at /v1/auth/sign-in.")
        return Cookie(cookie)

    async def as_key(self, key: KeyFacts, wanted: str | None) -> Principal:
        """The key as a principal. Raises NotFound where another workspace than its own is wanted."""
        if wanted is not None and _uuid(wanted) != key.workspace_id:
            raise _no_such_workspace()
        return Principal(
            workspace=await self.workspaces.get(key.workspace_id),
            role=key.role,
            api_key_id=key.api_key_id,
            scopes=key.scopes,
            rate=key.rate,
            is_operator=key.is_operator,
            first_key_id=key.first_key_id,
            expires_at=key.expires_at,
            tokens=key.tokens,
        )

    async def as_person(self, person: Person, wanted: str | None) -> Principal:
        """The person in the wanted workspace, or in the one of the oldest membership. Raises NotFound and NoWorkspace."""
        membership = _chosen(person, wanted)
        if membership is None:  # it may be so new that the change sequence has not said it here
            person = await self.people.renewed(person)
            membership = _chosen(person, wanted)
        if membership is None and wanted is not None:
            raise _no_such_workspace()
        if membership is None:
            raise NoWorkspace(
                "You belong to no workspace yet. Accept an invitation at POST /v1/invitations/accept, or, where this installation lets "
                "everybody sign up, found an organization at POST /v1/organizations."
            )
        return Principal(
            workspace=await self.workspaces.get(membership.workspace_id),
            role=membership.role,
            user_id=person.user.user_id,
            is_operator=person.user.is_operator,
        )

    def _as_token(self, text: str) -> Token:
        self.people.verifier()
        return Token(text)

    async def _key(self, text: str, prefix: str) -> KeyFacts:
        """Raises Unauthenticated, in the same words for an unknown, a revoked and an expired key."""
        try:
            candidates = await self.keys.get(prefix)
        except NotFound:
            candidates = ()
        key = next((one for one in candidates if matches(text, one.digest, self.pepper)), None)
        if key is None or key.revoked_at is not None or (key.expires_at is not None and key.expires_at <= self.clock.now()):
            raise Unauthenticated("This API key is not valid, or not valid any more.")
        return key


def _as_key(text: str) -> Key:
    prefix = prefix_of(text)
    if prefix is None:
        raise Unauthenticated("This API key is not well-formed: a character is missing or wrong. Copy it again.")
    return Key(text, prefix)


def _chosen(person: Person, wanted: str | None) -> Membership | None:
    if wanted is None:
        return person.user.memberships[0] if person.user.memberships else None
    workspace_id = _uuid(wanted)
    return person.user.membership_in(workspace_id) if workspace_id is not None else None


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _no_such_workspace() -> NotFound:
    return NotFound("There is no workspace of this id, or you do not belong to it.")
