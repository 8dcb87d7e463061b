"""Calls a model over aiohttp, in whatever format its provider speaks: buffered or streamed, with every wait bounded."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

import aiohttp
from aiohttp.abc import AbstractStreamWriter

from burnish_executor.core.answer import Answer, Piece, parsed
from burnish_executor.core.event_stream import EventStream, LineTooLong
from burnish_executor.core.failure import Failure, FailureKind, error_in, failure_of_body, refusal_of
from burnish_executor.core.limits import patience_asked_s
from burnish_executor.core.openai_wire import DONE, OpenAIWire
from burnish_executor.core.wire import Reader, Wire
from burnish_executor.io.plain_body import PlainBody
from burnish_shared.ids import new_uuid
from burnish_shared.json_bytes import encoded
from burnish_shared.waiting import Patience

BODY_MOST_BYTES = 8 * 1024 * 1024
STREAM_MOST_BYTES = 64 * 1024 * 1024
ERROR_MOST_BYTES = 64 * 1024

OPENAI: Final = OpenAIWire()

REST_S = 0.25
REST_PARTS_MOST = 20
"""When the answer is whole, the end of the stream is read too, so that its connection serves the next call; not for longer than this."""


@dataclass(frozen=True, slots=True)
class Call:
    """One call. `key` None: none is shown. `headers`: what this provider wants to hear besides; `heard` gets those of its answer.

    Times in seconds. `first_token_s`: until its headers; after them a model may think for as long as the call may last. `chunk_idle_s`: a
    silence once it said something.
    """

    url: str
    key: str | None = field(repr=False)
    body: dict[str, Any]
    timeout_s: float
    first_token_s: float
    chunk_idle_s: float
    connect_s: float
    wire: Wire = OPENAI
    body_most_bytes: int = BODY_MOST_BYTES
    headers: Mapping[str, str] = field(default_factory=dict)
    heard: Callable[[Mapping[str, str]], None] | None = None
    pace_s: float = 0.0
    """What a stream says within this time behind what was told before is read at once: nobody would be told it sooner."""
    asks_first: bool = False
    """The body is sent once the server has said that it wants it (RFC 9110, 10.1.1): where it goes away before, nothing was sent."""


@dataclass(frozen=True, slots=True)
class Started:
    """The provider began to answer; from here on a caller may have seen something, and the call may cost."""


A_PAGE: Final = Failure(FailureKind.PROVIDER, "A web page came in place of the provider's answer.", 200)
NOTHING: Final = Failure(FailureKind.PROVIDER, "The provider answered 200, and said nothing.", 200)
"""No model made it, so it costs nothing, and another try or model may do better."""

CUT_OFF: Final = Failure(FailureKind.CUT_OFF, "The provider's stream ended before its answer did.")

NOT_REACHED: Final = Failure(FailureKind.UNREACHABLE, "The provider cannot be reached.")

Event = Started | Piece | Answer | Failure
"""What a call yields, in order: Started, Pieces (only when streaming), then one Answer or Failure."""


class _Body(aiohttp.BytesPayload):
    """The body of a call, which knows whether any of it was sent."""

    was_sent = False

    async def write_with_length(self, writer: AbstractStreamWriter, content_length: int | None) -> None:
        self.was_sent = True
        await super().write_with_length(writer, content_length)


async def call_model(http: aiohttp.ClientSession, call: Call) -> AsyncIterator[Event]:
    """Makes the call. Ends with exactly one Answer (complete) or Failure; raises nothing of its own but CancelledError.

    After a Failure in mid-stream what came before stays with the caller; the answer so far is in the Pieces that were yielded.
    """
    accept = "text/event-stream" if call.body.get("stream") else "application/json"
    headers = {
        "accept": accept,
        "accept-encoding": "identity",
        "content-type": "application/json",
        **call.headers,
        **call.wire.headers(call.key),
    }
    timeout = aiohttp.ClientTimeout(total=None, sock_connect=call.connect_s)
    began_at, limit_s = asyncio.get_running_loop().time(), min(call.first_token_s, call.timeout_s)
    asks_first, body = call.asks_first, encoded(call.body)
    sent = _Body(body) if asks_first else None
    try:
        async with (
            asyncio.timeout(limit_s) as limit,
            http.post(
                call.url, data=sent or body, headers=headers, timeout=timeout, allow_redirects=False, expect100=asks_first
            ) as response,
        ):
            if limit_s != call.timeout_s:
                limit_s = call.timeout_s
                limit.reschedule(began_at + limit_s)
            if call.heard is not None:
                call.heard(response.headers)
            if response.status != 200:
                yield await _refusal(response)
                return
            yield Started()
            if not call.body.get("stream"):
                yield await _buffered(response, call)
                return
            async for event in _streamed(response, call):
                yield event
    except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, ConnectionRefusedError):
        yield NOT_REACHED
    except TimeoutError:
        late = Failure(FailureKind.TIMEOUT, f"The provider did not answer within {round(limit_s, 1):g} s.")
        yield late if sent is None or sent.was_sent else NOT_REACHED
    except (aiohttp.ClientError, ConnectionError, OSError):
        broken = Failure(FailureKind.CUT_OFF, "The connection to the provider broke off.")
        yield broken if sent is None or sent.was_sent else NOT_REACHED


async def list_models(http: aiohttp.ClientSession, url: str, *, wire: Wire, key: str, timeout_s: float) -> int | Failure:
    """How many models the provider lists for this key."""
    headers = {"accept": "application/json", "accept-encoding": "identity", **wire.headers(key)}
    try:
        async with asyncio.timeout(timeout_s), http.get(url, headers=headers, allow_redirects=False) as response:
            if response.status != 200:
                return await _refusal(response)
            data, _ = await _read(response, BODY_MOST_BYTES)
    except TimeoutError:
        return Failure(FailureKind.TIMEOUT, f"The provider did not answer within {timeout_s:g} s.")
    except (aiohttp.ClientError, ConnectionError, OSError):
        return Failure(FailureKind.UNREACHABLE, "The provider cannot be reached.")
    try:
        listed = json.loads(data or b"null")
    except (ValueError, RecursionError):
        listed = None
    models = listed.get("data") if isinstance(listed, dict) else None
    return len(models) if isinstance(models, list) else Failure(FailureKind.MALFORMED, "The provider's answer is no list of models.", 200)


async def _buffered(response: aiohttp.ClientResponse, call: Call) -> Answer | Failure:
    data, is_whole = await _read(response, call.body_most_bytes)
    if _is_page(data):
        return A_PAGE
    if is_whole:
        return NOTHING if _is_nothing(data) else call.wire.read_body(data, seed=new_uuid().hex)
    return Failure(FailureKind.MALFORMED, f"The provider's answer is longer than {call.body_most_bytes} bytes.")


async def _streamed(response: aiohttp.ClientResponse, call: Call) -> AsyncIterator[Event]:
    if "text/event-stream" not in response.headers.get("content-type", "").lower():
        yield await _no_stream(response)
        return
    reader, events, size = call.wire.reader(call.body), EventStream(), 0
    reader.answer.seed = new_uuid().hex
    wait_s, rest = call.timeout_s, 0
    with contextlib.closing(_Parts(PlainBody(response), call.pace_s)) as parts:
        while rest < REST_PARTS_MOST:
            part = await parts.next(wait_s=wait_s, may_break=reader.answer.complete)
            if part is None and not reader.answer.complete:
                yield Failure(FailureKind.TIMEOUT, f"The provider sent nothing for {wait_s:g} s in the middle of its stream.")
                return
            if not part:
                break
            size += len(part)
            data = _events_of(events, part, size=size)
            if isinstance(data, Failure):
                yield data
                return
            for said in _said(reader, data):
                yield said
                if isinstance(said, Failure):
                    return
                parts.told(said)
            if reader.ended:
                await parts.next(wait_s=REST_S, may_break=True)  # the end of the body, after which the connection is free
                yield reader.answer
                return
            if reader.is_whole:
                wait_s, rest = REST_S, rest + 1
            elif reader.answer.has_begun:
                wait_s, rest = call.chunk_idle_s, 0
    for said in _said(reader, _unended(events)):
        yield said
        if isinstance(said, Failure):
            return
    yield reader.answer if reader.may_end else CUT_OFF if size else NOTHING


def _said(reader: Reader, events: Sequence[bytes]) -> Iterator[Piece | Failure]:
    """What these events say, up to the end. They came at once, so texts that follow each other are one piece: one frame, one write."""
    texts: list[str] = []
    at = 0
    while at < len(events):
        text, alike = reader.read_alike(events, at)
        if alike:
            texts.append(text)
            at += alike
            continue
        said = reader.read(events[at])
        at += 1
        if isinstance(said, Piece) and said.is_text:
            texts.append(said.text)
        elif said is not None:
            yield from _joined(texts)
            texts = []
            yield said
        if reader.ended:
            break
    yield from _joined(texts)


def _joined(texts: Sequence[str]) -> Iterator[Piece]:
    if texts:
        yield Piece("".join(texts))


def _unended(events: EventStream) -> list[bytes]:
    """The last event where the end of the connection is its end too, as of HTTP/1.0; a part of one is left."""
    return [one for one in events.rest() if one == DONE or isinstance(parsed(one), dict)]


@dataclass(slots=True)
class _Parts:
    """The parts of a stream's body as they come. `pace_s`: so long behind a text that was `told`, what comes is one part."""

    body: PlainBody
    pace_s: float
    patience: Patience = field(default_factory=Patience)
    _until: float = 0.0
    _broken: Exception | None = None

    def told(self, piece: Piece) -> None:
        """Somebody was told it just now, and behind a text would be told no other before `pace_s` is over."""
        if piece.is_text:
            self._until = asyncio.get_running_loop().time() + self.pace_s

    async def next(self, *, wait_s: float, may_break: bool) -> bytes | None:
        """What comes next; empty at the end of the stream, None when nothing came within `wait_s`.

        `may_break`: the answer is whole, so a connection that breaks off is an end like any other; else its error is raised.
        """
        try:
            if self._broken is not None:
                raise self._broken
            part = await self.patience.within(wait_s, self.body.readany())
        except TimeoutError:
            return None
        except (aiohttp.ClientError, ConnectionError, OSError):
            if may_break:
                return b""
            raise
        left_s = self._until - asyncio.get_running_loop().time()
        return await self._with_more(part, within_s=left_s) if part and left_s > 0 and not self.body.is_compressed else part

    async def _with_more(self, part: bytes, *, within_s: float) -> bytes:
        """What comes within these seconds belongs to it, up to the end of the stream. Where it breaks off, what came is read before."""
        try:
            await self.patience.within(within_s, self.body.end())
        except TimeoutError:
            pass
        except (aiohttp.ClientError, ConnectionError, OSError) as error:
            self._broken = error
        return part + self.body.came()

    def close(self) -> None:
        self.patience.close()


