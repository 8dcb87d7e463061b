"""Heads of requests have an end in bytes and in time: nobody knows who sends them, and what came is in memory."""

import asyncio
import contextlib
import json

import pytest
from tests.unit.gateway.test_slow_bodies import served

from burnish_gateway import http_protocol

pytestmark = pytest.mark.promise("G-08", "G-15")

BEGIN = b"GET /strict HTTP/1.1\r\nhost: x\r\n"
CHUNKED = b"POST /strict HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n"
REFUSED = b"POST /nowhere HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 100000\r\n\r\n{"


async def said(port: int, parts: list[bytes], *, every_s: float = 0.0, within_s: float = 10.0) -> bytes:
    """What came until the server closed the connection. TimeoutError where it does not while `parts` are sent and `within_s` after them."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    answer = asyncio.create_task(_until_closed(reader))
    try:
        for part in parts:
            with contextlib.suppress(ConnectionError):
                writer.write(part)
                await writer.drain()
            await asyncio.wait({answer}, timeout=every_s)
            if answer.done():
                break
        async with asyncio.timeout(within_s):
            return await answer
    finally:
        answer.cancel()
        writer.close()


async def _until_closed(reader: asyncio.StreamReader) -> bytes:
    came = bytearray()
    with contextlib.suppress(ConnectionResetError):
        while part := await reader.read(4096):
            came += part
    return bytes(came)


@pytest.mark.parametrize(
    "parts",
    [
        [BEGIN + b"x-a: ", *[b"a" * 50_000] * 4],
        [BEGIN, *[b"x-a: bbbbbbbb\r\n" * 2_000] * 8],
        [BEGIN + b"x-a: bbbbbbbb\r\n" * 8_000 + b"\r\n"],
        [b"GET /", *[b"a" * 50_000] * 4],
        [CHUNKED + b"1;", *[b"a" * 50_000] * 4],
        [CHUNKED + b"2\r\n{}\r\n0\r\n", *[b"x-a: bbbbbbbb\r\n" * 4_000] * 4],
    ],
    ids=["one header", "many headers", "a whole head at once", "an address", "a chunk's extension", "trailers"],
)
async def test_a_head_without_end_is_refused(parts: list[bytes]) -> None:
    async with served() as port:
        head, _, body = (await said(port, parts, every_s=0.02)).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400 ") and b"connection: close" in head
    assert json.loads(body)["error"]["code"] == "bad_request"


async def test_a_head_of_the_promised_size_is_taken() -> None:
    async with served() as port:
        sent = BEGIN.replace(b"GET", b"POST") + b"content-length: 2\r\nconnection: close\r\n" + b"x-a: " + b"a" * 64_000 + b"\r\n\r\n{}"
        assert (await said(port, [sent[:30_000], sent[30_000:]], every_s=0.02)).startswith(b"HTTP/1.1 200 ")


async def test_a_long_body_is_no_head() -> None:
    async with served() as port:
        sent = CHUNKED.replace(b"\r\n\r\n", b"\r\nconnection: close\r\n\r\n") + b"400\r\n" + b" " * 1024 + b"\r\n"
        more = [b"400\r\n" + b" " * 1024 + b"\r\n"] * 200
        assert (await said(port, [sent, *more, b"2\r\n{}\r\n0\r\n\r\n"])).startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize(
    "parts",
    [[], [b"\r\n"] * 100, [BEGIN, *[b"x-a: b\r\n"] * 100], [REFUSED, *[b" "] * 100]],
    ids=["nothing", "empty lines", "half a head", "the body of what was refused"],
)
async def test_a_connection_that_brings_nothing_to_work_on_is_closed(parts: list[bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_protocol, "HEAD_MOST_S", 0.3)
    async with served() as port, asyncio.timeout(3):
        came = await said(port, parts, every_s=0.1)
    assert came == b"" or came.startswith(b"HTTP/1.1 404 ")


async def test_a_connection_that_is_kept_may_wait_between_requests(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_protocol, "HEAD_MOST_S", 0.2)
    ask = b"POST /strict HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}"
    async with served() as port:
        came = await said(port, [ask, ask, REFUSED, b" " * 99_999, ask.replace(b"host", b"connection: close\r\nhost")], every_s=0.4)
    assert came.count(b"HTTP/1.1 200 ") == 3 and came.count(b"HTTP/1.1 404 ") == 1


async def test_a_refused_body_that_came_whole_leaves_no_connection_for_ever() -> None:
    """Its rest comes in one piece, after the answer: no timer but that of a kept connection is due then."""
    async with served(timeout_keep_alive=0.3) as port, asyncio.timeout(5):
        assert (await said(port, [REFUSED, b" " * 99_999], every_s=0.2)).startswith(b"HTTP/1.1 404 ")


async def test_a_refused_body_that_comes_fast_enough_is_read_to_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_protocol, "HEAD_MOST_S", 0.3)
    monkeypatch.setattr(http_protocol, "BODY_LEAST_BYTES_PER_S", 10_000)
    ask = b"POST /strict HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}"
    async with served() as port, asyncio.timeout(20):
        came = await said(port, [REFUSED, *[b" " * 11_111] * 9, ask], every_s=0.1)
    assert came.startswith(b"HTTP/1.1 404 ") and came.count(b"HTTP/1.1 200 ") == 1


async def test_a_trailer_is_no_header() -> None:
    async with served() as port:
        sent = CHUNKED.replace(b"\r\n\r\n", b"\r\nconnection: close\r\n\r\n") + b"2\r\n{}\r\n0\r\ncontent-encoding: gzip\r\n\r\n"
        assert (await said(port, [sent])).startswith(b"HTTP/1.1 200 ")


OFFER = b"connection: Upgrade, HTTP2-Settings\r\nhttp2-settings: AAEAAEAAAAIAAAAA\r\nupgrade: h2c\r\n"
"""Java's own client sends it with the first request of each connection (java.net.http, so Spring's and LangChain4j's as well)."""


