"""Scripted faults: what goes wrong with an answer, as pure functions on its delivery. The table of the README lists the same names.

A fault is written `name` or `name,key=value,…`. Three keys go with every fault: `first=N` lets it happen only to the first N requests that
carry the same fault text, `key=…` makes such a text one's own, `as=MODEL` says who answers (for `fault/…` models; `chat` if not said).
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from burnish_simulator.delivery import DONE, EVENT_STREAM_TYPE, JSON_TYPE, Delivery, json_delivery
from burnish_simulator.refusals import Refusal, error_body

HTML_PAGE: Final = b"<!doctype html><html><head><title>502 Bad Gateway</title></head><body><h1>Bad Gateway</h1></body></html>"
CONTENT: Final = b'"content":"'
"""Where the text of an answer begins, buffered and streamed."""
ARGUMENTS: Final = b'"arguments":"'
"""Where what an answer says begins that calls a tool."""
MAX_CHUNK_BYTES: Final = 64 * 2**20
COMMON_KEYS: Final = ("first", "key", "as")

Params = Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault of a request. `text` is how it was written, which is what `first` counts by."""

    text: str
    name: str
    params: Params
    first: int | None = None
    answered_by: str = "chat"


@dataclass(frozen=True, slots=True)
class Kind:
    """What a fault does: to the delivery (`spoil`), or to the usage object inside it (`usage`, JSON text from JSON text)."""

    spoil: Callable[[Delivery, Params], Delivery] = lambda delivery, params: delivery
    usage: Callable[[str], str | None] = lambda usage: usage
    defaults: Params = field(default_factory=dict)


def parse_fault(text: str) -> Fault:
    """Raises Refusal for an unknown name or key, or a value out of range, so that a typing error in a test is seen."""
    name, *pairs = [part.strip() for part in text.split(",")]
    kind = KINDS.get(name)
    if kind is None:
        raise _refused(f"There is no fault '{name}'. Known: {', '.join(KINDS)}.")
    given = dict(pair.partition("=")[::2] for pair in pairs)
    if unknown := [key for key in given if key not in kind.defaults and key not in COMMON_KEYS]:
        raise _refused(f"Fault '{name}' has no '{unknown[0]}'. Known: {', '.join([*kind.defaults, *COMMON_KEYS])}.")
    numbers = {key: _number(key, value) for key, value in given.items() if key not in ("key", "as")}
    first = int(numbers.pop("first")) if "first" in numbers else None
    return Fault(text, name, {**kind.defaults, **numbers}, first, given.get("as", "chat"))


def spoiled_usage(fault: Fault, usage: str) -> str | None:
    """The usage object as the fault leaves it; None: no usage is sent."""
    return KINDS[fault.name].usage(usage)


def spoiled(fault: Fault, delivery: Delivery) -> Delivery:
    """The delivery as the fault leaves it."""
    return KINDS[fault.name].spoil(delivery, fault.params)


def _refused(message: str) -> Refusal:
    return Refusal(message, param="fault", code="unknown_fault")


def _number(key: str, value: str) -> float:
    try:
        number = float(value)
    except ValueError:
        raise _refused(f"'{key}={value}' is not a number.") from None
    if not 0 <= number <= 10**9:
        raise _refused(f"'{key}={value}' is not between 0 and 10^9.")
    return number


def _is_stream(delivery: Delivery) -> bool:
    return delivery.content_type == EVENT_STREAM_TYPE


def _gap_s(rate: float) -> float:
    return 1 / max(rate, 0.001)


