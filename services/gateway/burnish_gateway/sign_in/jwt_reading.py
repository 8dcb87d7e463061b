"""Reads a JSON Web Token: its header without trust, its claims after the signature (RFC 7519, RFC 8725). Times are the machine's clock."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import jwt
import structlog

from burnish_gateway.sign_in.jwt_keys import KID_MOST, VerificationKey
from burnish_shared.errors import TokenExpired, Unauthenticated
from burnish_shared.sparing_log import SparingLog

log = structlog.get_logger("burnish.gateway")

refused = SparingLog()
"""Of tokens that an issuer signed and that fit nothing here, by issuer and flaw."""

TOKEN_MOST_BYTES = 8 * 1024
"""Looked at before anything is parsed. Supabase's tokens have about 1 KiB."""

LEEWAY_S = 30
"""How far clocks may differ."""

SUBJECT_MOST = 255
"""OpenID Connect Core, 2: `sub` has at most 255 characters."""

ALGORITHMS = frozenset({"HS256", "RS256", "ES256"})

NAME_MOST = 200

REFUSED = "This token is not valid here."
"""Why it is not is for nobody to learn who did not make it."""

UNREADABLE = (jwt.PyJWTError, ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError)
"""Whatever PyJWT and json make of a token that somebody shaped on purpose."""


@dataclass(frozen=True, slots=True)
class Header:
    """What a token says of its signature. Addresses and keys that it brings along (jku, x5u, jwk, x5c) are not even read."""

    algorithm: str
    kid: str | None


@dataclass(frozen=True, slots=True)
class Expected:
    """What claims must be there. `issuer` None: it is not looked at."""

    audience: str
    issuer: str | None
    required: tuple[str, ...] = ("exp", "sub", "aud")


def header_of(token: str) -> Header:
    """Raises Unauthenticated for what is no token, too long, or signed in a way that we do not take."""
    if len(token) > TOKEN_MOST_BYTES or not token.isascii() or token.count(".") != 2:
        raise Unauthenticated(REFUSED)
    try:
        header = jwt.get_unverified_header(token)
        algorithm, kid = header.get("alg"), header.get("kid")
    except UNREADABLE:
        raise Unauthenticated(REFUSED) from None
    is_named = kid is None or (isinstance(kid, str) and len(kid) <= KID_MOST)
    if not isinstance(algorithm, str) or algorithm not in ALGORITHMS or "crit" in header or not is_named:
        raise Unauthenticated(REFUSED)
    return Header(algorithm, kid)


def claims_of(token: str, key: VerificationKey, expected: Expected) -> dict[str, Any]:
    """The claims of a token whose signature fits `key`. Raises TokenExpired, or Unauthenticated for every other flaw in the same words.

    `exp` is a finite number and `sub` a text of 1 to 255 characters without NUL.
    """
    try:
        claims: dict[str, Any] = jwt.decode(
            token, key.material, algorithms=[key.algorithm], audience=expected.audience, issuer=expected.issuer, leeway=LEEWAY_S,
            options={"require": list(expected.required), "enforce_minimum_key_length": True},
        )  # fmt: skip
        expires_at_s, subject = claims["exp"], claims["sub"]
    except jwt.ExpiredSignatureError:
        raise TokenExpired("This token has expired; get a new one and try again.") from None
    except UNREADABLE as error:
        if isinstance(error, jwt.InvalidTokenError) and not isinstance(error, jwt.DecodeError):
            # Signed by the issuer, so only who has an account there gets here: a setting is wrong, and the operator must see which.
            # They may send many: a line a minute says how many.
            flaw = type(error).__name__
            times = refused.due((expected.issuer, flaw))
            if times is not None:
                log.info("token.refused", issuer=expected.issuer, flaw=flaw, times=times)
        raise Unauthenticated(REFUSED) from None
    if not _is_time(expires_at_s) or not isinstance(subject, str) or not 0 < len(subject) <= SUBJECT_MOST or not subject.isprintable():
        raise Unauthenticated(REFUSED)
    return claims


def _is_time(seconds: object) -> bool:
    """A finite number that a float holds."""
    try:
        return isinstance(seconds, int | float) and not isinstance(seconds, bool) and math.isfinite(seconds)
    except OverflowError:
        return False


def name_of(claims: Mapping[str, Any]) -> str:
    """What its bearer is shown as: the name, else the e-mail, else nothing. Says nothing of who they are."""
    texts = (claims.get("name"), claims.get("email"))
    return next((one.strip()[:NAME_MOST] for one in texts if isinstance(one, str) and one.strip() and one.isprintable()), "")
