"""Which answers are packed, and that nothing else is touched or held up."""

import asyncio
import gzip
import json
from typing import Any

import pytest
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse

from burnish_gateway.packed import LEAST_BYTES, MOST_BYTES, Packed

LONG = {"data": ["word " * 10] * 200}
BODY = JSONResponse(LONG).body


async def told(app: Any, *, method: str = "GET", taken: str | None = "gzip, deflate, br") -> tuple[dict[str, str], bytes, list[str]]:
    """Headers, body, and the kinds of messages that were sent, in their order."""
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        return {"type": "http.disconnect"}

    headers = [] if taken is None else [(b"accept-encoding", taken.encode())]
    await Packed(app)({"type": "http", "method": method, "headers": headers, "path": "/"}, receive, send)
    found = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    return found, b"".join(one.get("body", b"") for one in sent[1:]), [one["type"] for one in sent]


async def test_a_long_answer_is_packed_for_who_takes_it() -> None:
    headers, body, _ = await told(JSONResponse(LONG))
    assert (headers["content-encoding"], headers["content-length"], headers["vary"]) == ("gzip", str(len(body)), "Accept-Encoding")
    assert json.loads(gzip.decompress(body)) == LONG and len(body) < len(BODY) / 5
    assert headers["content-type"] == "application/json"


@pytest.mark.parametrize("taken", [None, "", "identity", "br", "gzip;q=0", "deflate, *;q=0"])
async def test_who_does_not_take_it_gets_it_as_it_is_and_caches_hear_of_it(taken: str | None) -> None:
    headers, body, _ = await told(JSONResponse(LONG), taken=taken)
    assert body == BODY and "content-encoding" not in headers and headers["vary"] == "Accept-Encoding"
    assert headers["content-length"] == str(len(BODY))


@pytest.mark.parametrize(
    "answer",
    [
        JSONResponse({"id": 1}),
        JSONResponse({"text": "x" * MOST_BYTES}),
        JSONResponse(LONG, headers={"etag": '"a-1"'}),
        JSONResponse(LONG, headers={"content-encoding": "br"}),
        PlainTextResponse("x" * LEAST_BYTES),
        Response("x" * LEAST_BYTES, media_type="application/x-ndjson"),
    ],
    ids=["short", "very long", "delivered by its mark", "packed already", "text", "lines"],
)
async def test_all_else_passes_as_it_is(answer: Response) -> None:
    headers, body, _ = await told(answer)
    assert body == answer.body and headers.get("content-encoding") != "gzip" and "vary" not in headers


async def test_what_is_posted_is_answered_as_it_is() -> None:
    headers, body, _ = await told(JSONResponse(LONG), method="POST")
    assert body == BODY and "content-encoding" not in headers


async def test_the_head_of_a_stream_waits_for_nothing() -> None:
    """Nor does one of JSON, whose length nobody knows yet."""
    sent: list[str] = []

    async def send(message: Any) -> None:
        sent.append(message["type"])

    async def lines() -> Any:
        assert sent == ["http.response.start"]
        yield b'{"data": ['
        yield b"1]}"

    async def receive() -> Any:
        await asyncio.Event().wait()

    scope = {"type": "http", "method": "GET", "headers": [(b"accept-encoding", b"gzip")], "path": "/"}
    await Packed(StreamingResponse(lines(), media_type="application/json"))(scope, receive, send)
    assert sent.count("http.response.body") == 3
