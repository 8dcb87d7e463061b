"""The end of a stream, over real HTTP: a whole answer stays whole whatever follows, and its connection serves the next call."""

import asyncio
import gzip
import json
import zlib
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from burnish_executor.core.answer import Answer, Piece
from burnish_executor.core.failure import Failure, FailureKind
from burnish_executor.io import model_client, plain_body
from burnish_executor.io.model_client import Call, call_model

TEXT = json.dumps({"choices": [{"delta": {"content": "whole"}, "finish_reason": "stop"}]})
USAGE = json.dumps({"choices": [], "usage": {"prompt_tokens": 1, "completion_tokens": 1}})


async def answers_of(events: list[str], *, calls: int, stays_open: bool = False) -> tuple[list[Any], int]:
    """The last event of each call of a provider that sends these one by one, and how many connections the calls took."""
    told, connections = await told_by(events, calls=calls, stays_open=stays_open)
    return [one[-1] for one in told], connections


async def told_by(
    events: list[str],
    *,
    calls: int = 1,
    n: int = 1,
    stays_open: bool = False,
    breaks: bool = False,
    at_once: bool = False,
    chunk_idle_s: float = 5,
    pace_s: float = 0,
) -> tuple[list[list[Any]], int]:
    """All that each call told. `at_once`: the provider sends its events in one write; `breaks`: its connection breaks off behind them."""
    connections = set()

    async def answer(request: web.Request) -> web.StreamResponse:
        connections.add(request.transport)
        response = web.StreamResponse(headers={"content-type": "text/event-stream"})
        await response.prepare(request)
        written = [f"data: {one}\n\n".encode() for one in events]
        for one in [b"".join(written)] if at_once else written:
            await response.write(one)
            await asyncio.sleep(0.005)  # so that each event is a part of its own
        if stays_open:
            await asyncio.Event().wait()
        if breaks and request.transport is not None:
            request.transport.abort()
        return response

    app = web.Application()
    app.router.add_post("/v1", answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
    body = {"stream": True, "n": n}
    call = Call(url=url, key=None, body=body, timeout_s=5, first_token_s=5, chunk_idle_s=chunk_idle_s, connect_s=5, pace_s=pace_s)
    try:
        async with aiohttp.ClientSession() as http:
            return [[event async for event in call_model(http, call)] for _ in range(calls)], len(connections)
    finally:
        await runner.cleanup()


async def test_a_stream_that_is_read_to_its_end_gives_its_connection_to_the_next_call() -> None:
    results, connections = await answers_of([TEXT, USAGE, "[DONE]"], calls=3)
    assert [one.output for one in results] == ["whole"] * 3
    assert connections == 1


async def test_what_follows_a_text_within_the_pace_is_read_at_once_and_the_end_is_not_waited_for() -> None:
    """A pace of a minute: the first text is told at once, all others when the stream has ended, before the call's five seconds are over."""
    ((_, *pieces, answer),), _ = await told_by([BEGUN, BEGUN, BEGUN, TEXT, USAGE, "[DONE]"], pace_s=60)
    assert [one.text for one in pieces] == ["whole", "whole" * 3]
    assert isinstance(answer, Answer) and answer.output == "whole" * 4 and answer.usage is not None


async def test_a_text_is_not_held_back_for_longer_than_the_pace() -> None:
    ((_, *pieces, failure),), _ = await told_by([BEGUN, BEGUN, BEGUN], pace_s=0.05, stays_open=True, chunk_idle_s=0.2)
    assert "".join(one.text for one in pieces) == "whole" * 3
    assert isinstance(failure, Failure) and failure.kind is FailureKind.TIMEOUT


@pytest.mark.promise("G-11")
async def test_a_call_that_is_cancelled_while_it_keeps_the_pace_ends_at_once() -> None:
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.2):
            await told_by([BEGUN, BEGUN], pace_s=60, stays_open=True)


