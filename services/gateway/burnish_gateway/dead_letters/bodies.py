"""What the operator asks of dead letters, and is told."""

from datetime import datetime
from typing import Any, Final
from uuid import UUID

from pydantic import BaseModel, Field, model_validator

from burnish_gateway.wire import ApiModel, Text
from burnish_shared.bus.dead_letters_store import State

IDS_MOST: Final = 100
"""Letters of one call; each may bring up to a megabyte into its transaction."""


class ChosenBody(ApiModel):
    """Either some letters, or all of a consumer that wait."""

    ids: list[UUID] | None = Field(default=None, min_length=1, max_length=IDS_MOST)
    consumer: Text | None = Field(default=None, min_length=1, max_length=100, description="All of this consumer that wait.")

    @model_validator(mode="after")
    def _is_a_choice(self) -> "ChosenBody":
        if (self.ids is None) == (self.consumer is None):
            raise ValueError("give either ids or consumer")
        return self


class DeadLetterAnswer(BaseModel):
    """A message that a consumer could not handle and set aside. What it says is shown by none but the outline of one letter."""

    id: UUID
    consumer: str
    stream: str
    stream_seq: int
    subject: str
    message_id: str | None
    deliveries: int
    reason: str
    payload_bytes: int | None = Field(description="Null: the message itself is lost, so that the letter can only be discarded.")
    state: State = Field(description="ended: an execution that used up its deliveries, which the sweeper has ended; it needs nobody.")
    sendable: bool = Field(description="False: its message is lost, or nobody sends its subject any more.")
    at: datetime
    replayed_at: datetime | None


class WaitingAnswer(BaseModel):
    consumer: str
    letters: int


class DeadLetterPage(BaseModel):
    data: list[DeadLetterAnswer]
    waiting: list[WaitingAnswer] = Field(description="How many wait, of each consumer that any wait of, whatever was asked for.")
    next_cursor: str | None


class DeadLetterDetailAnswer(DeadLetterAnswer):
    headers: dict[str, str]
    outline: Any = Field(
        description="The message with its ids, times, numbers and words of ours; each text of a person as its length. "
        "Null: it is lost, or no JSON."
    )


class ReplayedAnswer(BaseModel):
    """`left`: so many more of the consumer can be sent; ask again."""

    replayed: int
    lost: list[UUID] = Field(description="Their message is lost; they can only be discarded. Named where ids were given.")
    unsendable: list[UUID] = Field(description="Nobody sends their subject any more; likewise.")
    left: int


class DiscardedAnswer(BaseModel):
    discarded: int