def _events_of(events: EventStream, part: bytes, *, size: int) -> list[bytes] | Failure:
    """The events that this part completes. `size`: bytes of the stream so far."""
    if size > STREAM_MOST_BYTES:
        return Failure(FailureKind.MALFORMED, f"The provider's stream is longer than {STREAM_MOST_BYTES} bytes.")
    try:
        return events.feed(part)
    except LineTooLong:
        return Failure(FailureKind.MALFORMED, "The provider's stream held a line of more than 1 MiB.")


async def _no_stream(response: aiohttp.ClientResponse) -> Failure:
    """A stream was asked for, and something else came: an error object says why, a page is no answer, anything else is malformed."""
    data, is_whole = await _read(response, ERROR_MOST_BYTES)
    if _is_page(data):
        return A_PAGE
    if is_whole and _is_nothing(data):
        return NOTHING
    try:
        body = json.loads(data or b"null")
    except (ValueError, RecursionError):
        body = None
    if error_in(body):
        return failure_of_body(body)
    return Failure(FailureKind.MALFORMED, "The provider answered a streaming call with something that is no event stream.")


def _is_page(data: bytes) -> bool:
    """HTML or XML, which no model's answer is: a proxy on the way, a sign-in page, a load balancer's regrets."""
    return data.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"<"


def _is_nothing(data: bytes) -> bool:
    """No body, or one without anything in it: no model worked for that."""
    return data.strip() in (b"", b"null", b"{}")


async def _refusal(response: aiohttp.ClientResponse) -> Failure:
    data, _ = await _read(response, ERROR_MOST_BYTES)
    try:
        body = json.loads(data or b"null")
    except (ValueError, RecursionError):
        body = None
    return refusal_of(response.status, body, retry_after_s=patience_asked_s(response.headers, now=datetime.now(UTC)))


async def _read(response: aiohttp.ClientResponse, most_bytes: int) -> tuple[bytes, bool]:
    """The body, and whether that is all of it: what comes once it is longer than `most_bytes` is left."""
    body, size = PlainBody(response), 0
    parts: list[bytes] = []
    while size <= most_bytes and (part := await body.readany()):
        size += len(part)
        parts.append(part)
    return b"".join(parts), size <= most_bytes
