"""Keys that tokens are verified with. Which algorithm a key is for follows from the key, never from the token (RFC 8725, 3.1)."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

KEYS_MOST = 100
RSA_LEAST_BITS = 2048
"""RFC 7518, 3.3."""

KID_MOST = 200


@dataclass(frozen=True, slots=True)
class VerificationKey:
    """One key, for one algorithm. `thumbprint` tells it from others with its `kid`. `material` is not shown."""

    algorithm: str
    kid: str | None
    thumbprint: bytes
    material: Any = field(repr=False, compare=False)


def secret_key(secret: str) -> VerificationKey:
    """The key of HS256 tokens."""
    return VerificationKey("HS256", None, hashlib.sha256(b"secret|" + secret.encode()).digest(), secret.encode())


def read_key_set(document: Mapping[str, Any]) -> tuple[VerificationKey, ...]:
    """The keys of a JWK set (RFC 7517) that RS256 or ES256 signatures can be verified with; all others are passed over."""
    entries = document.get("keys")
    found = [_read_key(one) for one in entries[:KEYS_MOST]] if isinstance(entries, list) else []
    return tuple(one for one in found if one is not None)


def _read_key(jwk: Any) -> VerificationKey | None:
    """None for a key of another kind, use or algorithm, a private one, or one that is none at all. What is null is not there."""
    jwk = {name: value for name, value in jwk.items() if value is not None} if isinstance(jwk, dict) else {}
    operations = jwk.get("key_ops", ["verify"])
    if "d" in jwk or jwk.get("use", "sig") != "sig" or not isinstance(operations, list) or "verify" not in operations:
        return None
    algorithm = {"RSA None": "RS256", "EC P-256": "ES256"}.get(f"{jwk.get('kty')} {jwk.get('crv')}")
    kid = jwk.get("kid")
    if algorithm is None or jwk.get("alg", algorithm) != algorithm or not (kid is None or (isinstance(kid, str) and len(kid) <= KID_MOST)):
        return None
    try:
        material = (RSAAlgorithm if algorithm == "RS256" else ECAlgorithm).from_jwk(jwk)
    except (jwt.PyJWTError, ValueError, TypeError, KeyError, AttributeError, OverflowError):
        return None
    if isinstance(material, RSAPublicKey) and material.key_size < RSA_LEAST_BITS:
        return None
    parts = {name: jwk.get(name) for name in ("kty", "crv", "n", "e", "x", "y")}
    return VerificationKey(algorithm, kid, hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).digest(), material)


def choose_key(keys: tuple[VerificationKey, ...], *, algorithm: str, kid: str | None) -> VerificationKey | None:
    """The key that a token names; without a name the only one there is for the algorithm (OpenID Connect Core, 10.1)."""
    fitting = [one for one in keys if one.algorithm == algorithm]
    if kid is None:
        return fitting[0] if len(fitting) == 1 else None
    return next((one for one in fitting if one.kid == kid), None)
