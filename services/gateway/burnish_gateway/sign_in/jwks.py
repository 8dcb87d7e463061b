"""The public keys of an issuer, in memory: fetched when first needed, again when they age, and when a token names one that is not there.

Keys that are there go on serving while the issuer is away, for KEYS_KEPT_S at most; one that the issuer has taken back goes with the next
fetch. A flood of tokens with unknown keys costs the issuer one request in ASK_AGAIN_S.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import structlog

from burnish_gateway.sign_in.jwt_keys import VerificationKey, choose_key, read_key_set
from burnish_gateway.sign_in.provider_http import ProviderAway
from burnish_shared.errors import Unavailable

log = structlog.get_logger("burnish.gateway")

ASK_AGAIN_S = 30.0
"""Least time between two fetches while there are keys."""

FIRST_ASK_AGAIN_S = 2.0
"""The same while there are none: every token waits for them."""

KEYS_FRESH_S = 600.0
"""Age at which keys are fetched anew in the background; Supabase lets its own be cached as long."""

KEYS_KEPT_S = 86_400.0
"""Age at which keys are not trusted any more while the issuer is away."""

Fetch = Callable[[], Awaitable[dict[str, Any]]]


@dataclass(slots=True)
class KeySet:
    """Keys of one issuer. `fetch` reads the document with them; `now_s` is a clock that only goes forward."""

    fetch: Fetch
    now_s: Callable[[], float] = time.monotonic
    _keys: tuple[VerificationKey, ...] = ()
    _thumbprints: frozenset[tuple[str | None, bytes]] = frozenset()
    _fetched_at_s: float | None = None
    _tried_at_s: float | None = None
    _fetching: "asyncio.Task[None] | None" = field(default=None)

    async def find(self, *, algorithm: str, kid: str | None) -> VerificationKey | None:
        """The key that a token names; None when the issuer has none of this name. Raises Unavailable while no key is to be had at all."""
        await self._have_some()
        found = choose_key(self._keys, algorithm=algorithm, kid=kid)
        if found is None and (self._fetching is not None or self._may_ask(ASK_AGAIN_S)):
            await self._refresh()
            found = choose_key(self._keys, algorithm=algorithm, kid=kid)
        return found

    def still_has(self, key: VerificationKey) -> bool:
        """Whether a key that was found earlier is still the issuer's, as far as we heard."""
        if not self._is_usable():
            return False
        self._keep_fresh()
        return (key.kid, key.thumbprint) in self._thumbprints

    async def close(self) -> None:
        if self._fetching is not None:
            self._fetching.cancel()
            await asyncio.gather(self._fetching, return_exceptions=True)

    async def _have_some(self) -> None:
        if self._is_usable():
            self._keep_fresh()
            return
        self._keys, self._thumbprints = (), frozenset()
        if self._fetching is not None or self._may_ask(FIRST_ASK_AGAIN_S):
            await self._refresh()
        if not self._is_usable():
            raise Unavailable("The keys of the sign-in provider cannot be read at the moment; try again.", retry_after_s=FIRST_ASK_AGAIN_S)

    def _is_usable(self) -> bool:
        return self._fetched_at_s is not None and self.now_s() - self._fetched_at_s <= KEYS_KEPT_S

    def _keep_fresh(self) -> None:
        """Begins a fetch that nobody waits for when the keys have aged."""
        is_old = self._fetched_at_s is None or self.now_s() - self._fetched_at_s > KEYS_FRESH_S
        if is_old and self._may_ask(ASK_AGAIN_S):
            self._begin()

    def _may_ask(self, pause_s: float) -> bool:
        return self._fetching is None and (self._tried_at_s is None or self.now_s() - self._tried_at_s >= pause_s)

    async def _refresh(self) -> None:
        """One fetch, shared by all who wait for it; a caller that goes away does not end it."""
        await asyncio.shield(self._fetching or self._begin())

    def _begin(self) -> "asyncio.Task[None]":
        self._tried_at_s = self.now_s()
        task = self._fetching = asyncio.create_task(self._fetch_once())
        task.add_done_callback(self._ended)
        return task

    def _ended(self, _: "asyncio.Task[None]") -> None:
        self._fetching = None

    async def _fetch_once(self) -> None:
        """Replaces all keys by those that the issuer has now. What cannot be read, or holds no key, changes nothing."""
        try:
            keys = read_key_set(await self.fetch())
        except ProviderAway as error:
            log.warning("identity_provider.keys_unread", kind=str(error))
            return
        if not keys:
            log.warning("identity_provider.no_usable_keys")
            return
        self._keys, self._fetched_at_s = keys, self.now_s()
        self._thumbprints = frozenset((one.kid, one.thumbprint) for one in keys)