def _slow_chunks(delivery: Delivery, params: Params) -> Delivery:
    """A stream at `rate` events a second; a buffered answer comes in 20 pieces at that rate."""
    if _is_stream(delivery):
        return replace(delivery, gap_s=_gap_s(params["rate"]))
    body = delivery.pieces[0]
    step = max(1, -(-len(body) // 20))
    return replace(delivery, pieces=tuple(body[i : i + step] for i in range(0, len(body), step)), gap_s=_gap_s(params["rate"]))


def _kept(delivery: Delivery, after: int) -> tuple[bytes, ...]:
    """The first `after` events of a stream, or the first half of a buffered answer (nothing of it when `after` is 0)."""
    if _is_stream(delivery):
        return delivery.pieces[:after]
    body = delivery.pieces[0]
    return (body[: len(body) // 2],) if after else ()


def _said_in(piece: bytes) -> bytes:
    return CONTENT if CONTENT in piece else ARGUMENTS


def _cut(delivery: Delivery, params: Params) -> Delivery:
    return replace(delivery, pieces=_kept(delivery, int(params["after"])), ending="reset")


def _stall(delivery: Delivery, params: Params) -> Delivery:
    return replace(delivery, pieces=_kept(delivery, int(params["after"])), ending="stall")


def _inserted(delivery: Delivery, event: bytes, *, after: int) -> Delivery:
    pieces = delivery.pieces
    return replace(delivery, pieces=(*pieces[:after], event, *pieces[after:]))


def _malformed(delivery: Delivery, params: Params) -> Delivery:
    """An event that is no JSON, or a buffered body that ends in the middle although its length is as announced."""
    if _is_stream(delivery):
        return _inserted(delivery, b'data: {"choices":[{"delta":{"content":"half\n\n', after=int(params["after"]))
    half = delivery.pieces[0][: len(delivery.pieces[0]) // 2]
    return replace(delivery, pieces=(half,), announced_bytes=len(half))


def _bad_utf8(delivery: Delivery, params: Params) -> Delivery:
    bad = b'data: {"choices":[{"index":0,"delta":{"content":"\xff\xfe"},"finish_reason":null}]}\n\n'
    if _is_stream(delivery):
        return _inserted(delivery, bad, after=int(params["after"]))
    begins = _said_in(delivery.pieces[0])
    body = delivery.pieces[0].replace(begins, begins + b"\xff\xfe", 1)
    return replace(delivery, pieces=(body,), announced_bytes=len(body))


def _rate_limited(_: Delivery, params: Params) -> Delivery:
    body = error_body("Rate limit reached for simulated requests.", status=429, code="rate_limit_exceeded")
    return replace(json_delivery(body, status=429), headers={"Retry-After": f"{params['retry_after']:g}"})


def _error(_: Delivery, params: Params) -> Delivery:
    status = min(599, max(400, int(params["status"])))
    return json_delivery(error_body(f"A simulated error with status {status}.", status=status, code="simulated_fault"), status=status)


def _error_in_200(delivery: Delivery, params: Params) -> Delivery:
    body = error_body("The simulated server had an error while processing the request.", status=500, code="simulated_fault")
    if not _is_stream(delivery):
        return json_delivery(body)
    return replace(delivery, pieces=(*delivery.pieces[: int(params["after"])], b"data: " + body + b"\n\n"))


def _html_in_200(_: Delivery, __: Params) -> Delivery:
    return Delivery((HTML_PAGE,), "text/html; charset=utf-8", announced_bytes=len(HTML_PAGE))


def _endless(delivery: Delivery, params: Params) -> Delivery:
    """A content event again and again; a buffered answer never closes its string."""
    if _is_stream(delivery):
        said = 3 if ARGUMENTS + b'"' in delivery.pieces[1] else 2
        return replace(delivery, pieces=delivery.pieces[:said], gap_s=params["gap"], ending="endless")
    begins = _said_in(delivery.pieces[0])
    opening = delivery.pieces[0].partition(begins)[0] + begins
    return replace(delivery, pieces=(opening, b"and so on, "), gap_s=params["gap"], announced_bytes=None, ending="endless")


def _wrong_content_type(delivery: Delivery, _: Params) -> Delivery:
    return replace(delivery, content_type=JSON_TYPE if _is_stream(delivery) else "text/plain; charset=utf-8")


def _duplicate_done(delivery: Delivery, _: Params) -> Delivery:
    """[DONE] twice, with an event between. A buffered answer has no [DONE] and stays as it is."""
    late = b'data: {"choices":[{"index":0,"delta":{"content":" late"},"finish_reason":null}]}\n\n'
    return replace(delivery, pieces=(*delivery.pieces, late, DONE)) if _is_stream(delivery) else delivery


def _no_done(delivery: Delivery, _: Params) -> Delivery:
    """A stream that closes cleanly before its finish reason, its usage and [DONE]."""
    ended = next((i for i, piece in enumerate(delivery.pieces) if b'"delta":{},' in piece), len(delivery.pieces))
    return replace(delivery, pieces=delivery.pieces[:ended]) if _is_stream(delivery) else delivery


def _big_chunk(delivery: Delivery, params: Params) -> Delivery:
    """One event, or one buffered answer, with `bytes` more of content."""
    padding = b"x" * min(int(params["bytes"]), MAX_CHUNK_BYTES)
    at = 1 if _is_stream(delivery) else 0
    begins = _said_in(delivery.pieces[at])
    bigger = delivery.pieces[at].replace(begins, begins + padding, 1)
    length = None if delivery.announced_bytes is None else len(bigger)
    return replace(delivery, pieces=(*delivery.pieces[:at], bigger, *delivery.pieces[at + 1 :]), announced_bytes=length)


def _small_usage(usage: str) -> str:
    return json.dumps({**json.loads(usage), "prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2})


KINDS: Final[Mapping[str, Kind]] = {
    "slow": Kind(lambda delivery, params: replace(delivery, before_s=params["s"]), defaults={"s": 2.0}),
    "slow_chunks": Kind(_slow_chunks, defaults={"rate": 10.0}),
    "cut": Kind(_cut, defaults={"after": 3}),
    "stall": Kind(_stall, defaults={"after": 3}),
    "hang": Kind(lambda delivery, params: replace(delivery, before_s=params["s"]), defaults={"s": 3600.0}),
    "malformed": Kind(_malformed, defaults={"after": 2}),
    "bad_utf8": Kind(_bad_utf8, defaults={"after": 2}),
    "no_usage": Kind(usage=lambda usage: None),
    "usage_nan": Kind(usage=lambda usage: '{"prompt_tokens":NaN,"completion_tokens":NaN,"total_tokens":NaN}'),
    "usage_negative": Kind(usage=lambda usage: '{"prompt_tokens":-5,"completion_tokens":-7,"total_tokens":-12}'),
    "usage_small": Kind(usage=_small_usage),
    "usage_huge": Kind(usage=lambda usage: '{"prompt_tokens":1e30,"completion_tokens":9223372036854775808,"total_tokens":1e30}'),
    "rate_limited": Kind(_rate_limited, defaults={"retry_after": 1}),
    "error": Kind(_error, defaults={"status": 500}),
    "error_in_200": Kind(_error_in_200, defaults={"after": 0}),
    "html_in_200": Kind(_html_in_200),
    "endless": Kind(_endless, defaults={"gap": 0.005}),
    "wrong_content_type": Kind(_wrong_content_type),
    "duplicate_done": Kind(_duplicate_done),
    "no_done": Kind(_no_done),
    "big_chunk": Kind(_big_chunk, defaults={"bytes": 10 * 2**20}),
}
"""Every fault by name."""
