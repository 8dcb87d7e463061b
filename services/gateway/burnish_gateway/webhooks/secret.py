"""Webhook secrets: made here, shown once, sealed for the service that signs with them."""

import base64
import secrets
from dataclasses import dataclass
from uuid import UUID

from burnish_shared.auth.keyring import Keyring
from burnish_shared.contracts.webhooks import SECRET_BYTES, SECRET_PREFIX, secret_context


@dataclass(frozen=True, slots=True)
class NewSecret:
    """`text` is for its owner, once; `sealed` is for the database."""

    text: str
    sealed: bytes


def new_secret(keyring: Keyring, workspace_id: UUID, endpoint_id: UUID) -> NewSecret:
    """`whsec_` and 32 random bytes in base64, sealed for this endpoint of this workspace."""
    text = SECRET_PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()
    return NewSecret(text, keyring.seal(text.encode(), context=secret_context(workspace_id, endpoint_id)))
