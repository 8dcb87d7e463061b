"""What admins say of an inbound webhook, and what they see of it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Final, Literal
from uuid import UUID

from pydantic import BaseModel, Field, model_validator

from burnish_gateway.feedback.bodies import METRIC_NAME, SOURCE_NAME
from burnish_gateway.inbound.signature import Scheme
from burnish_gateway.wire import ApiModel, Name, Text

EXPRESSION_MOST: Final = 2048

Expression = Annotated[Text, Field(min_length=1, max_length=EXPRESSION_MOST)]
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
    prefix: Annotated[str, Field(pattern=r"^[!-~]{0,32}$")] = Field(
        default="", description="`hmac_sha256`: what stands before it, `sha256=`."
    )
    encoding: Literal["hex", "base64"] = "hex"
    secret: Annotated[str, Field(pattern=r"^[!-~]{16,500}$")] | None = Field(
        default=None, description="The sender's, where it makes one itself; else we make one and show it once."
    )
    mapping: MappingBody

    @model_validator(mode="after")
    def _names_its_header(self) -> "InboundBody":
        if (self.scheme == "hmac_sha256") != (self.header is not None):
            raise ValueError("header: is needed with hmac_sha256, and only there")
        return self


class InboundAnswer(BaseModel):
    """`path`: where the sender posts to, at this installation's address."""

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


class NewInboundAnswer(InboundAnswer):
    secret: str = Field(description="Shown this once.")


class InboundPage(BaseModel):
    data: list[InboundAnswer]
    next_cursor: None = None


class ReceivedAnswer(BaseModel):
    """`feedback_id` null: the mapping's `when` left this message alone."""

    feedback_id: UUID | None
