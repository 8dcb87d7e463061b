"""What the gateway, which keeps provider keys, and the executor, which uses them, must agree on."""

from dataclasses import dataclass
from uuid import UUID


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
