"""The body of a batch in Anthropic's format, one request after the other: it may have 32 MiB, and others are served meanwhile. Pure."""

import json
import re
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field
from typing import Annotated, Any, Final

from pydantic import Field

from burnish_gateway.batches.bodies import LINES_MOST
from burnish_gateway.batches.read_lines import Line, message_order, named_once
from burnish_gateway.execution.routes import Id
from burnish_gateway.other_bodies import json_of
from burnish_gateway.wire import ApiModel, Name, parse_model
from burnish_shared.errors import BurnishError, InvalidBody, InvalidField
from burnish_shared.money import MAX_AMOUNT_NUSD

PATH: Final = "/v1/messages/batches"

REQUESTS: Final = "requests"

SPACE: Final = re.compile(r"[ \t\r\n]*")

DECODER: Final = json.JSONDecoder()


class MessageRequest(ApiModel):
    """One request. `params`: a body of `POST /v1/messages`, without `stream`."""

    custom_id: Id
    params: dict[str, Any]


class Terms(ApiModel):
    """What a batch may say of itself besides; ours, not Anthropic's."""

    name: Name | None = None
    max_cost_nusd: Annotated[int, Field(gt=0, le=MAX_AMOUNT_NUSD)] | None = Field(
        default=None, description="Set aside no more than this; the batch pauses when it is used up."
    )


class NewMessageBatch(Terms):
    """What `POST /v1/messages/batches` takes, as the reference tells it: it is never read as a whole."""

    requests: Annotated[list[MessageRequest], Field(min_length=1, max_length=LINES_MOST)]


@dataclass(slots=True)
class Requests:
    """Of one body. `beta`: the header `anthropic-beta` of the call, which counts for each request."""

    raw: bytes
    beta: str | None = None
    _others: dict[str, str] = field(default_factory=dict)

    def lines(self) -> Iterator[Line]:
        """In their order, each judged alone. Raises InvalidBody, InvalidField for what no single one is to blame for."""
        seen: dict[str, int] = {}
        number = 0
        for name, text in _parts(self._text()):
            if name != REQUESTS:
                self._others[name] = text
                continue
            number += 1
            if number > LINES_MOST:
                raise InvalidField(f"{REQUESTS}: at most {LINES_MOST} are taken at once; make several batches.", param=REQUESTS)
            line = self._line(number, text)
            named_once(line, seen)
            yield line
        if not number:
            raise InvalidField(f"{REQUESTS}: at least one is needed.", param=REQUESTS)

    def terms(self) -> Terms:
        """What stood beside the requests, once all were read. Raises InvalidBody, InvalidField."""
        return parse_model(Terms, ("{" + ",".join(f"{json.dumps(name)}:{text}" for name, text in self._others.items()) + "}").encode())

    def _text(self) -> str:
        text = self.raw.removeprefix(b"\xef\xbb\xbf").lstrip()
        if not text.startswith(b"{"):
            json_of(self.raw, path=PATH)  # which says what it is
            raise InvalidBody("The body must be a JSON object.")
        try:
            return text.decode()
        except UnicodeDecodeError as error:
            raise InvalidBody("The body is not UTF-8.") from error

    def _line(self, number: int, text: str) -> Line:
        custom_id: str | None = None
        if not text.startswith("{"):
            raise InvalidField(f"{REQUESTS}[{number - 1}]: must be an object with custom_id and params.", param=f"{REQUESTS}[{number - 1}]")
        try:
            request = parse_model(MessageRequest, text.encode())
            custom_id = request.custom_id
            return Line(number, custom_id, message_order(json.dumps(request.params).encode(), beta=self.beta))
        except BurnishError as error:
            if custom_id is None:  # Nobody could tell whose answer this is.
                raise InvalidField(f"{REQUESTS}[{number - 1}]: {error.message}", param=f"{REQUESTS}[{number - 1}]") from error
            return Line(number, custom_id, None, error)


def _parts(text: str) -> Iterator[tuple[str, str]]:
    """(name, JSON) of every field of an object; of `requests` each element by itself. Raises InvalidBody."""
    try:
        yield from _fields(text)
    except RecursionError as error:
        raise InvalidBody("The body is nested too deep.") from error
    except (ValueError, IndexError) as error:
        why = str(error)[:200] if isinstance(error, ValueError) else "it ends too early"
        raise InvalidBody(f"The body is not valid JSON: {why}") from error


def _fields(text: str) -> Iterator[tuple[str, str]]:
    names: set[str] = set()
    at = _behind(text, 0, "{")
    if text[at] == "}":
        at = _behind(text, at, "}")
    else:
        while True:
            name, at = DECODER.raw_decode(text, at)
            if not isinstance(name, str) or name in names:
                raise ValueError(f"a field is named once, by a text, before character {at}")
            names.add(name)
            at = _behind(text, at, ":")
            if name == REQUESTS:
                if text[at] != "[":
                    raise InvalidField(f"{REQUESTS}: must be an array.", param=REQUESTS)
                at = yield from _elements(text, at)
            else:
                end = DECODER.raw_decode(text, at)[1]
                yield name, text[at:end]
                at = _skip(text, end)
            if text[at] == "}":
                at = _behind(text, at, "}")
                break
            at = _behind(text, at, ",")
    if at < len(text):
        raise ValueError(f"something follows it, from character {at} on")


def _elements(text: str, at: int) -> Generator[tuple[str, str], None, int]:
    """Yields them, and returns where what follows the array begins."""
    at = _behind(text, at, "[")
    if text[at] == "]":
        return _behind(text, at, "]")
    while True:
        end = DECODER.raw_decode(text, at)[1]
        yield REQUESTS, text[at:end]
        at = _skip(text, end)
        if text[at] == "]":
            return _behind(text, at, "]")
        at = _behind(text, at, ",")


def _behind(text: str, at: int, sign: str) -> int:
    at = _skip(text, at)
    if text[at] != sign:
        raise ValueError(f"{sign!r} is expected at character {at}")
    return _skip(text, at + 1)


def _skip(text: str, at: int) -> int:
    found = SPACE.match(text, at)
    return found.end() if found else at
