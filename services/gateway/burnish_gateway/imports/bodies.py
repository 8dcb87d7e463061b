"""A line of `POST /v1/executions/import`, and what is answered."""

from datetime import UTC
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, Field

from burnish_gateway.execution.routes import Message
from burnish_gateway.feedback.bodies import SOURCE_NAME, LineError
from burnish_gateway.imports.reported import Reported
from burnish_gateway.moments import Moment
from burnish_gateway.wire import ApiModel, Text
from burnish_shared.contracts.executions import Status

Source = Annotated[str, Field(pattern=SOURCE_NAME, description="The system it comes from; a name of yours.")]
Id = Annotated[Text, Field(min_length=1, max_length=200)]
TheirId = Annotated[Text, Field(min_length=1, max_length=256)]
Slug = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,62}$")]
TraceId = Annotated[str, Field(pattern=r"^[0-9a-f]{32}$", description="Of W3C Trace Context: 32 hex digits.")]
Number = Annotated[int | float, Field(allow_inf_nan=False)]
Count = Annotated[int, Field(ge=0, le=2**31 - 1)]


class ImportedSettings(ApiModel):
    """How the model was asked. Shown as it was told: another system's limits are not ours."""

    temperature: Number | None = None
    top_p: Number | None = None
    top_k: Number | None = None
    max_tokens: Number | None = None
    frequency_penalty: Number | None = None
    presence_penalty: Number | None = None
    seed: Number | None = None
    stop: Annotated[list[Text], Field(max_length=100)] | None = None


class ImportedBody(ApiModel):
    """One execution that happened elsewhere. `source` and `id` name it: sent again, it is the same."""

    source: Source = "import"
    id: TheirId = Field(description="The source's own id.")
    model: Id
    provider: Id = "unknown"
    finished_at: Moment
    latency_ms: Count = 0
    first_token_ms: Count | None = None
    status: Literal["success", "error", "timeout", "rate_limited", "cancelled", "blocked"] = "success"
    error: Annotated[Text, Field(max_length=1000)] | None = None
    finish_reason: Annotated[Text, Field(max_length=64)] | None = None
    prompt: Slug | None = Field(default=None, description="With version and label: what it is counted for. It need not be registered.")
    version: Annotated[int, Field(ge=1, le=2**31 - 1)] | None = None
    label: Annotated[Text, Field(min_length=1, max_length=63)] | None = None
    input_tokens: Count | None = None
    output_tokens: Count | None = None
    cached_input_tokens: Count | None = None
    cache_write_input_tokens: Count | None = None
    reasoning_tokens: Count | None = None
    cost_nusd: Annotated[int, Field(ge=0, le=10**15)] | None = Field(
        default=None, description="What the source says it cost. Shown as `reported_cost_nusd`; nothing is charged."
    )
    messages: Annotated[list[Message], Field(max_length=1000)] = Field(default_factory=list)
    variables: dict[str, Any] = Field(default_factory=dict)
    settings: ImportedSettings | None = None
    output: Text | None = None
    user_id: Id | None = None
    session_id: Id | None = None
    app: Id | None = None
    trace_id: TraceId | None = None
    metadata: Annotated[dict[str, Any], Field(max_length=100)] = Field(default_factory=dict)

    def reported(self) -> Reported:
        return Reported(
            source=self.source, their_id=self.id, finished_at=self.finished_at.astimezone(UTC), latency_ms=self.latency_ms,
            model=self.model, provider=self.provider, status=Status(self.status), error=self.error, finish_reason=self.finish_reason,
            slug=self.prompt, version=self.version, label=self.label, first_token_ms=self.first_token_ms,
            input_tokens=self.input_tokens, output_tokens=self.output_tokens, cached_input_tokens=self.cached_input_tokens,
            cache_write_input_tokens=self.cache_write_input_tokens, reasoning_tokens=self.reasoning_tokens,
            cost_nusd=self.cost_nusd, end_user=self.user_id, session_id=self.session_id, app=self.app,
            messages=[one.model_dump(exclude_none=True) for one in self.messages], variables=self.variables, output=self.output,
            settings=self.settings.model_dump(exclude_none=True) if self.settings else {}, metadata=self.metadata, trace_id=self.trace_id,
        )  # fmt: skip


class ImportedLine(BaseModel):
    """What became of one line: `id`, ours, where it was taken, `error` where it was not."""

    line: int
    id: UUID | None = None
    error: LineError | None = None


class ImportAnswer(BaseModel):
    """`unknown_prompts`: names that no prompt of this workspace has, perhaps misspelt. What they name is taken, and counted under them."""

    accepted: int
    rejected: int
    results: list[ImportedLine]
    unknown_prompts: list[str] | None = None
