"""What is no HTTP at all is answered in the one error schema too, and the connection is closed (PROMISES G-08, G-20)."""

import asyncio
import json
from urllib.parse import urlsplit

import pytest

from tests.security.conftest import World

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.promise("G-08", "G-20")]


@pytest.mark.parametrize(
    "sent",
    [
        b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\nhost: x\r\n\r\n",
        b"HELLO\r\n\r\n",
        b"GET / HTTP/1.1\r\nbad header\r\n\r\n",
        b"POST /v1/executions HTTP/1.1\r\nhost: x\r\ncontent-length: many\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    ],
    ids=["a long address", "no HTTP", "a header without a colon", "a length that is no number", "TLS"],
)
async def test_a_malformed_request_gets_our_error_and_no_more(world: World, sent: bytes) -> None:
    at = urlsplit(world.stack.gateways[0])
    reader, writer = await asyncio.open_connection(at.hostname, at.port)
    writer.write(sent)
    head, _, body = (await asyncio.wait_for(reader.read(), 90)).partition(b"\r\n\r\n")
    writer.close()
    assert head.startswith(b"HTTP/1.1 400 ") and b"application/json" in head and b"connection: close" in head.lower()
    error = json.loads(body)["error"]
    assert error["code"] == "bad_request" and error["request_id"].encode() in head
