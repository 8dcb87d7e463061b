"""From an Authorization header to a Principal, out of memory."""

from dataclasses import dataclass
from uuid import UUID

from burnish_gateway.access import store
from burnish_gateway.access.principal import KeyFacts, Principal, WorkspaceFacts
from burnish_shared.auth.api_keys import matches, prefix_of
from burnish_shared.clock import Clock
from burnish_shared.db.config_cache import ChangeFeed, ConfigCache
from burnish_shared.db.session import Database
from burnish_shared.errors import NotFound, Unauthenticated


@dataclass(frozen=True, slots=True)
class Authenticator:
    """Knows keys and workspaces; forgets what the change sequence touches."""

    keys: ConfigCache[str, tuple[KeyFacts, ...]]
    workspaces: ConfigCache[UUID, WorkspaceFacts]
    pepper: bytes
    clock: Clock

    @classmethod
    def over(cls, db: Database, *, feed: ChangeFeed, pepper: bytes, clock: Clock) -> "Authenticator":
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
            pepper=pepper,
            clock=clock,
        )

    async def principal(self, authorization: str | None) -> Principal:
        """Raises Unauthenticated, in the same words for an unknown, a revoked and an expired key."""
        scheme, _, text = (authorization or "").partition(" ")
        prefix = prefix_of(text.strip()) if scheme.lower() == "bearer" else None
        if prefix is None and text.strip().startswith("bk_"):
            raise Unauthenticated("This API key is not well-formed: a character is missing or wrong. Copy it again.")
        if prefix is None:
            raise Unauthenticated("Send a key of this installation as `Authorization: Bearer bk_live_…`.")
        try:
            candidates = await self.keys.get(prefix)
        except NotFound:
            candidates = ()
        key = next((one for one in candidates if matches(text.strip(), one.digest, self.pepper)), None)
        if key is None or key.revoked_at is not None or (key.expires_at is not None and key.expires_at <= self.clock.now()):
            raise Unauthenticated("This API key is not valid, or not valid any more.")
        workspace = await self.workspaces.get(key.workspace_id)
        return Principal(
            workspace=workspace,
            role=key.role,
            api_key_id=key.api_key_id,
            scopes=key.scopes,
            rate=key.rate,
            is_operator=key.is_operator,
            first_key_id=key.first_key_id,
            expires_at=key.expires_at,
        )
