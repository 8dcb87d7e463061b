"""The body of `POST /v1/chat/completions`, checked. Fields that are not named here are accepted and ignored."""

import base64
import hashlib
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from burnish_simulator.reader.conversation import MAX_TEXT_CHARS, Message
from burnish_simulator.refusals import Refusal, refusal_of
from burnish_simulator.tool_calls import check_choice

CHARS_PER_TOKEN = 4
CHOICES_MOST = 32
TOKENS_PER_MESSAGE = 4
CONTEXT_TOKENS = MAX_TEXT_CHARS // CHARS_PER_TOKEN
"""Context window of every simulated model."""


class _Checked(BaseModel):
    model_config = ConfigDict(strict=True, extra="ignore", allow_inf_nan=False)


class File(_Checked):
    """A file of a message, by its bytes or an address."""

    filename: str | None = None
    file_data: str | None = None

    def described(self) -> str:
        """A toy reads no PDF: it names what it was given, so that whoever sent it sees that it came whole."""
        name = self.filename or "without a name"
        return f"[file {name}: {_described(self.file_data or 'nothing', what='A file')}]"


class ImageUrl(_Checked):
    """An image of a message, by its bytes or an address."""

    url: str

    def described(self) -> str:
        """A toy sees nothing either."""
        return f"[image: {_described(self.url, what='An image')}]"


def _described(address: str, *, what: str) -> str:
    """Kind, size and SHA-256 of what a data address holds; another address as it is, shortened. Raises Refusal for what is no base64."""
    head, comma, data = address.partition(",")
    if not comma or not head.startswith("data:"):
        return address[:200]
    try:
        raw = base64.b64decode(data, validate=True)
    except ValueError as error:
        raise Refusal(f"{what}'s data is no base64.", param="messages", code="invalid_value") from error
    kind = head.removeprefix("data:").partition(";")[0]
    return f"{kind}, {len(raw)} bytes, SHA-256 {hashlib.sha256(raw).hexdigest()}"


class Part(_Checked):
    """One part of a message. Text is read, of a file or image what it is; the rest is passed over."""

    type: str
    text: str | None = None
    file: File | None = None
    image_url: ImageUrl | None = None

    def said(self) -> str:
        shown = self.file if self.type == "file" else self.image_url if self.type == "image_url" else None
        return shown.described() if shown else self.text or ""


class ChatMessage(_Checked):
    """One message. Content may be null, as it is beside tool calls."""

    role: Literal["system", "developer", "user", "assistant", "tool", "function"]
    content: str | list[Part] | None = None

    def text(self) -> str:
        """All the text of the message, parts on lines of their own."""
        if isinstance(self.content, list):
            return "\n".join(said for part in self.content if (said := part.said()))
        return self.content or ""


class StreamOptions(_Checked):
    include_usage: bool | None = None


class JsonSchema(_Checked):
    name: str | None = None
    schema_: dict[str, Any] | None = Field(default=None, alias="schema")


class ResponseFormat(_Checked):
    type: Literal["text", "json_object", "json_schema"]
    json_schema: JsonSchema | None = None


class ChatRequest(_Checked):
    """A checked request. Bounds are those of OpenAI's API reference."""

    model: str
    messages: Annotated[list[ChatMessage], Field(min_length=1, max_length=20_000)]
    temperature: Annotated[float, Field(ge=0, le=2)] | None = None
    max_tokens: Annotated[int, Field(ge=1)] | None = None
    max_completion_tokens: Annotated[int, Field(ge=1)] | None = None
    stop: str | Annotated[list[str], Field(max_length=4)] | None = None
    n: int | None = None
    logprobs: bool | None = None
    seed: int | None = None
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    response_format: ResponseFormat | None = None
    tools: list[Any] | None = None
    tool_choice: Any = None
    parallel_tool_calls: bool | None = None

    def conversation(self) -> list[Message]:
        """The messages as plain text, all that a model sees."""
        return [Message(message.role, message.text()) for message in self.messages]

    def stops(self) -> list[str]:
        stops = [self.stop] if isinstance(self.stop, str) else self.stop or []
        return [stop for stop in stops if stop]

    def token_limit(self) -> int | None:
        """The longest answer allowed; the newer name wins."""
        return self.max_completion_tokens or self.max_tokens

    def wants_json(self) -> bool:
        return self.response_format is not None and self.response_format.type != "text"

    def answer_schema(self) -> dict[str, Any] | None:
        """The JSON schema that the answer must fit, if one was given."""
        given = self.response_format.json_schema if self.response_format else None
        return given.schema_ if given else None

    def includes_usage(self) -> bool:
        return bool(self.stream_options and self.stream_options.include_usage)


def read_request(body: bytes) -> ChatRequest:
    """Raises Refusal, naming the first field that is wrong."""
    try:
        request = ChatRequest.model_validate_json(body)
    except ValidationError as error:
        raise refusal_of(error) from error
    if request.n is not None and not 1 <= request.n <= CHOICES_MOST:
        raise Refusal(f"n must be from 1 to {CHOICES_MOST}.", param="n", code="invalid_value")
    check_choice(request.tools, request.tool_choice)
    if request.stream_options is not None and not request.stream:
        raise Refusal("stream_options is only allowed when stream is true.", param="stream_options", code="invalid_value")
    return request


def tokens_of(text: str) -> int:
    """Simulated tokens: four characters each, the last one may be shorter."""
    return -(-len(text) // CHARS_PER_TOKEN)


def prompt_tokens_of(conversation: list[Message]) -> int:
    """Simulated tokens of a conversation, with a fixed overhead a message."""
    return sum(TOKENS_PER_MESSAGE + tokens_of(message.text) for message in conversation)
