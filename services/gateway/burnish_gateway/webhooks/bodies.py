"""What callers send about webhooks."""

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from burnish_gateway.wire import ApiModel, Text
from burnish_shared.contracts.events import EVENT_TYPES
from burnish_shared.contracts.webhooks import UNSUBSCRIBABLE
from burnish_shared.egress.target import MAX_URL_LENGTH

SUBSCRIBABLE = tuple(one for one in EVENT_TYPES if one not in UNSUBSCRIBABLE)
PATTERNS = frozenset(
    {"*"} | {one.rpartition(".")[0] + ".*" for one in SUBSCRIBABLE} | {one.partition(".")[0] + ".*" for one in SUBSCRIBABLE}
)


def _known(event: str) -> str:
    if event not in SUBSCRIBABLE and event not in PATTERNS:
        raise ValueError("is no event; use one of " + ", ".join(SUBSCRIBABLE) + ", a group like alert.*, or *")
    return event


EventPattern = Annotated[Text, Field(min_length=1, max_length=100), AfterValidator(_known)]
Events = Annotated[list[EventPattern], Field(min_length=1, max_length=50)]
Url = Annotated[Text, Field(min_length=1, max_length=MAX_URL_LENGTH, description="https, on a public address.")]
Description = Annotated[Text, Field(max_length=500)]
FilterValues = Annotated[list[Annotated[Text, Field(min_length=1, max_length=100)]], Field(max_length=100)]


class Filters(ApiModel):
    """Narrows the events: each list that is given must hold the event's value. An event without that value is not sent."""

    prompts: FilterValues | None = Field(default=None, description="Slugs of prompts.")
    labels: FilterValues | None = None

    def stored(self) -> dict[str, list[str]]:
        return {name: values for name, values in (("prompts", self.prompts), ("labels", self.labels)) if values}


class EndpointBody(ApiModel):
    """`POST /v1/webhooks/endpoints`."""

    url: Url
    events: Events
    filters: Filters | None = None
    description: Description = ""


class EndpointChange(ApiModel):
    """`PATCH /v1/webhooks/endpoints/{id}`: what is left out stays."""

    url: Url | None = None
    events: Events | None = None
    filters: Filters | None = None
    description: Description | None = None
    paused: bool | None = Field(default=None, description="Deliveries wait while an endpoint is paused.")
    enabled: Literal[True] | None = Field(
        default=None, description="Switches an endpoint on again that was disabled after 410 or long failure."
    )

    @model_validator(mode="after")
    def _changes_something(self) -> Self:
        if not self.model_fields_set:
            raise ValueError("nothing to change was given")
        return self


class RotationBody(ApiModel):
    """`POST …/rotate-secret`."""

    overlap_hours: Annotated[int, Field(ge=0, le=168)] = Field(default=24, description="How long the old secret signs too.")
