"""The body of `POST /v1/messages`, checked where a wrong value would do harm. What is not named here is ignored (PROMISES G-19).

Source: https://docs.claude.com/en/api/messages.
"""

from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from burnish_gateway.compat.call_fields import CallFields
from burnish_gateway.execution.messages import MESSAGES_MOST
from burnish_gateway.execution.unsupported import Unsupported
from burnish_gateway.model_settings import TOOLS_MOST
from burnish_gateway.strict_json import parse_json
from burnish_gateway.wire import invalid_field
from burnish_shared.errors import InvalidBody, InvalidField

Id = Annotated[str, Field(min_length=1, max_length=200)]
Object = dict[str, Any]


class Turn(BaseModel):
    model_config = ConfigDict(strict=True, extra="ignore")

    role: Annotated[str, Field(max_length=40, description="user, assistant, or system for instructions that come later")]
    content: str | Annotated[list[Object], Field(max_length=MESSAGES_MOST)]


class MessagesBody(CallFields):
    """Bounds are those of Anthropic's API reference where it names some. A null counts as not given."""

    model_config = ConfigDict(strict=True, extra="ignore", allow_inf_nan=False, title="MessagesRequest")

    model: Annotated[str, Field(min_length=1, max_length=300, description="Any model, or `burnish::prompt::SLUG[@LABEL|@N]`")]
    messages: Annotated[list[Turn], Field(max_length=MESSAGES_MOST)] = Field(default_factory=list)
    max_tokens: Annotated[int, Field(ge=1, le=10_000_000)]
    system: str | Annotated[list[Object], Field(max_length=1000)] | None = None
    temperature: Annotated[float, Field(ge=0, le=1)] | None = None
    top_p: Annotated[float, Field(ge=0, le=1)] | None = None
    stop_sequences: Annotated[list[Annotated[str, Field(min_length=1, max_length=500)]], Field(max_length=16)] | None = None
    stream: bool | None = None
    tools: Annotated[list[Object], Field(max_length=TOOLS_MOST)] | None = None
    tool_choice: Object | None = None
    thinking: Object | None = None
    output_config: Object | None = None
    metadata: Annotated[Object, Field(max_length=100, description="`user_id`; also ours: `variables`, `session_id`, `app`")] | None = None
    variables: Object | None = None
    session_id: Id | None = None
    app: Id | None = None


class CountTokensBody(MessagesBody):
    """Of a call that is only counted. How long its answer may be need not be said; then it is as long as where no cap is named."""

    model_config = ConfigDict(strict=True, extra="ignore", allow_inf_nan=False, title="CountTokensRequest")

    max_tokens: Annotated[int, Field(ge=1, le=10_000_000)] = 1


TRANSLATED: Final = frozenset(MessagesBody.model_fields) - {"thinking", "output_config"}
"""What is said in our words; the rest goes to a model of Anthropic's as it came, and no other model has a word for it."""


THREAD_REFUSED: Final = {"error_code": "thread_unsupported_request", "unsupported": ["thread"]}
"""The details by which Anthropic's packages know that they must send the whole conversation (their `lib/threads`)."""


def parse_messages_body(raw: bytes, *, kind: type[MessagesBody] = MessagesBody) -> tuple[MessagesBody, Object]:
    """The body, and what of it goes on unchanged. `kind`: which body it is.

    Raises InvalidBody when it is no JSON object, InvalidField naming the first wrong field, Unsupported for a `thread`: the turns before
    would be missing, for no model can go on with an id of ours.
    """
    value = parse_json(raw, duplicate_keys=True)
    if not isinstance(value, dict):
        raise InvalidBody("The body must be a JSON object.")
    try:
        given = {name: one for name, one in value.items() if one is not None}
        if "thread" in given:
            raise Unsupported(
                "thread: threads are not kept; send the conversation so far as messages.", param="thread", details=THREAD_REFUSED
            )
        return kind.model_validate(given), {name: given[name] for name in given.keys() - TRANSLATED}
    except ValidationError as error:
        told = invalid_field(error)
        raise InvalidField(told.message, param=told.param) from error
