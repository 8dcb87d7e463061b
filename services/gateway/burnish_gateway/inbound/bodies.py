"""What admins say of an inbound webhook, and what they see of it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Final, Literal
from uuid import UUID

from pydantic import BaseModel, Field, model_validator

from burnish_gateway.feedback.bodies import METRIC_NAME, SOURCE_NAME
from burnish_gateway.inbound.signature import Scheme
from burnish_gateway.wire import ApiModel, Name, Text

EXPRESSION_MOST: Final = 2048

Expression = Annotated[Text, Field(min_length=1, max_length=EXPRESSION_MOST)]
Prefix = Annotated[str, Field(pattern=r"^[!-~]{0,32}$")]
Secret = Annotated[str, Field(pattern=r"^[!-~]{16,500}$")]
HeaderName = Annotated[str, Field(pattern=r"^[A-Za-z0-9-]{1,64}$")]


class MetricMapping(ApiModel):
    """A named metric."""

    name: Annotated[str, Field(pattern=METRIC_NAME, description="The name itself, no expression.")]
    value: Expression


class ImportedMapping(ApiModel):
    """An execution made elsewhere, by its source's own id."""

    source: Annotated[str, Field(pattern=SOURCE_NAME, description="The name itself, no expression.")] = "import"
    id: Expression


class MappingBody(ApiModel):
    """An expression over the payload for each field of the feedback: mostly a path, `data.rating`, or `(data.rating - 1) / 4`."""

    execution_id: Expression | None = Field(default=None, description="What is reacted to; or session_id.")
    session_id: Expression | None = None
    imported: ImportedMapping | None = None
    thumb: Expression | None = Field(default=None, description="up or down, true or false, 1 or 0.")
    score: Expression | None = Field(default=None, description="0 to 1.")
    comment: Expression | None = None
    correction: Expression | None = None
    metric: MetricMapping | None = None
    user_id: Expression | None = None
    id: Expression | None = Field(
        default=None, description="The sender's own id of the message; repeats count once. Without it: `webhook-id`, else the body itself."
    )
    when: Expression | None = Field(default=None, description="Messages for which this is false are answered and left alone.")

    @model_validator(mode="after")
    def _makes_a_reaction(self) -> "MappingBody":
        if self.execution_id is None and self.session_id is None and self.imported is None:
            raise ValueError("execution_id, session_id or imported: say where the payload names what is reacted to")
        if all(one is None for one in (self.thumb, self.score, self.comment, self.correction, self.metric)):
            raise ValueError("thumb: map at least one of thumb, score, comment, correction, metric")
        return self

    def stored(self) -> dict[str, str]:
        """Expressions by field, and the metric's name."""
        fields: dict[str, str] = self.model_dump(exclude_none=True, exclude={"metric", "imported"})
        fields |= {"imported": self.imported.id, "imported_source": self.imported.source} if self.imported else {}
        return fields | ({"metric": self.metric.value, "metric_name": self.metric.name} if self.metric else {})


def as_sent(stored: Mapping[str, str]) -> dict[str, str | dict[str, str]]:
    """A mapping in the shape of its body, from `MappingBody.stored`."""
    fields: dict[str, str | dict[str, str]] = {name: one for name, one in stored.items() if name not in ("metric_name", "imported_source")}
    if "metric" in stored:
        fields["metric"] = {"name": stored["metric_name"], "value": stored["metric"]}
    if "imported" in stored:
        fields["imported"] = {"source": stored["imported_source"], "id": stored["imported"]}
    return fields


class InboundBody(ApiModel):
    """A system that will send us its webhooks, how it signs them, and where in them the reaction is."""

    name: Name
    scheme: Scheme = "standard_webhooks"
    header: HeaderName | None = Field(
        default=None, description="`hmac_sha256`: the header with the signature, such as X-Hub-Signature-256."
    )
    prefix: Prefix = Field(default="", description="`hmac_sha256`: what stands before it, `sha256=`.")
    encoding: Literal["hex", "base64"] = "hex"
    secret: Secret | None = Field(default=None, description="The sender's, where it makes one itself; else we make one and show it once.")
    mapping: MappingBody

    @model_validator(mode="after")
    def _names_its_header(self) -> "InboundBody":
        if (self.scheme == "hmac_sha256") != (self.header is not None):
            raise ValueError("header: is needed with hmac_sha256, and only there")
        return self


