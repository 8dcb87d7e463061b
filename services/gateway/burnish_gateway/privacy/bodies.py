"""What callers send about erasures."""

from typing import Annotated

from pydantic import Field

from burnish_gateway.wire import ApiModel, Text


class ErasureBody(ApiModel):
    user_id: Annotated[Text, Field(min_length=1, max_length=500)] = Field(
        description="The end user's id, as executions and feedback name it."
    )
    reason: Annotated[Text, Field(max_length=500)] = Field(default="", description="Kept, so it must not name the person.")
