"""Verifies tokens that an issuer of the operator's choice signed: a Supabase project, or any other that signs HS256, RS256 or ES256."""

import hashlib
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Any

from burnish_gateway.access.person import Claims
from burnish_gateway.identity_settings import IdentitySettings
from burnish_gateway.sign_in.jwks import KeySet
from burnish_gateway.sign_in.jwt_keys import VerificationKey, secret_key
from burnish_gateway.sign_in.jwt_reading import LEEWAY_S, REFUSED, TOKEN_MOST_BYTES, Expected, Header, claims_of, header_of, name_of
from burnish_gateway.sign_in.provider_http import ProviderHttp
from burnish_shared.clock import Clock
from burnish_shared.errors import TokenExpired, Unauthenticated

REMEMBERED_MOST = 10_000
"""Tokens whose signature was checked; beyond it the one that was longest not used goes."""

ISSUER_PREFIX = "jwt:"
"""Before the issuer of an identity, so that who may sign these tokens cannot speak for an OpenID provider."""

ISSUER_MOST = 400


@dataclass(frozen=True, slots=True)
class _Known:
    claims: Claims
    expires_at_s: float
    key: VerificationKey


@dataclass(slots=True)
class JwtVerifier:
    """A `TokenVerifier`. `secret` and `keys`: what signs HS256, and what signs RS256 and ES256; either may be None.

    A signature is checked once for each token; after that a digest, the time and the key being the issuer's still are enough.
    """

    expected: Expected
    clock: Clock
    secret: VerificationKey | None
    keys: KeySet | None
    _known: "OrderedDict[bytes, _Known]" = field(default_factory=OrderedDict)

    @classmethod
    def over(cls, settings: IdentitySettings, *, http: ProviderHttp, clock: Clock) -> "JwtVerifier | None":
        """None where no issuer of tokens is configured."""
        if settings.jwt_secret is None and not settings.jwks_url:
            return None
        return cls(
            expected=Expected(audience=settings.jwt_audience, issuer=settings.jwt_issuer or None),
            clock=clock,
            secret=secret_key(settings.jwt_secret.get_secret_value()) if settings.jwt_secret is not None else None,
            keys=KeySet(lambda: http.read(settings.jwks_url)) if settings.jwks_url else None,
        )

    async def verify(self, token: str) -> Claims:
        """What the token says. Raises Unauthenticated in one wording, TokenExpired, or Unavailable while its keys cannot be read."""
        if len(token) > TOKEN_MOST_BYTES:
            raise Unauthenticated(REFUSED)
        digest = hashlib.sha256(token.encode("utf-8", "surrogateescape")).digest()
        known = self._known.get(digest)
        if known is not None and self._is_trusted(known.key):
            self._known.move_to_end(digest)
            if known.expires_at_s + LEEWAY_S <= self.clock.now().timestamp():
                del self._known[digest]
                raise TokenExpired("This token has expired; get a new one and try again.")
            return known.claims
        self._known.pop(digest, None)
        return (await self._verify_anew(token, digest)).claims

    async def close(self) -> None:
        if self.keys is not None:
            await self.keys.close()

    async def _verify_anew(self, token: str, digest: bytes) -> _Known:
        key = await self._key_for(header_of(token))
        if key is None:
            raise Unauthenticated(REFUSED)
        claims = claims_of(token, key, self.expected)
        known = self._known[digest] = _Known(_person_of(claims), float(claims["exp"]), key)
        while len(self._known) > REMEMBERED_MOST:
            self._known.popitem(last=False)
        return known

    async def _key_for(self, header: Header) -> VerificationKey | None:
        """HS256 goes to the secret and nowhere else, so a public key is never taken for one."""
        if header.algorithm == "HS256":
            return self.secret
        return await self.keys.find(algorithm=header.algorithm, kid=header.kid) if self.keys is not None else None

    def _is_trusted(self, key: VerificationKey) -> bool:
        return key is self.secret or (self.keys is not None and self.keys.still_has(key))


def _person_of(claims: dict[str, Any]) -> Claims:
    """Role and rights come from memberships here, never from the token. Its e-mail is a name to show and no more: whether anybody
    verified it depends on settings of the issuer that we do not see (and `user_metadata` is what its user wrote).

    Raises Unauthenticated for anonymous sign-ins (a Supabase project may allow them): nobody stands behind those.
    """
    issuer = claims.get("iss", "")
    if claims.get("is_anonymous") is True or not isinstance(issuer, str) or len(issuer) > ISSUER_MOST or not issuer.isprintable():
        raise Unauthenticated(REFUSED)
    return Claims(issuer=ISSUER_PREFIX + issuer, subject=claims["sub"], name=name_of(claims))
