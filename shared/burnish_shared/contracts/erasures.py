"""What the stream of erasures keeps of one (PROMISES P-04): enough to do it again in a restored database, and no name of anybody."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field


class Tombstone(BaseModel):
    """`subject_digest`: HMAC-SHA-256 of the person's id, in hex, under a key that a gateway can make again from `erasure_id`."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    v: Literal[1] = 1
    erasure_id: UUID
    workspace_id: UUID
    subject_digest: str = Field(pattern="^[0-9a-f]{64}$")
    requested_by: str
    requested_at: datetime

    def message_id(self) -> str:
        """The same for each time it is published."""
        return f"erasure:{self.erasure_id}"
