"""An OpenAI-compatible upstream that costs next to nothing: ready bytes over a raw asyncio protocol.

`python -m benchmarks.gateway.mock PORT` prints one line when it listens. Paths: `/v1/chat/completions` (a body with `"stream":true`
is answered with 30 chunks, in one burst or GAP_MS apart as the model name says: `mock`, `mock-gap`), `/count` (calls so far).
"""

import asyncio
import json
import sys
from typing import cast

import uvloop

CHUNKS = 30
GAP_S = 0.002
USAGE = {"prompt_tokens": 12, "completion_tokens": CHUNKS, "total_tokens": 12 + CHUNKS}


def _response(body: bytes, kind: bytes = b"application/json") -> bytes:
    return b"HTTP/1.1 200 OK\r\ncontent-type: %s\r\ncontent-length: %d\r\n\r\n%s" % (kind, len(body), body)


BUFFERED = _response(
    json.dumps(
        {
            "id": "x",
            "object": "chat.completion",
            "created": 0,
            "model": "mock",
            "usage": USAGE,
            "choices": [{"index": 0, "message": {"role": "assistant", "content": "word " * CHUNKS}, "finish_reason": "stop"}],
        }
    ).encode()
)


def _chunk(delta: dict[str, str], finish: str | None = None) -> bytes:
    body = {
        "id": "x",
        "object": "chat.completion.chunk",
        "created": 0,
        "model": "mock",
        "choices": [{"index": 0, "delta": delta, "finish_reason": finish}],
    }
    return b"data: " + json.dumps(body).encode() + b"\n\n"


PIECES = [
    *([_chunk({"content": "word "})] * CHUNKS),
    _chunk({}, "stop"),
    b"data: " + json.dumps({"id": "x", "object": "chat.completion.chunk", "choices": [], "usage": USAGE}).encode() + b"\n\n",
    b"data: [DONE]\n\n",
]
STREAM_HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"


def _framed(body: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(body), body)


BURST = STREAM_HEAD + _framed(b"".join(PIECES)) + b"0\r\n\r\n"


class Upstream(asyncio.Protocol):
    """One connection; requests are answered in order."""

    calls = 0

    def __init__(self) -> None:
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while (end := self._buffer.find(b"\r\n\r\n")) >= 0:
            head = self._buffer[:end].lower()
            length = int(head.split(b"content-length:", 1)[1].split(b"\r\n", 1)[0]) if b"content-length:" in head else 0
            if len(self._buffer) < end + 4 + length:
                return
            body, self._buffer = self._buffer[end + 4 : end + 4 + length], self._buffer[end + 4 + length :]
            self._answer(head, body)

    def _answer(self, head: bytes, body: bytes) -> None:
        if head.startswith(b"get /count"):
            self._transport.write(_response(json.dumps({"calls": Upstream.calls}).encode()))
            return
        Upstream.calls += 1
        if b'"stream":true' not in body.replace(b": ", b":"):
            self._transport.write(BUFFERED)
        elif b"mock-gap" in body:
            asyncio.get_running_loop().create_task(self._slowly())
        else:
            self._transport.write(BURST)

    async def _slowly(self) -> None:
        self._transport.write(STREAM_HEAD)
        for piece in (*map(_framed, PIECES), b"0\r\n\r\n"):
            if self._transport.is_closing():
                return
            self._transport.write(piece)
            await asyncio.sleep(GAP_S)


async def main(port: int) -> None:
    server = await asyncio.get_running_loop().create_server(Upstream, "127.0.0.1", port)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1])))
