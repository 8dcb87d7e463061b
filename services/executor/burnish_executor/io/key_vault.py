"""The workspaces' own provider keys, opened, in the memory of the one process that uses them.

Loaded on first use, dropped by the change sequence. How a key does is known here at once, and to every other executor through its row.
"""

import asyncio
import contextlib
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final, Self
from uuid import UUID

import structlog

from burnish_executor import metrics
from burnish_executor.io import keys_store
from burnish_executor.io.keys_store import ACCOUNT_EMPTY, KeyNews
from burnish_shared.auth.key_secrets import Kept, way_of
from burnish_shared.auth.keyring import Keyring
from burnish_shared.bus.relay import Relay
from burnish_shared.contracts.events import Event
from burnish_shared.contracts.provider_keys import UNLIMITED, KeyLimits, KeyPlace
from burnish_shared.db.config_cache import ChangeFeed, ConfigCache
from burnish_shared.db.session import Database, Tx
from burnish_shared.errors import BurnishError, Unavailable
from burnish_shared.ids import new_uuid
from burnish_shared.in_step import in_step
from burnish_shared.waiting import came

log = structlog.get_logger("burnish.executor")

RESTED_S: Final = 0.05
"""A rest that ends within this time has ended: two clocks tell it."""

SHARED_REST_S: Final = 1.0
"""Shorter rests are over before another executor has heard of them."""

REFUSED_REST_S: Final = 60.0
"""How long a refused key is left alone here while its row cannot be written."""

WRITE_AGAIN_S: Final = 1.0

LOOK_S: Final = 1.0
"""So long a call waits for news of revocations that are too old. A process that stood still has only to look; an execution that it
refused instead would have failed for good, whatever other executors could do."""

Address = tuple[UUID, str, str]
"""Workspace, provider, and the one address that the keys are for ('': the provider's own)."""


@dataclass(frozen=True, slots=True)
class OwnKey:
    """One active key, opened. `rests_until`: on this process's own clock. `limits`: those that somebody set on it. `is_empty`: as far as
    its row knows, it rests because the account behind it has no money left."""

    place: KeyPlace
    provider: str
    name: str
    last4: str
    priority: int
    rests_until: float
    secret: str = field(repr=False)
    limits: KeyLimits = UNLIMITED
    is_empty: bool = False

    @property
    def provider_key_id(self) -> UUID:
        return self.place.provider_key_id


@dataclass(frozen=True, slots=True)
class _Refused:
    key: OwnKey
    http_status: int


@dataclass(frozen=True, slots=True)
class _Cools:
    key: OwnKey
    until: float
    error: str


@dataclass(slots=True)
class _Use:
    workspace_id: UUID
    used_at: float
    error: str | None = None


