"""What Java's own HTTP client (java.net.http, below Spring's and LangChain4j's) sends over plain HTTP."""

import asyncio
import json
from urllib.parse import urlsplit

import pytest

from tests.embedded.stack import Caller

pytestmark = pytest.mark.promise("G-08")

HEAD = """POST /v1/chat/completions HTTP/1.1\r
Connection: Upgrade, HTTP2-Settings\r
Content-Length: {length}\r
Host: {host}\r
HTTP2-Settings: AAEAAEAAAAIAAAAAAAMAAAAAAAQBAAAAAAUAAEAAAAYABgAA\r
Upgrade: h2c\r
User-Agent: Java-http-client/25.0.1\r
Authorization: Bearer {key}\r
Content-Type: application/json\r
\r
"""


@pytest.mark.parametrize("is_stream", [False, True])
async def test_an_offer_of_http_2_is_answered_by_http_1(caller: Caller, is_stream: bool) -> None:
    asked = {"model": "simulated/chat", "messages": [{"role": "user", "content": "Say hello to Ada."}], "stream": is_stream}
    body = json.dumps(asked).encode()
    at = urlsplit(caller.url)
    reader, writer = await asyncio.open_connection(at.hostname, at.port)
    try:
        writer.write(HEAD.format(length=len(body), host=at.netloc, key=caller.key).encode())
        await writer.drain()
        writer.write(body)
        head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 20)
        assert head.startswith(b"HTTP/1.1 200 ")
        rest = await asyncio.wait_for(reader.readuntil(b"[DONE]" if is_stream else b"Say hello to Ada."), 20)
        assert b'"simulated":true' in rest.replace(b": ", b":")
    finally:
        writer.close()
