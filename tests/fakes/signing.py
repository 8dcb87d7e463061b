"""Keys that sign tokens in tests, and the tokens: right ones, and ones that somebody forged. Forged ones are put together by hand."""

import base64
import hashlib
import hmac
import json
import time
from dataclasses import dataclass
from functools import cache
from typing import Any

import jwt
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

SECRET = "a-secret-of-at-least-thirty-two-bytes-for-tests"
ISSUER = "https://project.supabase.test/auth/v1"


@dataclass(frozen=True, slots=True)
class Signer:
    """One key pair under a name. `jwk`: its public half, as an issuer publishes it."""

    kid: str
    algorithm: str
    private: Any

    @property
    def jwk(self) -> dict[str, Any]:
        public = self.private.public_key()
        made = (RSAAlgorithm if self.algorithm == "RS256" else ECAlgorithm).to_jwk(public, as_dict=True)
        return {**made, "kid": self.kid, "alg": self.algorithm, "use": "sig"}

    @property
    def public_pem(self) -> bytes:
        return self.private.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)

    def sign(self, message: bytes) -> bytes:
        if self.algorithm == "RS256":
            return self.private.sign(message, padding.PKCS1v15(), hashes.SHA256())
        r, s = decode_dss_signature(self.private.sign(message, ec.ECDSA(hashes.SHA256())))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")


@cache
def rsa_signer(kid: str, bits: int = 2048) -> Signer:
    return Signer(kid, "RS256", rsa.generate_private_key(public_exponent=65537, key_size=bits))


@cache
def ec_signer(kid: str) -> Signer:
    return Signer(kid, "ES256", ec.generate_private_key(ec.SECP256R1()))


def claims(**changed: Any) -> dict[str, Any]:
    """As a Supabase project signs them; a change to None leaves the claim out."""
    now = int(time.time())
    made = {
        "iss": ISSUER, "sub": "5f1c8c9e-0000-4000-8000-000000000001", "aud": "authenticated", "exp": now + 600, "iat": now,
        "role": "authenticated", "email": "ada@example.test",
    }  # fmt: skip
    return {name: value for name, value in (made | changed).items() if value is not None}


def token(signer: Signer | str, body: dict[str, Any] | None = None, *, header: dict[str, Any] | None = None) -> str:
    """Signed by a key pair, or by a secret (HS256)."""
    if isinstance(signer, str):
        return jwt.encode(claims() if body is None else body, signer, algorithm="HS256", headers=header)
    return assemble({"alg": signer.algorithm, "typ": "JWT", "kid": signer.kid} | (header or {}), claims() if body is None else body, signer)


def assemble(header: Any, body: Any, signer: Signer | bytes | None) -> str:
    """Any header over any body, signed by a key pair, by HMAC with any bytes, or not at all."""
    message = f"{_encoded(header)}.{_encoded(body)}"
    if signer is None:
        return f"{message}."
    signature = signer.sign(message.encode()) if isinstance(signer, Signer) else hmac.digest(signer, message.encode(), hashlib.sha256)
    return f"{message}.{_base64(signature)}"


def _encoded(value: Any) -> str:
    return _base64(value if isinstance(value, bytes) else json.dumps(value).encode())


def _base64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