@pytest.mark.promise("E-07")
async def test_what_came_within_the_pace_is_read_before_the_connection_is_found_broken() -> None:
    ((_, *pieces, failure),), _ = await told_by([BEGUN, BEGUN, BEGUN], pace_s=60, breaks=True)
    assert [one.text for one in pieces] == ["whole", "whole" * 2]
    assert isinstance(failure, Failure) and failure.kind is FailureKind.CUT_OFF
    ((*_, answer),), _ = await told_by([BEGUN, TEXT, USAGE], pace_s=60, breaks=True)
    assert isinstance(answer, Answer) and answer.usage is not None


@pytest.mark.promise("E-07")
async def test_the_same_call_without_an_id_has_another_one_in_each_answer() -> None:
    """They meet in one conversation, and each is answered by its id."""
    look = {"index": 0, "function": {"name": "look", "arguments": "{}"}}
    called = json.dumps({"choices": [{"delta": {"tool_calls": [look]}, "finish_reason": "tool_calls"}]})
    results, _ = await answers_of([called, USAGE, "[DONE]"], calls=3)
    assert len({one.tool_calls[0]["id"] for one in results}) == 3


@pytest.mark.promise("E-07")
@pytest.mark.parametrize("junk", ["no json", TEXT, json.dumps({"error": {"message": "late"}})])
async def test_what_follows_a_whole_answer_neither_spoils_nor_lengthens_it(junk: str) -> None:
    (result,), _ = await answers_of([TEXT, USAGE, junk, "[DONE]"], calls=1)
    assert isinstance(result, Answer) and result.output == "whole"


@pytest.mark.promise("E-06")
async def test_usage_that_grows_with_every_event_counts_as_its_last_event_says() -> None:
    """Also where it came before the reason for the end, and once more behind it."""
    so_far = json.dumps({"choices": [{"delta": {"content": "the "}}], "usage": {"prompt_tokens": 1000, "completion_tokens": 1}})
    last = json.dumps({"choices": [], "usage": {"prompt_tokens": 1000, "completion_tokens": 100}})
    (result,), _ = await answers_of([so_far, TEXT, last, "[DONE]"], calls=1)
    assert result.output == "the whole" and (result.usage.input_tokens, result.usage.output_tokens) == (1000, 100)


@pytest.mark.promise("E-07")
async def test_a_byte_order_mark_hides_no_event() -> None:
    result = await answer_over_http_1_0(f"\ufeffdata: {BEGUN}\n\ndata: {TEXT}\n\n".encode(), stream=True)
    assert isinstance(result, Answer) and result.output == "wholewhole"


@pytest.mark.promise("E-07")
async def test_a_provider_that_never_closes_a_whole_answer_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model_client, "REST_S", 0.02)
    (result,), _ = await answers_of([TEXT, USAGE], calls=1, stays_open=True)
    assert isinstance(result, Answer) and result.output == "whole"


def of_choice(index: int, text: str = "", *, ends: bool = False, used: int | None = None) -> str:
    """An event of one choice. `used`: tokens of the output so far, where the provider counts in every event."""
    event: dict[str, Any] = {"choices": [{"index": index, "delta": {"content": text}, "finish_reason": "length" if ends else None}]}
    return json.dumps(event if used is None else event | {"usage": {"prompt_tokens": 1, "completion_tokens": used}})


async def one_of(events: list[str], **how: Any) -> Any:
    ((told,), _) = await told_by(events, **how)
    return told[-1]


def outputs_of(answer: Any) -> list[tuple[str, str | None]]:
    assert isinstance(answer, Answer)
    return [(one.output, one.finish_reason) for one in (answer, *answer.others)]


@pytest.mark.promise("E-07")
@pytest.mark.parametrize("end", [["[DONE]"], []])
async def test_a_choice_that_ends_first_ends_no_other_whose_tokens_are_counted_in_every_event(end: list[str]) -> None:
    told = [of_choice(0, "one", used=1), of_choice(0, ends=True, used=1), of_choice(1, "t", used=2), of_choice(1, "wo", used=3)]
    result = await one_of([*told, of_choice(1, ends=True, used=3), *end], n=2)
    assert outputs_of(result) == [("one", "length"), ("two", "length")]
    assert result.usage is not None and result.usage.output_tokens == 3


