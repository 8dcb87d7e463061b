"""What the gateway, which keeps provider keys, and the executor, which uses them, must agree on."""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field


@dataclass(frozen=True, slots=True)
class KeyPlace:
    """Where a secret belongs: this version of this key of this workspace, and nowhere else."""

    workspace_id: UUID
    provider_key_id: UUID
    version: int

    @property
    def context(self) -> str:
        """What the secret is bound to when it is sealed (PROMISES S-02)."""
        return f"{self.workspace_id}|{self.provider_key_id}|{self.version}|provider-key"


@dataclass(frozen=True, slots=True)
class KeyLimits:
    """What a provider lets one key do in any minute, for all executors together. None: not limited."""

    requests_per_minute: int | None = None
    tokens_per_minute: int | None = None

    @property
    def are_set(self) -> bool:
        return self.requests_per_minute is not None or self.tokens_per_minute is not None


UNLIMITED: Final = KeyLimits()


class LimitsHeard(BaseModel):
    """What a provider said of its limits, from one executor to all. `scope`: a hash of address, key and model."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    scope: str = Field(pattern=r"^[0-9a-f]{32}$")
    requests_per_minute: int | None = Field(default=None, ge=1, le=10**18)
    tokens_per_minute: int | None = Field(default=None, ge=1, le=10**18)
    rests_s: float | None = Field(default=None, ge=0, description="The provider asked for so much patience.")


class KeyTestRequest(BaseModel):
    """Asks an executor, the only process that calls providers, whether a key works. The key is named, never carried."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    workspace_id: UUID
    provider_key_id: UUID


class KeyTestAnswer(BaseModel):
    """What one call of the provider's `/models` said. `http_status` None: there was no answer; with `latency_ms` 0 nobody was asked."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    works: bool
    http_status: int | None
    latency_ms: int
    models: int | None = Field(description="How many models the key may call, as the provider lists them.")
    error: str | None = Field(description="Why it does not work, in the provider's words where it said some; never the key.")