@dataclass(slots=True)
class KeyVault:
    """`run` must be running: it writes down what is learned of the keys. `trust_s`: how old news of revocations may be (PROMISES E-11)."""

    db: Database
    keyring: Keyring
    feed: ChangeFeed
    relay: Relay
    trust_s: float
    news_s: float
    known: ConfigCache[Address, tuple[OwnKey, ...]] = field(init=False)
    _rests: dict[UUID, float] = field(default_factory=dict)
    _refused: set[UUID] = field(default_factory=set)
    _empty_until: dict[UUID, float] = field(default_factory=dict)
    _uses: dict[UUID, _Use] = field(default_factory=dict)
    _to_write: list[_Refused | _Cools] = field(default_factory=list)
    _woken: asyncio.Event = field(default_factory=asyncio.Event)

    @classmethod
    def over(cls, db: Database, *, keyring: Keyring, feed: ChangeFeed, relay: Relay, trust_s: float, news_s: float) -> Self:
        vault = cls(db=db, keyring=keyring, feed=feed, relay=relay, trust_s=trust_s, news_s=news_s)
        feed.subscribe(vault._on_change, reset=vault._forget)
        vault.known = ConfigCache(
            vault._load,
            feed=feed,
            kinds=frozenset({"provider_key"}),
            touched=lambda known, workspace, _: workspace is None or known[0] == workspace,
        )
        return vault

    async def keys(self, address: Address) -> tuple[OwnKey, ...]:
        """The active keys, also those that rest. Raises Unavailable while nobody can say which keys were revoked meanwhile."""
        if self._is_out_of_date:
            await self._look()
        self._check_trust()
        keys = await self.known.get(address)
        self._check_trust()
        return keys

    def rests_s(self, key: OwnKey) -> float:
        """Seconds until the key may be used; 0: now."""
        until = max(key.rests_until, self._rests.get(key.provider_key_id, 0.0))
        rests_s = until - asyncio.get_running_loop().time()
        return rests_s if rests_s > RESTED_S else 0.0

    def is_refused(self, key: OwnKey) -> bool:
        """The provider refused it, and its row may not say so yet: waiting does not make it better."""
        return key.provider_key_id in self._refused

    def is_empty(self, key: OwnKey) -> bool:
        """Of one that rests: the account behind it has no money left, which patience does not mend."""
        now = asyncio.get_running_loop().time()
        return (key.is_empty and key.rests_until > now) or self._empty_until.get(key.provider_key_id, 0.0) > now

    def note_use(self, key: OwnKey, *, error: str | None = None) -> None:
        """The key was used just now; `error`: class of a failure that another key may not have."""
        before = self._uses.get(key.provider_key_id)
        self._uses[key.provider_key_id] = _Use(
            key.place.workspace_id, asyncio.get_running_loop().time(), error or (before.error if before else None)
        )

    def cool_down(self, key: OwnKey, *, seconds: float, error: str) -> None:
        """The key rests because of `error`: here from this moment, elsewhere as soon as its row says so.

        A moment's rest is kept here alone: a provider that asks for one with every answer would have all gateways read keys anew.
        """
        until = self._rest(key, seconds)
        if error == ACCOUNT_EMPTY:
            self._empty_until[key.provider_key_id] = until
        if seconds >= SHARED_REST_S:
            self._write(_Cools(key, until, error))
        metrics.KEY_TROUBLES.labels("cooled_down").inc()

    def set_aside(self, key: OwnKey, *, http_status: int) -> None:
        """The provider refused the key: nobody uses it any more. Any number of failures at once are told once."""
        self._rest(key, REFUSED_REST_S)
        self._refused.add(key.provider_key_id)
        if not any(isinstance(one, _Refused) and one.key.place == key.place for one in self._to_write):
            self._write(_Refused(key, http_status))
        metrics.KEY_TROUBLES.labels("set_aside").inc()

    async def run(self) -> None:
        """Writes down what was learned, in order, and again when PostgreSQL was away; when keys were used every `news_s`."""
        while True:
            await came(self._woken, within_s=in_step(self.news_s))
            self._woken.clear()
            try:
                await self._write_all()
                await self._write_news()
            except BurnishError as error:
                log.warning("provider_keys.not_written", waiting=len(self._to_write), error=str(error))
                await asyncio.sleep(WRITE_AGAIN_S)
                if self._to_write:
                    self._woken.set()

    async def close(self) -> None:
        """What is still to be written is written, if PostgreSQL is there."""
        try:
            await self._write_all()
            await self._write_news()
        except BurnishError as error:
            log.warning("provider_keys.not_written", waiting=len(self._to_write), error=str(error))

    @property
    def _is_out_of_date(self) -> bool:
        return self.feed.stale_for_s > self.trust_s

    async def _look(self) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LOOK_S):
                number = -1
                while self._is_out_of_date and number != self.feed.number:  # one look reads so many changes at most
                    number = self.feed.number
                    await self.feed.catch_up()

    def _check_trust(self) -> None:
        if self._is_out_of_date:
            raise Unavailable("Whether this workspace's provider keys are still valid cannot be told at the moment.", retry_after_s=1)

    def _rest(self, key: OwnKey, seconds: float) -> float:
        until = asyncio.get_running_loop().time() + seconds
        self._rests[key.provider_key_id] = max(until, self._rests.get(key.provider_key_id, 0.0))
        return until

    def _write(self, one: _Refused | _Cools) -> None:
        self._to_write.append(one)
        self._woken.set()

    def _on_change(self, workspace_id: UUID | None, kind: str, changed: str) -> None:
        """The row knows better now: a key that was restored, replaced or revoked starts afresh."""
        if kind == "provider_key":
            for key_id in [one for one in self._rests if str(one) == changed]:
                del self._rests[key_id]
                self._refused.discard(key_id)
                self._empty_until.pop(key_id, None)

    def _forget(self) -> None:
        self._rests.clear()
        self._refused.clear()
        self._empty_until.clear()

    async def _load(self, address: Address) -> tuple[OwnKey, ...]:
        workspace_id, provider, base_url = address
        loop = asyncio.get_running_loop()
        async with self.db.unit_of_work(workspaces={workspace_id}, read_only=True) as tx:
            rows = await keys_store.active_keys(tx, workspace_id, provider=provider, address=base_url)
            opened: list[OwnKey] = []
            for row in rows:
                place = KeyPlace(workspace_id, row["provider_key_id"], row["secret_version"])
                secret = await self._opened(tx, place, Kept(row["sealed"], row["vault_secret_id"]))
                if secret is not None:
                    rests_until = loop.time() + row["rests_s"] if row["rests_s"] else 0.0
                    limits = KeyLimits(row["requests_per_minute"], row["tokens_per_minute"])
                    told = (row["provider"], row["name"], row["last4"], row["priority"])
                    opened.append(OwnKey(place, *told, rests_until, secret, limits, row["is_empty"]))
        return tuple(opened)

    async def _opened(self, tx: Tx, place: KeyPlace, kept: Kept) -> str | None:
        """The secret; None, and a line in the log, for one that does not open: the others serve all the same."""
        try:
            return await way_of(kept, keyring=self.keyring).open(tx, place, kept)
        except ValueError as error:
            log.error("provider_key.unreadable", provider_key_id=str(place.provider_key_id), reason=str(error))
            return None

    async def _write_all(self) -> None:
        loop = asyncio.get_running_loop()
        while self._to_write:
            one = self._to_write[0]
            async with self.db.unit_of_work(workspaces={one.key.place.workspace_id}) as tx:
                match one:
                    case _Cools(key, until, error):
                        await keys_store.cool_down(tx, key.place, seconds=max(0.0, until - loop.time()), error=error)
                    case _Refused(key, http_status):
                        if await keys_store.set_aside(tx, key.place, http_status=http_status, event=_unhealthy(key, http_status)):
                            log.warning("provider_key.set_aside", provider_key_id=str(key.provider_key_id), http_status=http_status)
            self._to_write.pop(0)
            self.feed.wake()
            self.relay.wake()

    async def _write_news(self) -> None:
        now, uses, self._uses = asyncio.get_running_loop().time(), self._uses, {}
        news = [
            KeyNews(use.workspace_id, provider_key_id, idle_s=max(0.0, now - use.used_at), error=use.error)
            for provider_key_id, use in sorted(uses.items())
        ]
        if news:
            async with self.db.unit_of_work(workspaces={one.workspace_id for one in news}) as tx:
                await keys_store.write_news(tx, news)


def _unhealthy(key: OwnKey, http_status: int) -> Event:
    key_id = str(key.provider_key_id)
    return Event(
        id=new_uuid(), type="provider_key.unhealthy", workspace_id=key.place.workspace_id, occurred_at=datetime.now(UTC), object_id=key_id,
        data={
            "provider_key_id": key_id, "provider": key.provider, "name": key.name, "last4": key.last4, "status": "set_aside",
            "reason": "provider_refused_key", "http_status": http_status,
        },
    )  # fmt: skip