@pytest.mark.promise("E-07")
@pytest.mark.parametrize(
    ("how", "kind"),
    [
        ({"breaks": True}, FailureKind.CUT_OFF),
        ({"stays_open": True, "chunk_idle_s": 0.3}, FailureKind.TIMEOUT),
        ({}, FailureKind.CUT_OFF),
    ],
)
async def test_choices_of_which_one_has_not_ended_are_no_answer(how: dict[str, Any], kind: FailureKind) -> None:
    result = await one_of([of_choice(0, "one"), of_choice(1, "tw"), of_choice(0, ends=True)], n=2, **how)
    assert isinstance(result, Failure) and result.kind is kind


@pytest.mark.promise("E-07")
@pytest.mark.parametrize(("end", "how"), [(["[DONE]"], {"stays_open": True}), ([], {})])
async def test_a_provider_that_gives_fewer_choices_than_were_asked_for_may_say_that_this_is_all(
    end: list[str], how: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(model_client, "REST_S", 0.02)
    result = await one_of([of_choice(0, "one"), of_choice(0, ends=True), *end], n=3, **how)
    assert outputs_of(result) == [("one", "length")]


@pytest.mark.promise("E-07")
@pytest.mark.parametrize(
    ("how", "kind"),
    [({"breaks": True}, FailureKind.CUT_OFF), ({"stays_open": True, "chunk_idle_s": 0.3}, FailureKind.TIMEOUT)],
)
async def test_a_choice_that_had_not_begun_is_missed_where_the_provider_did_not_say_so(how: dict[str, Any], kind: FailureKind) -> None:
    result = await one_of([of_choice(0, "one"), of_choice(0, ends=True)], n=2, **how)
    assert isinstance(result, Failure) and result.kind is kind


@pytest.mark.promise("E-07")
@pytest.mark.parametrize("how", [{"breaks": True}, {"stays_open": True, "chunk_idle_s": 1.5}])
@pytest.mark.parametrize("n", [1, 2])
async def test_choices_that_have_all_ended_are_whole_however_the_stream_ends(n: int, how: dict[str, Any]) -> None:
    result = await one_of([*(of_choice(at, "x") for at in range(n)), *(of_choice(at, ends=True) for at in range(n))], n=n, **how)
    assert outputs_of(result) == [("x", "length")] * n


def said(text: str = "", **delta: Any) -> str:
    return json.dumps({"choices": [{"delta": {"content": text, **delta}}]})


async def test_texts_that_came_together_are_one_piece_and_keep_their_place_among_tool_calls() -> None:
    calls = [{"index": 0, "id": "c1", "type": "function", "function": {"name": "look", "arguments": "{}"}}]
    ((_, *pieces, answer),), _ = await told_by(
        [said("I "), said("look"), said(tool_calls=calls), said(" he"), said("re."), TEXT, USAGE, "[DONE]"], at_once=True
    )
    assert pieces == [Piece("I look"), Piece("", {"tool_calls": calls}), Piece(" here.whole")]
    assert answer.output == "I look here.whole" and answer.complete


async def test_what_was_said_before_an_error_is_passed_on_before_it() -> None:
    ((_, *pieces, failure),), _ = await told_by([said("so "), said("far"), json.dumps({"error": {"message": "no more"}})], at_once=True)
    assert pieces == [Piece("so far")] and isinstance(failure, Failure)


BODY = json.dumps({"choices": [{"message": {"content": "whole"}, "finish_reason": "stop"}]})
BEGUN = json.dumps({"choices": [{"delta": {"content": "whole"}}]})


async def answer_over_http_1_0(raw: bytes, *, stream: bool, head: str = "", plain: bool = True) -> Any:
    """The last event of a call of a provider that sends this without a length: the end of the connection is the end of its answer.

    `plain` False: nothing is read on the way, as where a workspace's own provider is called.
    """
    kind = "text/event-stream" if stream else "application/json"

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(f"HTTP/1.0 200 OK\r\nContent-Type: {kind}\r\n{head}\r\n".encode() + raw)
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server, aiohttp.ClientSession(auto_decompress=plain) as http:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
        body = {"stream": True} if stream else {}
        call = Call(url=url, key=None, body=body, timeout_s=5, first_token_s=5, chunk_idle_s=5, connect_s=5, pace_s=60)
        return [event async for event in call_model(http, call)][-1]


@pytest.mark.promise("E-07")
@pytest.mark.parametrize(
    ("raw", "stream"),
    [
        (BODY, False),
        (f"data: {TEXT}\n\ndata: [DONE]\n\n", True),
        (f"data: {TEXT}\n\n", True),
        (f"data: {TEXT}", True),
        (f"data: {BEGUN}\n\ndata: [DONE]\n", True),
        (f"data: {BEGUN}\n\ndata: [DONE]", True),
    ],
)
async def test_an_answer_that_ends_with_its_connection_is_whole_where_it_says_that_it_is(raw: str, stream: bool) -> None:
    result = await answer_over_http_1_0(raw.encode(), stream=stream)
    assert isinstance(result, Answer) and result.output == "whole"


@pytest.mark.promise("E-07")
@pytest.mark.parametrize("raw", [f"data: {BEGUN}\n\n", f"data: {BEGUN}\n\ndata: [DO", f"data: {BEGUN}\n\ndata: {TEXT[:-1]}"])
async def test_one_that_does_not_say_so_is_cut_off(raw: str) -> None:
    result = await answer_over_http_1_0(raw.encode(), stream=True)
    assert isinstance(result, Failure) and result.kind is FailureKind.CUT_OFF


@pytest.mark.promise("E-07")
@pytest.mark.parametrize(("coding", "wbits"), [("gzip", 31), ("identity, gzip", 31), ("deflate", 15), ("deflate", -15)])
@pytest.mark.parametrize(("raw", "stream"), [(BODY, False), (f"data: {TEXT}\n\ndata: [DONE]\n\n", True)])
async def test_an_answer_that_is_compressed_though_nobody_asked_is_read(coding: str, wbits: int, raw: str, stream: bool) -> None:
    packing = zlib.compressobj(wbits=wbits)
    packed = packing.compress(raw.encode()) + packing.flush()
    result = await answer_over_http_1_0(packed, stream=stream, head=f"Content-Encoding: {coding}\r\n", plain=False)
    assert isinstance(result, Answer) and result.output == "whole"


@pytest.mark.promise("E-07")
async def test_a_few_bytes_that_hold_gigabytes_are_refused_before_they_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plain_body, "PART_MOST_BYTES", 4096)
    most = []
    whole = plain_body.PlainBody.readany

    async def watched(body: plain_body.PlainBody) -> bytes:
        part = await whole(body)
        most.append(len(part))
        return part

    monkeypatch.setattr(plain_body.PlainBody, "readany", watched)
    packed = gzip.compress(b" " * 12_000_000)
    result = await answer_over_http_1_0(packed, stream=False, head="Content-Encoding: gzip\r\n", plain=False)
    assert isinstance(result, Failure) and result.kind is FailureKind.MALFORMED and "longer" in result.message
    assert max(most) <= 4096 and sum(most) <= model_client.BODY_MOST_BYTES + 4096


