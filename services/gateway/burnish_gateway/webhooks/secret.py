"""Webhook secrets: made here, shown once, sealed for the service that signs with them."""

import base64
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from burnish_shared.auth import signing_keys
from burnish_shared.auth.keyring import Keyring
from burnish_shared.contracts.webhooks import SECRET_BYTES, SECRET_PREFIX, headers_context, secret_context, signing_key_context


@dataclass(frozen=True, slots=True)
class NewSecret:
    """`text` is for its owner, once; `sealed` is for the database."""

    text: str
    sealed: bytes


@dataclass(frozen=True, slots=True)
class NewKeyPair:
    """`public_key` is for everybody; `sealed` holds the private key."""

    public_key: str
    sealed: bytes


def new_secret(keyring: Keyring, workspace_id: UUID, endpoint_id: UUID) -> NewSecret:
    """`whsec_` and 32 random bytes in base64, sealed for this endpoint of this workspace."""
    text = SECRET_PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()
    return NewSecret(text, keyring.seal(text.encode(), context=secret_context(workspace_id, endpoint_id)))


def new_key_pair(keyring: Keyring, workspace_id: UUID, endpoint_id: UUID) -> NewKeyPair:
    """An ed25519 key pair, its private half sealed for this endpoint of this workspace."""
    pair = signing_keys.new_key_pair()
    return NewKeyPair(pair.public, keyring.seal(pair.private.encode(), context=signing_key_context(workspace_id, endpoint_id)))


def seal_headers(keyring: Keyring, headers: Mapping[str, str], *, workspace_id: UUID, endpoint_id: UUID) -> bytes | None:
    """None for no headers."""
    if not headers:
        return None
    return keyring.seal(json.dumps(dict(headers)).encode(), context=headers_context(workspace_id, endpoint_id))


def open_headers(keyring: Keyring, sealed: bytes | None, *, workspace_id: UUID, endpoint_id: UUID) -> dict[str, str]:
    """Names and values as they are sent. For changing them only: values are not shown again."""
    if sealed is None:
        return {}
    opened: dict[str, str] = json.loads(keyring.open(sealed, context=headers_context(workspace_id, endpoint_id)))
    return opened
