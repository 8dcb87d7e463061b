"""From the lines of a batch to orders: each line is judged alone, and one that is wrong says why in the results. Pure."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any, Final

from burnish_gateway.batches.bodies import LINES_MOST, MESSAGES, Endpoint, InputLine, InputsRequest, NewBatch, RequestLine
from burnish_gateway.compat.anthropic.messages_format import AnthropicFormat
from burnish_gateway.compat.chat import parse_chat
from burnish_gateway.compat.embeddings_body import EmbeddingsBody, parse_embeddings_body
from burnish_gateway.compat.responses.earlier import NAME as EARLIER
from burnish_gateway.compat.responses.responses_format import ResponsesFormat
from burnish_gateway.execution.order import Order
from burnish_gateway.execution.routes import NewExecution, check_requirements, order_of
from burnish_gateway.json_lines import lines_of
from burnish_gateway.strict_json import parse_json
from burnish_gateway.wire import parse_model
from burnish_shared.books.finished import VECTORS_OF_BATCH_MOST_CHARACTERS
from burnish_shared.errors import BurnishError, InvalidField, PayloadTooLarge

ID_MOST: Final = 200

LINE_MOST_BYTES: Final = 2 * 1024 * 1024
"""Rendered, a call of a batch has 768 KiB at the most; escapes take more room. What is longer is not built, which would hold up others."""

INPUTS_MOST: Final = 32
"""Of one line of embeddings."""

NUMBERS_MOST: Final = VECTORS_OF_BATCH_MOST_CHARACTERS * 3 // 16
"""Of all its vectors: 32 of 4,096. Four bytes a number, and base64 has four characters for three of them."""


@dataclass(frozen=True, slots=True)
class Line:
    """One call. `order` or `error`, the other is None. `number`: of the line that it came from, from 1."""

    number: int
    custom_id: str | None
    order: Order | EmbeddingsBody | None
    error: BurnishError | None = None


def read_lines(body: NewBatch, content: bytes | None) -> Iterator[Line]:
    """In the order of the results: inputs as they came, each with its versions and models. `content`: of the file, where one is named.

    Raises InvalidBody, InvalidField for what no single line is to blame for.
    """
    given: Sequence[tuple[int, InputLine | RequestLine | bytes]]
    if content is not None:
        given = list(lines_of(content, at_most=LINES_MOST))
    else:
        given = list(enumerate([*(body.inputs or []), *(body.requests or [])], 1))
    sides = list(product(body.versions or [None], body.models or [None]))  # type: ignore[list-item]
    if len(given) * len(sides) > LINES_MOST:
        field = "models" if body.models else "versions"
        raise InvalidField(
            f"{field}: {len(given)} inputs for {len(sides)} sides are more than {LINES_MOST} calls; make several batches.", param=field
        )
    if body.request is not None:
        asked = body.request
        check_requirements(asked.requirements, *(model or asked.model for _, model in sides), param="request.requirements")
    seen: dict[str, int] = {}
    for number, one in given:
        for line in _read(number, one, body, sides):
            named_once(line, seen)
            yield line


def named_once(line: Line, seen: dict[str, int]) -> None:
    """`seen`: ids of the lines before, and in which they stood. Raises InvalidField for one of another line."""
    earlier = seen.setdefault(line.custom_id, line.number) if line.custom_id is not None else line.number
    if earlier != line.number:
        raise InvalidField(f"custom_id: {line.custom_id!r} stands in lines {earlier} and {line.number}; each names one.", param="custom_id")


def _read(number: int, given: "InputLine | RequestLine | bytes", body: NewBatch, sides: Sequence[tuple[Any, Any]]) -> Iterator[Line]:
    custom_id: str | None = None
    parsed: InputLine | RequestLine
    try:
        if isinstance(given, bytes):
            if len(given) > LINE_MOST_BYTES:
                raise PayloadTooLarge(f"The line has more than {LINE_MOST_BYTES} bytes.")
            fields = parse_json(given)
            custom_id = id_in(fields)
            is_whole = isinstance(fields, dict) and "body" in fields
            parsed = parse_model(RequestLine, given) if is_whole else parse_model(InputLine, given)
        else:
            parsed = given
        custom_id = parsed.custom_id
        orders = [_whole(parsed, body.endpoint)] if isinstance(parsed, RequestLine) else list(_inputs(parsed, body.request, sides))
    except BurnishError as error:
        yield Line(number, custom_id, None, error)
        return
    for order in orders:
        yield Line(number, custom_id, order)


def id_in(fields: Any) -> str | None:
    """So that the results can name a line whose other fields are wrong."""
    given = fields.get("custom_id") if isinstance(fields, dict) else None
    return given if isinstance(given, str) and 0 < len(given) <= ID_MOST else None


def _whole(line: RequestLine, endpoint: Endpoint) -> Order | EmbeddingsBody:
    if line.url is not None and line.url != endpoint:
        raise InvalidField(f"url: is {line.url}, and the batch asks {endpoint}.", param="url")
    raw = json.dumps(line.body).encode()
    if endpoint == "/v1/embeddings":
        return _embedding(raw)
    if endpoint == "/v1/chat/completions":
        order = parse_chat(raw).order
    elif endpoint == "/v1/responses":
        order = _response(raw)
    elif endpoint == MESSAGES:
        return message_order(raw)
    else:
        body = parse_model(NewExecution, raw)
        if body.mode == "background":
            raise InvalidField("mode: has no meaning in a batch.", param="mode")
        check_requirements(body.requirements, body.model)
        order = order_of(body)
    return _alone(order)


def message_order(raw: bytes, *, beta: str | None = None) -> Order:
    """Of a body of `/v1/messages`. Raises as the call would, and InvalidField for what has no meaning in a batch."""
    return _alone(AnthropicFormat(beta=beta).parse(raw).order)


def _alone(order: Order) -> Order:
    if order.stream:
        raise InvalidField("stream: has no meaning in a batch; results are read when they are there.", param="stream")
    if order.client_request_id is not None:
        raise InvalidField("client_request_id: has no meaning in a batch; custom_id names a line.", param="client_request_id")
    return order


def _response(raw: bytes) -> Order:
    """A conversation that goes on stands in its line: what is recalled now may be gone when the line's turn comes."""
    chat = ResponsesFormat().parse(raw)
    if chat.goes_on is not None:
        raise InvalidField("previous_response_id: has no meaning in a batch; send the conversation so far as input.", param=EARLIER)
    if chat.order.background:
        raise InvalidField("background: has no meaning in a batch.", param="background")
    return chat.order


