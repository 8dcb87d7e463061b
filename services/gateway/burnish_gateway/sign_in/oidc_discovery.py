"""What an OpenID provider says of itself (OpenID Connect Discovery 1.0), remembered for an hour and kept for a day while it is away."""

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import structlog

from burnish_gateway.sign_in.provider_address import is_address
from burnish_gateway.sign_in.provider_http import ProviderAway, ProviderHttp
from burnish_shared.errors import Unavailable

log = structlog.get_logger("burnish.gateway")

FRESH_S = 3_600.0
KEPT_S = 86_400.0
ASK_AGAIN_S = 2.0
"""Least time between two tries while the provider is away."""

AWAY = "The sign-in provider cannot be reached at the moment; try again."


@dataclass(frozen=True, slots=True)
class Discovered:
    """Where the provider is spoken to. `names_itself`: it adds `iss` to its answers (RFC 9207). `takes_basic`: how we authenticate."""

    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    names_itself: bool
    takes_basic: bool


def read_discovery(document: Mapping[str, Any], *, issuer: str) -> Discovered | None:
    """None where the document is another issuer's, or lacks an address that we may speak to."""
    places = [document.get(name) for name in ("authorization_endpoint", "token_endpoint", "jwks_uri")]
    is_remote = issuer.startswith("https:")  # such a provider must not lead our secret to a port of this machine
    are_safe = all(is_address(one) and str(one).startswith("https:" if is_remote else "http") for one in places)
    if document.get("issuer") != issuer or not are_safe:
        return None
    methods = document.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
    return Discovered(
        authorization_endpoint=str(places[0]),
        token_endpoint=str(places[1]),
        jwks_uri=str(places[2]),
        names_itself=document.get("authorization_response_iss_parameter_supported") is True,
        takes_basic=not isinstance(methods, list) or "client_secret_basic" in methods or "client_secret_post" not in methods,
    )


@dataclass(slots=True)
class Discovery:
    """The discovery document of one issuer."""

    issuer: str
    http: ProviderHttp
    now_s: Callable[[], float] = time.monotonic
    _known: Discovered | None = None
    _known_at_s: float = 0.0
    _tried_at_s: float | None = None
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def get(self) -> Discovered:
        """Raises Unavailable while it is not known and cannot be read. Callers at once share one fetch."""
        known = self._not_older_than(FRESH_S)
        if known is None:
            async with self._turn:
                known = self._not_older_than(FRESH_S)
                if known is None and (self._tried_at_s is None or self.now_s() - self._tried_at_s >= ASK_AGAIN_S):
                    await self._read()
                known = self._not_older_than(KEPT_S)
        if known is None:
            raise Unavailable(AWAY, retry_after_s=ASK_AGAIN_S)
        return known

    def _not_older_than(self, age_s: float) -> Discovered | None:
        return self._known if self.now_s() - self._known_at_s <= age_s else None

    async def _read(self) -> None:
        self._tried_at_s = self.now_s()
        try:
            document = await self.http.read(f"{self.issuer.rstrip('/')}/.well-known/openid-configuration")
        except ProviderAway as error:
            log.warning("identity_provider.undiscovered", kind=str(error))
            return
        found = read_discovery(document, issuer=self.issuer)
        if found is None:
            log.warning("identity_provider.discovery_unusable")
            return
        self._known, self._known_at_s = found, self.now_s()
