"""The body of a batch in Anthropic's format, one request after the other: of 32 MiB no more than one is built at a time. Pure."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Annotated, Any, Final

from pydantic import Field
from pydantic_core import from_json

from burnish_gateway.batches.bodies import LINES_MOST
from burnish_gateway.batches.json_parts import parts_of
from burnish_gateway.batches.read_lines import LINE_MOST_BYTES, Line, id_in, message_order, named_once
from burnish_gateway.compat.anthropic.messages_format import checked_beta
from burnish_gateway.execution.routes import Id
from burnish_gateway.other_bodies import ARE_LINES, ARRAY, HEAD_BYTES, in_words, what_it_is
from burnish_gateway.strict_json import check_text
from burnish_gateway.wire import BODY_MOST_BYTES, ApiModel, Name, parse_model
from burnish_shared.errors import BurnishError, InvalidBody, InvalidField
from burnish_shared.money import MAX_AMOUNT_NUSD

PATH: Final = "/v1/messages/batches"

REQUESTS: Final = "requests"

OF_REQUESTS: Final = frozenset({"custom_id", "params"})

OF_BATCHES: Final = re.compile(r"^message-batches-")
"""Features of Anthropic's that stand for the route itself, and mean nothing to who answers a request."""


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
    """Of one body. `beta`: the header `anthropic-beta` of the call, which counts for each request. Raises InvalidField for a wrong one.

    `terms` are those that were met so far: all of them once `lines` has ended.
    """

    raw: bytes
    beta: str | None = None
    terms: Terms = field(default_factory=Terms.model_construct)

    def __post_init__(self) -> None:
        features = [one for one in (checked_beta(self.beta) or "").replace(" ", "").split(",") if one and not OF_BATCHES.match(one)]
        self.beta = ",".join(features) or None

    def lines(self) -> Iterator[Line]:
        """In their order, each judged alone. Raises InvalidBody, InvalidField, PayloadTooLarge for what is no single one's fault, or of
        which nobody could tell whose it is."""
        raw = self.raw.removeprefix(b"\xef\xbb\xbf").lstrip()
        if not raw.startswith(b"{"):
            raise in_words(ARRAY if raw.startswith(b"[") else what_it_is(raw[:HEAD_BYTES]) or "no JSON object", path=PATH)
        try:
            yield from self._lines(raw)
        except (InvalidBody, InvalidField) as error:
            what = what_it_is(raw) if len(raw) <= BODY_MOST_BYTES else None
            if what not in ARE_LINES:
                raise
            raise in_words(what, path=PATH) from error

    def _lines(self, raw: bytes) -> Iterator[Line]:
        seen: dict[str, int] = {}
        number = 0
        for name, part in parts_of(raw, listed=REQUESTS, most_bytes=LINE_MOST_BYTES):
            if name != REQUESTS:
                self._meet(name, part)
                continue
            number += 1
            if number > LINES_MOST:
                raise InvalidField(f"{REQUESTS}: at most {LINES_MOST} are taken at once; make several batches.", param=REQUESTS)
            line = self._line(number, part)
            named_once(line, seen)
            yield line
        if not number:
            raise InvalidField(f"{REQUESTS}: at least one is needed.", param=REQUESTS)

    def _meet(self, name: str, part: bytes) -> None:
        if len(part) > HEAD_BYTES:
            raise InvalidField(f"{name[:100]}: is too long.", param=name[:100])
        met = parse_model(Terms, b"{%b:%b}" % (json.dumps(name[:200]).encode(), part))
        self.terms = self.terms.model_copy(update={name: getattr(met, name)})

    def _line(self, number: int, part: bytes) -> Line:
        at = f"{REQUESTS}[{number - 1}]"
        if not part.startswith(b"{"):
            raise InvalidField(f"{at}: must be an object with custom_id and params.", param=at)
        request = _value(part, at=at)
        custom_id = id_in(request)
        if custom_id is None:
            raise InvalidField(f"{at}.custom_id: is needed, 1 to 200 characters, to tell whose answer is whose.", param=f"{at}.custom_id")
        check_text(custom_id)
        try:
            return Line(number, custom_id, message_order(_params(request), beta=self.beta))
        except BurnishError as error:
            return Line(number, custom_id, None, error)


def _value(part: bytes, *, at: str) -> dict[str, Any]:
    """The request, with whatever else is wrong in it (NaN, half of a surrogate pair, depth), which is found when its params are read."""
    try:
        value: dict[str, Any] = from_json(part, allow_inf_nan=False)
    except ValueError:
        try:
            value = json.loads(part)
        except (ValueError, RecursionError) as error:
            raise InvalidBody(f"{at} is not valid JSON: {str(error)[:200]}") from error
    return value


def _params(request: dict[str, Any]) -> bytes:
    strange = next((name for name in request if name not in OF_REQUESTS), None)
    if strange is not None:
        raise InvalidField(f"{strange[:100]}: is no field of a request, which has custom_id and params.", param=strange[:100])
    if not isinstance(request.get("params"), dict):
        raise InvalidField("params: must be an object, a body of /v1/messages.", param="params")
    return json.dumps(request["params"]).encode()
