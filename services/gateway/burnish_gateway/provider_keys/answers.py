"""What callers are told about provider keys. The key itself is no part of it."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, Field

from burnish_gateway.provider_keys.provider_key import KeyStatus, ProviderKey, UsageToday


class UsageAnswer(BaseModel):
    """Executions that ended with this key since midnight UTC; `failed` of them did not succeed."""

    executions: int
    failed: int
    input_tokens: int
    output_tokens: int
    cost_nusd: int


class ProviderKeyAnswer(BaseModel):
    """A provider key and how it does."""

    id: UUID
    provider: str
    name: str
    base_url: str = Field(description="Empty: the provider's own address.")
    priority: int
    requests_per_minute: int | None = Field(description="What the provider allows in any minute; null: what it says in its headers.")
    tokens_per_minute: int | None
    last4: str = Field(description="The end of the key; empty for a short one.")
    status: KeyStatus
    reason: str | None = Field(description="Why it is set aside: provider_refused_key.")
    cooldown_until: datetime | None = Field(
        description="The key rests until then: its provider asked for patience, or its account is empty."
    )
    last_used_at: datetime | None = Field(description="Some seconds late.")
    last_error: str | None = Field(description="Class of its last failure.")
    last_error_at: datetime | None
    created_by: str
    created_at: datetime
    revoked_at: datetime | None
    usage_today: UsageAnswer


class ProviderKeyPage(BaseModel):
    data: list[ProviderKeyAnswer]
    next_cursor: str | None


def key_answer(key: ProviderKey, usage: UsageToday) -> ProviderKeyAnswer:
    return ProviderKeyAnswer(
        id=key.provider_key_id,
        provider=key.provider,
        name=key.name,
        base_url=key.base_url,
        priority=key.priority,
        requests_per_minute=key.requests_per_minute,
        tokens_per_minute=key.tokens_per_minute,
        last4=key.last4,
        status=key.status,
        reason=key.reason,
        cooldown_until=key.cooldown_until,
        last_used_at=key.last_used_at,
        last_error=key.last_error,
        last_error_at=key.last_error_at,
        created_by=key.created_by,
        created_at=key.created_at,
        revoked_at=key.revoked_at,
        usage_today=UsageAnswer(
            executions=usage.executions,
            failed=usage.failed,
            input_tokens=usage.input_tokens,
            output_tokens=usage.output_tokens,
            cost_nusd=usage.cost_nusd,
        ),
    )
