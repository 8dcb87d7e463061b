"""What callers send about webhooks."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from burnish_gateway.label_name import label_named
from burnish_gateway.moments import Moment
from burnish_gateway.webhooks.reach import PATTERNS, SUBSCRIBABLE
from burnish_gateway.wire import ApiModel, Text
from burnish_shared.contracts.webhooks import CONDITION_NAMES
from burnish_shared.egress.target import MAX_URL_LENGTH
from burnish_shared.errors import InvalidField
from burnish_shared.expressions import ExpressionError, can_hold, parse
from burnish_shared.slug import parse_slug


def _known(event: str) -> str:
    if event not in SUBSCRIBABLE and event not in PATTERNS:
        raise ValueError("is no event; use one of " + ", ".join(SUBSCRIBABLE) + ", a group like alert.*, or *")
    return event


EventPattern = Annotated[Text, Field(min_length=1, max_length=100), AfterValidator(_known)]
Events = Annotated[list[EventPattern], Field(min_length=1, max_length=50)]
Url = Annotated[Text, Field(min_length=1, max_length=MAX_URL_LENGTH, description="https, on a public address.")]
Description = Annotated[Text, Field(max_length=500)]


def _slug(text: str) -> str:
    try:
        return parse_slug(text)  # the id of a prompt passes too
    except InvalidField as error:
        raise ValueError(f"{text[:100]!r} can be no prompt's. {error}") from None


FilterValue = Annotated[Text, Field(min_length=1, max_length=100)]


class Filters(ApiModel):
    """Narrows the events: each list that is given must hold the event's value. An event without that value is not sent.

    `GET /v1/webhooks/events` says of each event which of them can match it.
    """

    prompts: Annotated[list[Annotated[FilterValue, AfterValidator(_slug)]], Field(max_length=100)] | None = Field(
        default=None, description="Slugs of prompts."
    )
    labels: Annotated[list[Annotated[FilterValue, AfterValidator(label_named)]], Field(max_length=100)] | None = None

    def stored(self) -> dict[str, list[str]]:
        return {name: values for name, values in (("prompts", self.prompts), ("labels", self.labels)) if values}


def _parses(condition: str) -> str:
    if condition.strip():
        try:
            node = parse(condition, names=CONDITION_NAMES)
        except ExpressionError as error:
            raise ValueError(f"{error} (column {error.column})") from error
        if not can_hold(node, never=CONDITION_NAMES - {"simulated"}):
            raise ValueError("is never true or false, so nothing would ever be sent; compare something, as in data.delta > 0.05")
    return condition.strip()


Condition = Annotated[
    Text,
    Field(
        max_length=2048,
        description="An expression over type, data, object_id, object_version, simulated, occurred_at, event_id, workspace_id, hops, such "
        "as `data.delta > 0.05 and not simulated`. An event where it is false, or cannot be evaluated, is not sent and counted.",
    ),
    AfterValidator(_parses),
]
Headers = Annotated[
    dict[Text, Text | None],
    Field(description="Sent with every delivery. Values that look like secrets are not shown again; null keeps what is stored."),
]
Throttle = Annotated[int, Field(ge=1, le=60_000, description="Most attempts a minute, evenly; what is above waits and is not dropped.")]
Ordered = Annotated[
    bool,
    Field(description="An event waits until earlier ones of the same object are delivered, at most `order_wait_s` behind a failing one."),
]
OrderWait = Annotated[int, Field(ge=1, le=86_400)]
Include = Annotated[
    list[Literal["messages", "variables", "output"]],
    Field(max_length=3, description="Texts of executions, in `content` of the body; only where the workspace stores texts."),
]
KeyPair = Annotated[bool, Field(description="Sign by ed25519 too (`v1a`): receivers verify with `public_key` and hold no secret.")]

ORDER_WAIT_DEFAULT_S = 3600


class EndpointBody(ApiModel):
    """`POST /v1/webhooks/endpoints`."""

    url: Url
    events: Events
    filters: Filters | None = None
    condition: Condition = ""
    headers: Headers = Field(default_factory=dict)
    throttle_per_minute: Throttle | None = None
    ordered: Ordered = False
    order_wait_s: OrderWait | None = Field(default=None, description=f"{ORDER_WAIT_DEFAULT_S} where `ordered` is true and nothing is said.")
    include: Include = Field(default_factory=list)
    ed25519: KeyPair = False
    description: Description = ""


class EndpointChange(ApiModel):
    """`PATCH /v1/webhooks/endpoints/{id}`: what is left out stays, what is null goes back to how it is where nothing is said.

    `url` and `events` always are something, and what switches (`paused`, `enabled`, `ordered`, `ed25519`) is true or false.
    """

    url: Url | None = None
    events: Events | None = None
    filters: Filters | None = None
    condition: Condition | None = None
    headers: Headers | None = None
    throttle_per_minute: Throttle | None = None
    ordered: Ordered | None = None
    order_wait_s: OrderWait | None = None
    include: Include | None = None
    ed25519: KeyPair | None = None
    description: Description | None = None
    paused: bool | None = Field(default=None, description="Deliveries wait while an endpoint is paused.")
    enabled: Literal[True] | None = Field(
        default=None, description="Switches an endpoint on again that was disabled after 410 or long failure."
    )
    catch_up: bool = Field(default=False, description="With `enabled`: sends again what was cancelled by the disablement.")


class RotationBody(ApiModel):
    """`POST …/rotate-secret`."""

    overlap_hours: Annotated[int, Field(ge=0, le=168)] = Field(default=24, description="How long the old secret signs too.")


class DismissBody(ApiModel):
    """`POST …/dismiss`: which dead letters of the endpoint are given up."""

    to: Moment | None = Field(default=None, description="Those made before this time; all where it is left out.")
    settled_to: Moment | None = Field(
        default=None, description="Those that died before this time: that of the first answer, so that calls for more take nothing newer."
    )
    event_types: Annotated[list[EventPattern], Field(max_length=50)] = Field(default_factory=list, description="All where it is empty.")


EndedStatus = Literal["delivered", "exhausted", "cancelled"]
Statuses = Annotated[list[EndedStatus], Field(min_length=1, max_length=3)]


def _undelivered() -> list[EndedStatus]:
    return ["exhausted", "cancelled"]


class RangeBody(ApiModel):
    """`POST …/replay`: which deliveries of the endpoint are sent again, by the time at which they were made."""

    from_: Moment = Field(alias="from")
    to: Moment | None = Field(default=None, description="Up to now where it is left out.")
    statuses: Statuses = Field(default_factory=_undelivered, description="Dead letters and cancelled ones by default.")
    event_types: Annotated[list[EventPattern], Field(max_length=50)] = Field(default_factory=list, description="All where it is empty.")