@pytest.mark.promise("E-07")
async def test_what_follows_the_end_of_what_is_compressed_is_not_kept() -> None:
    """zlib appends it to what it holds, copying all of that with each part."""

    async def endless() -> AsyncIterator[bytes]:
        yield gzip.compress(BODY.encode())
        while True:
            yield b"x" * 1024

    parts, asked = endless(), list[bytes]()

    class Content:
        async def readany(self) -> bytes:
            asked.append(await anext(parts))
            assert len(asked) < 10, "it reads on"
            return asked[-1]

    response: Any = SimpleNamespace(content=Content(), headers={"content-encoding": "gzip"})
    body = plain_body.PlainBody(response)
    assert (await body.readany(), await body.readany()) == (BODY.encode(), b"")
    result = await answer_over_http_1_0(
        gzip.compress(BODY.encode()) + bytes(100_000), stream=False, head="Content-Encoding: gzip\r\n", plain=False
    )
    assert isinstance(result, Answer) and result.output == "whole"


@pytest.mark.promise("E-07")
async def test_what_is_not_compressed_as_its_header_says_is_a_failure() -> None:
    result = await answer_over_http_1_0(BODY.encode(), stream=False, head="Content-Encoding: gzip\r\n", plain=False)
    assert isinstance(result, Failure)