def _embedding(raw: bytes) -> EmbeddingsBody:
    body = parse_embeddings_body(raw)
    if len(body.inputs()) > INPUTS_MOST:
        raise InvalidField(
            f"input: a line of a batch has at most {INPUTS_MOST} inputs, since its vectors are kept until they are fetched; make several "
            "lines.",
            param="input",
        )
    if len(body.inputs()) * (body.dimensions or 0) > NUMBERS_MOST:
        raise InvalidField(
            f"dimensions: the vectors of a line have at most {NUMBERS_MOST:,} numbers together; put fewer inputs into each line.",
            param="dimensions",
        )
    if body.encoding_format == "base64":
        raise InvalidField("encoding_format: the results of a batch are numbers; leave base64 out.", param="encoding_format")
    return body


def _inputs(line: InputLine, request: InputsRequest | None, sides: Sequence[tuple[Any, Any]]) -> Iterator[Order]:
    if request is None:
        raise InvalidField("body: is needed where the batch names no request that a line is an input of.", param="body")
    given = {name: value for name in ("user_id", "session_id", "app") if (value := getattr(line, name)) is not None}
    if line.messages is not None:
        given["messages"] = [*(request.messages or []), *line.messages]
    elif request.prompt is None and request.messages is None:
        raise InvalidField("messages: are needed where the batch's request names no prompt and holds none.", param="messages")
    merged = {"variables": {**request.variables, **line.variables}, "metadata": {**request.metadata, **line.metadata}}
    for version, model in sides:
        side: dict[str, Any] = {}
        if version is not None:
            side |= {"version": version, "label": None}
        if model is not None:
            side["model"] = model
        yield order_of(request.model_copy(update=given | merged | side))
