"""What callers say of alert channels, and how channels look from outside. Addresses with a secret in them are never shown again."""

from datetime import datetime
from typing import Annotated, Any, Final, Literal, Self
from uuid import UUID

from pydantic import AfterValidator, BaseModel, Field, model_validator

from burnish_gateway.wire import ApiModel, Name, Text
from burnish_shared.auth.emails import fold_new_email
from burnish_shared.contracts.alert_channels import ChannelKind, Severity, ToldKind
from burnish_shared.egress.target import MAX_URL_LENGTH

RECIPIENTS_MOST = 20

Region = Literal["us", "eu"]
DEFAULT_REGION: Final[Region] = "us"


def _email(text: str) -> str:
    folded = fold_new_email(text)
    if folded is None:
        raise ValueError("is no e-mail address")
    return folded


Recipient = Annotated[Text, Field(max_length=320), AfterValidator(_email)]
Recipients = Annotated[list[Recipient], Field(min_length=1, max_length=RECIPIENTS_MOST, description="`email`: who gets it.")]
Url = Annotated[
    Text,
    Field(
        min_length=1,
        max_length=MAX_URL_LENGTH,
        description="`slack`: the incoming webhook; `teams`: the workflow's webhook (both are secrets, not shown again);"
        " `pagerduty`: another service that speaks Events API v2, PagerDuty's own where it is left out.",
    ),
]
RoutingKey = Annotated[
    Text, Field(pattern=r"^[A-Za-z0-9_-]{16,64}$", description="`pagerduty`: integration key of Events API v2; not shown again.")
]


class ChannelFilters(ApiModel):
    """Narrows what is told: every list that is given must hold the alert's value."""

    kinds: Annotated[list[ToldKind], Field(min_length=1, max_length=10)] | None = Field(
        default=None, description="`experiment`: rollouts and their end, and how other experiments ended; PagerDuty hears of none."
    )
    prompts: Annotated[list[Annotated[Text, Field(min_length=1, max_length=100)]], Field(min_length=1, max_length=100)] | None = Field(
        default=None, description="Slugs. Alerts of no prompt, such as a budget's, are not told then."
    )
    min_severity: Severity | None = None

    def stored(self) -> dict[str, Any]:
        return self.model_dump(exclude_none=True)


class NewChannel(ApiModel):
    """`POST /v1/alert-channels`."""

    kind: ChannelKind
    name: Name
    recipients: Recipients | None = None
    url: Url | None = None
    routing_key: RoutingKey | None = None
    region: Region = DEFAULT_REGION
    filters: ChannelFilters = Field(default_factory=ChannelFilters)
    enabled: bool = True

    @model_validator(mode="after")
    def _has_what_its_kind_needs(self) -> Self:
        needed = {"email": "recipients", "slack": "url", "teams": "url", "pagerduty": "routing_key"}[self.kind]
        if getattr(self, needed) is None:
            raise ValueError(f"{needed}: is needed by a channel of kind {self.kind}")
        check_fields(self.kind, self.model_fields_set)
        return self


class ChannelChange(ApiModel):
    """`PATCH /v1/alert-channels/{id}`: what is left out stays. Null takes off `filters`, and of PagerDuty `url` and `region`."""

    name: Name | None = None
    recipients: Recipients | None = None
    url: Url | None = None
    routing_key: RoutingKey | None = None
    region: Region | None = None
    filters: ChannelFilters | None = None
    enabled: bool | None = None

    @model_validator(mode="after")
    def _changes_something(self) -> Self:
        if not self.model_fields_set:
            raise ValueError("nothing to change was given")
        return self


FIELDS_OF_KIND: dict[str, frozenset[str]] = {
    "email": frozenset({"recipients"}),
    "slack": frozenset({"url"}),
    "teams": frozenset({"url"}),
    "pagerduty": frozenset({"routing_key", "region", "url"}),
}


def check_fields(kind: str, given: set[str]) -> None:
    """Raises ValueError for a field that means nothing to this kind of channel."""
    foreign = sorted(given & (frozenset().union(*FIELDS_OF_KIND.values()) - FIELDS_OF_KIND[kind]))
    if foreign:
        raise ValueError(f"{foreign[0]}: means nothing to a channel of kind {kind}")


class LastNotice(BaseModel):
    """What came of the latest notice, or of one that failed and is tried again (`retrying`; `at` is then when the next attempt is due).

    `detail`: the beginning of what the service answered. A mail that some got and others did not is `sent` with an `error`.
    """

    event: str
    status: Literal["sent", "failed", "retrying"]
    attempts: int
    error: str | None
    detail: str | None
    at: datetime


class ChannelAnswer(BaseModel):
    """`address`: the host of a secret address, or the last four characters of a key."""

    id: UUID
    kind: ChannelKind
    name: str
    recipients: list[str] | None
    region: Region | None
    url: str | None
    address: str | None
    filters: dict[str, Any]
    enabled: bool
    created_at: datetime
    updated_at: datetime
    waiting: int
    last_notice: LastNotice | None


class ChannelPage(BaseModel):
    data: list[ChannelAnswer]
    next_cursor: str | None


class DeletedChannel(BaseModel):
    id: UUID
    deleted: Literal[True]


class ChannelTest(BaseModel):
    """The notice is on its way; `last_notice` of the channel says what came of it."""

    id: UUID
    status: Literal["pending"]
