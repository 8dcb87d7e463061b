"""The body of `POST /v1/responses`, checked where a wrong value would do harm. What is not named here is the provider's (PROMISES G-19).

Source: https://platform.openai.com/docs/api-reference/responses/create.
"""

from typing import Annotated, Any

from pydantic import ConfigDict, Field, ValidationError

from burnish_gateway.compat.call_fields import CallFields
from burnish_gateway.compat.refusals import refusal_of
from burnish_gateway.execution.messages import MESSAGES_MOST
from burnish_gateway.execution.unsupported import Unsupported
from burnish_gateway.model_settings import TOOLS_MOST
from burnish_gateway.strict_json import parse_json
from burnish_shared.errors import InvalidBody, InvalidField

Id = Annotated[str, Field(min_length=1, max_length=200)]
Object = dict[str, Any]

NOT_OFFERED = {"conversation": "send the conversation so far as input, or go on with previous_response_id"}
"""What needs a state that is kept for the caller, and what to do instead."""


class ResponsesBody(CallFields):
    """A null counts as not given."""

    model_config = ConfigDict(strict=True, extra="allow", allow_inf_nan=False, title="ResponsesRequest")

    model: Annotated[str, Field(min_length=1, max_length=300, description="A model, or `burnish::prompt::SLUG[@LABEL|@N]`")] | None = None
    input: str | Annotated[list[Object], Field(max_length=MESSAGES_MOST)] | None = None
    instructions: str | None = None
    previous_response_id: Annotated[str, Field(max_length=200, description="An earlier answer, whose conversation goes on")] | None = None
    prompt: (
        Annotated[Object, Field(description="OpenAI's prompt object: `{id, version, variables}`, or `label`; `id` is a slug")] | None
    ) = None
    max_output_tokens: Annotated[int, Field(ge=1, le=10_000_000)] | None = None
    temperature: Annotated[float, Field(ge=0, le=2)] | None = None
    top_p: Annotated[float, Field(ge=0, le=1)] | None = None
    tools: Annotated[list[Object], Field(max_length=TOOLS_MOST)] | None = None
    tool_choice: Annotated[str, Field(max_length=40)] | Object | None = None
    parallel_tool_calls: bool | None = None
    text: Object | None = None
    reasoning: Object | None = None
    stream: bool | None = None
    background: (
        Annotated[
            bool,
            Field(description="Answered at once, `queued`; `GET /v1/responses/{id}` reads what becomes of it. With `stream` as events"),
        ]
        | None
    ) = None
    metadata: Annotated[Object, Field(max_length=100)] | None = None
    user: Id | None = None
    safety_identifier: Id | None = None
    service_tier: Annotated[str, Field(max_length=40)] | None = None
    prompt_cache_key: Annotated[str, Field(max_length=1000)] | None = None
    store: Annotated[bool, Field(description="`false`: no text of the call is kept, only figures")] | None = None
    variables: Object | None = None
    session_id: Id | None = None
    app: Id | None = None


REPEATED = (
    "background", "max_output_tokens", "max_tool_calls", "metadata", "parallel_tool_calls", "previous_response_id", "prompt_cache_key",
    "safety_identifier", "temperature", "tool_choice", "top_logprobs", "top_p", "user",
)  # fmt: skip
"""What of a request its answer repeats, as OpenAI's does. Instructions and tools may be long, and whoever sent them has them."""


def repeated_in(body: ResponsesBody) -> Object:
    """Fields of the answer, as they were given."""
    given = {name: getattr(body, name) for name in body.model_fields_set.intersection(REPEATED)}  # a dump would copy the conversation
    told: Object = {name: given[name] for name in REPEATED if given.get(name) is not None} | {"store": body.store is not False}
    if body.reasoning is not None:
        told["reasoning"] = {"effort": None, "summary": None, **body.reasoning}
    if body.text is not None:
        told["text"] = {**body.text, "format": body.text.get("format") or {"type": "text"}}
    return told


def parse_responses_body(raw: bytes) -> ResponsesBody:
    """Raises InvalidBody when it is no JSON object, InvalidField naming the first wrong field, Unsupported for what is not offered."""
    value = parse_json(raw, duplicate_keys=True)
    if not isinstance(value, dict):
        raise InvalidBody("The body must be a JSON object.")
    for name, instead in NOT_OFFERED.items():
        if value.get(name):
            raise Unsupported(f"{name}: is not offered; {instead}.", param=name)
    try:
        body = ResponsesBody.model_validate({name: one for name, one in value.items() if one is not None})
    except ValidationError as error:
        raise refusal_of(error) from error
    if body.background:
        _check_background(body)
    return body


def _check_background(body: ResponsesBody) -> None:
    """Of one that is read later. Raises InvalidField for what would leave nothing to read."""
    if body.store is False:
        why = "a response in the background is read later, so its answer is kept; leave store: false out"
        raise InvalidField(f"store: {why}.", param="store")