def offering(body: bytes, *, offer: bytes = OFFER, more: bytes = b"", method: bytes = b"POST") -> bytes:
    length = b"content-length: %d\r\n" % len(body)
    return method + b" /strict HTTP/1.1\r\nhost: x\r\n" + offer + more + b"content-type: application/json\r\n" + length + b"\r\n" + body


@pytest.mark.parametrize("offer", [OFFER, b"connection: keep-alive, Upgrade\r\nupgrade: websocket\r\n"], ids=["HTTP/2", "a WebSocket"])
@pytest.mark.parametrize("cut", [None, 40, -2, -9], ids=["at once", "in the head", "in the body", "behind the head"])
async def test_an_offer_of_another_protocol_is_passed_over(offer: bytes, cut: int | None) -> None:
    first, last = offering(b'{"a": 1}', offer=offer), offering(b"{}", offer=b"connection: close\r\n")
    parts = [first + last] if cut is None else [first[:cut], first[cut:], last]
    async with served() as port:
        came = await said(port, parts, every_s=0.02)
    assert came.count(b"HTTP/1.1 200 ") == 2, came


async def test_many_offers_in_one_piece_are_answered_in_turn() -> None:
    async with served() as port:
        came = await said(port, [offering(b"{}") * 300 + offering(b"{}", offer=b"connection: close\r\n")])
    assert came.count(b"HTTP/1.1 200 ") == 301


async def test_an_offer_leaves_the_rest_of_its_connection_line() -> None:
    async with served() as port:
        came = await said(port, [offering(b"{}", offer=OFFER.replace(b"Upgrade,", b"Upgrade, close,"))])
    assert came.startswith(b"HTTP/1.1 200 ") and b"connection: close" in came


async def test_an_offer_with_a_body_that_is_told_twice_is_refused() -> None:
    async with served() as port:
        came = await said(port, [offering(b"{}", more=b"transfer-encoding: chunked\r\n")])
    assert came.startswith(b"HTTP/1.1 400 ") and b"HTTP/1.1 200 " not in came
