"""The body of `POST /v1/chat/completions`, checked where a wrong value would do harm. Other fields are the provider's (PROMISES G-19)."""

from typing import Annotated, Any, Final

from pydantic import ConfigDict, Field, ValidationError

from burnish_gateway.compat.call_fields import CallFields
from burnish_gateway.compat.refusals import refusal_of
from burnish_gateway.execution.messages import MESSAGES_MOST
from burnish_gateway.execution.unsupported import Unsupported
from burnish_gateway.model_settings import CHOICES_MOST, TOOLS_MOST
from burnish_gateway.strict_json import parse_json
from burnish_shared.errors import InvalidBody, InvalidField

REPLACED = {"functions": "tools", "function_call": "tool_choice"}
"""Given up by OpenAI in 2023. Ignored, a model would silently never call them."""

Id = Annotated[str, Field(min_length=1, max_length=200)]
Factor = Annotated[float, Field(ge=-2, le=2)]
Object = dict[str, Any]


class ChatBody(CallFields):
    """Bounds are those of OpenAI's API reference where it names some. A null counts as not given."""

    model_config = ConfigDict(strict=True, extra="ignore", allow_inf_nan=False, title="ChatCompletionRequest")

    model: Annotated[str, Field(min_length=1, max_length=300, description="A model, or `burnish::prompt::SLUG[@LABEL|@N]`")] | None = None
    messages: Annotated[list[Object], Field(max_length=MESSAGES_MOST)] | None = None
    stream: bool | None = None
    stream_options: Object | None = None
    n: Annotated[int, Field(ge=1, le=CHOICES_MOST)] | None = None
    logprobs: bool | None = None
    top_logprobs: Annotated[int, Field(ge=0, le=20)] | None = None
    temperature: Annotated[float, Field(ge=0, le=2)] | None = None
    top_p: Annotated[float, Field(ge=0, le=1)] | None = None
    frequency_penalty: Factor | None = None
    presence_penalty: Factor | None = None
    max_tokens: int | None = None
    max_completion_tokens: int | None = None
    stop: str | Annotated[list[str], Field(max_length=16)] | None = None
    seed: int | None = None
    reasoning_effort: Annotated[str, Field(max_length=40)] | None = None
    response_format: Object | None = None
    tools: Annotated[list[Object], Field(max_length=TOOLS_MOST)] | None = None
    tool_choice: Annotated[str, Field(max_length=40)] | Object | None = None
    parallel_tool_calls: bool | None = None
    logit_bias: Annotated[dict[str, float], Field(max_length=1024)] | None = None
    modalities: list[str] | None = None
    user: Id | None = None
    metadata: Annotated[Object, Field(max_length=100)] | None = None
    prompt: Object | None = None
    variables: Object | None = None
    session_id: Id | None = None
    app: Id | None = None


KNOWN: Final = frozenset(ChatBody.model_fields) | REPLACED.keys()


def parse_chat_body(raw: bytes) -> tuple[ChatBody, Object]:
    """The body, and what of it goes to the provider as it came.

    Raises InvalidBody when it is no JSON object, InvalidField naming the first wrong parameter, Unsupported for what is not offered.
    """
    return chat_body_of(object_in(raw))


def object_in(raw: bytes) -> Object:
    """Raises InvalidBody when it is no JSON object."""
    value = parse_json(raw, duplicate_keys=True)
    if not isinstance(value, dict):
        raise InvalidBody("The body must be a JSON object.")
    return value


def chat_body_of(value: Object) -> tuple[ChatBody, Object]:
    """The same of a body that was parsed. Raises InvalidField, Unsupported."""
    try:
        body = ChatBody.model_validate(value)
    except ValidationError as error:
        raise refusal_of(error) from error
    for name, successor in REPLACED.items():
        if value.get(name):
            raise Unsupported(f"{name}: is not offered; use {successor}.", param=name)
    if body.top_logprobs is not None and not body.logprobs:
        raise InvalidField("top_logprobs: needs logprobs: true beside it.", param="top_logprobs")
    if body.modalities and body.modalities != ["text"]:
        raise Unsupported("modalities: answers are text; leave it out.", param="modalities")
    if body.response_format is not None and not isinstance(body.response_format.get("type"), str):
        raise InvalidField("response_format.type: must be text, json_object or json_schema.", param="response_format.type")
    return body, {name: value[name] for name in value.keys() - KNOWN if value[name] is not None}