class InboundChange(ApiModel):
    """A field that is not given stays. A mapping is put in the place of the whole one before; the scheme stays: make another endpoint."""

    name: Name | None = None
    header: HeaderName | None = Field(default=None, description="Of `hmac_sha256`; so are `prefix` and `encoding`.")
    prefix: Prefix | None = None
    encoding: Literal["hex", "base64"] | None = None
    mapping: MappingBody | None = None
    revision: Annotated[int, Field(ge=1, le=2**31 - 1)] | None = Field(
        default=None, description="As you read it; 409 where somebody changed the endpoint since. Without it yours is put over theirs."
    )

    @model_validator(mode="after")
    def _takes_nothing_away(self) -> "InboundChange":
        for name in sorted(self.model_fields_set):
            if getattr(self, name) is None:
                raise ValueError(f"{name}: cannot be null; leave it out and it stays")
        return self


class InboundRotation(ApiModel):
    overlap_hours: Annotated[int, Field(ge=0, le=168)] = Field(default=24, description="How long what the old secret signs is taken too.")
    secret: Secret | None = Field(default=None, description="The sender's new one, where it makes one itself.")


class InboundTrial(ApiModel):
    """A message of the other system, and what to read it by: an endpoint, or a mapping that is not saved yet."""

    inbound_id: UUID | None = None
    mapping: MappingBody | None = None
    payload: Annotated[dict[str, Any], Field(description="As the other system would send it.")]

    @model_validator(mode="after")
    def _names_one_mapping(self) -> "InboundTrial":
        if (self.inbound_id is None) == (self.mapping is None):
            raise ValueError("mapping: give a mapping or an inbound_id, one of them")
        return self


class InboundAnswer(BaseModel):
    """`path`: where the sender posts to, at this installation's address. `revision` grows with every change but that of the secret."""

    id: UUID
    name: str
    path: str
    scheme: Scheme
    header: str | None = None
    prefix: str
    encoding: Literal["hex", "base64"]
    mapping: dict[str, str | dict[str, str]] = Field(description="As it was sent.")
    created_by: str
    created_at: datetime
    updated_at: datetime | None = Field(description="Null where nothing was changed.")
    previous_secret_until: datetime | None = Field(description="What the secret before this one signs is taken until then.")
    revision: int


class NewInboundAnswer(InboundAnswer):
    secret: str = Field(description="Shown this once.")


class InboundPage(BaseModel):
    data: list[InboundAnswer]
    next_cursor: None = None


class ReceivedAnswer(BaseModel):
    """`feedback_id` null: the mapping's `when` left this message alone."""

    feedback_id: UUID | None


class RotatedInboundAnswer(BaseModel):
    id: UUID
    secret: str = Field(description="The new one. Shown this once.")
    previous_secret_until: datetime = Field(description="Until then both are good.")


class TrialProblem(BaseModel):
    param: str | None = Field(description="The field of the mapping, or of the feedback that it gave.")
    message: str


class TrialAnswer(BaseModel):
    """What the message would come to; nothing is kept."""

    outcome: Literal["taken", "left_alone", "refused"] = Field(description="`left_alone`: the mapping's `when` is false.")
    feedback: dict[str, Any] | None = Field(description="As `POST /v1/feedback` would be sent it.")
    message_id: str | None = Field(description="By which repeats would be known. Null: by `webhook-id`, else by the bytes.")
    problem: TrialProblem | None


class InboundRefusal(BaseModel):
    refused_at: datetime
    reason: str = Field(description="signature | body | mapping | too_many | too_large | throttled")
    param: str | None = Field(description="The field of the mapping or of the feedback, where one is to blame.")
    message: str
    times: int = Field(description="How many: of `too_large` and `throttled` all of one minute, of which `message` tells the last.")


class InboundRefusals(BaseModel):
    data: list[InboundRefusal]
    next_cursor: None = None
