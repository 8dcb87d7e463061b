"""What the gateway knows of a provider key: everything but the key."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from burnish_shared.contracts.provider_keys import KeyPlace
from burnish_shared.errors import NotFound

KeyStatus = Literal["active", "set_aside", "revoked"]


@dataclass(frozen=True, slots=True)
class ProviderKey:
    """A key without its secret. `base_url` '': it goes to the provider's own address. `cooldown_until`: None once it is over.

    A limit of None: what the provider says in its headers.
    """

    provider_key_id: UUID
    workspace_id: UUID
    provider: str
    name: str
    base_url: str
    priority: int
    requests_per_minute: int | None
    tokens_per_minute: int | None
    secret_version: int
    last4: str
    status: KeyStatus
    reason: str | None
    cooldown_until: datetime | None
    last_used_at: datetime | None
    last_error: str | None
    last_error_at: datetime | None
    created_by: str
    created_at: datetime
    revoked_at: datetime | None

    @property
    def place(self) -> KeyPlace:
        """Where its secret belongs."""
        return KeyPlace(self.workspace_id, self.provider_key_id, self.secret_version)

    def facts(self) -> dict[str, Any]:
        """What the audit log keeps of it."""
        return {
            "provider": self.provider,
            "name": self.name,
            "base_url": self.base_url,
            "priority": self.priority,
            "requests_per_minute": self.requests_per_minute,
            "tokens_per_minute": self.tokens_per_minute,
            "last4": self.last4,
            "status": self.status,
        }


@dataclass(frozen=True, slots=True)
class UsageToday:
    """Executions that ended with this key since midnight UTC."""

    executions: int = 0
    failed: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cost_nusd: int = 0


def last4_of(secret: str) -> str:
    """The end of a key, by which people tell their keys apart; nothing of one so short that its end would say much."""
    return secret[-4:] if len(secret) >= 16 else ""


def no_such_key() -> NotFound:
    return NotFound("There is no provider key of this id.")
