"""What a batch is asked for with."""

from typing import Annotated, Any, Final, Literal
from uuid import UUID

from pydantic import Field, model_validator

from burnish_gateway.execution.routes import Id, Message, NewExecution
from burnish_gateway.wire import ApiModel, Name
from burnish_shared.money import MAX_AMOUNT_NUSD

LINES_MOST: Final = 10_000
"""Calls of one batch, after inputs were multiplied by models and versions."""

SIDES_MOST: Final = 20

SHOWN_MOST: Final = 100
"""Letters of a field's name that a message repeats."""

Endpoint = Literal["/v1/executions", "/v1/chat/completions", "/v1/responses", "/v1/embeddings", "/v1/messages"]

MESSAGES: Final = "/v1/messages"
"""The endpoint of batches in Anthropic's format."""

Version = Annotated[int, Field(ge=1, le=2**31 - 1)]


class InputLine(ApiModel):
    """One input: what goes into the request of the batch. `variables` and `metadata` are added to those that it has."""

    custom_id: Id | None = None
    variables: dict[str, Any] = Field(default_factory=dict)
    messages: Annotated[list[Message], Field(min_length=1, max_length=1000)] | None = None
    user_id: Id | None = None
    session_id: Id | None = None
    app: Id | None = None
    metadata: Annotated[dict[str, Any], Field(max_length=100)] = Field(default_factory=dict)

    @model_validator(mode="before")
    @classmethod
    def _known_fields(cls, given: Any) -> Any:
        """Rows of variables are what other tools take: who sends them so is told where a variable goes."""
        strange = next((str(name) for name in given if name not in cls.model_fields), None) if isinstance(given, dict) else None
        if strange is not None:
            shown = strange if len(strange) <= SHOWN_MOST else f"{strange[:SHOWN_MOST]}…"
            where = f'a variable of the prompt goes into "variables": {{"{shown}": …}}'
            raise ValueError(f"{shown}: is no field of an input; {where}")
        return given


class RequestLine(ApiModel):
    """One whole request, as OpenAI's batch files hold it."""

    custom_id: Id | None = None
    method: Literal["POST"] = "POST"
    url: Endpoint | None = None
    body: dict[str, Any]


class InputsRequest(NewExecution):
    """A body of POST /v1/executions that inputs go into. Without `prompt` and `messages`, each input brings its own messages."""

    @model_validator(mode="after")
    def _names_one_thing(self) -> "InputsRequest":
        if self.prompt is not None and self.messages is not None:
            raise ValueError("give prompt or messages, not both")
        return self


class NewBatch(ApiModel):
    """`input_file_id` (an uploaded file of JSON lines), `requests`, or `inputs`. A line is a whole request (`{custom_id, body}`), or an
    input (`{custom_id, variables}`) of the one `request`, which is then asked of each of `models` and `versions`."""

    input_file_id: UUID | None = None
    requests: Annotated[list[RequestLine], Field(min_length=1, max_length=LINES_MOST)] | None = None
    inputs: Annotated[list[InputLine], Field(min_length=1, max_length=LINES_MOST)] | None = None
    request: InputsRequest | None = Field(
        default=None, description="What every input goes into: a body of POST /v1/executions. Not needed where inputs bring their messages."
    )
    models: Annotated[list[Id], Field(min_length=1, max_length=SIDES_MOST)] | None = None
    versions: Annotated[list[Version], Field(min_length=1, max_length=SIDES_MOST)] | None = None
    endpoint: Endpoint = Field(default="/v1/executions", description="The route whose bodies the lines are, and whose answers they get.")
    completion_window: Literal["24h"] | None = Field(
        default=None, description="After it the batch expires; seven days where none is given."
    )
    name: Name | None = None
    metadata: Annotated[dict[Annotated[str, Field(max_length=64)], Annotated[str, Field(max_length=512)]], Field(max_length=16)] | None = (
        None
    )
    max_cost_nusd: Annotated[int, Field(gt=0, le=MAX_AMOUNT_NUSD)] | None = Field(
        default=None, description="Set aside no more than this; the batch pauses when it is used up."
    )
    paused: bool = Field(default=False, description="Set everything up, and begin when it is resumed.")

    @model_validator(mode="after")
    def _has_lines(self) -> "NewBatch":
        if sum(one is not None for one in (self.input_file_id, self.requests, self.inputs)) != 1:
            raise ValueError("input_file_id: give exactly one of input_file_id, requests and inputs")
        if self.inputs is not None and self.request is None:
            self.request = InputsRequest()
        if self.request is None and (self.models is not None or self.versions is not None):
            raise ValueError("models: and versions need a request that they stand in for")
        for field, named in (("models", self.models), ("versions", self.versions)):
            if named is not None and len(set(named)) < len(named):
                raise ValueError(f"{field}: one stands there twice; each input is asked of each once")
        if self.requests is not None and self.request is not None:
            raise ValueError("request: belongs to inputs; requests are whole")
        if self.request is not None and self.endpoint != "/v1/executions":
            raise ValueError("endpoint: a request with inputs is a body of /v1/executions")
        if self.request is not None and (self.request.stream or self.request.mode == "background"):
            raise ValueError("request: stream and mode have no meaning in a batch")
        if self.request is not None and self.request.client_request_id is not None:
            raise ValueError("request.client_request_id: names one execution, and a batch makes many; give each input a custom_id")
        if self.versions is not None and self.request is not None and self.request.prompt is None:
            raise ValueError("versions: belong to a prompt")
        return self


class ResumeBatch(ApiModel):
    """Nothing, or a higher cap where the money that was set aside is used up."""

    max_cost_nusd: Annotated[int, Field(gt=0, le=MAX_AMOUNT_NUSD)] | None = None
